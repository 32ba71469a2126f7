"""A prize is given once per cause, and what is taken back leaves the books as before."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from fedele.db.database import Database, Transaction
from fedele.domains.prizes.commands import give_prize, take_back_prize
from fedele.domains.prizes.config import Prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.rewards.queries import list_held
from fedele.kernel.ids import MemberId
from tests.factories.engagement import Club, open_club

BOTH = Prize.model_validate({"units": {"currency": "points", "amount": 40}, "reward": "coffee"})
CAUSE = Cause("challenge", "test", "test:1")


async def given(club: Club, member_id: MemberId, prize: Prize = BOTH, cause: Cause = CAUSE) -> Given:
    """Give it in a transaction of its own."""

    async def give(tx: Transaction) -> Given:
        await tx.lock_member(member_id)
        return await give_prize(tx, await club.programme(), member_id, prize, cause, None, club.moment())

    async with club.database.transaction() as tx:
        return await give(tx)


async def test_twenty_givers_at_once_give_once(database: Database, admin: Any) -> None:
    """All hear the same; there is one lot and one reward, and one piece of the stock is gone."""
    club = await open_club(database)
    member = await club.member()
    answers = await asyncio.gather(*(given(club, member) for _ in range(20)))
    assert len(set(answers)) == 1
    club.turn(minutes=5)
    assert await given(club, member) == answers[0]
    assert await club.points(member) == 40
    assert len(await list_held(database.reader, member, club.now)) == 1
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1


async def test_what_is_taken_back_is_taken_once_and_can_be_had_again(database: Database) -> None:
    """Units and the unused reward go; the stock is free for the next; repeating it takes nothing more."""
    club = await open_club(database)
    member, next_member = await club.member(), await club.member()
    made = await given(club, member)
    for _ in range(2):
        async with database.transaction() as tx:
            await tx.lock_member(member)
            await take_back_prize(tx, await club.programme(), member, made, CAUSE, club.moment())
    assert await club.points(member) == 0
    assert await list_held(database.reader, member, club.now) == []
    assert not (await given(club, next_member)).out_of_stock


async def test_an_empty_shelf_leaves_nothing_behind(database: Database, admin: Any) -> None:
    """The second gets no reward, the units in its place in one lot with its own, and the transaction goes on."""
    club = await open_club(database)
    first, second = await club.member(), await club.member()
    await given(club, first)
    prize = BOTH.model_copy(update={"instead": BOTH.units})
    made = await given(club, second, prize)
    assert (made.out_of_stock, made.redemption_id, made.units) == (True, None, 80)
    assert await admin.fetchval("SELECT count(*) FROM lot WHERE member_id = $1", second) == 1
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'coffee'") == 1


async def test_pending_units_wait_for_their_midnight(database: Database) -> None:
    """Given today with two pending days, they can be spent from the midnight that begins the day after tomorrow."""
    club = await open_club(database)
    member = await club.member()
    prize = Prize.model_validate({"units": {"currency": "points", "amount": 5}, "pending_days": 2})
    await given(club, member, prize)
    row = await database.reader.fetch_row("SELECT state, activates_at FROM lot WHERE member_id = $1", member)
    assert row is not None
    assert row["state"] == "pending"
    assert row["activates_at"].isoformat() == "2026-05-05T22:00:00+00:00"


async def test_a_failed_savepoint_takes_its_events_with_it(database: Database, admin: Any) -> None:
    """What was published inside a part that failed is not announced; what was published around it is."""
    from fedele.domains.challenges.events import ChallengeJoined

    club = await open_club(database)
    member = await club.member()

    def joined(key: str) -> ChallengeJoined:
        return ChallengeJoined(member_id=member, occurred_at=club.now, countable="challenge", challenge_key=key)

    async with database.transaction() as tx:
        await tx.publish(joined("before"))
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await tx.publish(joined("inside"))
                raise ZeroDivisionError
        await tx.publish(joined("after"))
    rows = await admin.fetch("SELECT payload FROM outbox")
    assert len(rows) == 2
    assert "inside" not in str(rows)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"instead": {"currency": "points", "amount": 1}},
        {"units": {"currency": "points", "amount": 1}, "reward": "coffee", "instead": {"currency": "x", "amount": 1}},
    ],
)
def test_a_prize_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    """Nothing given, a substitute for nothing, a substitute in another currency."""
    with pytest.raises(ValidationError):
        Prize.model_validate(values)
