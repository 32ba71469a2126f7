"""Many tills at once on one member: what there is is spent exactly, a key settles once, a code or reward goes once.

A short form in every run; the long one (`-m long`): 100 rounds of 40 burns. Each has a control that shows the fault.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedele.db.database import Database, open_database
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import HoldRequest, Settlement
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import verify
from fedele.kernel.ids import MemberId
from tests.factories.till import STORE, at, basket, line, paid_with_points
from tests.factories.till_spending import open_spending_till, points_of, shopper, spending_text

CONFIRMED = "Showed an ID"
LONG = pytest.param(100, marks=pytest.mark.long)


@pytest.fixture
async def till(database: Database, database_url: str, admin: Any) -> AsyncIterator[Till]:
    """A till where plain goods earn nothing, on a pool wide enough that the clients really meet."""
    wide = open_database(database_url, size=40, role="fedele_app")
    text = spending_text().replace("name: Base,", """name: Base, when: "line.sku != 'plain'",""")
    opened = await open_spending_till(database, text)
    yield dataclasses.replace(opened, database=wide)
    await wide.close()


async def burn(till: Till, member_id: MemberId, key: str) -> Settlement | None:
    """Pay 1.00 of 2.00 with a hundred points; None: they do not suffice."""
    goods = line(amount=200, sku="plain")
    sold = basket(goods, member_id=member_id, confirmation=CONFIRMED, tenders=paid_with_points(100, 100))
    try:
        return await commands.settle(till, sold, key, at())
    except InsufficientPoints:
        return None


@pytest.mark.parametrize("rounds", [2, LONG])
async def test_forty_tills_spend_exactly_what_there_is(till: Till, rounds: int) -> None:
    """40 sales at once want 100 of 1,000 points each: exactly ten are settled, and the books balance."""
    for round_ in range(rounds):
        member_id = await shopper(till, 1000)
        settled = await asyncio.gather(*(burn(till, member_id, f"{round_}-{n}") for n in range(40)))
        done = [one for one in settled if one]
        assert len(done) == 10
        assert await points_of(till, member_id) == (0, 0)
        assert len({one.version for one in done}) == 10
    assert await verify(till.database.reader) == []


async def test_control_a_till_that_reads_first_and_burns_later_overspends(till: Till) -> None:
    """The control: forty clients that look at the balance and then act on it spend what is not there."""
    member_id = await shopper(till, 1000)

    async def naive() -> int:
        available, _ = await points_of(till, member_id)
        return 100 if available >= 100 else 0  # the write would come now, on what is no longer true

    assert sum(await asyncio.gather(*(naive() for _ in range(40)))) == 4000


async def test_one_key_sent_by_64_tills_settles_once(till: Till, admin: Any) -> None:
    """The same sale 64 times at once: one purchase, one burn, and everybody hears the same."""
    member_id = await shopper(till, 1000)
    sold = basket(line(amount=1000), member_id=member_id, confirmation=CONFIRMED, tenders=paid_with_points(300, 700))
    answers = await asyncio.gather(*(commands.settle(till, sold, "one", at()) for _ in range(64)))
    assert len({repr(answer) for answer in answers}) == 1
    assert await points_of(till, member_id) == (1000 - 300 + 7, 0)
    assert await admin.fetchval("SELECT count(*) FROM spend_authorisation") == 1
    assert await admin.fetchval("SELECT count(*) FROM purchase WHERE receipt = $1", sold.receipt) == 1


async def test_control_64_keys_settle_64_times(till: Till) -> None:
    """The control: without the one key the same goods are sold 64 times, so the test above can see a double."""
    member_id = await shopper(till, 1000)
    sales = [basket(line(amount=100), member_id=member_id) for _ in range(64)]
    answers = await asyncio.gather(
        *(commands.settle(till, sold, f"key-{n}", at()) for n, sold in enumerate(sales))
    )  # fmt: skip
    assert len({answer.purchase_id for answer in answers}) == 64
    assert await points_of(till, member_id) == (1064, 0)


async def test_holds_sales_and_releases_at_once_lose_nothing(till: Till) -> None:
    """Sixteen tills hold, settle or release at random against one balance: every unit is somewhere, once."""
    member_id = await shopper(till, 2000)

    async def visit(number: int) -> int:
        wanted = HoldRequest(store_id=STORE, member_id=member_id, units={"points": 300}, confirmation=CONFIRMED)
        try:
            held = await commands.hold(till, wanted, f"hold-{number}", at())
        except InsufficientPoints:
            return 0
        if number % 2:
            await commands.release(till, STORE, member_id, held.id, at())
            return 0
        own = basket(line(amount=600), member_id=member_id, hold=held.id, tenders=paid_with_points(300, 300))
        settled = await commands.settle(till, own, f"sale-{number}", at())
        return settled.burned["points"] - sum(award.units for award in settled.awards)

    gone = await asyncio.gather(*(visit(number) for number in range(16)))
    assert await points_of(till, member_id) == (2000 - sum(gone), 0)
    assert await verify(till.database.reader) == []
