"""Taking a seat at a gathering, giving it back, waiting for one, and coming."""

from datetime import timedelta

from fedele.db.database import Transaction
from fedele.domains.community import errors, queries
from fedele.domains.community.commands.contests import is_for
from fedele.domains.community.commands.moderation import award_once
from fedele.domains.community.config import Gathering, GatheringsConfig
from fedele.domains.community.events import GatheringAttended, GatheringJoined, GatheringLeft
from fedele.domains.community.types import Place, PlaceState
from fedele.domains.prizes.types import Given
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound

# Everybody who wants a seat, or leaves, queues for this row until those before them have committed: none is given
# twice, and nobody comes into a line that has moved on already.
_QUEUE = """
INSERT INTO gathering_seat AS s (gathering_key, taken) VALUES ($1, 0)
ON CONFLICT (gathering_key) DO UPDATE SET taken = s.taken
"""
_TAKE = """
INSERT INTO gathering_seat AS s (gathering_key, taken) SELECT $1, $2 WHERE $3::integer IS NULL OR $2 <= $3
ON CONFLICT (gathering_key) DO UPDATE SET taken = s.taken + $2 WHERE $3::integer IS NULL OR s.taken + $2 <= $3
RETURNING taken
"""
_GIVE_BACK = "UPDATE gathering_seat SET taken = taken - $2 WHERE gathering_key = $1"
_KEEP = """
INSERT INTO gathering_place (member_id, gathering_key, place_id, guests, state, asked_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (member_id, gathering_key) DO UPDATE
   SET guests = excluded.guests, state = excluded.state, asked_at = excluded.asked_at
"""


async def join_gathering(
    tx: Transaction, programme: Programme, member_id: MemberId, key: str, guests: int, moment: Moment
) -> Place:
    """Take seats for the member and so many guests, or a place in the line. Who has one keeps it: nothing is repeated.

    Raises NotFound, GatheringClosed, GatheringFull, InvalidInput.
    """
    gathering = _gathering(programme, key)
    if not 0 <= guests <= gathering.guests_max:
        raise InvalidInput(problem=f"Bring at most {gathering.guests_max} guests.", field="guests")
    await tx.lock_member(member_id)
    place = await queries.find_place(tx, member_id, key)
    if place is not None and place.state != "left":
        return place
    if moment.now >= gathering.starts_at or not await is_for(tx, programme, member_id, gathering.when, moment):
        raise errors.GatheringClosed()
    state: PlaceState = "joined"
    await tx.execute(_QUEUE, key)
    # Nobody overtakes those who wait, even where one seat would do for a single guest.
    if await queries.has_line(tx, key) or not await _take(tx, gathering, 1 + guests):
        if not gathering.waiting:
            raise errors.GatheringFull()
        state = "waiting"
    await tx.execute(_KEEP, member_id, key, place.id if place else new_id(), guests, state, moment.now)
    if state == "joined":
        await tx.publish(GatheringJoined(member_id=member_id, occurred_at=moment.now, gathering_key=key))
    else:
        await tx.touch(member_id)
    return await queries.get_place(tx, member_id, key)


async def leave_gathering(
    tx: Transaction, programme: Programme, member_id: MemberId, key: str, moment: Moment
) -> Place:
    """Give the seats, or the place in the line, back. Again: nothing. Raises NotFound, GatheringClosed."""
    await tx.lock_member(member_id)
    place = await queries.find_place(tx, member_id, key)
    if place is None:
        raise NotFound(what="gathering", field="gatheringId")
    if place.state == "left":
        return place
    gathering = _gathering(programme, key)
    if place.state == "attended" or moment.now >= gathering.starts_at:
        raise errors.GatheringClosed()
    await give_back(tx, place, moment)
    return await queries.get_place(tx, member_id, key)


async def give_back(tx: Transaction, place: Place, moment: Moment) -> None:
    """Give up a seat or a place in the line, and say so: those behind may move. The caller holds the member's lock."""
    seats = 1 + place.guests if place.state == "joined" else 0
    await tx.execute(
        "UPDATE gathering_place SET state = 'left' WHERE member_id = $1 AND gathering_key = $2",
        place.member_id, place.gathering_key,
    )  # fmt: skip
    await tx.execute(_GIVE_BACK, place.gathering_key, seats)
    await tx.publish(
        GatheringLeft(member_id=place.member_id, occurred_at=moment.now, gathering_key=place.gathering_key, seats=seats)
    )


async def find_guest(tx: Transaction, key: str) -> MemberId | None:
    """Who is first in the line, or None."""
    return await queries.first_in_line(tx, key)


async def fill_seats(tx: Transaction, programme: Programme, member_id: MemberId, key: str, moment: Moment) -> bool:
    """Give the first in the line their seats, if there are enough by now; whether they have them.

    `member_id` was read before this transaction: by now they may have left the line.
    """
    gathering = programme.section(GatheringsConfig).find(key)
    if gathering is None or moment.now >= gathering.starts_at:
        return False
    await tx.lock_member(member_id)
    place = await queries.find_place(tx, member_id, key)
    if place is None or place.state != "waiting" or not await _take(tx, gathering, 1 + place.guests):
        return False
    await tx.execute(
        "UPDATE gathering_place SET state = 'joined' WHERE member_id = $1 AND gathering_key = $2", member_id, key
    )
    await tx.publish(GatheringJoined(member_id=member_id, occurred_at=moment.now, gathering_key=key))
    return True


async def check_in(
    tx: Transaction, programme: Programme, member_id: MemberId, key: str, actor: str, moment: Moment
) -> Place:
    """Note that a member with a seat has come, which brings the prize, once. Again: nothing.

    Raises NotFound, CheckInClosed.
    """
    gathering = _gathering(programme, key)
    await tx.lock_member(member_id)
    place = await queries.find_place(tx, member_id, key)
    if place is not None and place.state == "attended":
        return place
    opens_at = gathering.starts_at - timedelta(minutes=gathering.check_in_minutes_before)
    if place is None or place.state != "joined" or not opens_at <= moment.now < gathering.ends_at:
        raise errors.CheckInClosed()
    given = Given()
    if gathering.prize is not None:
        given = await award_once(tx, programme, member_id, gathering.prize, "gathering", key, "attended", moment)
    await tx.execute(
        """
        UPDATE gathering_place SET state = 'attended', attended_at = $3, actor = $4, currency = $5, units = $6,
                                   transaction_id = $7, redemption_id = $8
         WHERE member_id = $1 AND gathering_key = $2
        """,
        member_id, key, moment.now, actor, given.currency, given.units, given.transaction_id, given.redemption_id,
    )  # fmt: skip
    await tx.publish(
        GatheringAttended(
            member_id=member_id, occurred_at=moment.now, gathering_key=key, currency=given.currency, units=given.units
        )
    )
    return await queries.get_place(tx, member_id, key)


async def _take(tx: Transaction, gathering: Gathering, seats: int) -> bool:
    return await tx.fetch_value(_TAKE, gathering.key, seats, gathering.capacity) is not None


def _gathering(programme: Programme, key: str) -> Gathering:
    gathering = programme.section(GatheringsConfig).find(key)
    if gathering is None:
        raise NotFound(what="gathering", field="gatheringId")
    return gathering
