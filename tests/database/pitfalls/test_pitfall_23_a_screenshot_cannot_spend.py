"""Pitfall 23: a screenshot of the member's static QR must not be able to spend; of the rotating one, not for long."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from fedele.db.database import Database
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.types import Basket
from fedele.domains.members.commands import replace_card_code
from fedele.domains.members.errors import CardCodeRevoked, CardCodeUnknown
from fedele.domains.till.errors import PinLocked, PinNotSet, PinWrong, RotatingCodeUsed, SecondFactNeeded
from fedele.domains.till.queries import list_authorisations
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import Refusal
from tests.factories.till import STORE, at, basket, line, paid_with_points, rotating_code_of
from tests.factories.till_spending import (
    PIN,
    card_of,
    open_spending_till,
    points_of,
    shopper,
    with_pin,
    with_reward,
)

WRITTEN = ("purchase", "ledger_transaction", "request", "rotating_code_use", "spend_authorisation", "outbox")


async def written(admin: Any) -> list[int]:
    """How many rows each table has that a spending writes."""
    return [await admin.fetchval(f"SELECT count(*) FROM {table}") for table in WRITTEN]


def spending(**more: Any) -> Basket:
    """A basket of 10.00 of which 2.00 are paid with points."""
    return basket(line(amount=1000), tenders=paid_with_points(200, 800), **more)


async def test_the_static_code_earns_and_spends_nothing(database: Database, admin: Any) -> None:
    """The printed code collects; points and held rewards are refused, and nothing is written."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code, reward = await card_of(till, member_id), await with_reward(till, member_id)
    await commands.settle(till, basket(line(amount=500), card=code), "earns", at())
    before = await written(admin)
    for sold in (spending(card=code), basket(card=code, rewards=(reward,))):
        with pytest.raises(SecondFactNeeded):
            await commands.settle(till, sold, "spends", at())
    assert await written(admin) == before


async def test_the_apps_code_spends_once(database: Database, admin: Any) -> None:
    """The same code again, for another sale within its minute, is refused by name; the next code works."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code = await rotating_code_of(database, member_id, at())
    await commands.settle(till, spending(card=code), "first", at())
    before = await written(admin)
    with pytest.raises(RotatingCodeUsed):
        await commands.settle(till, spending(card=code), "second", at())
    assert await written(admin) == before
    soon = Moment(at().now + timedelta(seconds=30))
    await commands.settle(till, spending(card=await rotating_code_of(database, member_id, soon)), "third", soon)
    assert await points_of(till, member_id) == (1000 - 400 + 8 + 8, 0)


async def test_one_code_in_64_tills_at_once_spends_once(database: Database) -> None:
    """64 tills show the same screenshot at the same instant, each with a sale of its own: one is settled."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 20_000)
    code = await rotating_code_of(database, member_id, at())

    async def attempt(number: int) -> str:
        try:
            await commands.settle(till, spending(card=code), f"till-{number}", at())
        except RotatingCodeUsed as refused:
            return refused.code
        return "settled"

    outcomes = await asyncio.gather(*(attempt(number) for number in range(64)))
    assert sorted(outcomes) == ["ROTATING_CODE_USED"] * 63 + ["settled"]
    assert (await points_of(till, member_id))[0] == 20_000 - 200 + 8


async def test_control_without_the_single_use_a_screenshot_spends_again(database: Database, admin: Any) -> None:
    """The control: take the uses away and the second sale goes through, so the tests above can see the fault."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code = await rotating_code_of(database, member_id, at())
    await commands.settle(till, spending(card=code), "first", at())
    await admin.execute("DELETE FROM rotating_code_use")
    await commands.settle(till, spending(card=code), "second", at())
    assert (await points_of(till, member_id))[0] == 1000 - 400 + 16


async def test_a_screenshot_is_dead_in_two_minutes_whatever_time_the_till_tells(database: Database) -> None:
    """An old code is unknown, also when the sale is said to have happened while it was good."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code = await rotating_code_of(database, member_id, at())
    with pytest.raises(CardCodeUnknown):
        await commands.settle(till, spending(card=code), "late", at(hours=1))
    with pytest.raises(CardCodeUnknown):
        await commands.settle(till, spending(card=code, occurred_at=at().now), "backdated", at(hours=1))


async def test_clocks_may_be_one_window_apart(database: Database) -> None:
    """A phone 30 seconds ahead or behind still pays."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    for seconds in (-30, 30):
        shown = await rotating_code_of(database, member_id, Moment(at().now + timedelta(seconds=seconds)))
        await commands.settle(till, spending(card=shown), f"drift-{seconds}", at())


async def test_a_reported_card_is_refused_at_once_and_the_new_one_works(database: Database, admin: Any) -> None:
    """Lost: both old codes are refused by name, an announcement asks passes to be printed anew, the new code spends."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    old = [await card_of(till, member_id), await rotating_code_of(database, member_id, at())]
    async with database.transaction() as tx:
        await replace_card_code(tx, member_id, at(), "lost")
    for code in old:
        with pytest.raises(CardCodeRevoked) as refused:
            await queries.scan(till, code, STORE, at())
        assert refused.value.details["reason"] == "lost"
        with pytest.raises(CardCodeRevoked):
            await commands.settle(till, spending(card=code), "old", at())
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'member.card_code_replaced'") == 1
    await commands.settle(till, spending(card=await rotating_code_of(database, member_id, at())), "new", at())


