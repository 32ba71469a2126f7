"""Ringing: take the wake-ups that are due, one at a time, and tell their members."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import DATABASE_LOST, Database, Queryable, Transaction
from fedele.domains.members.types import Purpose
from fedele.domains.offers.checking.checks import weather as weather_check
from fedele.domains.offers.checking.sight import Setting, Sight
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.geography.cells import covering
from fedele.domains.offers.geography.index import places_of, shapes_of
from fedele.domains.offers.geography.shapes import Shape
from fedele.domains.offers.ports import ProgrammeAt
from fedele.domains.offers.timing.wakeups import Ring, Scope, is_planned, ring_from
from fedele.domains.offers.triggers.firing import Cause, fire
from fedele.domains.offers.triggers.kinds import TimeTrigger
from fedele.domains.offers.triggers.situation import setting_of
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH = 20  # members told in one transaction: their locks are held until it ends
ROUNDS_MAX = 10_000
NEARBY_LEVEL = 12
COVERED_METRES_MAX = 50_000  # a wider area is so many cubes that looking at every late position costs less
AGAIN = timedelta(minutes=30)  # how long to wait for another sky

_TAKE = """
SELECT * FROM offer_wakeup WHERE state = 'waiting' AND due_at <= $1
 ORDER BY due_at, offer_key, scope LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_MOVE = """
UPDATE offer_wakeup SET state = $4, reason = $5, due_at = $6, after_member = $7, fired_count = fired_count + $8
 WHERE offer_key = $1 AND scope = $2 AND occurrence = $3
"""
# Shop by shop by the index on (home_store, member_id), so that a batch reads no more than a batch of each.
_FAVOURITE = """
SELECT regular.member_id FROM unnest($1::text[]) AS shop (key) CROSS JOIN LATERAL (
       SELECT p.member_id FROM member_profile p JOIN member m USING (member_id)
        WHERE p.home_store = shop.key AND m.status = 'active' AND p.member_id > $2
          AND ($4::text IS NULL OR p.time_zone = $4)
        ORDER BY p.member_id LIMIT $3) AS regular
 ORDER BY regular.member_id LIMIT $3
"""
_EVERYBODY = """
SELECT m.member_id FROM member m LEFT JOIN member_profile p USING (member_id)
 WHERE m.status = 'active' AND m.member_id > $2 AND ($1::text IS NULL OR p.time_zone = $1)
 ORDER BY m.member_id LIMIT $3
"""
# The last believed position of each: who has walked on is not there any more. Cubes hold more than the place does, so
# the position is told: whether it lies within is asked of the place itself.
_NEARBY = """
SELECT s.member_id, s.latitude, s.longitude FROM member_position s
 WHERE ($1::bigint[] IS NULL OR s.cell = ANY($1)) AND s.verdict = 'believed' AND s.seen_at > $4 AND s.member_id > $2
   AND s.position_id = (SELECT l.position_id FROM member_position l
                         WHERE l.member_id = s.member_id AND l.verdict = 'believed' ORDER BY l.seen_at DESC LIMIT 1)
   AND EXISTS (SELECT FROM member_consent c WHERE c.member_id = s.member_id AND c.purpose = $5 AND c.granted)
   AND ($6::text IS NULL OR EXISTS (
       SELECT FROM member_profile p WHERE p.member_id = s.member_id AND p.time_zone = $6))
 ORDER BY s.member_id LIMIT $3
"""
_NOBODY = UUID(int=0)


async def ring_due(database: Database, programme_at: ProgrammeAt, moment: Moment) -> int:
    """Tell what is due at this moment; how many offers were opened for members."""
    fired = 0
    for _ in range(ROUNDS_MAX):
        async with database.transaction() as tx:
            row = await tx.fetch_row(_TAKE, moment.now)
            if row is None:
                break
            fired += await _ring(tx, await programme_at(moment.now), row, moment)
    return fired


