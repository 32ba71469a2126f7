"""The records of offers."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from fedele.domains.offers.config import Creative, Offer
from fedele.domains.offers.variants import words_of
from fedele.domains.programme.config import Place
from fedele.kernel.clock import Position, Weather
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

ClaimId = NewType("ClaimId", UUID)


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """An offer that a member activated."""

    id: ClaimId
    member_id: MemberId
    offer_key: str
    programme_version: int
    claimed_at: datetime
    usable_until: datetime
    used_at: datetime | None = None
    purchase_id: UUID | None = None
    variant: str | None = None

    def in_hand(self, at: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and at < self.usable_until


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What staff decided about an offer as it is written."""

    approved_by: str | None = None
    ended_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """What the checks compare against, by offer key: the member's claims, how many are gone in all, what is left of
    the budgets (of offers that have one), until when what a trigger opened is open, and what staff decided (by key and
    digest); and the sky by grid cell."""

    claims: Mapping[str, tuple[Claim, ...]] = dataclasses.field(default_factory=dict)
    gone: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_minor: Mapping[str, int] = dataclasses.field(default_factory=dict)
    opened_until: Mapping[str, datetime] = dataclasses.field(default_factory=dict)
    standings: Mapping[tuple[str, str], Standing] = dataclasses.field(default_factory=dict)
    skies: Mapping[str, Weather] = dataclasses.field(default_factory=dict)

    def in_hand(self, key: str, at: datetime) -> Claim | None:
        """The member's claim of this offer that can still be used, if any."""
        return next((claim for claim in self.claims.get(key, ()) if claim.in_hand(at)), None)


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """Where an offer's place stands in relation to the member. `place` None: a bare circle, polygon or area."""

    place: Place | None
    distance_metres: float
    within: bool
    radius_metres: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One of the questions an offer asks, in their order. `refusal` None: the answer was yes. `values` are what it saw
    and what it wanted; a value None is not known."""

    name: str
    refusal: Refusal | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it lets the member have the offer."""
        return self.refusal is None


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What a trigger decided about an offer: `fired`, or `refused` with the code of the first check that failed."""

    id: UUID
    member_id: MemberId
    offer_key: str
    occasion: str
    why: str
    outcome: str
    code: str | None
    details: Mapping[str, Any]
    place_key: str | None
    variant: str | None
    decided_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What the phone says: where, when it was measured, and whether its system calls it mocked."""

    position: Position
    seen_at: datetime
    mocked: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class BeaconHeard:
    """A Bluetooth beacon that the phone hears."""

    uuid: str
    major: int = 0
    minor: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Sighting:
    """What became of a position that a phone sent: believed or not, and the offers that it opened."""

    id: UUID
    verdict: str
    place_key: str | None
    decisions: tuple[Decision, ...] = ()

    @property
    def believed(self) -> bool:
        """Whether the server takes it for true."""
        return self.verdict == "believed"


@dataclasses.dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer as one member sees it here and now. `claim` is in hand; `refusal` stops claiming (None: go ahead)."""

    offer: Offer
    spot: Spot | None
    closes_at: datetime | None
    claim: Claim | None = None
    refusal: str | None = None
    variant: str | None = None
    weather: Weather | None = None

    @property
    def creative(self) -> Creative:
        """The words this member sees."""
        return words_of(self.offer, self.claim.variant if self.claim else self.variant)


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """A circle for a phone to monitor. `place_key` None: the refresh region around the member."""

    place_key: str | None
    latitude: float
    longitude: float
    radius_metres: int
    distance_metres: float


@dataclasses.dataclass(frozen=True, slots=True)
class RegionSet:
    """The nearest places and the region on whose exit the phone asks again."""

    regions: tuple[Region, ...]
    refresh: Region
