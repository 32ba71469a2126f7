"""Where phones say they are: verified, kept as long as the programme says, and what it opens.

Entering a place is never taken from the phone: it tells a position (or the beacon it hears), the server decides.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.offers import errors
from fedele.domains.offers.config import LocationConfig, Offer, OffersConfig
from fedele.domains.offers.events import CheckedIn
from fedele.domains.offers.geography.cells import cells_of
from fedele.domains.offers.geography.stored import IN_PROCESS
from fedele.domains.offers.ports import FenceIndex
from fedele.domains.offers.triggers.believing import Known, Verdict, judge
from fedele.domains.offers.triggers.firing import Cause, fire
from fedele.domains.offers.triggers.situation import setting_of
from fedele.domains.offers.types import BeaconHeard, Decision, Report, Sighting, Spot
from fedele.domains.programme.config import Beacon, Place, Places
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, Position
from fedele.kernel.distance import distance_metres
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound

CHECK_IN = "check_in"  # the event's name
CHECK_IN_AGAIN = timedelta(minutes=60)
NEARBY_LEVEL = 12  # cubes of 4 km, in which positions are looked for
PLACE_METRES_MIN = 100

_CONSENTED = """
SELECT bool_or(granted) FROM member_consent WHERE member_id = $1 AND purpose = $2 AND channel = ANY($3::text[])
"""
_LAST = """
SELECT latitude, longitude, accuracy_metres, seen_at FROM member_position
 WHERE member_id = $1 AND verdict = 'believed' AND latitude IS NOT NULL ORDER BY seen_at DESC LIMIT 1