async def _ring(tx: Transaction, programme: Programme, row: Mapping[str, Any], moment: Moment) -> int:
    """One step of one wake-up: decide whether it still rings, then tell the next few members."""
    ring, offer = ring_from(row), programme.section(OffersConfig).find(row["offer_key"])
    scope = Scope.read(ring.scope, programme)
    trigger = is_planned(offer, ring, scope, programme) if offer is not None and scope is not None else None
    if offer is None or scope is None or trigger is None:
        return await _end(tx, ring, "refused", "NO_LONGER_PLANNED", moment)
    began = row["after_member"] is not None
    if moment.now >= ring.ends_at or (
        not began and moment.now > row["due_at"] + timedelta(minutes=trigger.late_minutes)
    ):
        return await _end(tx, ring, "missed", "TOO_LATE", moment)
    members = await _members(tx, programme, offer, trigger, scope, row["after_member"] or _NOBODY, moment)
    if not began and members and (code := await _wrong_sky(tx, programme, offer, scope, members[0][0], moment)):
        again = moment.now + AGAIN
        if again >= ring.ends_at:
            return await _end(tx, ring, "refused", code, moment)
        await tx.execute(_MOVE, ring.offer_key, ring.scope, ring.occurrence, "waiting", code, again, None, 0)
        return 0
    fired = await _tell(tx, programme, offer, scope, ring, members, moment)
    done = len(members) < BATCH
    await tx.execute(
        _MOVE, ring.offer_key, ring.scope, ring.occurrence, "done" if done else "waiting", None, row["due_at"],
        members[-1][0] if members else row["after_member"], fired,
    )  # fmt: skip
    return fired


async def _tell(
    tx: Transaction,
    programme: Programme,
    offer: Offer,
    scope: Scope,
    ring: Ring,
    members: Sequence[tuple[MemberId, bool]],
    moment: Moment,
) -> int:
    fired, places = 0, frozenset({scope.place.key}) if scope.place else frozenset[str]()
    # The occasion is the offer's own window, so that who was told at eight is not told again on walking in at nine.
    cause = Cause("time", f"from:{ring.occurrence.isoformat()}" if offer.schedule.always else None)
    for member_id in (member_id for member_id, meant in members if meant):  # ascending, as all who lock several do
        await tx.lock_member(member_id)
        try:
            async with tx.savepoint():
                setting = await setting_of(tx, programme, member_id, moment, places)
                decision = await fire(tx, offer, setting, cause) if setting is not None else None
        except DATABASE_LOST:
            raise
        except Exception:  # one member's trouble must not keep everybody behind them, and every later ring, silent
            log.exception("ring_not_told", offer=offer.key, member_id=str(member_id))
            continue
        fired += decision is not None and decision.outcome == "fired"
    return fired


async def _wrong_sky(
    tx: Transaction, programme: Programme, offer: Offer, scope: Scope, member_id: MemberId, moment: Moment
) -> str | None:
    """The code of the weather's no at this place: the same for everybody there, and it may yet change."""
    if offer.weather is None or scope.place is None:
        return None
    setting: Setting | None = await setting_of(tx, programme, member_id, moment, frozenset({scope.place.key}))
    failed = weather_check(Sight(offer, setting)) if setting is not None else None
    return failed[0].code if failed is not None else None


async def _end(tx: Transaction, ring: Ring, state: str, reason: str, moment: Moment) -> int:
    await tx.execute(_MOVE, ring.offer_key, ring.scope, ring.occurrence, state, reason, moment.now, None, 0)
    return 0


async def _members(
    db: Queryable,
    programme: Programme,
    offer: Offer,
    trigger: TimeTrigger,
    scope: Scope,
    after: UUID,
    moment: Moment,
) -> list[tuple[MemberId, bool]]:
    """The next members whom a ring may be for, in the order of their ids, and whether it is.

    A ring in a time zone is for the same people as one at a place: those of any of the offer's places.
    """
    zone = scope.time_zone if scope.name.startswith("zone:") else None
    if trigger.to == "nearby":
        shapes = [shape for shape, own in shapes_of(offer, programme) if scope.place in (None, own)]
        since: datetime = moment.now - timedelta(minutes=trigger.seen_within_minutes)
        rows = await db.fetch(_NEARBY, _cubes(shapes), after, BATCH, since, Purpose.LOCATION.value, zone)
        return [(MemberId(row["member_id"]), _within(shapes, row)) for row in rows]
    if trigger.to == "favourite_store":
        places = [scope.place] if scope.place else places_of(offer, programme)
        rows = await db.fetch(_FAVOURITE, [place.key for place in places], after, BATCH, zone)
    else:
        rows = await db.fetch(_EVERYBODY, zone, after, BATCH)
    return [(MemberId(row["member_id"]), True) for row in rows]


def _cubes(shapes: Sequence[Shape]) -> list[int] | None:
    """The cubes in which a position may lie that one of these holds; None: any."""
    if any(shape.bound.radius_metres > COVERED_METRES_MAX for shape in shapes):
        return None
    return sorted({cube for shape in shapes for cube in covering(shape.bound, NEARBY_LEVEL)})


def _within(shapes: Sequence[Shape], row: Mapping[str, Any]) -> bool:
    if row["latitude"] is None:
        return False
    return any(shape.contains(row["latitude"], row["longitude"]) for shape in shapes)
