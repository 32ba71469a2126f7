"""Writing classes and objects of cards, rewards and tickets by Google's REST API (walletobjects v1).

An object is replaced whole (PUT), so that what a card no longer says is gone at Google too; where there is none yet, it
is inserted. A class is written once a process and version of its design. Tokens come from google-auth, in a thread.
"""

import asyncio
import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.google_wallet.passes import class_of, object_of
from fedele.adapters.google_wallet.payloads import (
    CallbackOptions,
    RotatingBarcode,
    TotpDetails,
    TotpParameters,
    as_json,
    loyalty_class,
    loyalty_object,
    message_of,
)
from fedele.adapters.google_wallet.save_links import OBJECTS, CredentialsError, class_id, object_id
from fedele.domains.members.types import RotatingSecret
from fedele.domains.wallet.ports import GoogleBusy, GoogleMessage, GoogleRefused
from fedele.domains.wallet.types import CardState, PassKind

API_URL = "https://walletobjects.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/wallet_object.issuer",)
TIMEOUT_SECONDS = 20.0


_CLASSES_REMEMBERED_MAX = 1024
_REMEDIES = {
    "draft": "nobody can save passes of a draft; it is sent for review with the next pass that is written",
    "rejected": "read the Pay & Wallet console, mend the design's google.json, then write a pass again",
    "underreview": "only accounts that you named as testers in the Pay & Wallet console can save it until then",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ClassReview:
    """Where a class is in Google's review: draft, underReview, approved or rejected, and what the reviewer said."""

    class_id: str
    status: str
    comments: str = ""

    @property
    def usable(self) -> bool:
        """Whether members may be sent there: not before a review was asked for, nor after it went wrong."""
        return self.status.lower() not in ("draft", "rejected")

    @property
    def approved(self) -> bool:
        """Whether everybody can save it."""
        return self.status.lower() == "approved"

    @property
    def remedy(self) -> str:
        """What to do, in words."""
        said = f"Google says: {self.comments}; " if self.comments else ""
        return said + _REMEDIES.get(self.status.lower(), "nothing: everybody can save it")


class GoogleWallet:
    """Implements GoogleCards. `base_url` is our own public address, where Google fetches the logo and calls back."""

    def __init__(
        self,
        credentials: str,
        issuer_id: str,
        base_url: str,
        designs: Mapping[str, Design],
        client: httpx.AsyncClient,
        api_url: str | None = None,
    ) -> None:
        """`credentials` is the service account's JSON. Raises CredentialsError."""
        try:
            self._credentials = Credentials.from_service_account_info(orjson.loads(credentials), scopes=SCOPES)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError, GoogleAuthError):
            # The cause is left out on purpose: it may quote the key.
            raise CredentialsError("FEDELE_GOOGLE_WALLET_CREDENTIALS: not the JSON key of a service account") from None
        self._issuer_id = issuer_id
        self._base_url = base_url.rstrip("/")
        self._designs = designs
        self._client = client
        self._api = f"{(api_url or API_URL).rstrip('/')}/walletobjects/v1"
        self._token_lock = asyncio.Lock()
        self._classes: dict[str, str] = {}  # by id: what was written last

    async def write(
        self, card: CardState, rotating: RotatingSecret | None, *, notify: bool, message: GoogleMessage | None = None
    ) -> None:
        """Insert or replace the object of this pass. Raises GoogleBusy or GoogleRefused."""
        design = self._designs.get(card.design)
        if design is None or not design.google:
            raise GoogleRefused(f"the design {card.design} has no google.json: write one, or choose another design")
        await self._write_class(design, card)
        await self._put(OBJECTS[card.kind], self._object(design, card, rotating, notify, message))

    async def add_message(self, card: CardState, message: GoogleMessage, *, notify: bool) -> None:
        """Put a message on a card that is there. Raises GoogleBusy or GoogleRefused."""
        url = f"{self._api}/{OBJECTS[card.kind]}/{object_id(self._issuer_id, card.serial)}/addMessage"
        answer = await self._send("POST", url, {"message": as_json(message_of(message, notify=notify))})
        if not answer.is_success:
            raise _refusal(answer)

    async def review(self, kind: PassKind, design: str, subject_key: str | None = None) -> ClassReview | None:
        """Where a class is in Google's review; None: it was never written. Raises GoogleBusy or GoogleRefused."""
        name = class_id(self._issuer_id, design, subject_key)
        answer = await self._send("GET", f"{self._api}/{_class_kind(kind)}/{name}", None)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise _refusal(answer)
        return _review_of(name, answer)

    def _object(
        self,
        design: Design,
        card: CardState,
        rotating: RotatingSecret | None,
        notify: bool,
        message: GoogleMessage | None,
    ) -> dict[str, Any]:
        changes: dict[str, Any] = {} if notify else {"notify_preference": None}
        if card.kind != "card":
            name = class_id(self._issuer_id, design.name, card.subject_key)
            return as_json(object_of(design, self._issuer_id, name, card).model_copy(update=changes))
        payload = loyalty_object(design, self._issuer_id, card, message)
        if rotating is not None and not card.voided:
            # The rotating code replaces the printed one: Google shows it and makes it by itself, offline too.
            details = TotpDetails(
                period_millis=str(rotating.period_seconds * 1000),
                parameters=(
                    TotpParameters(key=rotating.secret.get_secret_value().hex(), value_length=rotating.digits),
                ),
            )
            changes["rotating_barcode"] = RotatingBarcode(value_pattern=rotating.pattern, totp_details=details)
            changes["barcode"] = None
        return as_json(payload.model_copy(update=changes))

    async def _write_class(self, design: Design, card: CardState) -> None:
        name = class_id(self._issuer_id, design.name, card.subject_key)
        logo = f"{self._base_url}/wallet/google/logo/{design.name}.png"
        background = hexadecimal(str(design.template.get("backgroundColor", "rgb(0, 0, 0)")))
        if card.kind == "card":
            # The places of a class are those of whoever came first; each object names its own member's.
            key = design.version
            if self._classes.get(name) == key:
                return
            payload: Any = loyalty_class(design, self._issuer_id, card.programme_name, logo, background, card.places)
        else:
            payload = class_of(design, card, name, logo, background)
            if payload is None:  # the pass says nothing any more: its class was written with it
                return
            key = hashlib.sha256(f"{design.version}{payload.model_dump_json()}".encode()).hexdigest()
            if self._classes.get(name) == key:
                return
        if self._base_url.startswith("https://"):
            callback = CallbackOptions(url=f"{self._base_url}/wallet/google/callback")
            payload = payload.model_copy(update={"callback_options": callback})
        answer = await self._put(_class_kind(card.kind), as_json(payload))
        found = _review_of(name, answer)
        if not found.usable:
            raise GoogleRefused(f"the class {name} is {found.status}: {found.remedy}")
        if len(self._classes) >= _CLASSES_REMEMBERED_MAX:
            self._classes.clear()
        self._classes[name] = key

    async def _put(self, kind: str, payload: dict[str, Any]) -> httpx.Response:
        """Replace, or insert what is not there; whoever inserted it meanwhile is replaced."""
        one = f"{self._api}/{kind}/{payload['id']}"
        steps = (("PUT", one), ("POST", f"{self._api}/{kind}"), ("PUT", one))
        for (method, url), goes_on in zip(steps, (404, 409, None), strict=True):
            answer = await self._send(method, url, payload)
            if answer.is_success:
                return answer
            if answer.status_code != goes_on:
                break
        raise _refusal(answer)

    async def _send(self, method: str, url: str, payload: dict[str, Any] | None) -> httpx.Response:
        for fresh in (False, True):
            headers = {"authorization": f"Bearer {await self._token(fresh=fresh)}", "content-type": "application/json"}
            try:
                content = None if payload is None else orjson.dumps(payload)
                answer = await self._client.request(
                    method, url, content=content, headers=headers, timeout=TIMEOUT_SECONDS
                )
            except httpx.HTTPError as error:
                raise GoogleBusy(f"Google cannot be reached: {type(error).__name__}") from error
            if answer.status_code == 429 or answer.status_code >= 500:
                raise GoogleBusy(f"Google answers {answer.status_code}", _retry_after(answer))
            if answer.status_code != 401:
                return answer
        raise GoogleRefused("Google does not accept the service account: give it access in the Pay & Wallet console")

    async def _token(self, *, fresh: bool) -> str:
        async with self._token_lock:
            if fresh or not self._credentials.valid:
                try:
                    await asyncio.to_thread(self._credentials.refresh, Request())
                except GoogleAuthError as error:
                    if getattr(error, "retryable", True):
                        raise GoogleBusy(f"Google gives no token: {type(error).__name__}") from error
                    raise GoogleRefused(f"Google gives no token for the service account: {error}") from error
            return str(self._credentials.token)


def hexadecimal(colour: str) -> str:
    """Apple's rgb(1, 2, 3) as Google's #010203; a hexadecimal one as it is."""
    parts = re.findall(r"\d+", colour) if colour.startswith("rgb") else []
    return "#" + "".join(f"{int(part):02x}" for part in parts[:3]) if parts else colour


def _class_kind(kind: PassKind) -> str:
    return OBJECTS[kind].replace("Object", "Class")


def _review_of(name: str, answer: httpx.Response) -> ClassReview:
    """Google writes the states in capitals or not, with underscores or not."""
    told = orjson.loads(answer.content)
    status = str(told.get("reviewStatus", "")).replace("_", "")
    names = {"underreview": "underReview"}
    return ClassReview(name, names.get(status.lower(), status.lower()), str(told.get("review", {}).get("comments", "")))


def _retry_after(answer: httpx.Response) -> float:
    try:
        return max(1.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return 30.0


def _refusal(answer: httpx.Response) -> GoogleRefused:
    try:
        words = str(orjson.loads(answer.content)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        words = answer.text[:200]
    return GoogleRefused(f"Google answers {answer.status_code}: {words}")
