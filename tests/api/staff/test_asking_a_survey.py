"""Staff open a survey to a member."""

from fedele.kernel.ids import encode_id, new_id
from tests.factories.engagement_operations import somebody_to_ask
from tests.fixtures.api import Api

ASK = """
mutation ($input: AskSurveyInput!) { askSurvey(input: $input) { invitation { state } userErrors { code field } } }
"""


async def test_nobody_is_not_asked(api: Api) -> None:
    """An id of no member is refused, and nothing is noted about them."""
    good = (await somebody_to_ask(api))["input"]
    nobody = good | {"memberId": encode_id("member", new_id())}
    refused = (await api.ask_staff(ASK, input=nobody))["data"]["askSurvey"]
    assert refused["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "memberId"]}]
    assert await api.database.reader.fetch_value("SELECT count(*) FROM survey_invitation") == 0
    asked = (await api.ask_staff(ASK, input=good))["data"]["askSurvey"]
    assert asked["userErrors"] == []
