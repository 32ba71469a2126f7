"""The programme in the staff schema: planned in words, applied once, refused with the line of the mistake."""

from pathlib import Path

from tests.factories.programme import template_text

FOLDER = Path("graphql/operations/console")
APPLY = (FOLDER / "ApplyProgramme.graphql").read_text()
PLAN = (FOLDER / "PlanProgramme.graphql").read_text()
LIST = (FOLDER / "ListProgrammeVersions.graphql").read_text()

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
