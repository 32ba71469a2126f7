"""Sales of the network's absence: each as of its own time, in any order, once, and nothing of them lost."""

import asyncio
import dataclasses
import itertools
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import Tender
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import OfflineSale, Replay
from fedele.domains.ledger.queries import verify
from fedele.domains.members.commands import replace_card_code
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput
from tests.factories.till import STORE, at, basket, line, paid_with_points, rotating_code_of
from tests.factories.till_spending import (
    card_of,
    open_spending_till,
    points_of,
    shopper,
    spending_text,
    with_offer,
    with_reward,
)

BACK = at(hours=8)  # the network is there again


def sold(number: int, *lines: Any, minutes: int | None = None, **more: Any) -> OfflineSale:
    """The device's sale of this number, so many minutes after noon."""
    happened = at().now + timedelta(minutes=number if minutes is None else minutes)
    values = {"receipt": f"OFF-{number}", "occurred_at": happened} | more
    return OfflineSale(sequence=number, key=f"device-{number}", basket=basket(*(lines or (line(),)), **values))


async def replay(till: Till, *sales: OfflineSale, moment: Moment = BACK) -> Replay:
    """Send them from till 3."""
    return await commands.replay(till, STORE, "till-3", sales, moment)


def outcomes(answer: Replay) -> list[str]:
    """What became of each, in the order sent."""
    return [one.outcome for one in answer.sales]


async def honest(database: Database) -> tuple[Till, MemberId]:
    """A programme that honours what the customer was given, and a member with a thousand points."""
    till = await open_spending_till(database, spending_text(spending="honour"))
    return till, await shopper(till, 1000)


async def test_every_order_of_sending_gives_the_same_books(database: Database, admin: Any) -> None:
    """Three sales in each of their six orders: the same awards at their own times, and nothing twice."""
    till = await open_spending_till(database)
    seen = set()
    for order in itertools.permutations((1, 2, 3)):
        member_id = await shopper(till)
        name = "".join(map(str, order))
        sales = [
            dataclasses.replace(
                one,
                key=f"{name}-{one.sequence}",
                basket=dataclasses.replace(one.basket, receipt=f"{name}-{one.sequence}"),
            )
            for one in (sold(number, line(amount=number * 1000), member_id=member_id) for number in order)
        ]
        answer = await commands.replay(till, STORE, f"device {name}", sales, BACK)
        assert outcomes(answer) == ["settled"] * 3
        assert [one.sequence for one in answer.sales] == list(order)
        rows = await admin.fetch(
            "SELECT occurred_at, points FROM purchase WHERE member_id = $1 ORDER BY occurred_at", member_id
        )
        seen.add(tuple((row["occurred_at"], row["points"]["points"]) for row in rows))
    assert len(seen) == 1
    assert await verify(database.reader) == []


async def test_sent_again_whole_or_in_part_nothing_is_doubled(database: Database, admin: Any) -> None:
    """The till lost the reply: the same settlements again, KNOWN, and not a row more; at once as well."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    sales = [sold(number, member_id=member_id) for number in (1, 2, 3)]
    first = await replay(till, *sales)
    before = await admin.fetchval("SELECT count(*) FROM ledger_transaction")
    again = await asyncio.gather(*(replay(till, *sales) for _ in range(8)))
    for answer in again:
        assert outcomes(answer) == ["known"] * 3
        assert [one.settlement for one in answer.sales] == [one.settlement for one in first.sales]
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction") == before


async def test_gaps_in_a_devices_numbers_are_told_until_they_are_filled(database: Database) -> None:
    """1, 2 and 5 came: 3 to 4 are missing and 6 is next; 4 comes, and 3 is still missing."""
    till = await open_spending_till(database)
    answer = await replay(till, sold(5), sold(1), sold(2))
    assert [(gap.first, gap.last) for gap in answer.journal.missing] == [(3, 4)]
    assert answer.journal.next_sequence == 6
    answer = await replay(till, sold(4))
    assert [(gap.first, gap.last) for gap in answer.journal.missing] == [(3, 3)]
    assert (await replay(till, sold(3))).journal.missing == ()


async def test_one_refused_sale_stops_no_other_and_can_be_sent_again(database: Database, admin: Any) -> None:
    """The second costs more points than there are: refused and reported, the others are settled; later it fits."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 150)
    code = await rotating_code_of(database, member_id, Moment(at().now + timedelta(minutes=2)))
    dear = sold(2, line(amount=1000), card=code, tenders=paid_with_points(200, 800))
    answer = await replay(till, sold(1), dear, sold(3))
    assert outcomes(answer) == ["settled", "refused", "settled"]
    assert [one.code for one in answer.sales[1].problems] == ["INSUFFICIENT_POINTS"]
    assert await admin.fetchval("SELECT count(*) FROM purchase WHERE receipt = 'OFF-2'") == 0
    journal = await admin.fetch("SELECT sequence, outcome, problems FROM offline_sale ORDER BY sequence")
    assert [(row["outcome"], row["problems"]) for row in journal][1] == ("refused", ["INSUFFICIENT_POINTS"])
    await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "earn", at())
    assert outcomes(await replay(till, dear)) == ["settled"]
    assert await admin.fetchval("SELECT outcome FROM offline_sale WHERE sequence = 2") == "settled"


