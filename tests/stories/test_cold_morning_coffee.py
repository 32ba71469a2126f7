"""The Paytronix row: a cold morning, half past eight, 300 metres from a store; and everything that keeps it silent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fedele.adapters.weather.csv_file import CsvWeather
from fedele.api import ids
from fedele.cli.demo_weather import write_weather
from fedele.domains.offers.jobs import schedules
from fedele.domains.offers.queries import cell_of
from tests.fixtures.story import Phone, Story

# Riverside stands at 39.9520, -83.0010: so far to the north of it.
NEAR = {"latitude": 39.9520 + 300 / 111_195, "longitude": -83.0010}
FIVE_KM_AWAY = {"latitude": 39.9520 - 5_000 / 111_195, "longitude": -83.0010}
COFFEE = "cold-morning-coffee"


@pytest.fixture(autouse=True)
def _sky_from_the_table(story: Story) -> None:
    """Weather is what the table says, as in production: the story's own sky is switched off."""
    story.clock.weather = None


async def sky(story: Story, celsius: float) -> None:
    """What the weather source told of the hours around now, over Riverside."""
    async with story.fedele.database.transaction() as tx:
        await tx.execute("DELETE FROM weather_hour")
        await tx.execute(
            """
            INSERT INTO weather_hour (cell, hour, temperature_celsius, rain_millimetres, condition, source, fetched_at)
            SELECT $1, date_trunc('hour', $2::timestamptz) + make_interval(hours => h), $3, 0, 'cloudy', 'test', $2
              FROM generate_series(0, 24) AS h
            """,
            cell_of(39.9520, -83.0010), story.now, celsius,
        )  # fmt: skip


async def reports(story: Story, phone: Phone, **where: float) -> dict[str, Any]:
    """The phone tells where it is, measured two seconds ago."""
    at = {**where, "accuracyMetres": 15.0, "seenAt": (story.now - timedelta(seconds=2)).isoformat()}
    answer = (await phone.ask("RecordPosition", input={"at": at}))["recordPosition"]
    assert answer["userErrors"] == []
    await story.work()
    sighting: dict[str, Any] = answer["sighting"]
    return sighting


async def joins(story: Story, email: str = "ada@example.org") -> Phone:
    """A member who agreed to pushes and to the use of their position."""
    phone = await story.joins(email, "en")
    given = {"purpose": "LOCATION", "channel": "PUSH", "granted": True, "wording": "test-1"}
    await phone.ask("SetConsent", input=given)
    await story.work()
    return phone


async def in_feed(phone: Phone, **where: float) -> bool:
    """Whether the coffee is on the home screen here."""
    edges = (await phone.home(**where))["feed"]["edges"]
    return "It is cold outside" in {edge["node"]["title"] for edge in edges}


def coffee_pushes(phone: Phone) -> list[dict[str, Any]]:
    """The pushes about it."""
    return [one for one in phone.pushes() if one["notification"]["title"] == "It is cold outside"]


async def decided(story: Story, phone: Phone) -> list[tuple[str, str | None, str | None]]:
    """What the log says of the coffee, as staff read it: outcome, code and the check that said no; newest first."""
    answer = await story.run(
        "/staff/graphql", "console/ListOfferDecisions", story.staff, {"memberId": phone.member_id, "offerKey": COFFEE}
    )
    return [(one["outcome"], one["code"], one["details"].get("check")) for one in answer["offerDecisions"]]


async def why_not(phone: Phone, **where: float) -> tuple[str | None, str]:
    """What the app can tell the member."""
    told = await phone.ask("ExplainOffer", offer=ids.key_id("offer", COFFEE), at=where or None)
    return told["me"]["explainOffer"]["code"], told["me"]["explainOffer"]["reason"]


async def test_cold_and_near_in_the_morning(story: Story) -> None:
    """The offer is in the feed and one push arrives; ten more reports of the same morning bring no second one."""
    phone = await joins(story)
    await sky(story, 3.0)
    sighting = await reports(story, phone, **NEAR)
    assert sighting["believed"]
    assert ids.key_id("offer", COFFEE) in sighting["opened"]
    assert await in_feed(phone, **NEAR)
    (push,) = coffee_pushes(phone)
    assert push["notification"]["body"] == "Warm up with a coffee on us, until ten o'clock."
    for _ in range(10):
        story.turn(minutes=2)
        assert COFFEE not in (await reports(story, phone, **NEAR))["opened"]
    assert len(coffee_pushes(phone)) == 1
    assert (await decided(story, phone)) == [("fired", None, None)]
    assert await why_not(phone, **NEAR) == (None, "It is open to you here and now.")


async def test_in_the_afternoon(story: Story) -> None:
    """At three it is closed: nothing in the feed, no push, and the hours are the logged reason."""
    phone = await joins(story)
    story.turn(hours=6, minutes=30)
    await sky(story, 3.0)
    await reports(story, phone, **NEAR)
    assert not await in_feed(phone, **NEAR)
    assert coffee_pushes(phone) == []
    assert await decided(story, phone) == [("refused", "OFFER_CLOSED", "hours")]
    code, reason = await why_not(phone, **NEAR)
    assert code == "OFFER_CLOSED"
    assert "3:00" in reason
    assert "7:00" in reason  # when it opens next


async def test_five_kilometres_away(story: Story) -> None:
    """Too far: nothing, and the distance is the logged reason."""
    phone = await joins(story)
    await sky(story, 3.0)
    await reports(story, phone, **FIVE_KM_AWAY)
    assert not await in_feed(phone, **FIVE_KM_AWAY)
    assert coffee_pushes(phone) == []
    assert await decided(story, phone) == [("refused", "OFFER_ELSEWHERE", "place")]
    code, reason = await why_not(phone, **FIVE_KM_AWAY)
    assert code == "OFFER_ELSEWHERE"
    assert "5,000 m" in reason


