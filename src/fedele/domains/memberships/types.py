"""The records of memberships. Money is in minor units of the currency it was charged in."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from fedele.kernel.ids import MemberId

TermId = NewType("TermId", UUID)
PaymentId = NewType("PaymentId", UUID)

MembershipState = Literal["requested", "active", "lapsed", "cancelled"]
TermKind = Literal["trial", "paid", "lifetime"]
TermState = Literal["requested", "running", "failed", "refunded"]
PaymentKind = Literal["charge", "refund"]
PaymentState = Literal["requested", "succeeded", "declined", "given_up"]
EndReason = Literal["lapsed", "cancelled", "refunded", "declined"]


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """A stretch of a membership: paid for until `ends_at`, with benefits until `covered_until` (None: for ever)."""

    id: TermId
    membership: str
    plan: str
    kind: TermKind
    state: TermState
    starts_at: datetime
    ends_at: datetime | None
    covered_until: datetime | None
    price_minor: int
    currency: str
    refunded_minor: int = 0
    used_at: datetime | None = None
    """When a benefit was first used in this term."""

    def covers(self, at: datetime) -> bool:
        """Whether its benefits are on at this instant."""
        return (
            self.state == "running" and self.starts_at <= at and (self.covered_until is None or at < self.covered_until)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Payment:
    """Money asked for or given back, and what the provider said."""

    id: PaymentId
    term_id: TermId
    kind: PaymentKind
    state: PaymentState
    amount_minor: int
    currency: str
    attempts_count: int
    requested_at: datetime
    finished_at: datetime | None = None
    reference: str | None = None
    problem: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class MembershipRecord:
    """A member's membership of one key, with its terms, newest first."""

    member_id: MemberId
    key: str
    plan: str
    next_plan: str | None
    auto_renew: bool
    joined_at: datetime
    cancelled_at: datetime | None
    state: MembershipState
    terms: tuple[Term, ...] = ()

    def is_active(self, at: datetime) -> bool:
        """Whether its benefits are on."""
        return any(term.covers(at) for term in self.terms)

    def term_at(self, at: datetime) -> Term | None:
        """The term that covers this instant."""
        return next((term for term in self.terms if term.covers(at)), None)


ActiveKeys = Mapping[MemberId, frozenset[str]]
