"""What the wallet speaks of: the pass, the state its card shows, a phone's registration, and links to them."""

import base64
import dataclasses
import hashlib
import hmac
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NewType

from fedele.kernel.ids import MalformedId, MemberId, StoreId, decode_id, encode_id

Serial = NewType("Serial", str)  # Apple's serialNumber and the suffix of Google's object id; carries the member's id
PassKind = Literal["card"]  # rewards and tickets as passes of their own widen this

CARD_PREFIX = "card"
LOCATIONS_MAX = 10  # both wallets read no more


def card_serial(member_id: MemberId) -> Serial:
    """The serial of a member's card. It is known before the pass is issued, so a link to it costs no read."""
    return Serial(encode_id(CARD_PREFIX, member_id))


def serial_member(serial: str) -> MemberId | None:
    """Whose pass a serial names; None when it is no serial of ours."""
    try:
        return MemberId(decode_id(CARD_PREFIX, serial, 1)[0])
    except MalformedId:
        return None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """An issued pass. `updated_at` has whole seconds and is different for every `update_tag`: it is Last-Modified."""

    member_id: MemberId
    serial: Serial
    authentication_token: str
    update_tag: int
    updated_at: datetime
    issued_at: datetime
    voided_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PassHead:
    """What decides a conditional request, read in one statement: the pass and the version of its member's affairs."""

    held: Pass
    member_version: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardBalance:
    """A balance on the card: the currency's key, its name in the member's language, and what can be spent."""

    currency: str
    name: str
    available: Decimal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardExpiry:
    """The next points that will be lost: how many, and the last day they are good for (programme's time zone)."""

    amount: Decimal
    on: date


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """A place that wakes the card on the lock screen, with the line shown there in the member's language."""

    store_id: StoreId
    name: str
    latitude: float
    longitude: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardBeacon:
    """A Bluetooth beacon near which the card comes up, with the line shown there."""

    proximity_uuid: str
    major: int | None = None
    minor: int | None = None
    relevant_text: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CardNfc:
    """What the card says to a till's contactless reader: the terminal's public key (base64 of X.509, P-256)."""

    encryption_public_key: str
    requires_authentication: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardSpan:
    """When the card is worth showing by itself: a moment, or a span if it has an end."""

    starts_at: datetime
    ends_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """Everything a card shows: the input, with the design, of a pure function to the pass's content.

    `locale` is a BCP 47 tag; words here are already in the member's language, numbers are not yet formatted. A voided
    card holds nothing of the member. `texts` are the values of further placeholders (a reward's name, a seat), each
    None where there is no such thing.
    """

    member_id: MemberId
    serial: Serial
    authentication_token: str
    card_code: str | None
    display_name: str | None
    locale: str
    programme_name: str
    design: str = "grocer"  # the folder in passes/
    balances: tuple[CardBalance, ...] = ()
    tier_key: str | None = None
    tier_name: str | None = None
    next_tier_name: str | None = None
    expiry: CardExpiry | None = None
    member_since: date | None = None
    news: str | None = None
    texts: tuple[tuple[str, str | None], ...] = ()
    places: tuple[CardPlace, ...] = ()
    beacons: tuple[CardBeacon, ...] = ()
    nfc: CardNfc | None = None
    relevant: tuple[CardSpan, ...] = ()
    expires_at: datetime | None = None
    voided: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A phone that holds a pass and wants to be told when it changes."""

    member_id: MemberId
    serial: Serial
    device_library_identifier: str
    push_token: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UpdatedPasses:
    """The answer to "what changed since": serials, and the tag to ask with next time."""

    serials: tuple[Serial, ...]
    tag: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WalletLinks:
    """The card's links for an app; None for a wallet that is not configured."""

    code: str | None
    apple_wallet_url: str | None
    google_wallet_url: str | None


class PassLinks:
    """Links to the signed pass file: `…/wallet/apple/passes/{serial}.pkpass?key=…`, the key an HMAC of the serial.

    They do not expire: apps keep `Home` for as long as its ETag holds, and a link in it must work as long. Whoever
    holds the link holds the card, as whoever holds the phone does; changing the secret revokes every link at once.
    """

    def __init__(self, base_url: str, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the secret for links needs at least 32 bytes")
        self._base_url = base_url.rstrip("/")
        self._secret = secret

    def url(self, serial: Serial) -> str:
        """The link to this pass."""
        return f"{self._base_url}/wallet/apple/passes/{serial}.pkpass?key={self.key(serial)}"

    def google_url(self, serial: Serial) -> str:
        """The link that writes this card to Google and then saves it there."""
        return f"{self._base_url}/wallet/google/save/{serial}?key={self.key(serial)}"

    def key(self, serial: Serial) -> str:
        """144 bits nobody can guess without the secret."""
        mac = hmac.new(self._secret, b"fedele.pass.download.1:" + serial.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:18]).decode()

    def opens(self, serial: Serial, key: str) -> bool:
        """Is this the key of that serial? Takes the same time either way."""
        return hmac.compare_digest(self.key(serial).encode(), key.encode())