async def test_a_reward_used_elsewhere_meanwhile_is_honoured_and_told(database: Database) -> None:
    """The customer keeps what the till gave; the reward is used once; told again on every retry."""
    till, member_id = await honest(database)
    reward = await with_reward(till, member_id)
    online = basket(member_id=member_id, rewards=(reward,), confirmation="Showed an ID")
    await commands.settle(till, online, "online", at())
    offline = sold(1, member_id=member_id, rewards=(reward,), confirmation="Showed an ID")
    answer = await replay(till, offline)
    assert outcomes(answer) == ["honoured"]
    assert [one.code for one in answer.sales[0].problems] == ["REWARD_NOT_USABLE"]
    again = await replay(till, offline)
    assert again.sales == answer.sales


async def test_a_used_reward_is_refused_where_the_programme_says_so(database: Database, admin: Any) -> None:
    """`spending: refuse`: nothing of the sale is written, and it is told why."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    reward = await with_reward(till, member_id)
    online = basket(member_id=member_id, rewards=(reward,), confirmation="Showed an ID")
    await commands.settle(till, online, "online", at())
    answer = await replay(till, sold(1, member_id=member_id, rewards=(reward,), confirmation="Showed an ID"))
    assert outcomes(answer) == ["refused"]
    assert await admin.fetchval("SELECT count(*) FROM purchase WHERE receipt = 'OFF-1'") == 0


async def test_points_that_are_gone_are_honoured_without_a_burn(database: Database) -> None:
    """Spent offline and online at once: the sale stands, nothing is burned twice, no balance falls below zero."""
    till, member_id = await honest(database)
    online = basket(
        line(amount=2000), member_id=member_id, tenders=paid_with_points(1000, 1000), confirmation="Showed an ID"
    )
    await commands.settle(till, online, "online", at())
    offline = sold(
        1, line(amount=2000), member_id=member_id, tenders=paid_with_points(1000, 1000), confirmation="Showed an ID"
    )
    answer = await replay(till, offline)
    assert outcomes(answer) == ["honoured"]
    settlement = answer.sales[0].settlement
    assert settlement is not None
    assert settlement.burned == {}
    assert (await points_of(till, member_id))[0] >= 0
    assert await verify(database.reader) == []


async def test_an_offer_gone_meanwhile_is_honoured(database: Database) -> None:
    """The claim that the offline till used was used online first."""
    till, member_id = await honest(database)
    claim = await with_offer(till, member_id)
    await commands.settle(till, basket(member_id=member_id, benefits=(claim,)), "online", at())
    answer = await replay(till, sold(1, member_id=member_id, benefits=(claim,)))
    assert [one.code for one in answer.sales[0].problems] == ["BENEFIT_NOT_IN_HAND"]
    assert outcomes(answer) == ["honoured"]


async def test_the_apps_code_counts_as_of_the_sale_and_once(database: Database) -> None:
    """Shown at two past noon, replayed in the evening: it pays; the same screenshot in a second sale does not."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code = await rotating_code_of(database, member_id, Moment(at().now + timedelta(minutes=2)))
    pays = {"card": code, "minutes": 2, "tenders": paid_with_points(200, 800)}
    answer = await replay(till, sold(1, line(amount=1000), **pays), sold(2, line(amount=1000), **pays))
    assert outcomes(answer) == ["settled", "refused"]
    assert [one.code for one in answer.sales[1].problems] == ["ROTATING_CODE_USED"]
    assert await points_of(till, member_id) == (1000 - 200 + 8, 0)


