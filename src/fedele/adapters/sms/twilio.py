"""Sends text messages through Twilio's Messages API, and checks what it signs.

POST /2010-04-01/Accounts/{sid}/Messages.json, form-encoded, Basic authentication; the answer's `sid` names the message
in what its status callback tells. Twilio takes no idempotency key. So before a letter is tried again that may have
left, the list of messages to that number is asked for one of the same words.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from fedele.adapters.post.pacing import in_turn
from fedele.adapters.push.fcm_outcomes import wait_seconds
from fedele.domains.members.types import Channel
from fedele.domains.messaging.ports import Letter, PushOutcome, PushOutcomeKind, StatusUnsigned
from fedele.kernel.clock import utc_now

TWILIO = "https://api.twilio.com"
VALIDITY_SECONDS_MAX = 36_000
CLOCKS_APART = timedelta(minutes=2)
# Twilio's error codes for a number that no text will ever reach: no number, no mobile, or its owner answered STOP.
NO_SUCH_NUMBER = {21211, 21214, 21217, 21610, 21612, 21614, 30005, 30006}
FAILED = {"failed", "undelivered", "canceled"}


class TwilioSms:
    """The SMS channel. `sender` is a number in E.164, an alphanumeric name, or a messaging service ("MG…")."""

    channel = Channel.SMS

    def __init__(
        self, client: httpx.AsyncClient, account: str, token: str, sender: str, *, url: str = TWILIO,
        timeout_seconds: float = 15.0, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._monotonic = monotonic
        self._client = client
        self._token = token
        self._auth = httpx.BasicAuth(account, token)
        self._messages = f"{url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._timeout_seconds = timeout_seconds

    async def send(self, letters: Sequence[Letter]) -> list[PushOutcome]:
        """Send them one after the other, while there is time: a number of one's own sends one text a second anyway."""
        return await in_turn(letters, self._send_one, self._monotonic)

    def read_status(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Literal["delivered", "failed"] | None:
        """What a status callback tells. Raises StatusUnsigned."""
        if not is_signed(self._token, url, form, headers.get("x-twilio-signature", "")):
            raise StatusUnsigned
        return told_by(form)

    async def close(self) -> None:
        """The client belongs to whoever made it."""

    async def _send_one(self, letter: Letter) -> PushOutcome:
        if letter.tried_at is not None and (known := await self._look_up(letter)) is not None:
            return known
        form = {"To": letter.to, "Body": letter.text, **self._sender}
        form["ValidityPeriod"] = str(min(max(letter.ttl_seconds, 1), VALIDITY_SECONDS_MAX))
        if letter.status_url and letter.status_url.startswith("https://"):
            form["StatusCallback"] = letter.status_url
        try:
            answer = await self._client.post(self._messages, data=form, auth=self._auth, timeout=self._timeout_seconds)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return _transient(type(error).__name__)
        except httpx.HTTPError as error:
            return _transient(type(error).__name__, possibly_delivered=True)
        return outcome_of(answer.status_code, _body(answer), answer.headers.get("Retry-After"))

    async def _look_up(self, letter: Letter) -> PushOutcome | None:
        """Whether an earlier attempt left after all. When that cannot be known now, the letter waits."""
        assert letter.tried_at is not None
        since = letter.tried_at - CLOCKS_APART
        query = {"To": letter.to, "DateSent>": since.date().isoformat(), "PageSize": "100"}
        try:
            answer = await self._client.get(
                self._messages, params=query, auth=self._auth, timeout=self._timeout_seconds
            )
        except httpx.HTTPError as error:
            return _transient(f"not known whether it left: {type(error).__name__}", possibly_delivered=True)
        if answer.status_code != 200:
            return _transient(f"not known whether it left: {answer.status_code}", possibly_delivered=True)
        for message in _body(answer).get("messages") or []:
            made = message.get("date_created")
            if (
                message.get("body") == letter.text
                and message.get("status") not in FAILED
                and (made is None or parsedate_to_datetime(made) >= since)
            ):
                return PushOutcome(PushOutcomeKind.DELIVERED, provider_id=str(message.get("sid")))
        return None


def outcome_of(status_code: int, body: Mapping[str, Any], retry_after: str | None) -> PushOutcome:
    """What Twilio's answer means. Its `message` may repeat the number, so only the code is kept."""
    if status_code in (200, 201):
        return PushOutcome(PushOutcomeKind.DELIVERED, provider_id=str(body.get("sid")))
    code = body.get("code")
    reason = f"{status_code} {code}" if code else str(status_code)
    if status_code == 429 or (status_code == 503 and retry_after is not None):
        seconds = wait_seconds(retry_after, utc_now())
        return PushOutcome(PushOutcomeKind.RETRY_AFTER, reason=reason, retry_after_seconds=seconds)
    if status_code == 400 and code in NO_SUCH_NUMBER:
        return PushOutcome(PushOutcomeKind.UNREGISTERED_TARGET, reason=reason)
    if status_code == 400:
        return PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason=reason)
    # 401, 403 and 404 are our account: the operator's to mend. 5xx: it may have been taken all the same.
    return _transient(reason, possibly_delivered=status_code >= 500)


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1, keyed by the account's token, of the URL and the sorted parameters, in base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def is_signed(token: str, url: str, form: Mapping[str, str], given: str) -> bool:
    """Whether Twilio sent this to this URL. Takes the same time either way."""
    return hmac.compare_digest(signature(token, url, form).encode(), given.encode())


def told_by(form: Mapping[str, str]) -> Literal["delivered", "failed"] | None:
    """What a status callback tells: "delivered", "failed", or None for a step on the way."""
    status = form.get("MessageStatus") or form.get("SmsStatus")
    if status == "delivered":
        return "delivered"
    return "failed" if status in FAILED else None


def _transient(reason: str, *, possibly_delivered: bool = False) -> PushOutcome:
    return PushOutcome(PushOutcomeKind.TRANSIENT, reason=reason, possibly_delivered=possibly_delivered)


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
