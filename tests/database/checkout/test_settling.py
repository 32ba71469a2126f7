"""Sales are whole or not at all, once per key, and never decided on what has changed meanwhile."""

import asyncio
import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database, counting
from fedele.domains.activity.errors import ReceiptKnown
from fedele.domains.activity.types import ReturnedLine, Tender
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.errors import BasketInvalid, SecondFactNeeded, TenderNotAccepted
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.members.errors import CardCodeMalformed, CardCodeUnknown, MemberNotFound
from fedele.domains.members.queries import find_card_code
from fedele.kernel.ids import MemberId, guest_member_id, new_id
from fedele.kernel.refusal import KeyReused
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points, rotating_code_of

WRITTEN = (
    "purchase",
    "purchase_line",
    "award",
    "evaluation",
    "ledger_transaction",
    "tier_counter",
    "outbox",
    "request",
)


async def counts(admin: Any) -> dict[str, int]:
    """How many rows each table that a sale writes has."""
    return {table: await admin.fetchval(f"SELECT count(*) FROM {table}") for table in WRITTEN}


async def available(database: Database, member_id: MemberId, currency: str = "points") -> int:
    """What the member can spend."""
    balances = (await balances_by_member(database.reader, [member_id], at(1).now))[member_id]
    return next((balance.available for balance in balances if balance.currency == currency), 0)


async def test_a_sale_earns_by_the_rules_and_is_found_by_its_member(database: Database, admin: Any) -> None:
    """Lines, awards, balances, the tier's counter and the announcements of one sale all agree."""
    till, member_id = await open_till(database), await enrolled(database)
    sold = basket(line(1, 1099), line(2, 501, category="FRESH"), member_id=member_id)
    settled = await commands.settle(till, sold, "k", at())
    # 10.99 → 10 points; 5.01 doubled → 10 points; stars: 1.099 → 1.1, 0.501 → 0.5
    assert {(award.rule, award.units) for award in settled.awards} == {("base", 10), ("fresh", 10), ("stars", 16)}
    assert settled.spendable == {"points": 20, "stars": 16}
    assert await available(database, member_id) == 20
    assert await admin.fetchval("SELECT amount FROM tier_counter WHERE member_id = $1", member_id) == 1600
    kinds = {row["kind"] for row in await admin.fetch("SELECT kind FROM outbox WHERE member_id = $1", member_id)}
    assert {"activity.purchase_recorded", "points.earned"} <= kinds
    assert settled.version == await admin.fetchval("SELECT version FROM member_version WHERE member_id = $1", member_id)
    assert not await verify(database.reader)


async def test_a_sale_is_two_statements(database: Database) -> None:
    """One read of all that the rules need, one call that writes: nothing is asked line by line or rule by rule."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.settle(till, basket(member_id=member_id), "warm", at())
    with counting() as statements:
        await commands.settle(till, basket(*(line(n) for n in range(1, 40)), member_id=member_id), "k", at())
    assert len(statements) <= 3  # the third: is there a newer programme? (asked at most every half second)


async def test_twenty_concurrent_retries_settle_once_and_get_the_same_answer(database: Database, admin: Any) -> None:
    """A till that sends the same sale twenty times at once sells it once, and hears one and the same reply."""
    till, member_id = await open_till(database), await enrolled(database)
    sold = basket(member_id=member_id)
    replies = await asyncio.gather(*(commands.settle(till, sold, "same", at()) for _ in range(20)))
    assert all(reply == replies[0] for reply in replies)
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 1
    assert await available(database, member_id) == 10


async def test_concurrent_sales_of_one_member_are_all_counted(database: Database, admin: Any) -> None:
    """Twenty tills sell to one member at the same moment: every sale, every point and every cent of spend is there."""
    till, member_id = await open_till(database), await enrolled(database)
    sales = [basket(member_id=member_id) for _ in range(20)]
    await asyncio.gather(*(commands.settle(till, sale, f"k{n}", at()) for n, sale in enumerate(sales)))
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 20
    assert await available(database, member_id) == 200
    assert await admin.fetchval("SELECT amount FROM tier_counter WHERE counter = 'spend'") == 20_000
    assert not await verify(database.reader)


async def test_pitfall_13_concurrent_sales_never_overshoot_a_cap(database: Database) -> None:
    """The day's cap of 1,000 points holds although fifteen sales of 100 points are decided at the same moment."""
    till, member_id = await open_till(database), await enrolled(database)
    sales = [basket(line(amount=10_000), member_id=member_id) for _ in range(15)]
    await asyncio.gather(*(commands.settle(till, sale, f"k{n}", at()) for n, sale in enumerate(sales)))
    assert await available(database, member_id) == 1000


