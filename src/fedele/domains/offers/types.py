"""The records of offers."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import NewType
from uuid import UUID

from fedele.domains.offers.config import Offer
from fedele.domains.programme.config import Place
from fedele.kernel.ids import MemberId

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

    def in_hand(self, at: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and at < self.usable_until


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """What the limits compare against, by offer key: the member's claims, how many are gone in all, and what is left of
    the budgets (of offers that have one)."""

    claims: Mapping[str, tuple[Claim, ...]] = dataclasses.field(default_factory=dict)
    gone: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_minor: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def in_hand(self, key: str, at: datetime) -> Claim | None:
        """The member's claim of this offer that can still be used, if any."""
        return next((claim for claim in self.claims.get(key, ()) if claim.in_hand(at)), None)


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """Where an offer's place stands in relation to the member. `place` None: a bare circle."""

    place: Place | None
    distance_metres: float
    within: bool


@dataclasses.dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer as one member sees it here and now. `claim` is in hand; `refusal` stops claiming (None: go ahead)."""

    offer: Offer
    spot: Spot | None
    closes_at: datetime | None
    claim: Claim | None = None
    refusal: str | None = None


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
