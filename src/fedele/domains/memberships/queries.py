"""What memberships answer: what a member has, what is to be done by the clock, what an unused term is worth."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fedele.db.database import Queryable, Row
from fedele.domains.memberships.refunds import refund_of
from fedele.domains.memberships.types import (
    MembershipRecord,
    Payment,
    PaymentId,
    Term,
    TermId,
)
from fedele.kernel.ids import MemberId

__all__ = [
    "active_keys",
    "due_memberships",
    "due_payments",
    "export_personal_data",
    "find_membership",
    "find_payment",
    "list_memberships",
    "list_payments",
    "memberships_by_member",
    "next_due",
    "refund_of",
]

_TERM_COLUMNS = """
    t.term_id, t.membership_key, t.plan_key AS term_plan, t.kind, t.state AS term_state, t.starts_at, t.ends_at,
    t.covered_until AS term_covered_until, t.price_minor, t.currency, t.refunded_minor, t.used_at
"""

_MEMBERSHIPS = f"""
    -- One row a term; a membership is never without one.
    SELECT m.member_id, m.plan_key, m.next_plan_key, m.auto_renew, m.joined_at, m.cancelled_at, m.state,
           {_TERM_COLUMNS}
      FROM membership m
      JOIN membership_term t ON t.member_id = m.member_id AND t.membership_key = m.membership_key
     WHERE m.member_id = ANY($1::uuid[])
     ORDER BY m.member_id, m.joined_at, m.membership_key, t.starts_at DESC, t.term_id DESC
"""


async def memberships_by_member(
    db: Queryable, member_ids: Sequence[MemberId]
) -> Mapping[MemberId, tuple[MembershipRecord, ...]]:
    """The memberships that many members have or had, the oldest first, each with its terms, in one statement."""
    found: dict[MemberId, dict[str, tuple[Row, list[Term]]]] = {member_id: {} for member_id in member_ids}
    for row in await db.fetch(_MEMBERSHIPS, list(member_ids)):
        _, terms = found[row["member_id"]].setdefault(row["membership_key"], (row, []))
        terms.append(_term(row))
    return {
        member_id: tuple(_membership(row, terms) for row, terms in memberships.values())
        for member_id, memberships in found.items()
    }


async def list_memberships(db: Queryable, member_id: MemberId) -> tuple[MembershipRecord, ...]:
    """The memberships that a member has or had."""
    return (await memberships_by_member(db, [member_id]))[member_id]


async def find_membership(db: Queryable, member_id: MemberId, key: str) -> MembershipRecord | None:
    """One membership of a member."""
    return next((held for held in await list_memberships(db, member_id) if held.key == key), None)


async def active_keys(db: Queryable, member_id: MemberId, at: datetime) -> list[str]:
    """The keys of the memberships in force at an instant: what conditions call `member.memberships`."""
    keys: list[str] = await db.fetch_value("SELECT memberships_at_v1($1, $2)", member_id, at)
    return list(keys)


async def list_payments(db: Queryable, member_id: MemberId) -> list[Payment]:
    """What a member paid and got back, the newest first."""
    rows = await db.fetch(
        "SELECT * FROM membership_payment WHERE member_id = $1 ORDER BY requested_at DESC, payment_id DESC", member_id
    )
    return [_payment(row) for row in rows]


async def find_payment(db: Queryable, member_id: MemberId, payment_id: PaymentId) -> Payment | None:
    """One payment of a member."""
    row = await db.fetch_row(
        "SELECT * FROM membership_payment WHERE member_id = $1 AND payment_id = $2", member_id, payment_id
    )
    return _payment(row) if row else None


async def due_payments(db: Queryable, at: datetime, count: int) -> list[tuple[MemberId, PaymentId]]:
    """Payments to ask the provider for by now, the longest overdue first."""
    rows = await db.fetch(
        """
        SELECT member_id, payment_id FROM membership_payment
         WHERE next_attempt_at IS NOT NULL AND next_attempt_at <= $1 ORDER BY next_attempt_at, payment_id LIMIT $2
        """,
        at,
        count,
    )
    return [(MemberId(row["member_id"]), PaymentId(row["payment_id"])) for row in rows]


async def due_memberships(db: Queryable, at: datetime, count: int) -> list[tuple[MemberId, str]]:
    """Memberships to renew or to end by now."""
    rows = await db.fetch(
        """
        SELECT member_id, membership_key FROM membership WHERE renew_at IS NOT NULL AND renew_at <= $1
        UNION
        SELECT member_id, membership_key FROM membership
         WHERE state = 'active' AND covered_until IS NOT NULL AND covered_until <= $1
         ORDER BY member_id, membership_key LIMIT $2
        """,
        at,
        count,
    )
    return [(MemberId(row["member_id"]), row["membership_key"]) for row in rows]


async def next_due(db: Queryable, after: datetime) -> datetime | None:
    """The first instant after the given one at which a membership is renewed, ends, or is charged again."""
    found: datetime | None = await db.fetch_value(
        """
        SELECT least(
            (SELECT min(renew_at) FROM membership WHERE renew_at IS NOT NULL AND renew_at > $1),
            (SELECT min(covered_until) FROM membership
              WHERE state = 'active' AND covered_until IS NOT NULL AND covered_until > $1),
            (SELECT min(next_attempt_at) FROM membership_payment
              WHERE next_attempt_at IS NOT NULL AND next_attempt_at > $1))
        """,
        after,
    )
    return found


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """The member's memberships and payments for their data export; not the provider's word for their card."""
    return {
        "memberships": [dataclasses.asdict(held) for held in await list_memberships(db, member_id)],
        "payments": [dataclasses.asdict(payment) for payment in await list_payments(db, member_id)],
    }


def _membership(row: Row, terms: Sequence[Term]) -> MembershipRecord:
    return MembershipRecord(
        member_id=MemberId(row["member_id"]),
        key=row["membership_key"],
        plan=row["plan_key"],
        next_plan=row["next_plan_key"],
        auto_renew=row["auto_renew"],
        joined_at=row["joined_at"],
        cancelled_at=row["cancelled_at"],
        state=row["state"],
        terms=tuple(terms),
    )


def _term(row: Row) -> Term:
    return Term(
        id=TermId(row["term_id"]),
        membership=row["membership_key"],
        plan=row["term_plan"],
        kind=row["kind"],
        state=row["term_state"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        covered_until=row["term_covered_until"],
        price_minor=row["price_minor"],
        currency=row["currency"],
        refunded_minor=row["refunded_minor"],
        used_at=row["used_at"],
    )


def _payment(row: Row) -> Payment:
    return Payment(
        id=PaymentId(row["payment_id"]),
        term_id=TermId(row["term_id"]),
        kind=row["kind"],
        state=row["state"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        attempts_count=row["attempts_count"],
        requested_at=row["requested_at"],
        finished_at=row["finished_at"],
        reference=row["reference"],
        problem=row["problem"],
    )
