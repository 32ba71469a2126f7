"""An operator sees which days are closed, what each step did, and whose step failed."""

from fedele.api import ids
from tests.factories.standing_operations import two_weeks_closed
from tests.fixtures.api import Api

DAYS = "query ($last: Int) { closedDays(last: $last) { day finishedAt steps { key } failures { memberId error } } }"


async def test_the_last_nights_are_listed_with_their_failures(api: Api) -> None:
    """The newest first, the stated steps, and the one member for whom last night failed."""
    await two_weeks_closed(api)
    days = (await api.ask_staff(DAYS, last=3))["data"]["closedDays"]
    assert [day["day"] for day in days] == ["2026-11-20", "2026-11-19", "2026-11-18"]
    assert all(day["finishedAt"] for day in days)
    assert [step["key"] for step in days[0]["steps"]] == [
        "settle", "auto_rewards", "tiers", "expiry", "tiers_after_expiry", "announce_expiry",
    ]  # fmt: skip
    failed = {"memberId": ids.member_id(api.member.member_id), "error": "ValueError: broken"}
    assert [day["failures"] for day in days] == [[failed], [], []]


async def test_a_till_does_not_see_the_nights(api: Api) -> None:
    """They name members and faults; a till key lacks the scope."""
    answer = await api.ask_staff(DAYS, headers=api.till, last=3)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
