"""Triggers: once an occasion however often, however many at once; wake-ups that survive; what follows what was done."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.commands import record_activity
from fedele.domains.members.commands import set_consent
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.offers import commands, errors, queries
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.events import OfferTriggered
from fedele.domains.offers.geography.stored import ProcessFences, StoredFences, store_fences
from fedele.domains.offers.handlers import handlers, told_of
from fedele.domains.offers.jobs import schedules
from fedele.domains.offers.ports import Attribution, WeatherHour, WeatherUnavailable
from fedele.domains.offers.sky.keeping import fetch_weather
from fedele.domains.offers.timing.ringing import BATCH, ring_due
from fedele.domains.offers.timing.wakeups import plan
from fedele.domains.offers.triggers.following import after_event, after_purchase, keep_appointments
from fedele.domains.offers.types import BeaconHeard, Report
from fedele.domains.offers.variants import words_of
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, Position, Weather
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound
from tests.factories.engagement_operations import bought
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, apply_programme, make_programme

# A Tuesday; eight o'clock in Milan is seven in UTC, and two in the morning in New York.
EIGHT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
MILAN, BEACON = Position(45.4642, 9.19, 15.0), "5b9c2d0e-4a6f-4c1e-9d3b-0f6a7c1d2e31"
COLD = Weather(2.0)
MILANS_RINGS = "SELECT state, reason FROM offer_wakeup WHERE scope = 'place:milan' AND occurrence = $1"
TEXT = (
    SMALL
    + f"""
places:
  - {{key: milan, name: Milan, latitude: 45.4642, longitude: 9.19, radius_metres: 300, beacons: [{{uuid: {BEACON}}}]}}
  - {{key: boston, name: Boston, latitude: 42.36, longitude: -71.06, time_zone: America/New_York}}
offers:
  - key: near
    push: true
    where: {{places: all}}
    schedule: {{windows: [{{opens: '07:00', closes: '10:00'}}]}}
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Near, body: B}}
  - key: rings
    push: true
    where: {{places: all}}
    schedule: {{windows: [{{opens: '07:00', closes: '10:00'}}]}}
    weather: weather.temperature_celsius < 8.0
    triggers: [{{type: time, at: '08:00', to: favourite_store}}]
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Rings, body: B}}
  - key: gift
    claim: automatic
    limits: {{per_member: 1}}
    where: {{places: [boston]}}
    triggers: [{{type: enter}}]
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Gift, body: B}}
  - key: third
    triggers: [{{type: purchase, every: 3, open_hours: 24}}]
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Third, body: B}}
  - key: wished
    push: true
    triggers: [{{type: event, event: wishlist.added, after_hours: 24, unless: [purchase, wishlist.removed]}}]
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Wished, body: B}}
    variants: [{{key: b, share: 50, creative: {{title: Still thinking?, body: B}}}}]
  - key: checked
    needs_approval: true
    benefit: {{type: bonus, currency: points, amount: 5}}
    creative: {{title: Checked, body: B}}
"""
)
PROGRAMME = make_programme(TEXT)


async def programme_at(_at: datetime) -> Programme:
    """The one in force."""
    return PROGRAMME


async def agreed(database: Database, store: str | None = None) -> MemberId:
    """A member who agreed to the use of their position, with a favourite store."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await set_consent(
            tx, member_id, Purpose.LOCATION, Channel.PROCESSING, True, source="app", wording="1", moment=Moment(EIGHT)
        )
        await tx.execute("UPDATE member_profile SET home_store = $2 WHERE member_id = $1", member_id, store)
    return member_id


