"""Who is asked what, when: triggers, samples, limits, waiting, expiry; and that the job opens each survey once."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest

from fedele.api import ids
from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.members.events import MemberEnrolled
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.events import RedemptionUsed, RewardRedeemed
from fedele.domains.segments.events import SegmentEntered
from fedele.domains.surveys import commands, queries
from fedele.domains.surveys.commands import opening
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.events import SurveyOpened
from fedele.domains.surveys.handlers import told_of_opening
from fedele.domains.surveys.openness import drawn
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme
from tests.factories.surveys import BOUGHT_AT, LATER, PROGRAMME, answer, asked, bought, hears, opens


def asking(*surveys: str, limits: str = "{}", more: str = "") -> Programme:
    """A programme with these surveys, each as `key trigger [settings]`, one question each."""
    listed = "".join(
        f"  - {{key: {key}, title: '{key}', trigger: {{{trigger}}}, "
        f"questions: [{{key: q, type: nps, text: '?'}}]{rest}}}\n"
        for key, trigger, rest in (survey.split("|") for survey in surveys)
    )
    return make_programme(f"{SMALL}{more}survey_limits: {limits}\nsurveys:\n{listed}")


async def states(admin: Any) -> dict[tuple[str, str | None], int]:
    """How many invitations are in each state, for which reason."""
    rows = await admin.fetch("SELECT state, reason, count(*) FROM survey_invitation GROUP BY 1, 2")
    return {(row["state"], row["reason"]): row["count"] for row in rows}


async def opened(admin: Any) -> list[str]:
    """Which surveys were announced as open, in order."""
    rows = await admin.fetch(
        """
        SELECT payload->>'survey_key' AS key FROM outbox WHERE kind = 'surveys.opened'
         ORDER BY payload->>'occurred_at', 1
        """
    )
    return [row["key"] for row in rows]


def keys(found: tuple[Any, ...]) -> list[str]:
    """The surveys' keys."""
    return [one.survey.key for one in found]


async def test_a_survey_opens_an_hour_after_a_large_enough_purchase(database: Database, admin: Any) -> None:
    """Too early, too small and too late it is closed; the job announces it once, however often it comes round."""
    member_id = await enrolled(database)
    await bought(database, admin, member_id, 999, BOUGHT_AT - timedelta(minutes=1))
    purchase_id = await bought(database, admin, member_id, 1000)
    early = BOUGHT_AT + timedelta(minutes=59)
    assert await asked(database, member_id, Moment(early)) == ()
    assert await opens(database, early) == 0
    (one,) = await asked(database, member_id, LATER)  # it is open before the job has come round
    assert (one.survey.key, one.occasion) == ("shop", str(purchase_id))
    assert one.closes_at == BOUGHT_AT + timedelta(days=7, hours=1)
    assert sum(await asyncio.gather(*(opens(database, LATER.now) for _ in range(8)))) == 1
    assert await asked(database, member_id, LATER) == (one,)
    assert await opened(admin) == ["shop"]
    assert await asked(database, member_id, Moment(one.closes_at)) == ()
    assert await commands.close_due(database, Moment(one.closes_at)) == 1
    assert await states(admin) == {("expired", None): 1}


async def test_an_unanswered_survey_is_not_asked_after_each_purchase(database: Database, admin: Any) -> None:
    """`every_days` counts from when it was asked: five purchases in a month are one question, and no rows beside."""
    member_id = await enrolled(database)
    for days in (0, 2, 9, 20, 31):
        await bought(database, admin, member_id, 5000, BOUGHT_AT + timedelta(days=days))
        await opens(database, BOUGHT_AT + timedelta(days=days, hours=2))
    assert await states(admin) == {("open", None): 2}
    assert await opened(admin) == ["shop", "shop"]


