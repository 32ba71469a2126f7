"""A batch takes as many statements for many members as for a few, and says of each member what became of them."""

from typing import Any

from fedele.db.database import Database, counting
from fedele.domains.ledger.commands import post_many
from fedele.domains.ledger.types import Posting
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal
from tests.database.journeys.test_a_member_goes_through import checks_in
from tests.factories.journeys import NOON, Tour
from tests.factories.ledger import burn, earn
from tests.factories.members import enrolled

BUSY = """
key: trip
name: Trip
trigger: {type: event, event: check_in}
steps:
  - {key: rest, type: wait, days: 10}
  - {key: which, type: branch, cases: [{when: 'member.purchases_count > 0', go: gift}]}
  - {key: hello, type: send, message: hello}
  - {key: gift, type: award, units: {currency: points, amount: 10}}
  - {key: crm, type: webhook, topic: busy}
  - {key: again, type: send, message: miss-you}
"""


async def waiting(tour: Tour, count: int) -> list[MemberId]:
    """So many members, who are due in ten days."""
    members = [await enrolled(tour.database) for _ in range(count)]
    for member_id in members:
        await checks_in(tour, member_id)
    return members


async def test_statements_do_not_grow_with_members(database: Database) -> None:
    """Facts, words, units and webhooks of twelve take as many statements as those of two; each keeps their order."""
    tour = await Tour.of(database, BUSY)
    counts = []
    for many in (2, 12):
        members = await waiting(tour, many)
        with counting() as statements:
            await tour.turn(days=10)
        counts.append(len(statements))
        for member_id in members:
            assert await tour.path(member_id) == [
                "enter entered", "rest wait elapsed", "which branch hello", "hello send sent", "gift award given",
                "crm webhook asked", "again send sent", "again end finished",
            ]  # fmt: skip
    assert counts[0] == counts[1], counts


async def test_what_one_member_is_refused_stops_nobody(database: Database, admin: Any) -> None:
    """The ledger answers each member by themselves, in one statement, and the refused one has nothing written."""
    rich, poor = await enrolled(database), await enrolled(database)
    async with database.transaction() as tx:
        await post_many(tx, {rich: [earn(100)]}, Moment(NOON))
    async with database.transaction() as tx:
        with counting() as statements:
            answers = await post_many(tx, {poor: [earn(5, key="a"), burn(40)], rich: [burn(40)]}, Moment(NOON))
    assert len(statements) == 1
    refused, paid = answers[poor], answers[rich]
    assert isinstance(refused, Refusal)
    assert refused.code == "INSUFFICIENT_POINTS"
    assert isinstance(paid, tuple)
    assert isinstance(paid[0], Posting)
    assert paid[0].spendable == 60
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction WHERE member_id = $1", poor) == 0