async def reported(database: Database, member_id: MemberId, at: datetime = EIGHT, where: Position = MILAN) -> Any:
    """A position in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.record_position(tx, PROGRAMME, member_id, Report(where, at), Moment(at, None, COLD))


async def fired(admin: Any, offer: str) -> int:
    """How often an offer was announced."""
    sql = "SELECT count(*) FROM outbox WHERE kind = 'offers.triggered' AND payload ->> 'offer_key' = $1"
    return int(await admin.fetchval(sql, offer))


async def test_twenty_reports_at_once_fire_once(database: Database, admin: Any) -> None:
    """One decision, one event; and each report is kept with its verdict."""
    member_id = await agreed(database)
    await asyncio.gather(*(reported(database, member_id, EIGHT + timedelta(seconds=n)) for n in range(20)))
    assert await fired(admin, "near") == 1
    assert await admin.fetchval("SELECT count(*) FROM offer_decision WHERE outcome = 'fired'") == 1
    assert await admin.fetchval("SELECT array_agg(code) FROM offer_decision WHERE code IS NOT NULL") == [
        "OFFER_ELSEWHERE"
    ]
    assert await admin.fetchval("SELECT count(*) FROM member_position WHERE verdict = 'believed'") == 20
    await reported(database, member_id, EIGHT + timedelta(days=1))  # another morning is another occasion
    assert await fired(admin, "near") == 2


async def test_a_trigger_claims_what_is_automatic(database: Database, admin: Any) -> None:
    """Walking in puts the offer into the member's hand, once; who was never there has nothing."""
    member_id, at = await agreed(database), EIGHT
    await agreed(database)
    boston = Position(42.36, -71.06, 15.0)
    await asyncio.gather(*(reported(database, member_id, at + timedelta(seconds=n), boston) for n in range(5)))
    (claim,) = await queries.list_in_hand(database.reader, member_id, at + timedelta(minutes=1))
    assert claim.offer_key == "gift"
    assert await admin.fetchval("SELECT count(*) FROM offer_claim") == 1


async def test_without_consent_nothing_is_kept(database: Database, admin: Any) -> None:
    """No consent, no position; and what was kept goes when it is taken back."""
    stranger, member_id = await enrolled(database), await agreed(database)
    with pytest.raises(errors.LocationConsentMissing):
        await reported(database, stranger)
    assert await admin.fetchval("SELECT count(*) FROM member_position") == 0
    await reported(database, member_id)
    async with database.transaction() as tx:
        await commands.forget_positions(tx, member_id)
    assert await admin.fetchval("SELECT count(*) FROM member_position") == 0


async def test_positions_go_when_their_time_is_over_and_with_their_member(database: Database, admin: Any) -> None:
    """After the programme's 24 hours the job deletes them; erasure takes decisions too; the export shows both."""
    member_id = await agreed(database)
    await reported(database, member_id)
    exported = await queries.export_personal_data(database.reader, member_id)
    assert len(exported["positions"]) == 1
    assert {one["offer"] for one in exported["decisions"]} == {"near", "gift"}
    assert await commands.sweep(database, PROGRAMME, Moment(EIGHT + timedelta(hours=23))) == 0
    assert await commands.sweep(database, PROGRAMME, Moment(EIGHT + timedelta(hours=24))) == 1
    async with database.transaction() as tx:
        await commands.forget_member(tx, member_id)
    assert await admin.fetchval("SELECT count(*) FROM offer_decision") == 0


async def test_a_check_in_needs_the_place(database: Database, admin: Any) -> None:
    """Near enough, or its beacon; from elsewhere, or with another's beacon, nothing is written; twice is once."""
    member_id, at = await agreed(database), Moment(EIGHT, None, COLD)

    async def check_in(place: str, key: str, where: Position | None = None, beacon: str | None = None) -> Any:
        async with database.transaction() as tx:
            return await commands.check_in(
                tx, PROGRAMME, member_id, place, Report(where, EIGHT) if where else None, at, key,
                BeaconHeard(beacon) if beacon else None,
            )  # fmt: skip

    with pytest.raises(errors.NotAtPlace):
        await check_in("milan", "k-1", Position(45.47, 9.19, 15.0))
    with pytest.raises(errors.PositionNotBelieved):
        await check_in("milan", "k-2", Position(45.4642, 9.19, 900.0))
    with pytest.raises(NotFound):
        await check_in("boston", "k-3", beacon=BEACON)
    with pytest.raises(NotFound):
        await check_in("nowhere", "k-4", MILAN)
    assert await admin.fetchval("SELECT count(*) FROM member_position") == 0
    seen = await asyncio.gather(*(check_in("milan", f"tap-{n % 2}", beacon=BEACON.upper()) for n in range(6)))
    assert len({one.id for one in seen}) == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'offers.checked_in'") == 1
    assert await fired(admin, "near") == 1


