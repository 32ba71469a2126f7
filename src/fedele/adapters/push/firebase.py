"""Google's firebase-admin behind PushChannel.

The library is imported when the first push leaves (1.6 s, 47 MB), used synchronously in a thread (its async client
ignores HTTPS_PROXY and blocks the loop while it refreshes a token), and told two things it has no setting for: where
FCM is, and not to retry by itself. Its own retries sleep through a 429's Retry-After in the sending thread, up to four
times, and repeat a request that timed out after FCM may have taken it; both decisions are messaging's.
"""

import asyncio
import dataclasses
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson

from fedele.adapters.push import fcm_outcomes
from fedele.adapters.push.fcm_payload import fcm_message
from fedele.domains.messaging.ports import PushMessage, PushOutcome
from fedele.domains.messaging.types import TargetKind
from fedele.kernel.clock import utc_now
from fedele.kernel.ids import new_id

GOOGLE = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
CALL_MAX = 500  # firebase-admin's own limit a call
SERVICE_ACCOUNT_FIELDS = ("project_id", "client_email", "private_key", "token_uri")


class CredentialsInvalid(ValueError):
    """The text given as Firebase credentials is not a service account's JSON key."""


def parse_service_account(text: str) -> dict[str, Any]:
    """Read a service account's JSON key, as the Firebase console hands it out. Raises CredentialsInvalid."""
    try:
        account = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CredentialsInvalid(
            "the Firebase credentials are not JSON: give the service account's key file"
        ) from error
    if not isinstance(account, dict) or account.get("type") != "service_account":
        raise CredentialsInvalid(
            'the Firebase credentials are not a service account\'s key ("type": "service_account")'
        )
    missing = [name for name in SERVICE_ACCOUNT_FIELDS if not account.get(name)]
    if missing:
        raise CredentialsInvalid(f"the Firebase credentials lack {', '.join(missing)}")
    return account


@dataclasses.dataclass(frozen=True, slots=True)
class _Client:
    """The library, ready to send."""

    messaging: Any
    exceptions: Any
    requests: Any
    app: Any
    credential: Any
    auth_request: Any


