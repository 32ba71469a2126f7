"""Suspicions at work: sales open cases by the outbox, once; a block stops spending until a person has looked."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands as checkout
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return
from fedele.domains.fraud import commands, queries
from fedele.domains.fraud.errors import CaseDecided, SpendingBlocked
from fedele.domains.fraud.handlers import handlers
from fedele.domains.fraud.types import STATES, Case
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Adjust, Burn
from fedele.domains.members.events import MemberErased
from fedele.jobs.inline import run_what_follows
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import InvalidInput
from tests.factories.till import NOON, PROGRAMME, at, basket, line, open_till, paid_with_points
from tests.factories.till_spending import points_of, shopper

RULES = """
places:
  - {key: rome, name: Rome, latitude: 41.9028, longitude: 12.4964}
  - {key: milan, name: Milan, latitude: 45.4642, longitude: 9.19}
fraud:
  - {key: busy, type: velocity, counts: purchases, hours: 1, max: 3}
  - {key: returns, type: velocity, counts: returns, hours: 24, max: 1}
  - {key: far, type: travel, kilometres_per_hour_max: 200, then: block}
  - {key: spender, type: velocity, counts: units_spent, hours: 24, max: 50}
  - {key: shared, type: velocity, counts: members, by: attribute, attribute: payment, hours: 24, max: 2}