async def test_hearing_of_a_purchase_again_invites_once(database: Database, admin: Any) -> None:
    """Handlers run at least once; ten at once make one invitation."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    event = PurchaseRecorded(
        member_id=member_id, occurred_at=BOUGHT_AT, purchase_id=purchase_id, store_id="s", currency="EUR",
        total_minor=5000,
    )  # fmt: skip
    await asyncio.gather(*(hears(database, event, BOUGHT_AT) for _ in range(10)))
    assert await states(admin) == {("waiting", None): 1}


async def test_a_purchase_that_came_back_is_not_asked_about(database: Database, admin: Any) -> None:
    """The whole of it, before the survey opened; a part of it changes nothing."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)

    def back(*, whole: bool) -> PurchaseReturned:
        return PurchaseReturned(
            member_id=member_id, occurred_at=BOUGHT_AT, purchase_id=purchase_id, return_id=new_id(), store_id="s",
            currency="EUR", total_minor=1, whole=whole,
        )  # fmt: skip

    await hears(database, back(whole=False), BOUGHT_AT)
    assert keys(await asked(database, member_id, LATER)) == ["shop"]
    await hears(database, back(whole=True), BOUGHT_AT)
    assert await asked(database, member_id, LATER) == ()
    assert await states(admin) == {("skipped", "returned"): 1}


async def test_each_trigger_asks_about_its_own_occasion(database: Database, admin: Any) -> None:
    """A visit (once a day and store), a used reward, a taken one, joining in three days, an event, a segment."""
    programme = asking(
        "visit|type: after_visit, stores: [s1], delay_minutes: 0, every_days: 0|",
        "used|type: after_redemption, rewards: [cup], delay_minutes: 0, every_days: 0|",
        "taken|type: after_redemption, on: taken, delay_minutes: 0|",
        "early|type: after_joining, days: 3|",
        "ride|type: after_event, event: ride, when: event.properties.minutes > 60, delay_minutes: 0|",
        "lapsed|type: on_segment, segment: lapsed|",
        limits="{open_max: 20}",
        more="places:\n  - {key: s1, name: S, latitude: 45.0, longitude: 9.0}\n"
        "rewards:\n"
        "  - {key: cup, type: discount_amount, name: Cup, value: 1.00, cost: {currency: points, amount: 10}}\n"
        "segments:\n  - {key: lapsed, name: Lapsed, when: member.days_since_purchase > 30}\n",
    )
    member_id = await enrolled(database)
    redemption = {"member_id": member_id, "occurred_at": BOUGHT_AT, "redemption_id": new_id()}

    async def happens(event: Any) -> list[str]:
        await hears(database, event, BOUGHT_AT, programme)
        return sorted(keys(await asked(database, member_id, Moment(BOUGHT_AT), programme)))

    checked_in = ActivityRecorded(
        member_id=member_id, occurred_at=BOUGHT_AT, event_id=new_id(), name="check_in", store_id="s1"
    )
    assert await happens(checked_in) == ["visit"]
    await bought(database, admin, member_id, programme=programme, store="s1")
    await bought(database, admin, member_id, programme=programme, store="s2")
    assert await states(admin) == {("open", None): 1}
    assert await happens(RedemptionUsed(**redemption, reward_key="hat")) == ["visit"]
    assert await happens(RedemptionUsed(**redemption, reward_key="cup")) == ["used", "visit"]
    assert await happens(RewardRedeemed(**redemption, reward_key="hat")) == ["taken", "used", "visit"]
    for minutes, more in ((50, []), (70, ["ride"])):
        event_id = await did(admin, member_id, "ride", {"minutes": minutes})
        event = ActivityRecorded(member_id=member_id, occurred_at=BOUGHT_AT, event_id=event_id, name="ride")
        assert await happens(event) == sorted(["taken", "used", "visit", *more])
    entered = SegmentEntered(member_id=member_id, occurred_at=BOUGHT_AT, segment="lapsed")
    assert "lapsed" in await happens(entered)
    assert "early" not in await happens(MemberEnrolled(member_id=member_id, occurred_at=BOUGHT_AT, source="app"))
    later = Moment(BOUGHT_AT + timedelta(days=3))
    assert "early" in keys(await asked(database, member_id, later, programme))