class FirebasePush:
    """Sends through FCM v1. Safe to share by all tasks of a process."""

    kinds: frozenset[TargetKind] = frozenset({TargetKind.FCM_TOKEN, TargetKind.FCM_FID})

    def __init__(
        self,
        service_account: Mapping[str, Any],
        *,
        base_url: str = GOOGLE,
        timeout_seconds: float = 10.0,
        concurrency: int = 100,
    ) -> None:
        """`base_url` points at another FCM v1 server; `concurrency` is messages, and so threads, in flight at once."""
        if not 1 <= concurrency <= CALL_MAX:
            raise ValueError(f"concurrency is {concurrency}; firebase-admin takes 1 to {CALL_MAX} messages a call")
        self._service_account = dict(service_account)
        self._base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._concurrency = concurrency
        self._client: _Client | None = None
        self._lock = threading.Lock()

    async def send(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        """Send them all; one outcome each, in order. The loop stays free meanwhile."""
        outcomes: list[PushOutcome] = []
        for start in range(0, len(messages), self._concurrency):
            chunk = messages[start : start + self._concurrency]
            outcomes += await asyncio.to_thread(self._send_chunk, chunk)
        return outcomes

    async def close(self) -> None:
        """Close the library's connections."""
        await asyncio.to_thread(self._close)

    def _send_chunk(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        with self._lock:
            client = self._open()
            if refusal := self._refresh(client):
                return [refusal] * len(messages)
        outcomes: list[PushOutcome | None] = [None] * len(messages)
        ready: list[tuple[int, Any]] = []
        for index, message in enumerate(messages):
            try:
                made = fcm_message(client.messaging, message)
                str(made)  # encodes it, and so validates it: one bad message fails a whole call otherwise
                ready.append((index, made))
            except ValueError as error:
                outcomes[index] = fcm_outcomes.bad_payload(str(error).replace(message.value, "…"))
        for (index, _), outcome in zip(ready, self._call(client, [made for _, made in ready]), strict=True):
            outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _call(self, client: _Client, made: list[Any]) -> list[PushOutcome]:
        """One call to firebase-admin."""
        if not made:
            return []
        try:
            batch = client.messaging.send_each(made, app=client.app)
        except client.exceptions.FirebaseError as error:
            # Raised for faults outside HTTP (a token refused between two messages): some may have left.
            return [fcm_outcomes.transient(type(error).__name__, possibly_delivered=True)] * len(made)
        return [
            fcm_outcomes.delivered(answer.message_id) if answer.success else self._failure(client, answer.exception)
            for answer in batch.responses
        ]

    @staticmethod
    def _failure(client: _Client, error: Any) -> PushOutcome:
        response = error.http_response
        if response is not None:
            return fcm_outcomes.outcome_of(
                response.status_code, _error_object(response), response.headers.get("Retry-After"), utc_now()
            )
        never_left = isinstance(error.cause, client.requests.exceptions.ConnectTimeout)
        return fcm_outcomes.transient(str(error.code), possibly_delivered=not never_left)

    def _refresh(self, client: _Client) -> PushOutcome | None:
        """Have a valid access token before the threads start: they would each fetch one. Nothing has left if not."""
        from google.auth.exceptions import GoogleAuthError

        try:
            if not client.credential.valid:
                client.credential.refresh(client.auth_request)
        except GoogleAuthError as error:
            code = str(error.args[0]).partition(":")[0] if error.args else ""  # "invalid_grant: …" → its code
            return fcm_outcomes.transient(f"no access token: {type(error).__name__} {code[:80]}".strip())
        return None

    def _open(self) -> _Client:
        """Import the library and point it at FCM. Called in the sending thread, under the lock."""
        if self._client is None:
            import firebase_admin
            import requests
            from firebase_admin import exceptions, messaging
            from google.auth.transport.requests import Request

            app = firebase_admin.initialize_app(
                self._credential(),
                {"httpTimeout": self._timeout_seconds, "projectId": self._service_account["project_id"]},
                name=f"fedele-{new_id()}",
            )
            self._redirect(messaging._get_messaging_service(app))
            auth_session = requests.Session()
            auth_session.trust_env = not _is_loopback(self._base_url)
            self._client = _Client(
                messaging, exceptions, requests, app, app.credential.get_credential(), Request(auth_session)
            )
        return self._client

    def _credential(self) -> Any:
        """The service account, asking for no more than the right to send messages."""
        from google.oauth2.service_account import Credentials

        class Elsewhere(Credentials):
            """Does not ask Google where its account may act: another server's account is none of Google's business."""

            def _is_regional_access_boundary_lookup_required(self) -> bool:
                return False

        account_type: Any = Credentials if self._base_url == GOOGLE else Elsewhere
        return account_type.from_service_account_info(self._service_account, scopes=[SCOPE])

    def _redirect(self, service: Any) -> None:
        """Set the URLs and the retries, for which firebase-admin 7.7 has no options; a contract test watches them."""
        from requests.adapters import HTTPAdapter
        from urllib3.util.retry import Retry

        project = f"{self._base_url}/v1/projects/{self._service_account['project_id']}"
        service._fcm_url = f"{project}/messages:send"
        service._fcm_topic_url = f"{project}/registrations"  # unused by us; set, so that nothing can slip to Google
        session = service._client.session
        session.trust_env = not _is_loopback(self._base_url)  # a proxy has no way to this machine's loopback
        only_unsent = Retry(connect=1, read=0, status=0, other=0, redirect=0, respect_retry_after_header=False)
        session.mount(
            self._base_url,
            HTTPAdapter(pool_connections=1, pool_maxsize=self._concurrency, max_retries=only_unsent),
        )

    def _close(self) -> None:
        with self._lock:
            if self._client is not None:
                import firebase_admin

                self._client.messaging._get_messaging_service(self._client.app)._client.close()
                firebase_admin.delete_app(self._client.app)
                self._client = None


def _error_object(response: Any) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
