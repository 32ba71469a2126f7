"""What referrals announce. Ids of members only; the two sides talk through these."""

import dataclasses
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class FriendEvent(Event):
    """Something happened on the friend's side; the referrer's follows. `member_id` is the friend."""

    referral_id: UUID
    referrer_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralApplied(FriendEvent):
    """A friend applied a code. `suspicion` is the reason for a hold, if there is one."""

    kind: ClassVar[str] = "referrals.applied"
    suspicion: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralSettled(FriendEvent):
    """The friend's purchase has settled, and the friend got theirs. Both sides' prizes are those of `applied_at`."""

    kind: ClassVar[str] = "referrals.settled"
    applied_at: datetime
    currency: str | None
    units: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralEnded(FriendEvent):
    """The friend's side is over: refused, revoked or expired; or held, or open again."""

    kind: ClassVar[str] = "referrals.ended"
    state: str
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralAdmitted(Event):
    """The referrer's side has answered: open, held or refused. `member_id` is the referrer."""

    kind: ClassVar[str] = "referrals.admitted"
    referral_id: UUID
    friend_id: UUID
    state: str
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralPaid(Event):
    """The referrer got theirs. `member_id` is the referrer."""

    kind: ClassVar[str] = "referrals.paid"
    referral_id: UUID
    currency: str | None
    units: int