"""
_WRITE = """
INSERT INTO member_position (member_id, position_id, latitude, longitude, accuracy_metres, cell, kind, verdict,
                             place_key, seen_at, recorded_at, kept_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""


async def record_position(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    report: Report,
    moment: Moment,
    fences: FenceIndex = IN_PROCESS,
) -> Sighting:
    """Judge a position and fire what it opens. Sending it again fires nothing twice.

    Raises LocationConsentMissing. A position that is not believed is kept, with the verdict, and opens nothing.
    """
    await _begin(tx, member_id)
    verdict = judge(report, await _last(tx, member_id), programme.section(LocationConfig), moment.now)
    here = moment.at(report.position)
    place = _nearest_place(programme, report.position) if verdict is Verdict.BELIEVED else None
    position_id = await _keep(tx, programme, member_id, report, here, "position", verdict, place)
    if verdict is not Verdict.BELIEVED:
        return Sighting(position_id, verdict.value, None)
    inside = await fences.offers_at(tx, programme, report.position)
    decisions = await _enter(tx, programme, member_id, here, inside)
    return Sighting(position_id, verdict.value, place.key if place else None, decisions)


async def check_in(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    place_key: str,
    report: Report | None,
    moment: Moment,
    key: str,
    beacon: BeaconHeard | None = None,
) -> Sighting:
    """The member says they are at this place: by their position, or by a beacon that hangs there.

    Repeating it within the hour answers the first one. CheckedIn makes the checkout record the event `check_in`, which
    rules of the programme may award. Raises LocationConsentMissing, NotFound (an unknown place, a
    beacon of another), PositionNotBelieved, NotAtPlace, KeyReused; then nothing is kept.
    """
    place = next((place for place in programme.section(Places) if place.key == place_key), None)
    if place is None:
        raise NotFound(what="place", field="placeKey")
    request = await claim(tx, f"check_in:{member_id}", key, {"place": place_key}, member_id)
    if request.response is not None:
        return Sighting(UUID(request.response["position_id"]), Verdict.BELIEVED.value, place_key)
    await _begin(tx, member_id)
    earlier = await _recent_check_in(tx, member_id, place_key, moment)
    if earlier is not None:
        await request.answer(tx, {"position_id": str(earlier)})
        return Sighting(earlier, Verdict.BELIEVED.value, place_key)
    where = await _proved(tx, programme, member_id, place, report, beacon, moment)
    # A beacon is heard now, whatever the phone says of a position beside it, which nobody has judged.
    at = Report(where, report.seen_at if report and beacon is None else moment.now)
    position_id = await _keep(tx, programme, member_id, at, moment, CHECK_IN, Verdict.BELIEVED, place)
    await tx.publish(
        CheckedIn(member_id=member_id, occurred_at=moment.now, position_id=position_id, place_key=place_key)
    )
    decisions = await _enter(tx, programme, member_id, moment.at(where), {}, place)
    await request.answer(tx, {"position_id": str(position_id)})
    return Sighting(position_id, Verdict.BELIEVED.value, place_key, decisions)


async def _begin(tx: Transaction, member_id: MemberId) -> None:
    await tx.lock_member(member_id)
    channels = [Channel.PROCESSING.value, Channel.PUSH.value, Channel.IN_APP.value]
    if not await tx.fetch_value(_CONSENTED, member_id, Purpose.LOCATION.value, channels):
        raise errors.LocationConsentMissing()


async def _last(tx: Transaction, member_id: MemberId) -> Known | None:
    row = await tx.fetch_row(_LAST, member_id)
    if row is None:
        return None
    return Known(Position(row["latitude"], row["longitude"], row["accuracy_metres"]), row["seen_at"])


async def _proved(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    place: Place,
    report: Report | None,
    beacon: BeaconHeard | None,
    moment: Moment,
) -> Position:
    """Where the member is, if they are at the place."""
    if beacon is not None:
        heard = Beacon(uuid=beacon.uuid, major=beacon.major, minor=beacon.minor)
        if not any(_same(heard, own) for own in place.beacons):
            raise NotFound(what="beacon", field="beacon")
        return Position(place.latitude, place.longitude, 50.0)
    if report is None:
        raise errors.PositionNotBelieved(verdict=Verdict.INACCURATE.value)
    verdict = judge(report, await _last(tx, member_id), programme.section(LocationConfig), moment.now)
    if verdict is not Verdict.BELIEVED:
        raise errors.PositionNotBelieved(verdict=verdict.value)
    here, radius = report.position, max(place.radius_metres, PLACE_METRES_MIN)
    away = distance_metres(here.latitude, here.longitude, place.latitude, place.longitude)
    if away > radius:
        raise errors.NotAtPlace(distance_metres=round(away), radius_metres=radius)
    return here


async def _recent_check_in(tx: Transaction, member_id: MemberId, place_key: str, moment: Moment) -> UUID | None:
    found: UUID | None = await tx.fetch_value(
        """
        SELECT position_id FROM member_position
         WHERE member_id = $1 AND kind = 'check_in' AND place_key = $2 AND recorded_at > $3
         ORDER BY recorded_at LIMIT 1
        """,
        member_id, place_key, moment.now - CHECK_IN_AGAIN,
    )  # fmt: skip
    return found


async def _keep(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    report: Report,
    moment: Moment,
    kind: str,
    verdict: Verdict,
    place: Place | None,
) -> UUID:
    position_id, here = new_id(), report.position
    (cell,) = cells_of(here.latitude, here.longitude, (NEARBY_LEVEL,))
    kept_until = moment.now + timedelta(hours=programme.section(LocationConfig).keep_hours)
    await tx.execute(
        _WRITE, member_id, position_id, here.latitude, here.longitude, here.accuracy_metres, cell, kind, verdict.value,
        place.key if place else None, report.seen_at, moment.now, kept_until,
    )  # fmt: skip
    return position_id


async def _enter(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    moment: Moment,
    inside: Mapping[str, str | None],
    place: Place | None = None,
) -> tuple[Decision, ...]:
    """Judge every offer that coming near makes speak up, those elsewhere too: their reason is kept."""
    offers = [offer for offer in programme.section(OffersConfig) if offer.enters and offer.state != "draft"]
    if not offers:
        return ()
    at_places = frozenset({place.key}) if place else frozenset[str]()
    setting = await setting_of(tx, programme, member_id, moment, at_places, place is not None)
    if setting is None:
        return ()
    places = {one.key: one for one in programme.section(Places)}
    found = []
    for offer in offers:
        spot = _spot_inside(offer, places.get(inside[offer.key] or ""), moment) if offer.key in inside else None
        found.append(await fire(tx, offer, setting, Cause("place"), spot))
    return tuple(decision for decision in found if decision is not None)


def _spot_inside(offer: Offer, place: Place | None, moment: Moment) -> Spot:
    """What the index found: the member is within."""
    if place is None or moment.place is None:
        return Spot(None, 0.0, True)
    away = distance_metres(moment.place.latitude, moment.place.longitude, place.latitude, place.longitude)
    own = offer.where.radius_metres if offer.where else None
    return Spot(place, away, True, float(own or place.radius_metres))


def _nearest_place(programme: Programme, position: Position) -> Place | None:
    """The place whose circle holds the position, the nearest if several do."""
    best: tuple[float, Place] | None = None
    for place in programme.section(Places):
        if abs(place.latitude - position.latitude) > 1:  # a degree is 111 km, a radius 50 at most
            continue
        away = distance_metres(position.latitude, position.longitude, place.latitude, place.longitude)
        if away <= place.radius_metres and (best is None or away < best[0]):
            best = (away, place)
    return best[1] if best else None


def _same(one: Beacon, other: Beacon) -> bool:
    return (one.uuid.lower(), one.major, one.minor) == (other.uuid.lower(), other.major, other.minor)