async def test_a_decision_on_an_outdated_member_is_made_again(database: Database, admin: Any) -> None:
    """Whatever changes the member between reading and writing makes the call refuse, and the sale is decided anew."""
    till, member_id = await open_till(database), await enrolled(database)
    real_call, calls = database.call, []

    async def overtaken(sql: str, *values: Any) -> Any:
        calls.append(values[1])
        if len(calls) == 1:
            await admin.execute("UPDATE member_version SET version = version + 1 WHERE member_id = $1", member_id)
        return await real_call(sql, *values)

    database.call = overtaken  # type: ignore[method-assign]
    await commands.settle(till, basket(member_id=member_id), "k", at())
    assert calls == [calls[0], calls[0] + 1]
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 1


async def test_a_member_who_never_rests_is_locked_in_the_end(database: Database, admin: Any) -> None:
    """When every optimistic attempt is overtaken, the sale takes the lock first and goes through, once."""
    till, member_id = await open_till(database), await enrolled(database)
    real_call = database.call

    async def overtaken(sql: str, *values: Any) -> Any:
        await admin.execute("UPDATE member_version SET version = version + 1 WHERE member_id = $1", member_id)
        return await real_call(sql, *values)

    database.call = overtaken  # type: ignore[method-assign]
    sold = basket(member_id=member_id)
    settled = await commands.settle(till, sold, "k", at())
    assert await commands.settle(till, sold, "k", at()) == settled
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 1


async def test_the_same_key_with_another_basket_is_refused(database: Database, admin: Any) -> None:
    """A key stands for one basket; another one under it writes nothing."""
    till, member_id = await open_till(database), await enrolled(database)
    sold = basket(member_id=member_id)
    await commands.settle(till, sold, "k", at())
    before = await counts(admin)
    with pytest.raises(KeyReused):
        await commands.settle(till, dataclasses.replace(sold, lines=(line(amount=1),)), "k", at())
    assert await counts(admin) == before


async def test_a_receipt_under_another_key_is_refused(database: Database, admin: Any) -> None:
    """A till that lost its key cannot sell the same receipt again."""
    till, member_id = await open_till(database), await enrolled(database)
    sold = basket(member_id=member_id)
    await commands.settle(till, sold, "k", at())
    before = await counts(admin)
    with pytest.raises(ReceiptKnown):
        await commands.settle(till, sold, "another", at())
    assert await counts(admin) == before


BAD_BASKETS = {
    "no lines": {"lines": ()},
    "two lines of one number": {"lines": (line(1), line(1))},
    "negative amount": {"lines": (line(amount=-1),)},
    "tax above amount": {"lines": (line(amount=10, tax_minor=11),)},
    "tenders that do not add up": {"tenders": (Tender("cash", 999),)},
    "small letters for money": {"currency": "eur"},
    "tomorrow": {"occurred_at": at(1).now},
    "no receipt": {"receipt": ""},
    "a line below the first": {"lines": (line(0),)},
    "an amount that no line has": {"lines": (line(amount=10**13),)},
}


@pytest.mark.parametrize("wrong", BAD_BASKETS.values(), ids=BAD_BASKETS.keys())
async def test_a_bad_basket_writes_nothing(database: Database, admin: Any, wrong: dict[str, Any]) -> None:
    """A basket that contradicts itself is refused with the field to blame, and leaves no trace, its key included."""
    till, member_id = await open_till(database), await enrolled(database)
    before = await counts(admin)
    with pytest.raises(BasketInvalid) as refused:
        await commands.settle(till, dataclasses.replace(basket(member_id=member_id), **wrong), "k", at())
    assert refused.value.field
    assert await counts(admin) == before


async def test_unknown_members_and_cards_are_refused_unless_the_till_says_guest(database: Database, admin: Any) -> None:
    """No member is made up for a stranger's card, but the till may declare that such a sale is a guest's."""
    till = await open_till(database)
    with pytest.raises(MemberNotFound):
        await commands.settle(till, basket(member_id=MemberId(new_id())), "k", at())
    sold = basket(card="not a card")
    with pytest.raises(CardCodeMalformed):
        await commands.settle(till, sold, "k2", at())
    settled = await commands.settle(till, dataclasses.replace(sold, unknown_card="guest"), "k3", at())
    assert settled.guest
    assert settled.member_id == guest_member_id(STORE, sold.receipt)
    assert await admin.fetchval("SELECT status FROM member WHERE member_id = $1", settled.member_id) == "guest"
    assert await available(database, settled.member_id) == 10


async def test_a_card_and_a_member_that_do_not_belong_together_are_refused(database: Database, admin: Any) -> None:
    """The till names both after a scan; when it mixed two customers up, neither gets the sale."""
    till, member_id, other_id = await open_till(database), await enrolled(database), await enrolled(database)
    card = await find_card_code(database.reader, member_id)
    assert card is not None
    before = await counts(admin)
    with pytest.raises(BasketInvalid, match="not this member"):
        await commands.settle(till, basket(card=card.code, member_id=other_id), "k", at())
    assert await counts(admin) == before
    settled = await commands.settle(till, basket(card=card.code, member_id=member_id), "k", at())
    assert settled.member_id == member_id


