"""Re-rating: the same programme reproduces the ledger to the unit, a changed one gives the difference by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.programme.queries import check
from fedele.domains.proposals.queries import rerate
from fedele.domains.proposals.types import Cell, Rerating, Window
from fedele.domains.tiers.commands import end_grant, grant_tier
from fedele.domains.tiers.types import GrantAsked
from fedele.kernel.clock import Moment
from tests.factories.history import CHANGE_AFTER, DAYS, FIRST, SECOND, live_through
from tests.factories.members import enrolled
from tests.factories.till import NOON, PROGRAMME, STORE, at, basket, line, open_till, paid_with_points

END = Moment(NOON + timedelta(days=DAYS + 1))


async def rated(till: Any, text: str, since: Any = None, until: Any = None, **given: Any) -> Rerating:
    """What history would have cost under this text."""
    proposed = check(text, PROGRAMME_SECTIONS)
    return await rerate(till.database, till.programmes, proposed, END, Window(since, until), **given)


@pytest.mark.parametrize("seed", range(4))
async def test_the_same_programme_reproduces_the_ledger_to_the_unit(database: Database, admin: Any, seed: int) -> None:
    """Returns, caps, cooldowns, late reports, points that pay, a change of version: every cell is as it was given."""
    till, _ = await live_through(database, seed)
    ledger = {
        Cell(row["currency"], row["rule_key"], "", ""): (row["kept"], row["times"])
        for row in await admin.fetch(
            "SELECT currency, rule_key, sum(units - clawed_back_units)::int AS kept, count(*) AS times FROM award"
            " GROUP BY 1, 2"
        )
    }
    assert len(ledger) >= 6, "the history should try every rule"
    # Each half by the version that was in force in it: what is proposed is what was.
    for text, since, until in ((FIRST, None, NOON + CHANGE_AFTER), (SECOND, NOON + CHANGE_AFTER, None)):
        told = await rated(till, text, since, until)
        assert {cost.unexplained for cost in told.currencies} == {0}
        assert all((sums.given, sums.given_times) == (sums.would, sums.would_times) for sums in told.cells.values())
        assert (told.tier_moves, told.refused) == ({}, {})
        assert {(cost.gaining, cost.losing) for cost in told.currencies} == {(0, 0)}
        assert any(sums.given for sums in told.cells.values())
    whole = (await rated(till, FIRST)).by("currency", "rule")
    assert {key: (sums.given, sums.given_times) for key, sums in whole.items() if sums.given_times} == {
        (cell.currency, cell.rule): given for cell, given in ledger.items()
    }


async def test_everything_that_a_till_posts_carries_the_version_that_decided(database: Database, admin: Any) -> None:
    """Ledger entries, awards and evaluations: what two versions gave can be told apart for ever (pitfall 16)."""
    await live_through(database, 2)
    for table in ("ledger_transaction", "award", "evaluation"):
        versions = await admin.fetch(f"SELECT programme_version, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
        assert [row["programme_version"] for row in versions] == [1, 2], table
    # Each is of the version in force at its own time, however late it reached us; a return is of its own time.
    wrong = await admin.fetchval(
        """
        SELECT count(*) FROM evaluation AS e JOIN (
                SELECT member_id, purchase_id AS id, occurred_at FROM purchase
                UNION ALL SELECT member_id, event_id, occurred_at FROM activity_event
            ) AS o ON o.member_id = e.member_id AND o.id = e.source_id
         WHERE e.programme_version <> (SELECT v.version FROM programme_version AS v
                                        WHERE v.effective_from <= o.occurred_at ORDER BY v.effective_from DESC LIMIT 1)
        """
    )
    assert wrong == 0


async def test_another_programme_is_told_apart(database: Database) -> None:
    """The control of the test above: under a changed multiplier or threshold the cells are not as they were given."""
    till, _ = await live_through(database, 1)
    told = await rated(till, FIRST.replace("multiplier: 2, group", "multiplier: 5, group"))
    assert told.by("rule")["fresh",].difference > 0
    assert {cost.unexplained for cost in told.currencies} == {0}


async def test_a_changed_multiplier_gives_the_difference_by_hand(database: Database, admin: Any) -> None:
    """FRESH twice → three times: 1,000 and 555 cents of it, 500 cents of the first given back half, gold from 300 on.

    Then: 10×2 + 5.55×2 → 20 + 11, and after the return of half of line 1 (5.00 €) 10 + 11 = 21 points.
    Would: 30 + 16 − 15 = 31 points. The other member bought nothing FRESH and is not touched.
    """
    till = await open_till(database)
    ours, theirs = await enrolled(database), await enrolled(database)
    first = basket(line(1, 1000, category="FRESH", quantity=Decimal(2)), member_id=ours)
    settled = await commands.settle(till, first, "a", at())
    await commands.settle(till, basket(line(1, 555, category="FRESH"), member_id=ours), "b", at(days=1))
    await commands.settle(till, basket(line(1, 700), member_id=theirs), "c", at(days=1))
    await _give_back_one_of_line_1(till, settled)
    before = await _everything(admin)
    told = await rated(till, PROGRAMME.replace("multiplier: 2, group", "multiplier: 3, group"))
    assert await _everything(admin) == before, "re-rating writes nothing"
    points = next(cost for cost in told.currencies if cost.currency == "points")
    assert (points.sums.given, points.sums.would, points.sums.difference) == (21 + 7, 31 + 7, 10)
    assert (points.worth_given, points.worth_would, points.worth_difference) == (
        Decimal("0.28"),
        Decimal("0.38"),
        Decimal("0.10"),
    )
    assert (points.gaining, points.losing, points.unexplained) == (1, 0, 0)
    assert told.cells[Cell("points", "fresh", "blue", "2026-05")].difference == 10
    assert told.cells[Cell("points", "base", "blue", "2026-05")].difference == 0
    assert (told.members, told.purchases, told.returns) == (2, 3, 1)


async def test_tiers_evolve_under_the_proposal(database: Database) -> None:
    """With gold at 50 instead of 300 the second purchase earns at 1.5, and the member ends on another tier."""
    till = await open_till(database)
    member_id = await enrolled(database)
    for key in ("a", "b"):
        await commands.settle(till, basket(line(1, 6000), member_id=member_id), key, at(days=ord(key) - 97))
    told = await rated(till, PROGRAMME.replace("threshold: 300", "threshold: 50"))
    by_tier = told.by("rule", "tier")
    assert (by_tier["base", "blue"].given, by_tier["base", "blue"].would) == (120, 60)
    assert (by_tier["base", "gold"].given, by_tier["base", "gold"].would) == (0, 90)
    assert told.tier_moves == {("blue", "gold"): 1}


async def test_a_tier_that_was_given_is_given_in_the_replay_too(database: Database) -> None:
    """Gold by hand for ten days: 1.5 within, 1 after, in the ledger as in the replay; ended early, it ends early."""
    till = await open_till(database)
    member_id = await enrolled(database)
    programme = await till.programmes.at(NOON)
    async with database.transaction() as tx:
        asked = GrantAsked("gold", at(days=10).now, "a good neighbour")
        grant = await grant_tier(tx, programme, member_id, asked, "anna", "key", at(hours=-1))
    for day in (1, 4, 12):
        if day == 4:
            async with database.transaction() as tx:
                await end_grant(tx, programme, member_id, grant.id, "anna", at(days=3))
        await commands.settle(till, basket(line(1, 1000), member_id=member_id), f"{day}", at(days=day))
    told = await rated(till, PROGRAMME)
    by_tier = {key: (sums.given, sums.would) for key, sums in told.by("rule", "tier").items() if key[0] == "base"}
    assert by_tier == {("base", "gold"): (15, 15), ("base", "blue"): (20, 20)}
    assert {cost.unexplained for cost in told.currencies} == {0}


async def test_only_what_happened_in_the_window_is_judged_anew(database: Database) -> None:
    """Before the window the versions of then rule, and what they left is where the proposal begins."""
    till = await open_till(database)
    member_id = await enrolled(database)
    for day in (0, 10, 20):
        await commands.settle(till, basket(line(1, 1000), member_id=member_id), f"{day}", at(days=day))
    doubled = PROGRAMME.replace("name: Base, currency", "name: Base, multiplier: 2, currency")
    told = await rated(till, doubled, since=at(days=5).now, until=at(days=15).now)
    assert (told.purchases, told.by("rule")["base",].given, told.by("rule")["base",].would) == (1, 10, 20)


async def test_what_could_not_have_been_is_counted_and_awarded_as_paid_otherwise(database: Database) -> None:
    """Under a programme whose points pay nothing, a sale paid in points is told as refused and earns on all of it."""
    till = await open_till(database)
    member_id = await enrolled(database)
    await commands.settle(till, basket(line(1, 5000), member_id=member_id), "a", at())
    paid = basket(line(1, 1000), member_id=member_id, tenders=paid_with_points(40, 960), confirmation="test")
    await commands.settle(till, paid, "b", at(hours=1))
    told = await rated(till, PROGRAMME.replace("name: points, worth: 0.01,", "name: points,"))
    assert told.refused == {"TENDER_NOT_ACCEPTED": 1}
    assert (told.by("rule")["base",].given, told.by("rule")["base",].would) == (59, 60)


async def test_a_sample_is_the_same_again_and_says_how_sure_it_is(database: Database) -> None:
    """Three of eight members: the estimate is theirs times 8/3, with an interval; a whole count has none."""
    till, _ = await live_through(database, 3, members=8, steps=12)
    changed = FIRST.replace("multiplier: 2, group", "multiplier: 5, group")
    told, again = await rated(till, changed, sample=3), await rated(till, changed, sample=3)
    assert told == again
    points = next(cost for cost in told.currencies if cost.currency == "points")
    assert (told.members, told.members_all) == (3, 8)
    assert points.estimated_difference == round(Decimal(points.sums.difference) * 8 / 3)
    assert points.error_units > 0
    whole = next(cost for cost in (await rated(till, changed)).currencies if cost.currency == "points")
    assert (whole.error_units, whole.estimated_difference) == (0, whole.sums.difference)


async def _give_back_one_of_line_1(till: Any, settled: Any) -> None:
    lines = (ReturnedLine(1, Decimal(1)),)
    asked = Return(store_id=STORE, lines=lines, member_id=settled.member_id, purchase_id=settled.purchase_id)
    await commands.return_lines(till, asked, "back", at(days=2))


async def _everything(admin: Any) -> list[int]:
    """How many rows every table has."""
    tables = await admin.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1"
    )
    return [await admin.fetchval(f'SELECT count(*) FROM "{table["relname"]}"') for table in tables]