async def test_wake_ups_ring_on_each_places_clock_and_once(database: Database, admin: Any) -> None:
    """Eight o'clock in Milan tells Milan's members, six workers at once tell each once; Boston sleeps until its own."""
    count = BATCH + 5
    members = [await agreed(database, "milan") for _ in range(count)]
    bostonian = await agreed(database, "boston")
    before = Moment(EIGHT - timedelta(minutes=40), None, COLD)
    assert await plan(database, PROGRAMME, before) == await admin.fetchval("SELECT count(*) FROM offer_wakeup")
    assert await plan(database, PROGRAMME, before) == 0  # planning again changes nothing
    assert await ring_due(database, programme_at, before) == 0
    at = Moment(EIGHT + timedelta(seconds=3), None, COLD)
    assert sum(await asyncio.gather(*(ring_due(database, programme_at, at) for _ in range(6)))) == count
    assert await ring_due(database, programme_at, at) == 0
    told = await admin.fetch("SELECT member_id FROM outbox WHERE kind = 'offers.triggered'")
    assert sorted(row["member_id"] for row in told) == sorted(members)
    assert [tuple(row) for row in await admin.fetch(MILANS_RINGS, EIGHT)] == [("done", None)]
    assert await ring_due(database, programme_at, Moment(EIGHT + timedelta(hours=6), None, COLD)) == 1
    assert await admin.fetchval("SELECT count(*) FROM offer_decision WHERE member_id = $1", bostonian) == 1


async def test_a_worker_that_dies_is_taken_over_where_it_stood(database: Database, admin: Any) -> None:
    """What a broken batch told is undone with it; the next worker tells everybody, each once."""
    members = [await agreed(database, "milan") for _ in range(BATCH + 3)]
    await plan(database, PROGRAMME, Moment(EIGHT - timedelta(minutes=5)))
    calls = 0

    async def dies_at_the_second(at: datetime) -> Programme:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("killed")
        return PROGRAMME

    at = Moment(EIGHT + timedelta(minutes=1), None, COLD)
    with pytest.raises(RuntimeError):
        await ring_due(database, dies_at_the_second, at)
    assert await fired(admin, "rings") == BATCH  # the control: it was in the middle
    await ring_due(database, programme_at, Moment(EIGHT + timedelta(minutes=50), None, COLD))
    assert await fired(admin, "rings") == len(members)


async def test_a_warm_morning_rings_when_it_turns_cold_and_a_late_worker_stays_silent(
    database: Database, admin: Any
) -> None:
    """Too warm at eight: asked again, told at half past; a worker that comes at nine says nothing."""
    await agreed(database, "milan")
    await plan(database, PROGRAMME, Moment(EIGHT - timedelta(minutes=5)))
    assert await ring_due(database, programme_at, Moment(EIGHT, None, Weather(12.0))) == 0
    assert tuple(await admin.fetchrow(MILANS_RINGS, EIGHT)) == ("waiting", "OFFER_WEATHER_DIFFERS")
    assert await ring_due(database, programme_at, Moment(EIGHT + timedelta(minutes=31), None, COLD)) == 1
    tomorrow = EIGHT + timedelta(days=1)
    await plan(database, PROGRAMME, Moment(tomorrow - timedelta(minutes=5)))
    assert await ring_due(database, programme_at, Moment(tomorrow + timedelta(hours=1), None, COLD)) == 0
    assert tuple(await admin.fetchrow(MILANS_RINGS, tomorrow)) == ("missed", "TOO_LATE")


