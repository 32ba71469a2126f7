"""Reading fraud: what rules count, whether a member is blocked, and the queue of cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.fraud.config import VelocityRule
from fedele.domains.fraud.types import Case, CaseId, CaseState, Counted, Stop
from fedele.domains.programme.config import Currencies, Place, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, from_units
from fedele.kernel.pages import Page, decode_position, encode_cursor

# Within (since, at]: of a late sale, what was before it in its own time.
_OF_MEMBER = {
    "purchases": "SELECT count(*) FROM purchase WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3",
    "returns": "SELECT count(*) FROM purchase_return WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3",
    "spend": """
        SELECT coalesce(sum(total_minor), 0) FROM purchase
        WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3 AND currency = $4
    """,
}
_UNITS_SPENT = """
    SELECT cause.currency, sum(-entry.amount)::bigint AS units FROM ledger_transaction AS cause
    JOIN entry ON entry.member_id = cause.member_id AND entry.transaction_id = cause.id
        AND entry.account = 'available'
    WHERE cause.member_id = $1 AND cause.occurred_at > $2 AND cause.occurred_at <= $3 AND cause.kind = 'burn'
    GROUP BY cause.currency
"""
_CASE = """
SELECT member_id, case_id, rule, subject, state, blocks, evidence, source_id, opened_at, decided_at, actor, reason
  FROM fraud_case
"""


async def count_of_member(
    db: Queryable, programme: Programme, rule: VelocityRule, member_id: MemberId, at: datetime
) -> Counted:
    """How much of what the rule counts the member did in the hours up to `at`: money and units as people write them."""
    since = at - timedelta(hours=rule.hours)
    if rule.counts == "units_spent":
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        spent = await db.fetch(_UNITS_SPENT, member_id, since, at)
        units = (from_units(row["units"], decimals.get(row["currency"], 0)) for row in spent)
        return Counted(sum(units, Decimal(0)), since)
    home_currency = programme.section(ProgrammeConfig).home_currency
    values: list[Any] = [member_id, since, at]
    if rule.counts == "spend":
        values.append(home_currency)
    amount = Decimal(await db.fetch_value(_OF_MEMBER[rule.counts], *values))
    if rule.counts == "spend":
        amount = Money(int(amount), home_currency).decimal
    return Counted(amount, since)


async def count_of_subject(db: Queryable, rule: VelocityRule, subject: str, at: datetime) -> Counted:
    """How many sales, or different members, there were with this store or attribute in the hours up to `at`."""
    since = at - timedelta(hours=rule.hours)
    what = "DISTINCT member_id" if rule.counts == "members" else "*"
    sql = f"SELECT count({what}) FROM fraud_sighting WHERE subject = $1 AND occurred_at > $2 AND occurred_at <= $3"
    return Counted(Decimal(await db.fetch_value(sql, subject, since, at)), since)


async def list_neighbours(db: Queryable, member_id: MemberId, purchase_id: UUID, at: datetime) -> list[Row]:
    """The member's sales right before and right after this instant: store and time of each."""
    return await db.fetch(
        """
        (SELECT store_id, occurred_at FROM purchase
          WHERE member_id = $1 AND purchase_id <> $2 AND occurred_at <= $3 ORDER BY occurred_at DESC LIMIT 1)
        UNION ALL
        (SELECT store_id, occurred_at FROM purchase
          WHERE member_id = $1 AND purchase_id <> $2 AND occurred_at > $3 ORDER BY occurred_at LIMIT 1)
        """,
        member_id, purchase_id, at,
    )  # fmt: skip


def stop_at(places: Sequence[Place], store_id: str, at: datetime) -> Stop | None:
    """The sale as a point on the map; None where the programme does not know the shop."""
    place = next((place for place in places if place.key == store_id), None)
    return Stop(store_id, at, place.latitude, place.longitude) if place else None


async def is_blocked(db: Queryable, member_id: MemberId) -> bool:
    """Whether a case is open, or was confirmed, that keeps this member's value from being spent."""
    sql = "SELECT EXISTS (SELECT FROM fraud_case WHERE member_id = $1 AND blocks AND state IN ('open', 'confirmed'))"
    return bool(await db.fetch_value(sql, member_id))


async def find_case(db: Queryable, member_id: MemberId, case_id: CaseId) -> Case | None:
    """One case, or None."""
    row = await db.fetch_row(_CASE + " WHERE member_id = $1 AND case_id = $2", member_id, case_id)
    return _case(row) if row else None


async def list_cases(db: Queryable, states: Sequence[CaseState], first: int, after: str | None = None) -> Page[Case]:
    """Cases in these states, the newest first. Raises MalformedCursor."""
    before = decode_position(after, UUID)[0] if after else UUID(int=2**128 - 1)
    sql = _CASE + " WHERE state = ANY($1::text[]) AND case_id < $2::uuid ORDER BY case_id DESC LIMIT $3"
    rows = await db.fetch(sql, list(states), before, first + 1)
    shown = rows[:first]
    return Page(
        items=tuple(_case(row) for row in shown),
        cursors=tuple(encode_cursor(str(row["case_id"])) for row in shown),
        has_next=len(rows) > first,
    )


async def export_personal_data(db: Queryable, member_id: MemberId) -> Any:
    """What is kept about the member: that something was looked at, and what was decided."""
    rows = await db.fetch(_CASE + " WHERE member_id = $1 ORDER BY case_id", member_id)
    return [
        {"opened_at": row["opened_at"].isoformat(), "state": row["state"], "blocks": row["blocks"], "rule": row["rule"]}
        for row in rows
    ]


def _case(row: Row) -> Case:
    return Case(
        id=CaseId(row["case_id"]),
        member_id=MemberId(row["member_id"]),
        rule=row["rule"],
        subject=row["subject"],
        state=row["state"],
        blocks=row["blocks"],
        evidence=row["evidence"],
        source_id=row["source_id"],
        opened_at=row["opened_at"],
        decided_at=row["decided_at"],
        actor=row["actor"],
        reason=row["reason"],
    )