async def did(admin: Any, member_id: MemberId, name: str, properties: dict[str, Any]) -> Any:
    """An event on the books."""
    event_id = new_id()
    await admin.execute(
        """
        INSERT INTO activity_event (member_id, event_id, name, occurred_at, recorded_at, properties)
        VALUES ($1, $2, $3, $4, $4, $5::text::jsonb)
        """,
        member_id, event_id, name, BOUGHT_AT, orjson.dumps(properties).decode(),
    )  # fmt: skip
    return event_id


async def test_limits_hold_over_all_surveys(database: Database, admin: Any) -> None:
    """Two in thirty days: the third is skipped, one that may wait opens a day at a time later, an exempt one does not
    care; twenty workers at once do not get past the limit."""
    programme = asking(
        *(f"s{number}|type: on_demand, open_days: 60|" for number in range(5)),
        "patient|type: on_demand, open_days: 60|, wait_days: 40",
        "exempt|type: on_demand, open_days: 60|, exempt: true",
        limits="{asked_max: 2, days: 30}",
    )
    member_id = await enrolled(database)

    async def demand(key: str) -> object:
        async with database.transaction() as tx:
            return await commands.open_survey(tx, programme, member_id, key, "step", Moment(BOUGHT_AT))

    await asyncio.gather(*(demand(f"s{number}") for number in range(5) for _ in range(4)))
    assert await states(admin) == {("open", None): 2, ("skipped", "limit"): 3}
    await demand("patient")
    await demand("exempt")
    assert await states(admin) == {("open", None): 3, ("skipped", "limit"): 3, ("waiting", None): 1}
    for days in range(1, 32):
        await opens(database, BOUGHT_AT + timedelta(days=days), programme)
    assert (await opened(admin))[-1] == "patient"
    at = await admin.fetchval("SELECT opened_at FROM survey_invitation WHERE survey_key = 'patient'")
    assert at == BOUGHT_AT + timedelta(days=30)


@pytest.mark.parametrize(
    ("limits", "expected"), [("{quiet_days: 5}", "quiet"), ("{open_max: 1}", "open"), ("{asked_max: 1}", "limit")]
)
async def test_each_limit_stands_in_the_way_by_itself(
    database: Database, admin: Any, limits: str, expected: str
) -> None:
    """A quiet time after each, so many open at once, so many in a month; support reads which one it was."""
    programme = asking("a|type: on_demand|", "b|type: on_demand|", limits=limits)
    member_id = await enrolled(database)
    for key, days in (("a", 0), ("b", 4)):
        async with database.transaction() as tx:
            moment = Moment(BOUGHT_AT + timedelta(days=days))
            await commands.open_survey(tx, programme, member_id, key, "step", moment)
    assert await states(admin) == {("open", None): 1, ("skipped", expected): 1}
    newest = (await queries.track_record(database.reader, member_id))[0]
    assert (newest["survey_key"], newest["reason"]) == ("b", expected)


async def test_who_is_meant_is_judged_when_it_opens(database: Database, admin: Any) -> None:
    """Asked three days after joining, unless by then they have bought; a survey that left the programme opens never."""
    programme = asking("idle|type: after_joining, days: 3|, when: member.purchases_count == 0")
    idle, buyer, late = [await enrolled(database) for _ in range(3)]
    for member_id in (idle, buyer, late):
        event = MemberEnrolled(member_id=member_id, occurred_at=BOUGHT_AT, source="app")
        await hears(database, event, BOUGHT_AT, programme)
    await bought(database, admin, buyer, programme=programme)
    later = BOUGHT_AT + timedelta(days=3)
    assert keys(await asked(database, buyer, Moment(later), programme)) == []
    assert keys(await asked(database, idle, Moment(later), programme)) == ["idle"]
    assert await opens(database, later, programme) == 2
    assert await opens(database, later, programme) == 0
    assert await states(admin) == {("open", None): 2, ("skipped", "not_meant"): 1}
    without = asking("other|type: on_demand|")
    await admin.execute("UPDATE survey_invitation SET state = 'waiting', opened_at = NULL, reason = NULL")
    await opens(database, later, without)
    assert await states(admin) == {("skipped", "gone"): 3}