async def test_every_third_purchase(database: Database, admin: Any) -> None:
    """The third, not the first two, whatever the order in which they are heard of; heard again, nothing."""
    member_id = await enrolled(database)
    await bought(database, member_id, Moment(EIGHT))
    ids = [row["purchase_id"] for row in await admin.fetch("SELECT purchase_id FROM purchase ORDER BY occurred_at")]
    moment = Moment(EIGHT)

    async def hear(purchase_id: Any) -> None:
        async with database.transaction() as tx:
            await after_purchase(tx, PROGRAMME, member_id, purchase_id, EIGHT, moment)

    facts_before = await fired(admin, "third")
    for purchase_id in reversed(ids):
        await hear(purchase_id)
    await asyncio.gather(*(hear(ids[2]) for _ in range(5)))
    assert (facts_before, await fired(admin, "third")) == (0, 1)
    history = await queries.history_of(database.reader, PROGRAMME, member_id, EIGHT + timedelta(hours=1))
    assert history.opened_until == {"third": EIGHT + timedelta(hours=24)}
    assert (
        await queries.history_of(database.reader, PROGRAMME, member_id, EIGHT + timedelta(days=2))
    ).opened_until == {}


async def test_an_abandoned_wish_is_remembered_unless_it_was_granted(database: Database, admin: Any) -> None:
    """A day later: told, once, in the words of their variant; not who took the wish back."""
    waits, withdrew = await enrolled(database), await enrolled(database)
    for member_id in (waits, withdrew):
        async with database.transaction() as tx:
            await tx.lock_member(member_id)
            event_id = await record_activity(tx, member_id, "wishlist.added", Moment(EIGHT))
        for _ in range(2):
            async with database.transaction() as tx:
                await after_event(tx, PROGRAMME, member_id, event_id, "wishlist.added", EIGHT, Moment(EIGHT))
    async with database.transaction() as tx:
        await tx.lock_member(withdrew)
        await record_activity(tx, withdrew, "wishlist.removed", Moment(EIGHT + timedelta(hours=3)))
    assert await keep_appointments(database, programme_at, Moment(EIGHT + timedelta(hours=23))) == 0
    kept = await asyncio.gather(
        *(keep_appointments(database, programme_at, Moment(EIGHT + timedelta(hours=24))) for _ in range(4))
    )
    assert sum(kept) == 2
    assert await fired(admin, "wished") == 1
    (decision,) = await queries.list_decisions(database.reader, withdrew)
    assert (decision.outcome, decision.code, decision.details["happened"]) == (
        "refused", "OFFER_NO_LONGER_WANTED", "wishlist.removed",
    )  # fmt: skip
    payload = await admin.fetchval("SELECT payload FROM outbox WHERE kind = 'offers.triggered'")
    told = told_of(OfferTriggered.from_payload(payload), PROGRAMME)
    (mine,) = await queries.list_decisions(database.reader, waits)
    assert told is not None
    wished = PROGRAMME.section(OffersConfig).find("wished")
    assert wished is not None
    assert told["offer"] == words_of(wished, mine.variant).title


async def test_a_second_person_approves_what_is_written(database: Database) -> None:
    """Not the author; not another wording; once approved the offer is open; ended, it is closed."""
    applied = await apply_programme(database, TEXT)
    member_id, offer = await enrolled(database), applied.section(OffersConfig).find("checked")
    assert offer is not None
    digest, moment = queries.digest_of(offer), Moment(EIGHT)

    async def claims() -> None:
        async with database.transaction() as tx:
            await commands.claim_offer(tx, applied, member_id, "checked", moment)

    async def approves(actor: str, what: str = digest) -> str:
        async with database.transaction() as tx:
            return await commands.approve_offer(tx, applied, "checked", what, actor, moment)

    with pytest.raises(errors.OfferNotApproved):
        await claims()
    with pytest.raises(errors.ApprovalNeedsSecondPerson):
        await approves("test")
    with pytest.raises(errors.OfferChanged):
        await approves("somebody", "another")
    with pytest.raises(errors.OfferNotApproved):
        await claims()
    assert await asyncio.gather(approves("anna"), approves("anna")) == ["anna", "anna"]
    await claims()
    async with database.transaction() as tx:
        await commands.end_offer(tx, applied, "checked", "anna", moment)
    member_id = await enrolled(database)
    with pytest.raises(errors.OfferClosed):
        await claims()