async def test_a_static_code_earns_offline_and_spends_nothing(database: Database) -> None:
    """The printed code collects; what it is said to have spent is refused, or honoured without a burn."""
    for spending, outcome in (("refuse", "refused"), ("honour", "honoured")):
        till = await open_spending_till(database, spending_text(spending=spending))
        member_id = await shopper(till, 1000)
        code = await card_of(till, member_id)
        answer = await commands.replay(
            till, STORE, f"device-{spending}",
            [
                dataclasses.replace(sold(1, card=code, receipt=f"{spending}-1"), key=f"{spending}-1"),
                dataclasses.replace(
                    sold(2, line(amount=1000), card=code, receipt=f"{spending}-2", tenders=paid_with_points(200, 800)),
                    key=f"{spending}-2",
                ),
            ],
            BACK,
        )  # fmt: skip
        assert outcomes(answer) == ["settled", outcome]
        assert [one.code for one in answer.sales[1].problems] == ["SECOND_FACT_NEEDED"]
        assert (await points_of(till, member_id))[0] >= 1010


async def test_a_card_revoked_before_the_sale_is_a_guests_and_after_it_the_members(database: Database) -> None:
    """Revoked at one o'clock: what it bought at noon is the member's; at two a guest's, or refused as declared."""
    for policy, later in (("guest", "honoured"), ("refuse", "refused")):
        till = await open_spending_till(database, spending_text(card_revoked=policy))
        member_id = await shopper(till)
        code = await card_of(till, member_id)
        async with database.transaction() as tx:
            await replace_card_code(tx, member_id, at(hours=1), "stolen")
        sales = [
            dataclasses.replace(
                sold(n, card=code, minutes=minutes, receipt=f"{policy}-{n}"), key=f"{policy}-{n}"
            )
            for n, minutes in ((1, 1), (2, 120))
        ]  # fmt: skip
        answer = await commands.replay(till, STORE, f"device-{policy}", sales, BACK)
        assert outcomes(answer) == ["settled", later]
        first, second = answer.sales[0].settlement, answer.sales[1].settlement
        assert first is not None
        assert first.member_id == member_id
        assert [one.code for one in answer.sales[1].problems] == ["CARD_CODE_REVOKED"]
        assert (second is not None and second.guest) is (policy == "guest")


@pytest.mark.parametrize(
    ("sale", "code"),
    [
        (sold(1, occurred_at=None), "BASKET_INVALID"),
        (sold(1, occurred_at=at(days=1).now), "BASKET_INVALID"),
        (sold(1, card="FDL1NOTACARD"), "CARD_CODE_MALFORMED"),
        (sold(1, tenders=(Tender("cash", 1),)), "BASKET_INVALID"),
    ],
    ids=["without a time", "tomorrow", "a misread card", "paid wrongly"],
)
async def test_a_sale_that_cannot_be_is_refused_and_kept_in_the_journal(
    database: Database, admin: Any, sale: OfflineSale, code: str
) -> None:
    """Refused by name, its number is not missing, and the others go on."""
    till = await open_spending_till(database)
    answer = await replay(till, sale, sold(2))
    assert outcomes(answer) == ["refused", "settled"]
    assert [one.code for one in answer.sales[0].problems] == [code]
    assert answer.journal.missing == ()
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 1


async def test_a_number_that_stands_for_another_sale_is_told(database: Database) -> None:
    """A device that was reset counts from 1 again: its sale is settled, and the clash is told."""
    till = await open_spending_till(database)
    await replay(till, sold(1))
    reset = dataclasses.replace(sold(1, receipt="OTHER"), key="another")
    answer = await replay(till, reset)
    assert answer.sales[0].settlement is not None
    assert [one.code for one in answer.sales[0].problems] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_what_is_no_replay_writes_nothing(database: Database, admin: Any) -> None:
    """No sales, a number twice, a number of zero."""
    till = await open_spending_till(database)
    for sales in ((), (sold(1), sold(1)), (dataclasses.replace(sold(1), sequence=0),)):
        with pytest.raises(InvalidInput):
            await replay(till, *sales)
    assert await admin.fetchval("SELECT count(*) FROM offline_sale") == 0
