"""What memberships announce."""

import dataclasses
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class MembershipEvent(Event):
    """What all of them carry."""

    kind: ClassVar[str] = "memberships"
    membership: str
    plan: str
    term_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class MembershipStarted(MembershipEvent):
    """The first term began: a trial, or a paid one."""

    kind: ClassVar[str] = "memberships.started"
    trial: bool
    covered_until: datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MembershipRenewed(MembershipEvent):
    """The next term is paid."""

    kind: ClassVar[str] = "memberships.renewed"
    covered_until: datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MembershipCancelled(MembershipEvent):
    """The member will not renew; `refund_minor` goes back to them."""

    kind: ClassVar[str] = "memberships.cancelled"
    refund_minor: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class MembershipEnded(MembershipEvent):
    """Benefits are off. `reason` is a types.EndReason."""

    kind: ClassVar[str] = "memberships.ended"
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaymentRequested(Event):
    """Money is to be moved: what listens asks the provider, outside every transaction."""

    kind: ClassVar[str] = "memberships.payment_requested"
    payment_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaymentFailed(MembershipEvent):
    """The provider refused the charge of a term; benefits end at `covered_until` unless a later try succeeds."""

    kind: ClassVar[str] = "memberships.payment_failed"
    problem: str
    covered_until: datetime | None
