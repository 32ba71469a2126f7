"""Emarsys: win-back fires once after so many idle days and stops on a purchase; a sequence rule fires."""

from uuid import UUID

from fedele.domains.journeys.config import JourneysConfig
from fedele.domains.journeys.dealing import is_held_out
from fedele.kernel.ids import MemberId, decode_id
from tests.fixtures.story import Phone, Story

MISS = "we-miss-you-at-the-shop"


async def follow(story: Story) -> None:
    """What the worker does meanwhile: its journeys by the clock, then everything that follows."""
    for schedule in story.fedele.worker().schedules:
        if schedule.name.startswith("journeys."):
            await schedule.run(story.clock())
    await story.work()


async def days(story: Story, count: int) -> None:
    """So many days later."""
    story.turn(days=count)
    await follow(story)


def templates(phone: Phone) -> list[str]:
    """The templates of the pushes that arrived."""
    return [push["data"]["template"] for push in phone.pushes()]


async def trace(story: Story, phone: Phone, journey: str) -> list[tuple[str, list[str]]]:
    """What the console shows: each run's state and its lines."""
    answer = await story.run(
        "/staff/graphql", "console/TraceJourneys", story.staff, {"member": phone.member_id, "journey": journey}
    )
    return [
        (
            one["run"]["state"],
            [f"{line['step'] or ''} {line['kind']} {line['outcome']}".strip() for line in one["lines"]],
        )
        for one in answer["journeyTrace"]
    ]


async def treated(story: Story) -> Phone:
    """Somebody whom the journey's holdout does not leave alone."""
    programme = await story.fedele.programmes.at(story.now)
    journey = programme.section(JourneysConfig).find("win-back")
    assert journey is not None
    for number in range(20):
        phone = await story.joins(f"anna-{number}@example.org", "it")
        (found,) = decode_id("member", phone.member_id, 1)
        if not is_held_out(journey, UUID(str(MemberId(found)))):
            return phone
    raise AssertionError("nineteen of twenty are not held out")


async def test_win_back_fires_once_after_six_weeks_and_stops_on_purchase(story: Story) -> None:
    """One push, with the words and the link of the programme; the purchase ends it, and a new silence begins anew."""
    phone = await treated(story)
    for number in range(3):
        await story.sells(phone, f"S-{number}", "30.00")
        await follow(story)
    story.clock.now = story.now.replace(hour=15, minute=35)  # 10:35 in New York: quiet hours are over
    await days(story, 41)
    assert MISS not in templates(phone)
    for _ in range(3):
        await days(story, 1)
    assert templates(phone).count(MISS) == 1
    push = next(one for one in phone.pushes() if one["data"]["template"] == MISS)
    assert push["notification"]["title"] == "Ci manchi"
    assert push["data"]["deep_link"] == "harvestlane://offers/come-back"
    await story.sells(phone, "S-9", "30.00")
    await follow(story)
    await days(story, 4)
    await days(story, 4)
    assert templates(phone).count(MISS) == 1
    assert "last-days-of-come-back" not in templates(phone)
    ((state, lines),) = await trace(story, phone, "win-back")
    assert state == "GOAL"
    assert lines == [
        "enter entered", "late-morning wait elapsed", "five-dollars give given", "miss send sent",
        "patience goal reached", "patience end goal",
    ]  # fmt: skip
    await days(story, 36)
    await days(story, 1)
    assert [state for state, _ in await trace(story, phone, "win-back")] == ["ACTIVE", "GOAL"]
    await days(story, 1)
    assert templates(phone).count(MISS) == 2


async def test_two_visits_in_a_week_without_a_redemption_are_noticed(story: Story) -> None:
    """The sequence rule shows a card; to somebody who redeems, it does not."""
    shy, keen = await story.joins("sam@example.org", "en"), await story.joins("kim@example.org", "en")
    for phone in (shy, keen):
        await story.sells(phone, f"A-{phone.token}", "150.00", "80.00")
    await follow(story)
    story.turn(days=1, minutes=1)
    reward = next(
        one["node"] for one in (await keen.ask("ListRewards"))["me"]["rewards"]["edges"]
        if one["node"]["name"] == "A coffee on us"
    )  # fmt: skip
    taken = await keen.ask("RedeemReward", input={"idempotencyKey": "r", "rewardId": reward["id"]})
    assert not taken["redeemReward"]["userErrors"], taken
    story.turn(days=2)
    for phone in (shy, keen):
        await story.sells(phone, f"B-{phone.token}", "20.00")
    await follow(story)
    assert [state for state, _ in await trace(story, shy, "points-unused")] == ["COMPLETED"]
    assert await trace(story, keen, "points-unused") == []
    titles = [one["node"]["title"] for one in (await shy.ask("ListMessages"))["me"]["messages"]["edges"]]
    assert titles.count("A coffee on your points?") == 1
