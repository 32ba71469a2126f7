"""The end of a tier's protection is noticed without a purchase, announced once, and kept in the history."""

from datetime import timedelta
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import Tender
from fedele.domains.checkout.commands import settle
from fedele.domains.checkout.ports import Till
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers import commands, queries
from fedele.kernel.ids import new_id
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import PROGRAMME, at, basket, line, open_till


async def test_overdue_tiers_are_judged_once_and_announced(database: Database, admin: Any) -> None:
    """Thirteen months after the only purchase (twelve and one of grace) gold becomes blue, however often we look."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    programme = await till.programmes.at(at().now)
    moved = []
    for later in (at(days=300), at(days=400), at(days=400)):
        async with database.transaction() as tx:
            moved.append(await commands.review_members(tx, programme, [member_id], later.now, later))
    assert [len(moves) for moves in moved] == [0, 1, 0]
    announced = await admin.fetch("SELECT payload FROM outbox WHERE kind = 'tiers.tier_changed' ORDER BY recorded_at")
    assert [(row["payload"]["from_tier"], row["payload"]["to_tier"]) for row in announced] == [
        (None, "gold"),
        ("gold", "blue"),
    ]
    reasons = await admin.fetch("SELECT reason FROM tier_change ORDER BY occurred_at")
    assert [row["reason"] for row in reasons] == ["upgrade", "downgrade"]


async def test_pitfall_6_redeeming_does_not_demote(database: Database) -> None:
    """The tier is counted apart from what can be spent: paying with every point leaves it where it is."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    spend = basket(line(amount=400), member_id=member_id, tenders=(Tender("points", 400),), confirmation="known")
    await settle(till, spend, "spend", at(hours=1))
    status = await queries.status_of(database.reader, await till.programmes.at(at().now), member_id, at(hours=2))
    assert status is not None
    assert status.current == "gold"


async def test_pitfall_15_a_late_sale_has_the_tier_of_its_own_time(database: Database) -> None:
    """Gold since noon earns half again; a sale of the morning that arrives in the evening was made in blue."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    morning = basket(line(amount=1_000), member_id=member_id, occurred_at=at(hours=-2).now)
    late = await settle(till, morning, "late", at(hours=8))
    evening = await settle(till, basket(line(amount=1_000), member_id=member_id), "evening", at(hours=8))
    assert {a.rule: a.units for a in late.awards}["base"] == 10
    assert {a.rule: a.units for a in evening.awards}["base"] == 15


async def test_pitfall_16_an_accrual_keeps_the_version_that_made_it(database: Database, admin: Any) -> None:
    """A rule that changes tomorrow changes nothing of today, and every award names its version."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(member_id=member_id), "before", at())
    doubled = PROGRAMME.replace(
        "{key: base, type: purchase_multiplier,", "{key: base, multiplier: 3, type: purchase_multiplier,"
    )
    await apply_programme(database, doubled, at(days=1).now)
    till = Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
    late = basket(member_id=member_id, occurred_at=at(hours=1).now)
    await settle(till, late, "late", at(days=2))
    await settle(till, basket(member_id=member_id), "after", at(days=2))
    rows = await admin.fetch("SELECT units, programme_version FROM award WHERE rule_key = 'base' ORDER BY award_id")
    assert [tuple(row) for row in rows] == [(10, 1), (10, 1), (30, 2)]


async def test_a_stranger_has_no_tier(database: Database) -> None:
    """An id of nobody is answered with nothing."""
    till = await open_till(database)
    programme = await till.programmes.at(at().now)
    assert await queries.status_of(database.reader, programme, new_id(), at()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [0, 100, 400])
async def test_what_is_shown_never_waits_for_the_sweep(database: Database, days: int) -> None:
    """A tier whose protection has ended is not shown, whether a worker has noticed or not."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    programme = await till.programmes.at(at().now)
    status = await queries.status_of(database.reader, programme, member_id, at(days=days))
    assert status is not None
    assert status.current == ("blue" if days == 400 else "gold")
    assert status.kept_until is None or status.kept_until > at(days=days).now - timedelta(days=1)
