"""What the wallet speaks of: the pass, the state its card shows, a phone's registration, and links to them."""

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NewType
from uuid import UUID

from fedele.kernel.ids import MalformedId, MemberId, StoreId, decode_id, encode_id

Serial = NewType("Serial", str)  # Apple's serialNumber and the suffix of Google's object id; carries the member's id
PassKind = Literal["card", "reward", "offer", "ticket"]
Ended = Literal["used", "expired", "withdrawn"]

CARD_PREFIX = "card"
_PREFIXES: Mapping[PassKind, str] = {"card": CARD_PREFIX, "reward": "voucher", "offer": "coupon", "ticket": "ticket"}
_KINDS: Mapping[str, PassKind] = {prefix: kind for kind, prefix in _PREFIXES.items()}
LOCATIONS_MAX = 10  # both wallets read no more


@dataclasses.dataclass(frozen=True, slots=True)
class PassSubject:
    """What a pass stands for: the member (a card), or a redemption, a claimed offer or a place at a gathering."""

    kind: PassKind
    member_id: MemberId
    id: UUID | None = None  # of the redemption, claim or place; None for a card

    @property
    def serial(self) -> Serial:
        """The pass's serial: known before the pass is issued."""
        own = () if self.id is None else (self.id,)
        return Serial(encode_id(_PREFIXES[self.kind], self.member_id, *own))


def subject_of(serial: str) -> PassSubject | None:
    """What a serial stands for; None when it is no serial of ours."""
    kind = _KINDS.get(serial.partition("_")[0])
    if kind is None:
        return None
    try:
        member_id, *rest = decode_id(_PREFIXES[kind], serial, 1 if kind == "card" else 2)
    except MalformedId:
        return None
    return PassSubject(kind, MemberId(member_id), rest[0] if rest else None)


def card_serial(member_id: MemberId) -> Serial:
    """The serial of a member's card. It is known before the pass is issued, so a link to it costs no read."""
    return Serial(encode_id(CARD_PREFIX, member_id))


def serial_member(serial: str) -> MemberId | None:
    """Whose pass a serial names; None when it is no serial of ours."""
    subject = subject_of(serial)
    return subject.member_id if subject else None


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
    expires_at: datetime | None = None


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


Words = tuple[tuple[str, str], ...]
"""(locale, words) in every language that the programme has; "" is for all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardVoucher:
    """What a reward or claimed offer says on a pass of its own. `percent`, `money` or `times`: the large figure."""

    key: str  # the reward's or offer's
    name: str
    description: str | None = None
    terms: str | None = None
    usable_until: datetime | None = None  # in the programme's time zone
    percent: Decimal | None = None
    money: tuple[Decimal, str] | None = None  # major units and ISO 4217
    times: Decimal | None = None  # of the points that are earned
    names: Words = ()
    descriptions: Words = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardTicket:
    """What a ticket says. Times carry their offset: a phone elsewhere shows the venue's own hour."""

    key: str  # the gathering's, or the experience's
    name: str
    starts_at: datetime
    ends_at: datetime
    venue: str | None = None
    description: str | None = None
    persons: int = 1
    names: Words = ()
    venues: Words = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """Everything a pass shows: the input, with the design, of a pure function to its content.

    `locale` is a BCP 47 tag; words here are already in the member's language, numbers are not yet formatted. The pass
    of somebody who is gone holds nothing of them. `card_code` is what its barcode says: the member's card code, or a
    reward's own. `voucher` and `ticket` are what passes of the other kinds stand for.
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
    kind: PassKind = "card"
    subject_key: str | None = None  # the reward's, offer's or gathering's: what Google's class is named after
    voucher: CardVoucher | None = None
    ticket: CardTicket | None = None
    ended: Ended | None = None  # why it is voided, of a pass that is no card
    linked: tuple[Serial, ...] = ()  # passes that Google shows beside the card
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
    """A pass's links for an app; None for a wallet that is not configured. `code`: of a card."""

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
