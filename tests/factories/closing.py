"""A programme day to close: members with lots and counters, written without a till."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.closing.commands import close_day
from fedele.domains.closing.types import ClosedDay
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Earn
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.programme import apply_programme

ROME = """
format: 1
programme: {key: rome, name: Rome, time_zone: Europe/Rome, home_currency: EUR, locales: [en, it]}
currencies:
  - {key: points, name: points, expiry: {type: rolling, period: {months: 12}}}
  - {key: stars, name: stars, expiry: {type: rolling, period: {months: 6}}, expiry_by_tier: {gold: {type: never}}}
tiers:
  counter: {type: spend}
  window: {type: calendar_year, kept_years: 0}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: gold, name: Gold, threshold: 300}
messages:
  templates:
    - {key: soon, on: closing.expiry_announced, channels: [in_app, push], purpose: service, title: Soon,
       body: "{amount} {currency} until {date}, {days} days"}
"""
DAY = date(2026, 6, 30)
MIDNIGHT = datetime(2026, 6, 30, 22, tzinfo=UTC)  # the end of 30 June in Rome


async def rome(database: Database, text: str = ROME) -> ProgrammeSource:
    """The programme in force since long ago."""
    await apply_programme(database, text)
    return ProgrammeSource(database, PROGRAMME_SECTIONS)


async def gives(database: Database, member_id: MemberId, units: int, **given: Any) -> None:
    """Issue one lot."""
    earn = Earn(
        scope="test", key=str(new_id()), currency=CurrencyKey(given.pop("currency", "points")), units=units,
        source="test", **given,
    )  # fmt: skip
    async with database.transaction() as tx:
        await post(tx, member_id, [earn], Moment(given.get("occurred_at", datetime(2026, 1, 1, tzinfo=UTC))))


async def counts(database: Database, member_id: MemberId, days: Mapping[date, int], counter: str = "spend") -> None:
    """Let so much have been counted on those days."""
    async with database.transaction() as tx:
        for day, amount in days.items():
            await tx.execute(
                """
                INSERT INTO tier_counter (member_id, counter, day, amount) VALUES ($1, $2, $3, $4)
                ON CONFLICT (member_id, counter, day) DO UPDATE SET amount = tier_counter.amount + excluded.amount
                """,
                member_id, counter, day, amount,
            )  # fmt: skip


async def closes(database: Database, programmes: ProgrammeSource, day: date = DAY, **given: Any) -> ClosedDay:
    """Close a day, a minute after its end unless said otherwise."""
    now = given.get("now", datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC))
    return await close_day(database, programmes, day, Moment(now), given.get("steps", CLOSING_STEPS))
