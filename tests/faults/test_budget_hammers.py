"""Many members at once on one budget: never overspent, nothing of it left that would have paid for one more.

A short form in every run; the long one (`-m long`): 20 rounds.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import fedele.migrations
from fedele.db.database import Database, open_database
from fedele.domains.budgets.queries import figures_of, verify
from fedele.domains.checkout.commands import settle
from fedele.domains.offers import commands, errors
from fedele.domains.offers.types import Claim
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.pots import NOW, pot, take
from tests.factories.programme import SMALL, make_programme
from tests.factories.till import at, basket, line, open_till

CLIENTS = 64
LONG = pytest.param(20, marks=pytest.mark.long)
OFFER = make_programme(
    SMALL
    + "offers: [{key: summer, benefit: {type: discount_amount, value: 1.30}, budget: {money: 50.00},"
    + " creative: {title: T, body: B}}]"
)
SALES = (
    SMALL
    + """
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, budget: {money: 20.00}}
"""
)
NAIVE = """
CREATE OR REPLACE FUNCTION budget_take_v1(
    p_pot text, p_period text, p_money bigint, p_least bigint, p_version integer, p_amount bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM budget_pot WHERE pot = p_pot AND period = p_period) THEN
        PERFORM budget_fund_v1(p_pot, p_period, p_money, p_least, p_version, p_money);
    END IF;
    SELECT left_minor INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period AND slice = 0;
    IF v_left < p_amount THEN
        RETURN false;
    END IF;
    PERFORM pg_sleep(0.005);  -- what is read here is not what is true when it is written
    UPDATE budget_slice SET left_minor = v_left - p_amount WHERE pot = p_pot AND period = p_period AND slice = 0;
    RETURN true;
END
$$
"""


@pytest.fixture
async def crowd(database_url: str, admin: Any) -> AsyncIterator[Database]:
    """A pool wide enough that the clients really meet."""
    opened = open_database(database_url, size=CLIENTS, role="fedele_app")
    yield opened
    await opened.close()


async def used_and_left(database: Database, key: str) -> tuple[int, int]:
    """What members hold of the pot, and what is left of it."""
    (figures,) = await figures_of(database.reader, [key])
    return figures.reserved_minor + figures.used_minor, figures.left_minor


@pytest.mark.parametrize("rounds", [1, LONG])
async def test_64_claims_reserve_exactly_what_the_budget_pays(crowd: Database, rounds: int) -> None:
    """50.00 pay for 38 claims of 1.30: 38 of 64 at once get one, 26 are told that it is used up, 0.60 stay."""
    members = [await enrolled(crowd) for _ in range(CLIENTS)]

    async def claim(member_id: MemberId) -> Claim:
        async with crowd.transaction() as tx:
            return await commands.claim_offer(tx, OFFER, member_id, "summer", NOW)

    outcomes = await asyncio.gather(*(claim(member) for member in members), return_exceptions=True)
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 38
    assert sum(isinstance(outcome, errors.OfferExhausted) for outcome in outcomes) == 26
    assert await used_and_left(crowd, "offer:summer") == (38 * 130, 60)
    assert await verify(crowd.reader) == []


async def test_64_sales_are_all_settled_and_only_some_earn(crowd: Database, admin: Any) -> None:
    """A rule's 20.00 pay for 20 awards of 100 points: 64 sales at once are all settled, 20 of them earn, and the others
    say that the budget was gone."""
    till = await open_till(crowd, SALES)
    members = [await enrolled(crowd) for _ in range(CLIENTS)]
    sales = [
        settle(till, basket(line(amount=10_000), member_id=member), f"key-{place}", at())
        for place, member in enumerate(members)
    ]
    settlements = await asyncio.gather(*sales)
    assert sorted(len(settlement.awards) for settlement in settlements) == [0] * 44 + [1] * 20
    assert await used_and_left(crowd, "rule:base") == (2000, 0)
    outcomes = await admin.fetch(
        "SELECT trace -> 0 ->> 'outcome' AS told, count(*) FROM evaluation GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in outcomes] == [("awarded", 20), ("budget_exhausted", 44)]
    assert await admin.fetchval("SELECT count(*) FROM purchase") == CLIENTS
    assert await admin.fetchval("SELECT sum(original) FROM lot") == 20 * 100
    assert await verify(crowd.reader) == []


@pytest.mark.parametrize("rounds", [2, LONG])
async def test_uneven_costs_leave_nothing_that_would_have_paid(crowd: Database, rounds: int) -> None:
    """Costs of all sizes, some larger than any slice: no refusal while enough is left, no cent overspent."""
    for number in range(rounds):
        chance = random.Random(number)
        of = pot(20_000, key=f"rule:round-{number}")
        costs = [chance.choice((1, 7, 130, 999, 2500)) for _ in range(CLIENTS)]
        taken = await asyncio.gather(*(take(crowd, of, cost) for cost in costs))
        refused = [cost for cost, use in zip(costs, taken, strict=True) if use is None]
        used, left = await used_and_left(crowd, of.key)
        assert used == sum(cost for cost, use in zip(costs, taken, strict=True) if use is not None)
        assert used + left == 20_000
        assert all(cost > left for cost in refused)
    assert await verify(crowd.reader) == []


async def test_without_the_lock_the_hammer_sees_the_overspend(crowd: Database, admin: Any) -> None:
    """The control: the same 64 takes through a function that reads, checks and writes spend more than there is."""
    functions = Path(fedele.migrations.__file__).parent / "functions" / "budget_slices_v1.sql"
    text = functions.read_text()
    honest = text[text.index("CREATE FUNCTION budget_take_v1") :]
    honest = honest[: honest.index("\n$$;") + 4].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    of = pot(1000, key="rule:naive")
    await admin.execute(NAIVE)
    try:
        await take(crowd, of, 100)
        await asyncio.gather(*(take(crowd, of, 100) for _ in range(CLIENTS)))
        used, _ = await used_and_left(crowd, of.key)
        assert used > 1000
        assert await verify(crowd.reader) != []
    finally:
        await admin.execute(honest)
    fresh = pot(1000, key="rule:honest")
    await asyncio.gather(*(take(crowd, fresh, 100) for _ in range(CLIENTS)))
    assert await used_and_left(crowd, fresh.key) == (1000, 0)
