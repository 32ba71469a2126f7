"""A review of many members reads them by the thousand, and writes only those whose tier moves."""

import asyncio
from datetime import timedelta
from typing import Any

from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.db.database import Database, counting
from fedele.domains.checkout.commands import settle
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.commands import review_members
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from tests.factories.closing import DAY, MIDNIGHT, ROME, closes, counts, rome
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import at, basket, line, open_till

TIERS = [step for step in CLOSING_STEPS if step.key == "tiers"]


async def statements_of_a_new_version(database: Database, members_count: int) -> int:
    """How many statements the close takes that judges so many members by a new version under which nobody moves."""
    programmes = await rome(database)
    for _ in range(members_count):
        await counts(database, await enrolled(database), {DAY: 10_000})
    await closes(database, programmes, DAY - timedelta(days=1), steps=TIERS)
    await apply_programme(database, ROME.replace("threshold: 300", "threshold: 200"), MIDNIGHT - timedelta(hours=2))
    with counting() as statements:
        await closes(database, ProgrammeSource(database, PROGRAMME_SECTIONS), steps=TIERS)
    return len(statements)


async def test_who_stays_costs_no_statement_of_their_own(database: Database, admin: Any) -> None:
    """Forty members who stay where they are: nobody is locked, nothing is written, a handful of statements."""
    assert await statements_of_a_new_version(database, 40) < 20
    assert await admin.fetchval("SELECT count(*) FROM tier_standing") == 0
    assert await admin.fetchval("SELECT sum(members_count) FROM closing_step") == 0


async def test_a_batch_that_moves_is_read_and_written_at_once(database: Database) -> None:
    """Thirty who rise in one transaction: a lock, a read, a write, and the announcements, whatever their number."""
    programmes = await rome(database)
    members = [await enrolled(database) for _ in range(30)]
    for member_id in members:
        await counts(database, member_id, {DAY: 40_000})
    programme = await programmes.at(MIDNIGHT)
    with counting() as statements:
        async with database.transaction() as tx:
            moves = await review_members(tx, programme, members, MIDNIGHT, Moment(MIDNIGHT))
    assert (len(moves), len(statements)) == (30, 4)


async def test_a_review_and_sales_at_once_agree(database: Database, admin: Any) -> None:
    """Twenty sales that reach gold while forty reviews look: gold, reached once, announced once."""
    till, member_id = await open_till(database), await enrolled(database)
    programme = await till.programmes.at(at().now)

    async def review() -> None:
        async with database.transaction() as tx:
            await review_members(tx, programme, [member_id], at(hours=1).now, at(hours=1))

    sales = [settle(till, basket(line(amount=2_000), member_id=member_id), f"sale-{n}", at()) for n in range(20)]
    await asyncio.gather(*sales, *(review() for _ in range(40)))
    status = await status_of(database.reader, programme, member_id, at(hours=2))
    assert status is not None
    assert (status.current, status.counted) == ("gold", 40_000)
    assert await admin.fetchval("SELECT count(*) FROM tier_change") == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'tiers.tier_changed'") == 1
