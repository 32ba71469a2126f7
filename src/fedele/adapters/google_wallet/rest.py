"""Writing loyalty classes and objects by Google's REST API (walletobjects v1).

An object is replaced whole (PUT), so that what a card no longer says is gone at Google too; where there is none yet, it
is inserted. A class is written once a process and version of its design. Tokens come from google-auth, in a thread.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.google_wallet.payloads import (
    CallbackOptions,
    RotatingBarcode,
    TotpDetails,
    TotpParameters,
    as_json,
    loyalty_class,
    loyalty_object,
)
from fedele.adapters.google_wallet.save_links import CredentialsError
from fedele.domains.members.types import RotatingSecret
from fedele.domains.wallet.ports import GoogleBusy, GoogleRefused
from fedele.domains.wallet.types import CardState

API_URL = "https://walletobjects.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/wallet_object.issuer",)
TIMEOUT_SECONDS = 20.0


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
        self._classes: set[tuple[str, str]] = set()

    async def write(self, card: CardState, rotating: RotatingSecret | None, *, notify: bool) -> None:
        """Insert or replace the member's object. Raises GoogleBusy or GoogleRefused."""
        design = self._designs.get(card.design)
        if design is None or not design.google:
            raise GoogleRefused(f"the design {card.design} has no google.json: write one, or choose another design")
        await self._write_class(design, card)
        await self._put("loyaltyObject", self._object(design, card, rotating, notify))

    def _object(self, design: Design, card: CardState, rotating: RotatingSecret | None, notify: bool) -> dict[str, Any]:
        payload = loyalty_object(design, self._issuer_id, card)
        changes: dict[str, Any] = {} if notify else {"notify_preference": None}
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
        key = (design.name, design.version)
        if key in self._classes:
            return
        logo = f"{self._base_url}/wallet/google/logo/{design.name}.png"
        background = hexadecimal(str(design.template.get("backgroundColor", "rgb(0, 0, 0)")))
        payload = loyalty_class(design, self._issuer_id, card.programme_name, logo, background, card.places)
        if self._base_url.startswith("https://"):
            callback = CallbackOptions(url=f"{self._base_url}/wallet/google/callback")
            payload = payload.model_copy(update={"callback_options": callback})
        await self._put("loyaltyClass", as_json(payload))
        self._classes.add(key)

    async def _put(self, kind: str, payload: dict[str, Any]) -> None:
        """Replace, or insert what is not there; whoever inserted it meanwhile is replaced."""
        one = f"{self._api}/{kind}/{payload['id']}"
        steps = (("PUT", one), ("POST", f"{self._api}/{kind}"), ("PUT", one))
        for (method, url), goes_on in zip(steps, (404, 409, None), strict=True):
            answer = await self._send(method, url, payload)
            if answer.is_success:
                return
            if answer.status_code != goes_on:
                raise _refusal(answer)

    async def _send(self, method: str, url: str, payload: dict[str, Any]) -> httpx.Response:
        for fresh in (False, True):
            headers = {"authorization": f"Bearer {await self._token(fresh=fresh)}", "content-type": "application/json"}
            try:
                answer = await self._client.request(
                    method, url, content=orjson.dumps(payload), headers=headers, timeout=TIMEOUT_SECONDS
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
