"""What earning answers: what a purchase or an event would be worth (pure), and why past ones brought what they did."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.earning.bindings import event_bindings, line_bindings, purchase_bindings
from fedele.domains.earning.clawback import clawback_units, taken_when_returned
from fedele.domains.earning.eligibility import eligible_minor
from fedele.domains.earning.evaluation import DEFAULT_EXCLUDES, evaluate_event, evaluate_purchase
from fedele.domains.earning.expiry import end_of_day, expires_at, expiry_of, start_of_day
from fedele.domains.earning.rulebook import Rulebook
from fedele.domains.earning.types import AwardId, AwardRecord, ExplainedAward, GivenAward, LineShare, RuleTrace
from fedele.kernel.ids import MemberId

__all__ = [
    "DEFAULT_EXCLUDES",
    "Rulebook",
    "awards_of",
    "clawback_units",
    "eligible_minor",
    "end_of_day",
    "evaluate_event",
    "evaluate_purchase",
    "event_bindings",
    "expires_at",
    "expiry_of",
    "explain_source",
    "explain_transaction",
    "given_awards",
    "line_bindings",
    "purchase_bindings",
    "start_of_day",
    "taken_when_returned",
    "trace_to_json",
]

_AWARD = """
    SELECT award_id, source_kind, source_id, rule_key, currency, units, clawed_back_units, line_numbers, line_units,
           usage_periods, ledger_transaction_id, programme_version, occurred_at
      FROM award
"""


async def awards_of(db: Queryable, member_id: MemberId, source_id: UUID) -> list[AwardRecord]:
    """The awards that a purchase or an event brought, in the order in which they were given."""
    sql = _AWARD + " WHERE member_id = $1 AND source_id = $2 ORDER BY award_id"
    return [_award(row) for row in await db.fetch(sql, member_id, source_id)]


async def given_awards(db: Queryable, member_id: MemberId, source_id: UUID) -> list[GivenAward]:
    """The awards of a purchase or an event with the usage they filled, for a return."""
    sql = _AWARD + " WHERE member_id = $1 AND source_id = $2 ORDER BY award_id"
    rows = await db.fetch(sql, member_id, source_id)
    return [GivenAward(_award(row), tuple(_usage_key(text) for text in row["usage_periods"])) for row in rows]


async def explain_transaction(
    db: Queryable, member_id: MemberId, ledger_transaction_id: UUID
) -> tuple[ExplainedAward, ...]:
    """Why the ledger was credited by this transaction: its awards, each with the whole decision's trace."""
    sql = f"""
        SELECT a.*, e.trace FROM ({_AWARD} WHERE member_id = $1 AND ledger_transaction_id = $2) AS a
          LEFT JOIN evaluation e ON e.member_id = $1 AND e.source_id = a.source_id
         ORDER BY a.award_id
    """
    rows = await db.fetch(sql, member_id, ledger_transaction_id)
    return tuple(
        ExplainedAward(
            award=_award(row),
            source_kind=row["source_kind"],
            source_id=row["source_id"],
            occurred_at=row["occurred_at"],
            trace=_trace(row["trace"] or []),
        )
        for row in rows
    )


async def explain_source(db: Queryable, member_id: MemberId, source_id: UUID) -> tuple[RuleTrace, ...]:
    """Every rule tried for a purchase or an event, whether it gave something or not; () when none was kept."""
    sql = "SELECT trace FROM evaluation WHERE member_id = $1 AND source_id = $2"
    return _trace(await db.fetch_value(sql, member_id, source_id) or [])


def trace_to_json(trace: Sequence[RuleTrace]) -> list[dict[str, Any]]:
    """A trace as it is kept."""
    return [
        {
            "rule": told.rule,
            "outcome": told.outcome,
            "units": told.units,
            "currency": told.currency,
            "details": dict(told.details),
        }
        for told in trace
    ]


def _usage_key(text: str) -> tuple[str, str]:
    name, _, period = text.partition(" ")
    return name, period


def _award(row: Row) -> AwardRecord:
    shares = zip(row["line_numbers"], row["line_units"], strict=True)
    return AwardRecord(
        id=AwardId(row["award_id"]),
        rule=row["rule_key"],
        currency=row["currency"],
        units=row["units"],
        clawed_back_units=row["clawed_back_units"],
        lines=tuple(LineShare(number, units) for number, units in shares),
        ledger_transaction_id=row["ledger_transaction_id"],
        programme_version=row["programme_version"],
    )


def _trace(values: Sequence[dict[str, Any]]) -> tuple[RuleTrace, ...]:
    return tuple(RuleTrace(**value) for value in values)
