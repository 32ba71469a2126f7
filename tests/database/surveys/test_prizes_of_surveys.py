"""What a complete answer brings: units, a reward to hold, or units in the place of one that is out of stock; once."""

import asyncio
from typing import Any

from fedele.db.database import Database
from fedele.domains.ledger.queries import balances_by_member
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme
from tests.factories.surveys import LATER, answer

PROGRAMME = make_programme(
    SMALL
    + """
rewards:
  - {key: cup, type: discount_amount, name: Cup, value: 1.00, cost: {currency: points, amount: 10}, stock: 1}
surveys:
  - key: wish
    title: Wish
    trigger: {type: always}
    prize: {reward: cup, instead: {currency: points, amount: 30}, units: {currency: points, amount: 5}}
    questions: [{key: q, type: nps, text: "?"}]
"""
)


async def test_the_last_cup_goes_to_one_and_points_to_the_other(database: Database, admin: Any) -> None:
    """Two members, ten submissions each at once: one cup and 5 points; 35 points and no cup."""
    members = [await enrolled(database) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            answer(database, member_id, "", {"q": 9}, survey="wish", programme=PROGRAMME)
            for _ in range(10)
            for member_id in members
        )
    )
    assert len({one.id for one in answers}) == 2
    held = {one.member_id: one.redemption_id for one in answers if one.redemption_id}
    assert len(held) == 1
    balances = await balances_by_member(database.reader, members, LATER.now)
    spendable = {member_id: sum(one.available for one in balances[member_id]) for member_id in members}
    assert {member_id: units for member_id, units in spendable.items() if member_id in held} == dict.fromkeys(held, 5)
    assert sorted(spendable.values()) == [5, 35]
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1