async def test_both_indexes_of_fences_answer_the_same(database: Database, admin: Any) -> None:
    """In memory, in the table, and in memory while the table is not written yet; a new version replaces the old."""
    stored, known = StoredFences(), ProcessFences()
    points = [MILAN, Position(45.466, 9.19), Position(45.48, 9.19), Position(42.36, -71.06), Position(0, 0)]

    async def same() -> list[set[str]]:
        answers = []
        for point in points:
            one = await known.offers_at(database.reader, PROGRAMME, point)
            assert await stored.offers_at(database.reader, PROGRAMME, point) == one
            answers.append(set(one))
        return answers

    unwritten = await same()
    assert [bool(answer) for answer in unwritten] == [True, True, False, True, False]
    assert await asyncio.gather(*(store_fences(database, PROGRAMME, Moment(EIGHT)) for _ in range(3))) != [False] * 3
    assert await same() == unwritten
    other = make_programme(TEXT.replace("radius_metres: 300", "radius_metres: 3000"), 2)
    assert await store_fences(database, other, Moment(EIGHT))
    assert await admin.fetchval("SELECT array_agg(DISTINCT version) FROM geofence") == [2]


async def test_the_weather_is_fetched_once_an_hour_and_forgotten_when_old(database: Database) -> None:
    """One question for all cells; a source that is away leaves what is known, which after six hours is not."""

    class Source:
        name, attribution, asked, away = "played", Attribution("P", "https://p.example"), 0, False

        async def hours(self, cells: Any, now: datetime) -> list[WeatherHour]:
            self.asked += 1
            if self.away:
                raise WeatherUnavailable("away")
            begin = now.replace(minute=0, second=0, microsecond=0)
            return [WeatherHour(c, begin + timedelta(hours=n), 4.0 + n, 0.0, "fog") for c in cells for n in range(25)]

    source, member_id = Source(), await enrolled(database)
    assert await fetch_weather(database, PROGRAMME, source, Moment(EIGHT)) == 2
    assert await fetch_weather(database, PROGRAMME, source, Moment(EIGHT + timedelta(minutes=30))) == 0
    assert source.asked == 1

    async def sky(after: timedelta) -> Weather | None:
        found = await queries.history_of(database.reader, PROGRAMME, member_id, EIGHT + after, MILAN)
        return found.skies.get(queries.cell_of(MILAN.latitude, MILAN.longitude))

    now = await sky(timedelta(minutes=59))
    assert now is not None
    assert (now.temperature_celsius, now.condition, now.forecast[0].temperature_celsius) == (4.0, "fog", 5.0)
    source.away = True
    with pytest.raises(WeatherUnavailable):
        await fetch_weather(database, PROGRAMME, source, Moment(EIGHT + timedelta(hours=2)))
    assert (later := await sky(timedelta(hours=5))) is not None
    assert later.temperature_celsius == 9.0
    assert await sky(timedelta(hours=6, minutes=1)) is None


async def test_the_room_lists_its_work(database: Database) -> None:
    """Handlers and schedules are there, by names that jobs in the queue keep across deployments."""
    names = {one.name for one in handlers(database, programme_at, lambda: Moment(EIGHT))}
    assert {"offers.follow_purchase", "offers.forget_member", "messaging.announce_offers_triggered"} <= names
    assert {one.name for one in schedules(database, None, None, "process")} >= {"offers.ring", "offers.sweep"}  # type: ignore[arg-type]
