"""Pitfall 17: a tier given by hand ends when it was said to, and leaves nothing behind."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fedele.bootstrap import CLOSING_STEPS
from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout.commands import return_lines, settle
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return
from fedele.domains.closing.commands import close_due
from fedele.domains.tiers import commands, errors, queries
from fedele.domains.tiers.types import GrantAsked, GrantRecord
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till


async def grant(
    till: Till, member_id: MemberId, days: float, moment: Moment, key: str = "g", tier: str = "gold"
) -> GrantRecord:
    """Give a tier for so many days."""
    programme = await till.programmes.at(moment.now)
    asked = GrantAsked(tier, moment.now + timedelta(days=days), "Came over from another programme")
    async with till.database.transaction() as tx:
        return await commands.grant_tier(tx, programme, member_id, asked, "key-1", key, moment)


async def tier_of(till: Till, member_id: MemberId, moment: Moment) -> str | None:
    """What is shown."""
    status = await queries.status_of(till.database.reader, await till.programmes.at(moment.now), member_id, moment)
    return status.current if status else None


async def test_a_granted_tier_multiplies_and_ends_at_its_instant(database: Database, admin: Any) -> None:
    """Gold for ten days earns half again; on the eleventh it is blue, for the till and in the history, unreviewed."""
    till, member_id = await open_till(database), await enrolled(database)
    await grant(till, member_id, 10, at())
    sale = await settle(till, basket(line(amount=1_000), member_id=member_id), "in", at(days=9))
    assert {award.rule: award.units for award in sale.awards}["base"] == 15
    assert await tier_of(till, member_id, at(days=10)) == "blue"
    late = await settle(till, basket(line(amount=1_000), member_id=member_id), "out", at(days=11))
    assert {award.rule: award.units for award in late.awards}["base"] == 10
    reasons = await admin.fetch("SELECT from_tier, to_tier, reason FROM tier_change ORDER BY occurred_at")
    assert [tuple(row) for row in reasons] == [(None, "gold", "manual"), ("gold", None, "grant_ended")]


async def test_what_was_earned_meanwhile_is_what_is_left(database: Database) -> None:
    """Gold by spending under a granted gold lasts to its own end, not to the grant's."""
    till, member_id = await open_till(database), await enrolled(database)
    await grant(till, member_id, 10, at())
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at(days=5))
    assert [await tier_of(till, member_id, at(days=day)) for day in (11, 300, 450)] == ["gold", "gold", "blue"]


async def test_a_return_lowers_what_was_earned_beneath_the_grant(database: Database) -> None:
    """The spending comes back while the grant holds: gold until the grant ends, blue after."""
    till, member_id = await open_till(database), await enrolled(database)
    sale = await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    await grant(till, member_id, 10, at(days=1))
    back = Return(
        store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=sale.purchase_id
    )
    await return_lines(till, back, "back", at(days=2))
    assert [await tier_of(till, member_id, at(days=day)) for day in (3, 12)] == ["gold", "blue"]


async def test_the_close_says_that_it_ended_once(database: Database, admin: Any) -> None:
    """However often it runs, one line of history and one announcement."""
    till, member_id = await open_till(database), await enrolled(database)
    await grant(till, member_id, 1, at())
    for _ in range(2):
        await close_due(database, till.programmes, at(days=3), CLOSING_STEPS)
    kinds = await admin.fetch("SELECT payload->>'reason' AS reason FROM outbox WHERE kind = 'tiers.tier_changed'")
    assert sorted(row["reason"] for row in kinds) == ["grant_ended", "manual"]


async def test_twenty_grants_and_a_sale_at_once_lose_nothing(database: Database, admin: Any) -> None:
    """All twenty are kept; ended one by one, the last of them leaves what the sale earned: nothing."""
    till, member_id = await open_till(database), await enrolled(database)
    await till.programmes.at(at().now)
    sale = settle(till, basket(line(amount=1_000), member_id=member_id), "sale", at(hours=1))
    granted = await asyncio.gather(*(grant(till, member_id, day + 1, at(), f"g{day}") for day in range(20)), sale)
    assert await admin.fetchval("SELECT jsonb_array_length(grants) FROM tier_standing") == 20
    programme = await till.programmes.at(at().now)

    async def end(record: GrantRecord) -> None:
        async with database.transaction() as tx:
            await commands.end_grant(tx, programme, member_id, record.id, "key-1", at(hours=2))

    await asyncio.gather(*(end(record) for record in granted[:-1] if isinstance(record, GrantRecord)))
    assert await tier_of(till, member_id, at(hours=2)) == "blue"
    assert await admin.fetchval("SELECT count(*) FROM tier_grant WHERE ended_at IS NULL") == 0
    assert await admin.fetchval("SELECT count(*) FROM tier_change") == 2


async def test_the_lowest_tier_cannot_be_given(database: Database, admin: Any) -> None:
    """Everybody has it; the refusal writes nothing."""
    till, member_id = await open_till(database), await enrolled(database)
    with pytest.raises(errors.TierUnknown):
        await grant(till, member_id, 10, at(), tier="blue")
    assert await admin.fetchval("SELECT count(*) FROM tier_grant") == 0
