"""Wake-ups: exact instants at which an offer rings at a place or in a time zone, planned ahead, told once.

Planning writes a row for each ring of the next day; writing it again changes nothing, so it may be done as often as
one likes, by whomever. Ringing takes one row with SKIP LOCKED and tells its members a few at a time: what was told and
how far the telling has come are one commit, so a worker that dies is taken over where it stood. Who was told on an
occasion is held by the unique index of `offer_decision` besides.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Database, Queryable, Transaction
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.geography.index import places_of
from fedele.domains.offers.timing.schedule import instant_of, next_stretches, open_stretch
from fedele.domains.offers.triggers.kinds import TimeTrigger
from fedele.domains.programme.config import Place, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment

# DISTINCT would read every profile each minute; this looks into the index once for each zone.
_ZONES = """
WITH RECURSIVE z AS (
    (SELECT time_zone FROM member_profile WHERE time_zone IS NOT NULL ORDER BY time_zone LIMIT 1)
    UNION ALL
    SELECT (SELECT p.time_zone FROM member_profile p WHERE p.time_zone > z.time_zone ORDER BY p.time_zone LIMIT 1)
      FROM z WHERE z.time_zone IS NOT NULL)
SELECT time_zone FROM z WHERE time_zone IS NOT NULL
"""

AHEAD = timedelta(hours=26)
CHUNK = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Ring:
    """One instant at which an offer rings. `scope`: "place:<key>", "zone:<time zone>" or "all"."""

    offer_key: str
    scope: str
    occurrence: datetime
    ends_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """Where a ring is heard: at a place, in a time zone, or everywhere by the programme's clock."""

    name: str
    time_zone: str
    place: Place | None = None

    @classmethod
    def read(cls, name: str, programme: Programme) -> "Scope | None":
        """The scope of this name; None for a place that is gone."""
        own = programme.section(ProgrammeConfig).time_zone
        kind, _, key = name.partition(":")
        if kind == "place":
            place = next((place for place in programme.section(Places) if place.key == key), None)
            return None if place is None else cls(name, place.time_zone or own, place)
        return cls(name, key or own)


async def plan(database: Database, programme: Programme, moment: Moment) -> int:
    """Write the rings of the next hours that are not written yet; how many were new."""
    zones = await _zones(database.reader, programme) if any(True for _ in _timed(programme)) else []
    rings = [
        ring
        for offer, trigger in _timed(programme)
        for scope in scopes_of(offer, programme, zones)
        for ring in rings_of(
            offer, trigger, scope, moment.now - timedelta(minutes=trigger.late_minutes), moment.now + AHEAD, programme
        )
    ]
    written = 0
    for start in range(0, len(rings), CHUNK):
        async with database.transaction() as tx:
            written += await _write(tx, rings[start : start + CHUNK])
    return written


def scopes_of(offer: Offer, programme: Programme, zones: Sequence[str]) -> list[Scope]:
    """Where an offer rings: at each of its places on its clock, or in each time zone that members live in."""
    own = programme.section(ProgrammeConfig).time_zone
    if offer.schedule.local_to == "member":
        return [Scope(f"zone:{zone}", zone) for zone in zones]
    if places := places_of(offer, programme):
        by_place = offer.schedule.local_to == "place"
        return [Scope(f"place:{p.key}", (p.time_zone if by_place else None) or own, p) for p in places]
    return [Scope("all", own)]


def rings_of(
    offer: Offer, trigger: TimeTrigger, scope: Scope, since: datetime, until: datetime, programme: Programme
) -> Iterator[Ring]:
    """The rings from one instant up to another: once a local day at its hour, or when its windows open."""
    own = programme.section(ProgrammeConfig).time_zone
    for starts_at, ends_at in _times(offer, trigger, scope, since, until):
        if since <= starts_at < until and offer.schedule.dates.contains(starts_at, own):
            yield Ring(offer.key, scope.name, starts_at, ends_at)


def is_planned(offer: Offer, ring: Ring, scope: Scope, programme: Programme) -> TimeTrigger | None:
    """The trigger that still wants this ring; None if the programme has changed since it was planned."""
    for trigger in offer.triggers:
        if isinstance(trigger, TimeTrigger):
            near = timedelta(minutes=1)
            planned = rings_of(offer, trigger, scope, ring.occurrence - near, ring.occurrence + near, programme)
            if any(one.occurrence == ring.occurrence for one in planned):
                return trigger
    return None


def _times(
    offer: Offer, trigger: TimeTrigger, scope: Scope, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    if trigger.at is None:
        for stretch in next_stretches(offer.schedule, since, until, scope.time_zone):
            yield stretch.starts_at, stretch.ends_at
        return
    zone = ZoneInfo(scope.time_zone)
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        at = time(0) if trigger.at == time.max else trigger.at
        instant = instant_of(day, at, scope.time_zone)
        ends_at = instant + timedelta(hours=12)
        if not offer.schedule.always:
            holding = open_stretch(offer.schedule, instant, scope.time_zone)
            ends_at = holding.ends_at if holding is not None else instant
        if ends_at > instant:
            yield instant, ends_at
        day += timedelta(days=1)


def _timed(programme: Programme) -> Iterator[tuple[Offer, TimeTrigger]]:
    for offer in programme.section(OffersConfig):
        if offer.state in ("live", "scheduled"):
            for trigger in offer.triggers:
                if isinstance(trigger, TimeTrigger):
                    yield offer, trigger


async def _zones(db: Queryable, programme: Programme) -> list[str]:
    """The time zones of members, found by skipping from one to the next in the index of profiles."""
    if all(offer.schedule.local_to != "member" for offer, _ in _timed(programme)):
        return []
    return [row["time_zone"] for row in await db.fetch(_ZONES)]


async def _write(tx: Transaction, rings: Sequence[Ring]) -> int:
    rows = await tx.fetch(
        """
        INSERT INTO offer_wakeup (offer_key, scope, occurrence, due_at, ends_at, state)
        SELECT offer_key, scope, occurrence, occurrence, ends_at, 'waiting'
          FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
               AS ring (offer_key, scope, occurrence, ends_at)
            ON CONFLICT DO NOTHING RETURNING offer_key
        """,
        [ring.offer_key for ring in rings],
        [ring.scope for ring in rings],
        [ring.occurrence for ring in rings],
        [ring.ends_at for ring in rings],
    )
    return len(rows)


def ring_from(row: Mapping[str, Any]) -> Ring:
    """The record of a row of `offer_wakeup`."""
    return Ring(row["offer_key"], row["scope"], row["occurrence"], row["ends_at"])
