"""Links that save a pass to Google Wallet: a JWT that names the object and holds nothing else.

Source: Google Wallet API, "JWT" (developers.google.com/wallet/reference/rest/v1/Jwt). A link longer than about 1,800
characters is cut by browsers and messengers; one with the whole object in it already is.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fedele.domains.wallet.types import PassKind, Serial, subject_of

SAVE_URL = "https://pay.google.com/gp/v/save/"
LENGTH_MAX = 1800
_KEPT_MAX = 20_000


class CredentialsError(ValueError):
    """The service account cannot be used; the message says why and what to do."""


class GoogleSaveLinks:
    """Implements SaveLinks. The key is loaded once; a member's link is signed once a day and then remembered."""

    def __init__(self, credentials: str, issuer_id: str, base_url: str) -> None:
        """`credentials` is the service account's JSON, as downloaded. Raises CredentialsError."""
        self._email, self._key = _read(credentials)
        if not issuer_id.isdigit():
            raise CredentialsError(
                "FEDELE_GOOGLE_WALLET_ISSUER_ID is the number shown at the top of Google's Pay & Wallet console"
            )
        parts = urlsplit(base_url)
        self._origins = [f"{parts.scheme}://{parts.netloc}"]
        self._issuer_id = issuer_id
        self._kept: OrderedDict[tuple[Serial, int], str] = OrderedDict()

    def url(self, serial: Serial, at: datetime) -> str:
        """The link that saves this member's object: the same all day (UTC) long, on every process."""
        issued_at = int(at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
        key = (serial, issued_at)
        if (kept := self._kept.get(key)) is not None:
            return kept
        claims = {
            "iss": self._email,
            "aud": "google",
            "typ": "savetowallet",
            "iat": issued_at,
            "origins": self._origins,
            "payload": {_objects_of(serial): [{"id": object_id(self._issuer_id, serial)}]},
        }
        self._kept[key] = link = SAVE_URL + jwt.encode(claims, self._key, algorithm="RS256")
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return link


def object_id(issuer_id: str, serial: Serial) -> str:
    """The id of a member's loyalty object: the issuer's number, a point, the serial that Apple's card has too."""
    return f"{issuer_id}.{serial}"


def class_id(issuer_id: str, design: str, subject_key: str | None = None) -> str:
    """The id of a design's loyalty class, or of what a reward's holders or an event's guests share."""
    return f"{issuer_id}.{design}.{subject_key}" if subject_key else f"{issuer_id}.{design}"


OBJECTS: Mapping[PassKind, str] = {
    "card": "loyaltyObject",
    "reward": "offerObject",
    "offer": "offerObject",
    "ticket": "eventTicketObject",
}


def _objects_of(serial: Serial) -> str:
    subject = subject_of(serial)
    return f"{OBJECTS[subject.kind if subject else 'card']}s"


def _read(credentials: str) -> tuple[str, RSAPrivateKey]:
    name = "FEDELE_GOOGLE_WALLET_CREDENTIALS"
    try:
        account = orjson.loads(credentials)
        email, pem = account["client_email"], account["private_key"]
        key = load_pem_private_key(pem.encode(), None)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        # The cause is left out on purpose: it may quote the key.
        raise CredentialsError(
            f"{name}: not the JSON key of a service account; make one under IAM → Service accounts → Keys"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsError(f"{name}: the service account's key is not RSA; make a new JSON key")
    return email, key
