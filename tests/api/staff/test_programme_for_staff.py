"""The programme in the staff schema: planned in words, applied once, refused with the line of the mistake."""

from decimal import Decimal
from pathlib import Path

from tests.factories.programme import template_text
from tests.factories.till_operations import settled

FOLDER = Path("graphql/operations/console")
APPLY = (FOLDER / "ApplyProgramme.graphql").read_text()
PLAN = (FOLDER / "PlanProgramme.graphql").read_text()
LIST = (FOLDER / "ListProgrammeVersions.graphql").read_text()
WITHDRAW = (FOLDER / "WithdrawProgramme.graphql").read_text()

CHEAPER = template_text("grocer").replace("amount: 500}\n    value: 5.00", "amount: 450}\n    value: 5.00")


async def test_a_change_is_planned_applied_and_listed(api):
    """plan → apply → the new version is in force for the next request, and history names who did it."""
    plan = (await api.ask_staff(PLAN, sourceText=CHEAPER))["data"]["programmePlan"]
    assert plan["valid"]
    assert [change["words"] for change in plan["changes"]] == ["rewards[five-off].cost.amount changes from 500 to 450"]
    applied = (await api.ask_staff(APPLY, input={"sourceText": CHEAPER}))["data"]["applyProgramme"]
    assert (applied["programme"]["version"], applied["created"], applied["userErrors"]) == (2, True, [])
    again = (await api.ask_staff(APPLY, input={"sourceText": CHEAPER}))["data"]["applyProgramme"]
    assert (again["programme"]["version"], again["created"]) == (2, False)
    listed = (await api.ask_staff(LIST))["data"]
    assert [version["version"] for version in listed["programmeVersions"]] == [2, 1]
    assert listed["programmeVersions"][0]["actor"] != ""


async def test_a_mistake_applies_nothing_and_names_the_line(api, admin):
    """Both plan and apply tell the line; nothing is written."""
    text = template_text("grocer").replace("multiplier: 2\n", "multiplyer: 2\n")
    line = text[: text.index("multiplyer")].count("\n") + 1
    answer = (await api.ask_staff(APPLY, input={"sourceText": text}))["data"]["applyProgramme"]
    assert answer["programme"] is None
    assert [(problem["line"], problem["path"]) for problem in answer["problems"]] == [
        (line, "earning.rules[1].multiplyer")
    ]
    assert [error["code"] for error in answer["userErrors"]] == ["PROGRAMME_INVALID"]
    plan = (await api.ask_staff(PLAN, sourceText=text))["data"]["programmePlan"]
    assert (plan["valid"], plan["problems"][0]["line"]) == (False, line)
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 1


async def test_the_past_is_refused_and_a_till_may_not_apply(api):
    """A version cannot begin in the past; the scope of a till is not enough."""
    values = {"sourceText": CHEAPER, "effectiveFrom": "2020-01-01T00:00:00+00:00"}
    answer = (await api.ask_staff(APPLY, input=values))["data"]["applyProgramme"]
    assert [error["code"] for error in answer["userErrors"]] == ["PROGRAMME_EFFECTIVE_IN_THE_PAST"]
    refused = await api.ask_staff(APPLY, headers=api.till, input={"sourceText": CHEAPER})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_retry_of_applying_gets_the_first_version_even_after_a_later_one(api, admin):
    """The key is remembered with what it did; the same key for another file is refused."""
    first = (await api.ask_staff(APPLY, input={"sourceText": CHEAPER, "idempotencyKey": "k"}))["data"]["applyProgramme"]
    await api.ask_staff(APPLY, input={"sourceText": template_text("grocer")})
    again = (await api.ask_staff(APPLY, input={"sourceText": CHEAPER, "idempotencyKey": "k"}))["data"]["applyProgramme"]
    assert first == again
    other = {"sourceText": template_text("corner-cafe"), "idempotencyKey": "k"}
    refused = (await api.ask_staff(APPLY, input=other))["data"]["applyProgramme"]
    assert [error["code"] for error in refused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await admin.fetchval("SELECT max(version) FROM programme_version") == 3


async def test_a_plan_that_was_overtaken_is_not_applied(api, admin):
    """expectedVersion: what another applied meanwhile is not undone unread."""
    await api.ask_staff(APPLY, input={"sourceText": CHEAPER, "expectedVersion": 1})
    values = {"sourceText": template_text("corner-cafe"), "expectedVersion": 1}
    answer = (await api.ask_staff(APPLY, input=values))["data"]["applyProgramme"]
    assert [error["code"] for error in answer["userErrors"]] == ["PROGRAMME_MOVED"]
    assert await admin.fetchval("SELECT max(version) FROM programme_version") == 2


async def test_a_scheduled_version_is_listed_and_withdrawn(api):
    """The list tells what is planned; withdrawing takes it back once, and never what is in force."""
    values = {"sourceText": CHEAPER, "effectiveFrom": "2099-01-01T00:00:00+00:00"}
    await api.ask_staff(APPLY, input=values)
    listed = (await api.ask_staff(LIST))["data"]["programmeVersions"]
    assert [(version["state"], version["endsAt"]) for version in listed] == [
        ("SCHEDULED", None),
        ("IN_FORCE", "2099-01-01T00:00:00+00:00"),
    ]
    answers = [(await api.ask_staff(WITHDRAW, input={"version": n}))["data"]["withdrawProgramme"] for n in (2, 2, 1, 7)]
    assert [answer["created"] for answer in answers] == [True, False, None, None]
    codes = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert codes == ["PROGRAMME_VERSION_BEGUN", "PROGRAMME_VERSION_UNKNOWN"]
    listed = (await api.ask_staff(LIST))["data"]["programmeVersions"]
    assert [version["state"] for version in listed] == ["WITHDRAWN", "IN_FORCE"]
    refused = await api.ask_staff(WITHDRAW, headers=api.till, input={"version": 1})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_plan_says_whom_it_touches_and_what_it_costs(api):
    """A dearer rule: whom it gave something to of late, and what the last days would have cost more."""
    sale = await settled(api)
    dearer = template_text("grocer").replace("multiplier: 2\n", "multiplier: 3\n").replace("amount: 200", "amount: 600")
    plan = (await api.ask_staff(PLAN, sourceText=dearer, costDays=28))["data"]["programmePlan"]
    assert [(one["section"], one["key"], one["members"]) for one in plan["affected"]] == [
        ("earning", "fresh-double", 1)
    ]
    (points,) = [one for one in plan["cost"]["currencies"] if one["currency"] == "points"]
    given = sum(award.units for award in sale.awards if award.currency == "points")
    assert (Decimal(points["given"]), points["gaining"], points["losing"]) == (given, 1, 0)
    assert (given, Decimal(points["wouldBe"])) == (200, 600)
    assert Decimal(points["unexplained"]) == 0
    assert (await api.ask_staff(PLAN, sourceText=dearer))["data"]["programmePlan"]["cost"] is None
    refused = await api.ask_staff(PLAN, sourceText=dearer, costDays=99_999)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