async def test_a_sample_is_the_same_whoever_asks(database: Database, admin: Any) -> None:
    """A fifth of the members, always the same; of occasions, a fifth of each member's. None of the others has a row."""
    programme = asking(
        "m|type: on_demand|, sample: {percent: 20, by: members}", "o|type: on_demand|, sample: {percent: 20}"
    )
    of_members, of_occasions = programme.section(SurveysConfig)
    ids = [MemberId(new_id()) for _ in range(2000)]
    chosen = {one for one in ids if drawn(of_members, one, "x")}
    assert chosen == {one for one in ids if drawn(of_members, one, "y")}
    assert 320 <= len(chosen) <= 480  # 400 ± 4.5 standard deviations
    occasions = [drawn(of_occasions, ids[0], str(number)) for number in range(2000)]
    assert 320 <= sum(occasions) <= 480
    out = await enrolled(database)
    while drawn(of_members, out, ""):
        out = await enrolled(database)
    async with database.transaction() as tx:
        assert await commands.open_survey(tx, programme, out, "m", "step", Moment(BOUGHT_AT)) is None
    assert await states(admin) == {}


async def test_one_failing_member_keeps_nobody_from_being_asked(
    database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their trouble is logged and tried again later; the others' surveys open."""
    members = [await enrolled(database) for _ in range(3)]
    for member_id in members:
        await bought(database, admin, member_id)
    real = opening.find_facts

    async def failing(db: Any, programme: Programme, member_id: MemberId, at: Any) -> Any:
        if member_id == members[0]:
            raise ZeroDivisionError
        return await real(db, programme, member_id, at)

    monkeypatch.setattr(opening, "find_facts", failing)
    assert await opens(database, LATER.now) == 2
    monkeypatch.undo()
    assert await opens(database, LATER.now) == 0
    assert await opens(database, LATER.now + timedelta(minutes=10)) == 1


async def test_a_job_that_dies_again_and_again_asks_everybody_once(
    database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of every third member and begun again: twelve are asked and told, none twice."""
    for _ in range(12):
        await bought(database, admin, await enrolled(database))
    real, asked_so_far = opening.find_facts, 0
    reached = asyncio.Event()

    async def stopping(db: Any, programme: Programme, member_id: MemberId, at: Any) -> Any:
        nonlocal asked_so_far
        asked_so_far += 1
        if asked_so_far % 3 == 0:
            reached.set()
            await asyncio.Event().wait()  # inside the transaction, until the job is killed
        return await real(db, programme, member_id, at)

    monkeypatch.setattr(opening, "find_facts", stopping)
    deaths = 0
    while True:
        reached.clear()
        job, dying = asyncio.create_task(opens(database, LATER.now)), asyncio.create_task(reached.wait())
        await asyncio.wait({job, dying}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        dying.cancel()
        if job.done():
            break
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        deaths += 1
    assert deaths >= 5
    assert await states(admin) == {("open", None): 12}
    assert len(await opened(admin)) == 12


async def test_an_always_open_survey_begins_with_the_first_step(database: Database, admin: Any) -> None:
    """Nobody is told; whoever answers has an invitation then, and is not asked again. It counts towards no limit."""
    programme = asking("wish|type: always|", "b|type: on_demand|", limits="{asked_max: 1}")
    member_id = await enrolled(database)
    assert keys(await asked(database, member_id, LATER, programme)) == ["wish"]
    assert await states(admin) == {}
    await answer(database, member_id, "", {"q": 7}, survey="wish", programme=programme)
    assert keys(await asked(database, member_id, LATER, programme)) == []
    assert await states(admin) == {("answered", None): 1}
    async with database.transaction() as tx:
        assert await commands.open_survey(tx, programme, member_id, "b", "step", LATER) is not None


def test_a_message_names_the_survey_and_leads_to_it() -> None:
    """The title in every language, and the API's own id for the deep link."""
    event = SurveyOpened(
        member_id=MemberId(new_id()), occurred_at=BOUGHT_AT, survey_key="shop", occasion="abc", closes_at=LATER.now
    )
    values = told_of_opening(event, PROGRAMME)
    assert values is not None
    assert values["survey_id"] == ids.key_id("survey", "shop:abc")
    assert told_of_opening(event, make_programme()) is None
