"""Members as records: the member, their identities, consents and card codes."""

import calendar
import dataclasses
import hmac
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretBytes, SecretStr

from fedele.domains.members.identity import normalise
from fedele.kernel.ids import MemberId, StoreId


class MemberStatus(StrEnum):
    """ACTIVE: enrolled. GUEST: stands for an unclaimed receipt. ERASED: personal data gone, ledger kept."""

    ACTIVE = "active"
    GUEST = "guest"
    ERASED = "erased"


class Channel(StrEnum):
    """How a consent may be used. PROCESSING: inside the programme only, nothing is sent."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    IN_APP = "in_app"
    WALLET = "wallet"
    PROCESSING = "processing"


class Purpose(StrEnum):
    """What a consent is for. SERVICE messages (a purchase's points, a code) need none and are not listed."""

    MARKETING = "marketing"
    SURVEYS = "surveys"
    PERSONALIZATION = "personalization"
    LOCATION = "location"


@dataclasses.dataclass(frozen=True, slots=True)
class MonthDay:
    """A birthday without its year. 29 February is allowed."""

    month: int
    day: int

    def __post_init__(self) -> None:
        date(2024, self.month, self.day)  # a leap year; raises ValueError for 31 April

    def in_year(self, year: int) -> date:
        """That day of a year; 29 February of a common year is the 28th."""
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))

    def days_since(self, today: date) -> int:
        """Days since it was last, 0 on the day itself."""
        this_year = self.in_year(today.year)
        return (today - (this_year if this_year <= today else self.in_year(today.year - 1))).days


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One member. An erased one keeps id, status and joined_at; everything personal is None or a default.

    `locale` is a BCP 47 tag ("it", "en-GB"), `time_zone` an IANA name, both as the member chose or the programme's.
    """

    id: MemberId
    status: MemberStatus
    locale: str
    time_zone: str
    joined_at: datetime
    display_name: str | None = None
    birthday: MonthDay | None = None
    picture_url: str | None = None
    background_url: str | None = None
    home_store: StoreId | None = None
    preferences: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether the member may log in and be spoken to."""
        return self.status is MemberStatus.ACTIVE


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A way to recognise a member: kind "email", "phone", "external:<source>" or "oidc:<issuer>", and its value.

    Make one with `Identity.parse`, which normalises. The value hides from repr and logs.
    """

    kind: str
    value: SecretStr

    @classmethod
    def parse(cls, kind: str, value: str, phone_region: str | None = None) -> "Identity":
        """An identity in its normal form. Raises IdentityInvalid. `phone_region`: ISO 3166 country of bare numbers."""
        return cls(kind, SecretStr(normalise(kind, value, phone_region)))


@dataclasses.dataclass(frozen=True, slots=True)
class Peppers:
    """The keys of identity digests, by version. New ones are added as known first, made current in a second step."""

    current: int
    values: Mapping[int, SecretBytes]

    def __post_init__(self) -> None:
        if self.current not in self.values:
            raise ValueError(f"the current pepper, version {self.current}, is not among the peppers given")
        if any(len(value.get_secret_value()) < 16 for value in self.values.values()):
            raise ValueError("a pepper needs at least 16 bytes")

    def digest(self, identity: Identity, version: int | None = None) -> bytes:
        """HMAC-SHA256 of the identity under one version (the current one by default)."""
        key = self.values[self.current if version is None else version].get_secret_value()
        return hmac.digest(key, f"{identity.kind}\0{identity.value.get_secret_value()}".encode(), "sha256")

    def digests(self, identity: Identity) -> list[bytes]:
        """Its digest under every version known: what a look-up asks for."""
        return [self.digest(identity, version) for version in self.values]

    def mac(self, purpose: str, text: str) -> bytes:
        """A digest of any other text under the current pepper; `purpose` keeps one use from answering for another."""
        return hmac.digest(self.values[self.current].get_secret_value(), f"{purpose}\0{text}".encode(), "sha256")

    def lock_numbers(self, identity: Identity) -> set[int]:
        """The advisory locks that make enrolments of one identity serial: one for each pepper, so that a process that
        already knows a newer one and a process that does not yet still meet in one of them."""
        return {int.from_bytes(digest[:8], "big", signed=True) for digest in self.digests(identity)}


@dataclasses.dataclass(frozen=True, slots=True)
class Enrolment:
    """Whom an enrolment found or made."""

    member_id: MemberId
    created: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """What is known of somebody who enrols. `joined_at` None means now (an import knows better)."""

    identities: tuple[Identity, ...]
    locale: str = "en"
    time_zone: str = "UTC"
    joined_at: datetime | None = None
    display_name: str | None = dataclasses.field(default=None, repr=False)
    birthday: MonthDay | None = dataclasses.field(default=None, repr=False)
    home_store: StoreId | None = None
    preferences: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    source: str = "app"  # app, staff, import:<file>, oidc, join
    consents: tuple[tuple[Purpose, Channel], ...] = ()  # those given while enrolling


class Unset:
    """The type of UNSET: "not mentioned", which differs from None, "take it away"."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """The fields to change; UNSET leaves one alone, None clears it."""

    display_name: str | Unset | None = dataclasses.field(default=UNSET, repr=False)
    locale: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    birthday: MonthDay | Unset | None = dataclasses.field(default=UNSET, repr=False)
    picture_url: str | Unset | None = dataclasses.field(default=UNSET, repr=False)
    background_url: str | Unset | None = dataclasses.field(default=UNSET, repr=False)
    home_store: StoreId | Unset | None = UNSET


@dataclasses.dataclass(frozen=True, slots=True)
class Consent:
    """Where the member stands today on one purpose and channel. Never asked: no Consent, which means no."""

    purpose: Purpose
    channel: Channel
    granted: bool
    changed_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentChange:
    """One line of the consent history: append-only, the proof of what was agreed to, when and where."""

    change_id: UUID
    purpose: Purpose
    channel: Channel
    granted: bool
    changed_at: datetime
    source: str  # app, staff, import:<file>, join, preference_page
    wording: str  # the version of the text the member saw


@dataclasses.dataclass(frozen=True, slots=True)
class CardCode:
    """A member's card code as printed in the wallet pass's QR. It identifies (may earn); it never spends by itself."""

    member_id: MemberId
    code: str
    issued_at: datetime


# Why a card was revoked: lost, stolen, copied (a screenshot went round), replaced for another reason, or left with its
# member.
Revocation = Literal["lost", "stolen", "copied", "replaced", "erased"]


@dataclasses.dataclass(frozen=True, slots=True)
class CardHolder:
    """Whom a scanned code belongs to; `revoked_at` set means the card must be refused."""

    member_id: MemberId
    status: MemberStatus
    revoked_at: datetime | None
    rotating: bool = False
    revoked_because: Revocation | None = None
    digest: bytes = b""  # of the code's constant part
    step: int | None = None  # the window of a rotating code: what using it up is counted by


@dataclasses.dataclass(frozen=True, slots=True)
class RotatingCode:
    """The code for the app to show, until when a till accepts it at the latest, and when the next one begins."""

    code: str
    next_at: datetime
    valid_until: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class RotatingSecret:
    """What lets another wallet make the member's rotating codes: Google's rotatingBarcode with a TOTP_SHA1 value."""

    pattern: str  # "FDG1…{totp_value_0}"
    secret: SecretBytes
    period_seconds: int
    digits: int
