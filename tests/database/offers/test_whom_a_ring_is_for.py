"""Rings reach those they are for and nobody else; a check-in counts once an hour; appointments keep their own terms."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fedele.db.database import Database
from fedele.domains.activity.commands import record_activity
from fedele.domains.members.commands import set_consent
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.offers import commands
from fedele.domains.offers.timing.ringing import _FAVOURITE, ring_due
from fedele.domains.offers.timing.wakeups import plan
from fedele.domains.offers.triggers.following import after_event, after_purchase, keep_appointments
from fedele.domains.offers.triggers.situation import setting_of
from fedele.domains.offers.types import BeaconHeard, Report
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, Position
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

EIGHT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # in Milan
BEACON = "5b9c2d0e-4a6f-4c1e-9d3b-0f6a7c1d2e31"
BENEFIT = "benefit: {type: bonus, currency: points, amount: 5}"
PROGRAMME = make_programme(
    SMALL
    + f"""
places:
  - {{key: milan, name: Milan, latitude: 45.4642, longitude: 9.19, radius_metres: 300, beacons: [{{uuid: {BEACON}}}]}}
  - {{key: monza, name: Monza, latitude: 45.5845, longitude: 9.2744, radius_metres: 300}}
areas:
  - key: park
    name: Park
    circles: [{{latitude: 45.6, longitude: 9.28, radius_metres: 1000}}]
offers:
  - key: passing-by
    where: {{places: all}}
    triggers: [{{type: time, at: '08:00', to: nearby}}]
    {BENEFIT}
    creative: {{title: A, body: B}}
  - key: own-shop
    where: {{places: [milan]}}
    schedule: {{local_to: member}}
    triggers: [{{type: time, at: '08:00', to: favourite_store}}]
    {BENEFIT}
    creative: {{title: A, body: B}}
  - key: in-the-park
    where: {{areas: [park]}}
    triggers: [{{type: time, at: '08:00', to: nearby}}]
    {BENEFIT}
    creative: {{title: A, body: B}}
  - key: two-delays
    triggers:
      - {{type: event, event: wishlist.added, after_hours: 24, unless: [purchase]}}
      - {{type: purchase, after_hours: 48, open_hours: 5}}
    {BENEFIT}
    creative: {{title: A, body: B}}
"""
)


async def programme_at(_at: datetime) -> Programme:
    """The one in force."""
    return PROGRAMME


async def member(database: Database, store: str | None = None, here: Position | None = None) -> MemberId:
    """A member in Italy who lets the app know where they are, with a favourite store, seen five minutes ago."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await set_consent(
            tx, member_id, Purpose.LOCATION, Channel.PROCESSING, True, source="app", wording="1", moment=Moment(EIGHT)
        )
        await tx.execute(
            "UPDATE member_profile SET home_store = $2, time_zone = 'Europe/Rome' WHERE member_id = $1",
            member_id,
            store,
        )
    if here is not None:
        ago = Moment(EIGHT - timedelta(minutes=5))
        async with database.transaction() as tx:
            await commands.record_position(tx, PROGRAMME, member_id, Report(here, ago.now), ago)
    return member_id


async def bought(admin: Any, member_id: MemberId, at: datetime) -> UUID:
    """A purchase."""
    purchase_id = new_id()
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, 'milan', $3, 'store', $4, $4, 'EUR', 100, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), at,
    )  # fmt: skip
    return purchase_id


async def told(admin: Any, offer: str) -> set[MemberId]:
    """Whom an offer was announced to."""
    sql = "SELECT member_id FROM outbox WHERE kind = 'offers.triggered' AND payload ->> 'offer_key' = $1"
    return {MemberId(row["member_id"]) for row in await admin.fetch(sql, offer)}


async def ring(database: Database) -> None:
    """It is eight o'clock."""
    await plan(database, PROGRAMME, Moment(EIGHT - timedelta(hours=1)))
    await ring_due(database, programme_at, Moment(EIGHT + timedelta(seconds=5)))


async def test_nearby_is_within_the_places_own_radius(database: Database, admin: Any) -> None:
    """Two kilometres away is not near a shop of 300 metres, though the index of positions is coarser than that."""
    inside = await member(database, here=Position(45.4650, 9.19, 15.0))
    for away in (0.004, 0.008, 0.012, 0.016, 0.02):  # 450 metres to 2.2 kilometres, whatever cube they fall into
        await member(database, here=Position(45.4642 + away, 9.19, 15.0))
    await ring(database)
    assert await told(admin, "passing-by") == {inside}


async def test_an_area_without_places_rings_for_those_who_are_in_it(database: Database, admin: Any) -> None:
    """A ring about an area is for who was seen there, and no call to everybody."""
    inside, _away, _unseen = (
        await member(database, here=Position(45.601, 9.28, 15.0)),
        await member(database, here=Position(45.4642, 9.19, 15.0)),
        await member(database),
    )
    await ring(database)
    assert await told(admin, "in-the-park") == {inside}