async def test_too_warm(story: Story) -> None:
    """Eighteen degrees: nothing, and the temperature is the logged reason; not knowing the weather is a no too."""
    phone = await joins(story)
    await reports(story, phone, **NEAR)
    assert await why_not(phone, **NEAR) == (
        "OFFER_WEATHER_DIFFERS",
        "It depends on the weather, which we do not know at the moment.",
    )
    await sky(story, 18.0)
    await reports(story, phone, **NEAR)
    assert coffee_pushes(phone) == []
    assert await decided(story, phone) == [("refused", "OFFER_WEATHER_DIFFERS", "weather")]
    code, reason = await why_not(phone, **NEAR)
    assert code == "OFFER_WEATHER_DIFFERS"
    assert "18" in reason


async def test_capped(story: Story, admin: Any) -> None:
    """The budget of pushes is used up: the offer is still in the feed, no push comes, and the governor says why."""
    phone = await joins(story)
    await sky(story, 3.0)
    for number in range(8):  # the grocer's members get at most so many pushes
        await story.sells(phone, f"R-{number}", "10.00")
        await story.work()
    before = len(phone.pushes())
    await reports(story, phone, **NEAR)
    assert await in_feed(phone, **NEAR)
    assert coffee_pushes(phone) == []
    assert len(phone.pushes()) == before
    row = await admin.fetchrow("SELECT outcome, reason FROM message_decision WHERE template_key = 'offer-near'")
    assert row["outcome"] == "suppressed"
    assert "cap" in row["reason"] or "budget" in row["reason"]


async def test_had_today_already(story: Story) -> None:
    """Claimed and used up this morning: the limit of the day is the logged reason of the next occasion."""
    phone = await joins(story)
    await sky(story, 3.0)
    claimed = await phone.ask(
        "ClaimOffer", input={"offerId": ids.key_id("offer", COFFEE), "idempotencyKey": "tap", "at": NEAR}
    )
    assert claimed["claimOffer"]["userErrors"] == []
    await reports(story, phone, **NEAR)
    assert coffee_pushes(phone) == []
    assert await decided(story, phone) == [("refused", "OFFER_IN_HAND", "claim")]


async def test_a_phone_that_lies_opens_nothing(story: Story) -> None:
    """A mocked position, a rough one, and one that nobody could have reached: kept with their verdict, and no offer."""
    phone = await joins(story)
    await sky(story, 3.0)
    seen_at = story.now.isoformat()
    for changes, verdict in (
        ({"mocked": True}, "mocked"),
        ({"accuracyMetres": 900.0}, "inaccurate"),
        ({"seenAt": (story.now - timedelta(hours=1)).isoformat()}, "too_old"),
    ):
        at = {**NEAR, "accuracyMetres": 10.0, "seenAt": seen_at, **changes}
        answer = (await phone.ask("RecordPosition", input={"at": at}))["recordPosition"]["sighting"]
        assert (answer["believed"], answer["verdict"], answer["opened"]) == (False, verdict, [])
    await reports(story, phone, latitude=45.46, longitude=9.19)  # Milan
    story.turn(minutes=10)
    answer = await reports(story, phone, **NEAR)
    assert answer["verdict"] == "impossible_travel"
    await story.work()
    assert coffee_pushes(phone) == []


async def test_at_eight_by_the_clock_without_any_position(story: Story) -> None:
    """No background location at all: at eight, those whose favourite store is near a coffee bar are told, once."""
    story.turn(hours=-1)  # half past seven
    phone, elsewhere = await joins(story), await joins(story, "bo@example.org")
    await phone.ask("UpdateProfile", input={"homeStore": "store-367"})
    await elsewhere.ask("UpdateProfile", input={"homeStore": "store-406"})
    await sky(story, 3.0)
    clockwork = {
        schedule.name: schedule
        for schedule in schedules(story.fedele.database, story.fedele.programmes, None, "process")
    }

    async def tick(**by: float) -> None:
        story.turn(**by)
        for name in ("offers.plan_wakeups", "offers.ring"):
            await clockwork[name].run(story.clock())
        await story.work()

    await tick()
    assert coffee_pushes(phone) == []
    await tick(minutes=30)
    assert len(coffee_pushes(phone)) == 1
    for _ in range(3):
        await tick(minutes=10)
    await reports(story, phone, **NEAR)  # walking in is the same occasion
    assert len(coffee_pushes(phone)) == 1
    assert coffee_pushes(elsewhere) == []


async def test_the_demos_sky_opens_an_offer_at_any_hour(story: Story, tmp_path: Path) -> None:
    """What `fedele demo` writes is fetched by the worker's own schedule; day and night a weather offer is open."""
    write_weather(tmp_path / "sky.csv", story.now)
    source = CsvWeather(tmp_path / "sky.csv")
    work = schedules(story.fedele.database, story.fedele.programmes, source, "process")
    fetch = next(schedule for schedule in work if schedule.name == "offers.fetch_weather")
    phone = await joins(story)
    by_weather = {"It is cold outside", "Soup weather", "A grey day needs tea"}
    for hours in (0, 6, 12):
        story.turn(hours=hours)
        await fetch.run(story.clock())
        edges = (await phone.home(latitude=39.9520, longitude=-83.0010))["feed"]["edges"]
        assert by_weather & {edge["node"]["title"] for edge in edges}, story.now
