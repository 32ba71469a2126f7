"""What earning answers: what a purchase or an event would be worth (pure), and why past ones brought what they did."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.earning.bindings import event_bindings, line_bindings, purchase_bindings
from fedele.domains.earning.candidates import eligible_minor
from fedele.domains.earning.caps import CARRY
from fedele.domains.earning.clawback import carry_back, clawback_units, taken_when_returned
from fedele.domains.earning.evaluation import DEFAULT_EXCLUDES, evaluate_event, evaluate_purchase
from fedele.domains.earning.expiry import (
    activity_moves,
    end_of_day,
    expires_at,
    expiry_of,
    followed,
    start_of_day,
)
from fedele.domains.earning.means import read_means, takes_of
from fedele.domains.earning.rulebook import Rulebook
from fedele.domains.earning.types import AwardId, AwardRecord, ExplainedAward, GivenAward, LineShare, RuleTrace
from fedele.domains.ledger.types import Earn, ExtendExpiry, KeepAlive
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey

__all__ = [
    "CARRY",
    "DEFAULT_EXCLUDES",
    "Rulebook",
    "activity_moves",
    "awards_of",
    "carry_back",
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
    "find_evaluation",
    "followed",
    "given_awards",
    "grant",
    "line_bindings",
    "purchase_bindings",
    "read_means",
    "start_of_day",
    "taken_when_returned",
    "takes_of",
    "trace_to_json",
]

_AWARD = """
    SELECT award_id, source_kind, source_id, rule_key, currency, units, clawed_back_units, line_numbers, line_units,
           line_micros, usage_periods, ledger_transaction_id, programme_version, occurred_at
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


async def find_evaluation(
    db: Queryable, member_id: MemberId, source_id: UUID
) -> tuple[int | None, tuple[RuleTrace, ...]]:
    """The version that judged a purchase or an event, and every rule it tried; (None, ()) when nothing was kept."""
    sql = "SELECT programme_version, trace FROM evaluation WHERE member_id = $1 AND source_id = $2"
    row = await db.fetch_row(sql, member_id, source_id)
    return (row["programme_version"], _trace(row["trace"] or [])) if row else (None, ())


async def explain_source(db: Queryable, member_id: MemberId, source_id: UUID) -> tuple[RuleTrace, ...]:
    """Every rule tried for a purchase or an event, whether it gave something or not; () when none was kept."""
    sql = "SELECT trace FROM evaluation WHERE member_id = $1 AND source_id = $2"
    return _trace(await db.fetch_value(sql, member_id, source_id) or [])


def grant(
    programme: Programme,
    currency: str,
    units: int,
    *,
    scope: str,
    key: str,
    source: str,
    tier: str | None,
    at: datetime,
    reason: Mapping[str, Any],
    active_on: date | None = None,
) -> tuple[Earn | KeepAlive | ExtendExpiry, ...]:
    """Units that no rule gives (a challenge's, a referral's, a surprise): the ledger's operations for `units` scaled
    units that live as the currency says for this tier, and what this earning does to the expiry of others.

    `active_on` is the programme's day from which they can be spent; None: at once. Post them in one call.
    """
    zone, found = programme.section(ProgrammeConfig).time_zone, programme.section(Currencies).get(currency)
    active_from = start_of_day(active_on, zone) if active_on else at
    earn = Earn(
        scope=scope,
        key=key,
        currency=CurrencyKey(currency),
        occurred_at=at,
        programme_version=programme.version,
        reason=reason,
        units=units,
        source=source,
        activates_at=active_from if active_on else None,
        expires_at=expires_at(expiry_of(found, tier), active_from, zone),
    )
    moves = activity_moves(programme.section(Currencies), tier, {"earn"}, at, zone, f"{scope}:{key}", reason)
    return (earn, *moves)


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
    numbers = row["line_numbers"]
    return AwardRecord(
        id=AwardId(row["award_id"]),
        rule=row["rule_key"],
        currency=row["currency"],
        units=row["units"],
        clawed_back_units=row["clawed_back_units"],
        lines=_shares(numbers, row["line_units"]),
        ledger_transaction_id=row["ledger_transaction_id"],
        programme_version=row["programme_version"],
        micros=_shares(numbers, row["line_micros"]),
    )


def _shares(numbers: Sequence[int], parts: Sequence[int]) -> tuple[LineShare, ...]:
    return tuple(LineShare(number, part) for number, part in zip(numbers, parts, strict=bool(parts)) if part)


def _trace(values: Sequence[dict[str, Any]]) -> tuple[RuleTrace, ...]:
    return tuple(RuleTrace(**value) for value in values)