async def test_on_members_own_clocks_a_ring_is_still_for_its_shops_regulars_only(
    database: Database, admin: Any
) -> None:
    """`local_to: member` says when, not whom: an offer to those whose favourite store it is reaches nobody else."""
    regular, _other, _nowhere = (
        await member(database, "milan"), await member(database, "monza"), await member(database),
    )  # fmt: skip
    await ring(database)
    assert await told(admin, "own-shop") == {regular}


async def test_each_time_zone_is_found_once_and_regulars_of_several_shops_come_in_order(
    database: Database, admin: Any
) -> None:
    """However many live in a zone it is one ring there; and a batch is the next of all shops together."""
    members = [await member(database, ("milan", "monza")[number % 2]) for number in range(6)]
    await admin.execute("UPDATE member_profile SET time_zone = 'Asia/Tokyo' WHERE member_id = $1", members[5])
    await plan(database, PROGRAMME, Moment(EIGHT - timedelta(hours=1)))
    scopes = await admin.fetch("SELECT DISTINCT scope FROM offer_wakeup WHERE offer_key = 'own-shop' ORDER BY 1")
    assert [row["scope"] for row in scopes] == ["zone:Asia/Tokyo", "zone:Europe/Rome"]
    shops = (["monza", "milan"], UUID(int=0), 3, "Europe/Rome")
    rows = await database.reader.fetch(_FAVOURITE, *shops)
    assert [row["member_id"] for row in rows] == sorted(members[:5])[:3]


async def test_a_beacon_checks_in_once_an_hour_whatever_the_phone_says_of_the_time(
    database: Database, admin: Any
) -> None:
    """A position of long ago beside a beacon is nobody's proof, and does not make room for another check-in."""
    member_id, old = await member(database), Report(Position(45.4642, 9.19, 15.0), EIGHT - timedelta(hours=3))
    for tap in range(3):
        async with database.transaction() as tx:
            await commands.check_in(
                tx, PROGRAMME, member_id, "milan", old, Moment(EIGHT + timedelta(minutes=tap)), f"tap-{tap}",
                BeaconHeard(BEACON),
            )  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'offers.checked_in'") == 1
    assert await admin.fetchval("SELECT seen_at FROM member_position") == EIGHT


async def test_an_appointment_is_kept_on_the_terms_of_the_trigger_that_made_it(database: Database, admin: Any) -> None:
    """Two delays in one offer: a purchase does not cancel what another purchase appointed, but does cancel the wish."""
    member_id = await member(database)
    async with database.transaction() as tx:
        await tx.lock_member(member_id)
        event_id = await record_activity(tx, member_id, "wishlist.added", Moment(EIGHT))
        await after_event(tx, PROGRAMME, member_id, event_id, "wishlist.added", EIGHT, Moment(EIGHT))
    first, second = EIGHT + timedelta(hours=1), EIGHT + timedelta(hours=2)
    purchase_id = await bought(admin, member_id, first)
    async with database.transaction() as tx:
        await after_purchase(tx, PROGRAMME, member_id, purchase_id, first, Moment(first))
    await bought(admin, member_id, second)
    assert await keep_appointments(database, programme_at, Moment(EIGHT + timedelta(hours=50))) == 2
    rows = await admin.fetch("SELECT occasion, code, open_until - decided_at AS open FROM offer_decision ORDER BY 1")
    assert [(row["occasion"].partition(":")[0], row["code"], row["open"]) for row in rows] == [
        ("event", "OFFER_NO_LONGER_WANTED", None), ("purchase", None, timedelta(hours=5)),
    ]  # fmt: skip


async def test_one_members_trouble_silences_nobody_else(
    database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ring goes on behind the member it could not judge; an appointment that failed is tried again, the rest kept."""
    members = [await member(database, "milan") for _ in range(3)]
    broken, whole = members[1], setting_of

    async def stumbling(tx: Any, programme: Programme, member_id: MemberId, *rest: Any) -> Any:
        if member_id == broken:
            raise RuntimeError("nobody foresaw this")
        return await whole(tx, programme, member_id, *rest)

    for module in ("timing.ringing", "triggers.following"):
        monkeypatch.setattr(f"fedele.domains.offers.{module}.setting_of", stumbling)
    await ring(database)
    assert await told(admin, "own-shop") == {members[0], members[2]}
    for member_id in members:
        purchase_id = await bought(admin, member_id, EIGHT)
        async with database.transaction() as tx:
            await after_purchase(tx, PROGRAMME, member_id, purchase_id, EIGHT, Moment(EIGHT))
    due = EIGHT + timedelta(hours=48)
    assert await keep_appointments(database, programme_at, Moment(due)) == 3
    assert await told(admin, "two-delays") == {members[0], members[2]}
    monkeypatch.undo()
    assert await keep_appointments(database, programme_at, Moment(due + timedelta(minutes=10))) == 1
    assert await told(admin, "two-delays") == set(members)
