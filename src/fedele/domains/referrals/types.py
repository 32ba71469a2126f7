"""The records of referrals."""

import dataclasses
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from fedele.domains.referrals.config import ReferralCap
from fedele.kernel.ids import MemberId

ReferralId = NewType("ReferralId", UUID)

# The friend's side. `applied`: the referrer's side has not answered yet; `open`: until a purchase has settled.
ReferralState = Literal["applied", "held", "open", "settled", "refused", "revoked", "expired"]
# The referrer's side. `unpaid`: the friend's purchase settled, but a cap leaves nothing for the referrer.
BroughtState = Literal["open", "held", "paid", "unpaid", "refused", "revoked", "expired"]
MarkKind = Literal["email_alias", "phone", "device", "card"]
CheckOutcome = Literal["admitted", "held", "refused", "approved", "rejected"]


@dataclasses.dataclass(frozen=True, slots=True)
class Referral:
    """The friend's side of a referral. Units are scaled integers of the currency: what the friend got."""

    id: ReferralId
    friend_id: MemberId
    referrer_id: MemberId
    state: ReferralState
    reason: str | None  # the code of the refusal or suspicion, if there is one
    applied_at: datetime
    expires_at: datetime | None
    purchase_id: UUID | None
    due_at: datetime | None
    settled_at: datetime | None
    currency: str | None = None
    units: int = 0
    transaction_id: UUID | None = None
    redemption_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Brought:
    """The referrer's side of a referral: what became of a friend, without who it is."""

    id: ReferralId
    referrer_id: MemberId
    friend_id: MemberId
    state: BroughtState
    reason: str | None
    admitted_at: datetime
    currency: str | None = None
    units: int = 0
    transaction_id: UUID | None = None
    redemption_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A keyed digest of something that two members should not share."""

    kind: MarkKind
    digest: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class CapUse:
    """A cap, and how many places of its present period are taken."""

    cap: ReferralCap
    used: int


@dataclasses.dataclass(frozen=True, slots=True)
class Overview:
    """A member's referrals as they see them."""

    code: str | None
    brought: tuple[Brought, ...]  # newest first, at most a hundred
    caps: tuple[CapUse, ...]
    own: Referral | None  # by whose code they came themselves

    def count(self, *states: BroughtState) -> int:
        """How many friends are in one of these states."""
        return sum(one.state in states for one in self.brought)


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One decision of the log."""

    referral_id: ReferralId | None
    friend_id: MemberId
    outcome: CheckOutcome
    reason: str
    actor: str
    decided_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """All referrals of the programme by state of the friend's side, and what both sides were given and kept."""

    states: dict[str, int]
    friend_units: dict[str, int]
    referrer_units: dict[str, int]
