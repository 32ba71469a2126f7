"""A survey in Arabic: asked by push, answered on two phones, made good, kept in the profile, gone from the feed."""

from typing import Any

import orjson

from fedele.api import ids
from fedele.jobs.schedule import run_due
from fedele.kernel.clock import Moment
from tests.fixtures.story import Phone, Story

QUEUE = "خدمة سيئة جدا، انتظرت طويلاً عند الصندوق وتجربة مريعة"  # terrible service, a long wait


async def surveys_of(phone: Phone, *, answered: bool = False) -> dict[str, dict[str, Any]]:
    """The member's surveys, by key."""
    found = (await phone.ask("ListSurveys", answered=answered))["me"]["surveys"]
    return {one["key"]: one for one in found}


async def clockwork(story: Story) -> None:
    """What is due by the clock, and what follows from it."""
    due = [schedule for schedule in story.fedele.worker().schedules if schedule.name.startswith("surveys.")]
    assert len(due) == 2
    await run_due(story.fedele.database, due, Moment(story.now))
    await story.work()


async def answers(
    phone: Phone, survey: dict[str, Any], *given: dict[str, Any], complete: bool = True
) -> dict[str, Any]:
    """Send answers; the payload."""
    sent = {"surveyId": survey["id"], "answers": list(given), "complete": complete}
    payload: dict[str, Any] = (await phone.ask("AnswerSurvey", input=sent))["answerSurvey"]
    assert payload["userErrors"] == []
    return payload


async def test_a_survey_in_arabic_from_question_to_make_good_to_profile_to_feed(story: Story, admin: Any) -> None:
    """The push has the Arabic title and leads to the survey; steps are kept; the branch follows the score; the answer
    is paid once, made good at once, reaches segments without a word of the member's, and the survey leaves the feed."""
    phone = await story.joins("layla@example.org", "ar")
    await phone.ask("SetConsent", input={"purpose": "SURVEYS", "channel": "PUSH", "granted": True, "wording": "t"})
    await story.sells(phone, "R-0", "22.00")
    await story.work()
    await clockwork(story)
    assert not [push for push in phone.pushes() if "surveys" in push["data"].get("deep_link", "")]  # an hour too early

    story.turn(hours=2)
    await clockwork(story)
    (push,) = [push for push in phone.pushes() if "surveys" in push["data"].get("deep_link", "")]
    survey = (await surveys_of(phone))["after-shop"]
    assert push["notification"]["title"] == "كيف كان تسوّقك؟" == survey["title"]
    assert push["data"]["deep_link"] == f"harvestlane://surveys/{survey['id']}"
    assert survey["asked"] == ["recommend", "better"]
    assert survey["questions"][0]["text"] == "ما مدى احتمال أن توصي بنا لصديق؟"
    for number in (1, 2):  # from the third purchase on they are asked what they wish; these open nothing more
        await story.sells(phone, f"R-{number}", "22.00")
    await story.work()
    assert set(await surveys_of(phone)) == {"after-shop", "wishes"}
    assert len(await card_keys(phone)) == 1

    kept = await answers(phone, survey, {"question": "recommend", "number": 2}, complete=False)
    assert kept["survey"]["asked"] == ["recommend", "wrong", "better"]
    elsewhere = (await surveys_of(phone))["after-shop"]  # on the tablet
    assert [one["question"] for one in elsewhere["answers"]] == ["recommend"]
    rest = ({"question": "wrong", "choices": ["wait"]}, {"question": "better", "text": QUEUE})
    done = await answers(phone, elsewhere, *rest)
    assert (done["earned"], done["thanks"]) == ({"currency": "points", "amount": "50"}, "شكرًا لك! نقاطك على البطاقة.")
    again = await answers(phone, survey, {"question": "recommend", "number": 2}, *rest)
    assert again["earned"] == done["earned"]
    assert await earned_from(admin, "survey") == 1
    await story.work()
    (case,) = (await phone.ask("ListCases"))["me"]["cases"]
    assert [(one["name"], one["amount"]) for one in case["makeGoods"]] == [("اعتذارنا", "100")]
    messages = (await phone.ask("ListMessages"))["me"]["messages"]["edges"]
    assert "اعتذارنا" in {edge["node"]["title"] for edge in messages}

    wishes = (await surveys_of(phone))["wishes"]
    await answers(
        phone, wishes, {"question": "rewards", "choices": ["treats"]}, {"question": "diet", "choice": "halal"}
    )
    profile = orjson.loads(await admin.fetchval("SELECT preferences::text FROM member_profile"))
    assert (profile["wished_rewards"], profile["diet"]) == (["treats"], "halal")
    assert await card_keys(phone) == set()
    assert (await surveys_of(phone)) == {}
    assert set(await surveys_of(phone, answered=True)) == {"after-shop"}  # it can be changed for two days

    await story.work()
    facts = await admin.fetchval("SELECT answers::text FROM member_facts")
    assert orjson.loads(facts)["after-shop"] == {"recommend": 2, "wrong": ["wait"]}
    told = "".join(row["text"] for row in await admin.fetch("SELECT payload::text AS text FROM outbox"))
    assert QUEUE not in told

    since, until = "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"
    asked = {"survey": "after-shop", "since": since, "until": until, "by": "STORE"}
    report = await story.run("/staff/graphql", "console/ShowSurveyReport", story.staff, asked)
    (store,) = report["surveyReport"]["groups"]
    assert (store["key"], store["opened"], store["answered"]) == ("store-367", 1, 1)
    assert (store["questions"][0]["detractors"], store["questions"][0]["nps"]["value"]) == (1, -100.0)


async def test_nobody_is_pushed_a_survey_who_did_not_agree_to_it(story: Story, admin: Any) -> None:
    """Marketing was agreed to, surveys were not: the survey waits in the feed, without a push."""
    phone = await story.joins("omar@example.org", "ar")
    await story.sells(phone, "R-1", "22.00")
    await story.work()
    story.turn(hours=2)
    await clockwork(story)
    assert set(await surveys_of(phone)) == {"after-shop"}
    assert await card_keys(phone) == {"after-shop"}
    assert not [push for push in phone.pushes() if "surveys" in push["data"].get("deep_link", "")]
    assert await admin.fetchval("SELECT state FROM survey_invitation") == "open"


async def card_keys(phone: Phone) -> set[str]:
    """The surveys in the feed."""
    edges = (await phone.home())["feed"]["edges"]
    shown = [edge["node"]["survey"]["id"] for edge in edges if edge["node"]["kind"] == "survey"]
    return {(ids.find_key("survey", one) or "").partition(":")[0] for one in shown}


async def earned_from(admin: Any, source: str) -> int:
    """How many lots came from this."""
    count: int = await admin.fetchval("SELECT count(*) FROM lot WHERE source = $1", source)
    return count