async def test_a_pin_spends_and_three_wrong_ones_lock_it(database: Database, admin: Any) -> None:
    """The PIN is a second fact; guesses are counted though their sales are rolled back, and the lock ends by itself."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 5_000)
    sold = spending(member_id=member_id, pin=SecretStr(PIN))
    with pytest.raises(PinNotSet):
        await commands.settle(till, sold, "none", at())
    await with_pin(till, member_id)
    await commands.settle(till, sold, "right", at())
    before = await written(admin)
    wrong = dataclasses.replace(sold, receipt="wrong", pin=SecretStr("111222"))
    for number in range(3):
        with pytest.raises(PinWrong):
            await commands.settle(till, wrong, f"wrong-{number}", at())
    right = dataclasses.replace(sold, receipt="later")
    with pytest.raises(PinLocked):
        await commands.settle(till, right, "locked", at())
    assert await written(admin) == before
    await commands.settle(till, right, "after the lock", at(hours=0.6))
    assert PIN not in str(await admin.fetch("SELECT to_jsonb(r)::text FROM request r"))


async def test_a_request_sent_again_is_no_further_guess(database: Database, admin: Any) -> None:
    """A till that never heard PIN_WRONG and retries locks nobody out; another PIN under the same key is a guess."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 5_000)
    await with_pin(till, member_id)

    async def guess(pin: str, key: str) -> None:
        with pytest.raises(PinWrong):
            await commands.settle(till, spending(member_id=member_id, pin=SecretStr(pin)), key, at())

    for _ in range(5):
        await guess("111222", "first")
    assert await admin.fetchval("SELECT failures FROM member_pin") == 1
    await guess("111333", "first")
    await guess("111333", "first")
    assert await admin.fetchval("SELECT failures FROM member_pin") == 2
    await guess("111333", "second")
    await guess("111333", "second")  # what the last guess was answered, though the lock is on
    assert await admin.fetchval("SELECT failures FROM member_pin") == 3
    with pytest.raises(PinLocked):
        await commands.settle(till, spending(member_id=member_id, pin=SecretStr(PIN)), "right", at())
    await commands.settle(till, spending(member_id=member_id, pin=SecretStr(PIN)), "right", at(hours=0.6))
    assert await admin.fetchval("SELECT num_nonnulls(wrong_request, wrong_hash) FROM member_pin") == 0


async def test_guesses_at_once_are_all_counted(database: Database, admin: Any) -> None:
    """32 guesses at the same instant: three are compared, the rest find the lock."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    await with_pin(till, member_id)

    async def guess(number: int) -> type[Refusal]:
        pin = SecretStr(f"{100_200 + number}")
        with pytest.raises(Refusal) as refused:
            await commands.settle(till, spending(member_id=member_id, pin=pin), f"guess-{number}", at())
        return type(refused.value)

    outcomes = await asyncio.gather(*(guess(number) for number in range(32)))
    assert (outcomes.count(PinWrong), outcomes.count(PinLocked)) == (3, 29)
    assert await admin.fetchval("SELECT count(*) FROM spend_authorisation") == 0


async def test_a_cashiers_word_is_kept_with_its_reason(database: Database, admin: Any) -> None:
    """Staff confirmation spends, and support can read later why; a blank reason is none."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    with pytest.raises(SecondFactNeeded):
        await commands.settle(till, spending(member_id=member_id, confirmation="  "), "blank", at())
    settled = await commands.settle(till, spending(member_id=member_id, confirmation="Showed an ID"), "word", at())
    (kept,) = await list_authorisations(database.reader, member_id, 10)
    assert (kept.fact, kept.source_id, kept.reason) == ("staff_confirmation", settled.purchase_id, "Showed an ID")
    tenders = await admin.fetchval("SELECT tenders FROM purchase WHERE purchase_id = $1", settled.purchase_id)
    assert tenders[0]["second_fact"] == "staff_confirmation"
    assert "Showed an ID" not in str(tenders)


async def test_only_the_declared_facts_count(database: Database) -> None:
    """A programme that takes the app's code alone takes no cashier's word and no PIN."""
    text = (await _text()).replace("[rotating_code, pin, staff_confirmation]", "[rotating_code]")
    till = await open_spending_till(database, text)
    member_id = await shopper(till, 1000)
    await with_pin(till, member_id)
    sold = spending(member_id=member_id, pin=SecretStr(PIN), confirmation="Showed an ID")
    with pytest.raises(SecondFactNeeded) as refused:
        await commands.settle(till, sold, "spends", at())
    assert refused.value.details["facts"] == ["rotating_code"]


async def _text() -> str:
    from tests.factories.till_spending import spending_text

    return spending_text()