"""


class Street:
    """A till whose sales are judged as the worker would."""

    def __init__(self, database: Database, till: Till) -> None:
        self.database, self.till, self.moment = database, till, at()
        self._handlers = handlers(database, till.programmes.at, lambda: self.moment)

    async def sells(self, member_id: MemberId, key: str, minutes: float = 0, **given: Any) -> Any:
        """A sale so many minutes after noon, and its judgement."""
        self.moment = Moment(NOON + timedelta(minutes=minutes))
        settled = await checkout.settle(self.till, basket(member_id=member_id, **given), key, self.moment)
        await run_what_follows(self.database, self._handlers)
        return settled

    async def cases(self) -> list[Case]:
        """All cases, the oldest first."""
        return list(reversed((await queries.list_cases(self.database.reader, STATES, 50)).items))


@pytest.fixture
async def street(database: Database) -> Street:
    """The test programme with rules against fraud."""
    return Street(database, await open_till(database, PROGRAMME + RULES))


async def test_a_busy_card_is_one_case_however_many_sales(street: Street) -> None:
    """The fourth sale within the hour opens a case; the fifth and sixth add none; the next day begins anew."""
    member_id = await shopper(street.till, 0)
    for number in range(6):
        await street.sells(member_id, f"k{number}", number)
    (case,) = await street.cases()
    assert (case.rule, case.state, case.blocks) == ("busy", "open", False)
    assert case.evidence["counted"] == "4"
    await street.sells(member_id, "tomorrow", 24 * 60)
    assert len(await street.cases()) == 1


async def test_the_same_sale_judged_twice_or_at_once_opens_one_case(street: Street) -> None:
    """Jobs come at least once: twenty judgements of one sale at the same time are one case and one announcement."""
    member_id = await shopper(street.till, 0)
    for number in range(4):
        settled = await street.sells(member_id, f"k{number}", number)
    async with street.database.transaction() as tx:
        await tx.execute("DELETE FROM fraud_case")
    programme = await street.till.programmes.at(NOON)

    async def judge() -> int:
        async with street.database.transaction() as tx:
            opened = await commands.inspect_purchase(
                tx, programme, member_id, settled.purchase_id, NOON + timedelta(minutes=3), "store-1", {}, street.moment
            )
            return len(opened)

    assert sum(await asyncio.gather(*(judge() for _ in range(20)))) == 1
    announced = "SELECT count(*) FROM outbox WHERE kind = 'fraud.suspected'"
    assert await street.database.reader.fetch_value(announced) == 1


async def test_two_cities_within_an_hour_block_spending_until_somebody_looked(street: Street) -> None:
    """Blocked at the till, with nothing written; earning goes on; cleared, the same basket is settled."""
    member_id = await shopper(street.till, 1000)
    await street.sells(member_id, "rome", 0, store_id=StoreId("rome"))
    await street.sells(member_id, "milan", 30, store_id=StoreId("milan"))
    (case,) = await street.cases()
    assert (case.rule, case.blocks) == ("far", True)
    assert case.evidence["stores"] == ["rome", "milan"]
    spending = {"tenders": paid_with_points(500, 500), "confirmation": "known"}
    before = await points_of(street.till, member_id)
    with pytest.raises(SpendingBlocked):
        await street.sells(member_id, "spend", 40, store_id=StoreId("milan"), **spending)
    assert await points_of(street.till, member_id) == before
    await street.sells(member_id, "earn", 41, store_id=StoreId("milan"))
    async with street.database.transaction() as tx:
        await commands.decide_case(
            tx,
            member_id,
            case.id,
            guilty=False,
            actor="staff:a",
            reason="One family",
            moment=street.moment,
        )
    settled = await street.sells(member_id, "spend", 42, store_id=StoreId("milan"), **spending)
    assert settled.burned == {"points": 500}


async def test_a_late_offline_sale_is_judged_in_its_own_time(street: Street) -> None:
    """Rome at noon and Milan at six are honest; a sale in Milan at half past twelve that arrives later is not."""
    member_id = await shopper(street.till, 0)
    await street.sells(member_id, "rome", 0, store_id=StoreId("rome"))
    await street.sells(member_id, "milan", 360, store_id=StoreId("milan"))
    assert await street.cases() == []
    late = NOON + timedelta(minutes=30)
    await street.sells(member_id, "late", 400, store_id=StoreId("milan"), occurred_at=late)
    (case,) = await street.cases()
    assert (case.rule, case.evidence["minutes"]) == ("far", 30.0)


async def test_returns_and_shared_payment_cards_are_seen(street: Street) -> None:
    """The second return of a day; the third member with one payment card, of which only a digest is kept."""
    members = [await shopper(street.till, 0) for _ in range(3)]
    for number, member_id in enumerate(members):
        await street.sells(member_id, f"m{number}", number, attributes={"payment": "tok_4242"})
    for number in range(2):
        sold = await street.sells(members[0], f"r{number}", 10 + number, lines=(line(),), receipt=f"back-{number}")
        back = Return(
            store_id=StoreId("store-1"), lines=(ReturnedLine(1, line().quantity),), purchase_id=sold.purchase_id,
            member_id=members[0],
        )  # fmt: skip
        await checkout.return_lines(street.till, back, f"back{number}", street.moment)
        await run_what_follows(street.database, street._handlers)
    cases = {(case.rule, case.member_id): case for case in await street.cases()}
    assert set(cases) == {("shared", members[2]), ("returns", members[0])}
    assert "tok_4242" not in cases["shared", members[2]].subject
    seen = await street.database.reader.fetch("SELECT subject FROM fraud_sighting")
    assert [row for row in seen if "tok_4242" in row["subject"]] == []


async def test_a_decision_needs_a_reason_and_is_made_once(street: Street) -> None:
    """No reason, no decision; a confirmed case may still be cleared, a cleared one is over."""
    member_id = await shopper(street.till, 0)
    for number in range(4):
        await street.sells(member_id, f"k{number}", number)
    (case,) = await street.cases()

    async def decide(guilty: bool, reason: str = "looked at the receipts") -> str:
        async with street.database.transaction() as tx:
            decided = await commands.decide_case(
                tx, member_id, case.id, guilty=guilty, actor="staff:a", reason=reason, moment=street.moment
            )
        return decided.state

    with pytest.raises(InvalidInput):
        await decide(True, " ")
    assert (await street.cases())[0].state == "open"
    assert await decide(True) == "confirmed"
    with pytest.raises(CaseDecided):
        await decide(True)
    assert await decide(False) == "cleared"
    with pytest.raises(CaseDecided):
        await decide(False)


async def test_units_are_counted_as_people_write_them(street: Street) -> None:
    """30.5 stars, kept as 305 tenths, are no more than 50; with 20 more they are. A currency's decimals tell."""
    member_id = await shopper(street.till, 0)

    async def spends(tenths: int, key: str) -> None:
        stars = CurrencyKey("stars")
        async with street.database.transaction() as tx:
            given = Adjust(
                scope="test",
                key=f"give-{key}",
                currency=stars,
                units=tenths,
                actor="staff:a",
                reason={"text": "a test"},
            )
            await post(tx, member_id, [given, Burn(scope="test", key=key, currency=stars, units=tenths)], street.moment)

    await spends(305, "few")
    await street.sells(member_id, "one", 1)
    assert await street.cases() == []
    await spends(200, "more")
    await street.sells(member_id, "two", 2)
    (case,) = await street.cases()
    assert (case.rule, case.evidence["counted"], case.evidence["max"]) == ("spender", "50.5", "50")


async def test_an_erased_member_leaves_neither_words_nor_sightings(street: Street) -> None:
    """What a person wrote about a case goes, and what the payment card was recognised by; the decision stays."""
    member_id = await shopper(street.till, 0)
    for number in range(4):
        await street.sells(member_id, f"k{number}", number, attributes={"payment": "tok_1"})
    (case,) = await street.cases()
    async with street.database.transaction() as tx:
        await commands.decide_case(
            tx, member_id, case.id, guilty=True, actor="staff:a", reason="Anna Rossi's twin", moment=street.moment
        )
    (forget,) = (one for one in street._handlers if one.event is MemberErased)
    for _ in range(2):  # delivered at least once
        await forget.run(MemberErased(member_id=member_id, occurred_at=street.moment.now), new_id())
    (case,) = await street.cases()
    assert (case.state, case.reason) == ("confirmed", "")
    count = "SELECT count(*) FROM fraud_sighting WHERE member_id = $1"
    assert await street.database.reader.fetch_value(count, member_id) == 0