async def test_foreign_money_is_recorded_and_moves_nothing(database: Database, admin: Any) -> None:
    """Yen are no cents: the sale is kept, but earns nothing, counts towards no tier, and cannot be paid with units
    that are worth euros; taking it back takes nothing either."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "euros", at())
    held = await available(database, member_id)
    spent = await admin.fetchval("SELECT amount FROM tier_counter WHERE member_id = $1", member_id)
    yen = basket(line(amount=90_000), member_id=member_id, currency="JPY")
    settled = await commands.settle(till, yen, "yen", at())
    assert settled.awards == ()
    assert settled.tier_move is None
    paying = basket(
        line(amount=300), member_id=member_id, currency="JPY", tenders=paid_with_points(100, 200), confirmation="known"
    )
    with pytest.raises(TenderNotAccepted):
        await commands.settle(till, paying, "paying", at())
    back = Return(store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), receipt=yen.receipt)
    await commands.return_lines(till, back, "back", at(hours=1))
    assert await available(database, member_id) == held
    assert await admin.fetchval("SELECT amount FROM tier_counter WHERE member_id = $1", member_id) == spent


async def test_pitfall_23_a_static_card_earns_but_cannot_spend(database: Database, admin: Any) -> None:
    """The code on the card, which a screenshot copies, may not pay; a cashier's word or the app's code lets it."""
    till, member_id = await open_till(database), await enrolled(database)
    card = await find_card_code(database.reader, member_id)
    assert card is not None
    await commands.settle(till, basket(line(amount=50_000), card=card.code), "earn", at())
    sold = basket(line(amount=300), card=card.code, tenders=paid_with_points(200, 100))
    before = await counts(admin)
    with pytest.raises(SecondFactNeeded):
        await commands.settle(till, sold, "spend", at())
    assert await counts(admin) == before
    confirmed = dataclasses.replace(sold, confirmation="showed an identity card")
    settled = await commands.settle(till, confirmed, "spend", at())
    assert settled.burned == {"points": 200}
    tenders = await admin.fetchval("SELECT tenders FROM purchase WHERE purchase_id = $1", settled.purchase_id)
    assert tenders[0]["second_fact"] == "staff_confirmation"


async def test_a_retry_after_the_apps_code_ran_out_gets_its_answer(database: Database, admin: Any) -> None:
    """The app's code spends within its minute; a till that lost the reply and asks an hour later still hears it."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.settle(till, basket(line(amount=50_000), member_id=member_id), "earn", at())
    sold = basket(
        line(amount=300), card=await rotating_code_of(database, member_id, at()), tenders=paid_with_points(200, 100)
    )
    settled = await commands.settle(till, sold, "spend", at())
    assert settled.burned == {"points": 200}
    assert await commands.settle(till, sold, "spend", at(hours=1)) == settled
    with pytest.raises(KeyReused):
        await commands.settle(till, dataclasses.replace(sold, receipt="other"), "spend", at(hours=1))
    with pytest.raises(CardCodeUnknown):
        await commands.settle(till, sold, "another key", at(hours=1))


async def test_pitfall_12_what_is_paid_with_points_earns_nothing(database: Database) -> None:
    """Of 10.00 paid with 4.00 in points, 6.00 earn; and points that are not there cannot pay."""
    till, member_id = await open_till(database), await enrolled(database)
    poor = basket(line(amount=1000), member_id=member_id, tenders=paid_with_points(400, 600), confirmation="known")
    with pytest.raises(InsufficientPoints):
        await commands.settle(till, poor, "too early", at())
    await commands.settle(till, basket(line(amount=40_000), member_id=member_id), "earn", at())
    held = await available(database, member_id)
    settled = await commands.settle(till, poor, "now", at())
    assert settled.burned == {"points": 400}
    assert settled.spendable["points"] == held - 400 + 9  # gold by now: 6.00 × 1.5


async def test_a_quote_says_what_settling_gives(database: Database, admin: Any) -> None:
    """The quote's awards are those of the sale that follows, and asking writes nothing."""
    till, member_id = await open_till(database), await enrolled(database)
    before = await counts(admin)
    sold = basket(line(1, 1234), line(2, 500, kind="gift_card"), member_id=member_id)
    quoted = await queries.quote(till, sold, at())
    assert await counts(admin) == before
    settled = await commands.settle(till, sold, "k", at())
    assert [(a.rule, a.units) for a in quoted.evaluation.awards] == [(a.rule, a.units) for a in settled.awards]
    assert {told.rule for told in quoted.evaluation.trace} == {"base", "fresh", "stars"}


async def test_scan_shows_a_till_no_more_than_it_may_see(database: Database) -> None:
    """A scan answers with a masked name, the tier and the balances."""
    till = await open_till(database)
    member_id = await enrolled(database, display_name="Anna Maria Rossi")
    await commands.settle(till, basket(line(amount=31_000), member_id=member_id), "k", at())
    card = await find_card_code(database.reader, member_id)
    assert card is not None
    seen = await queries.scan(till, card.code, STORE, at())
    assert seen.display_name == "Anna R."
    assert seen.tier is not None
    assert seen.tier.current == "gold"
    assert {balance.currency: balance.available for balance in seen.balances} == {"points": 310, "stars": 310}
