"""Answering a survey over GraphQL: matrices, what is refused, and in which words."""

from typing import Any

from tests.factories.engagement_operations import a_survey
from tests.fixtures.api import Api

ANSWER = """
mutation ($input: AnswerSurveyInput!) {
  answerSurvey(input: $input) { survey { answered asked } earned { amount } userErrors { code message field } }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on Survey { key answered answers { question number choice text } } } }"


async def sent(api: Api, survey_id: str, *answers: dict[str, Any], complete: bool = True) -> dict[str, Any]:
    """The payload."""
    sending = {"surveyId": survey_id, "answers": list(answers), "complete": complete}
    answer = await api.ask(ANSWER, input=sending)
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["answerSurvey"]
    return payload


def codes(payload: dict[str, Any]) -> list[str]:
    """The refusals."""
    return [error["code"] for error in payload["userErrors"]]


async def test_answers_are_refused_by_code_and_taken_once(api: Api) -> None:
    """Missing, unfitting, ambiguous, of an unknown question or survey: a code each; then taken, found by its id, and
    final for other answers only when its time is over."""
    survey_id = (await a_survey(api))["input"]["surveyId"]
    score = {"question": "recommend", "number": 9}
    assert codes(await sent(api, survey_id, {"question": "better", "text": "x"})) == ["ANSWER_INCOMPLETE"]
    assert codes(await sent(api, survey_id, {"question": "recommend", "number": 11})) == ["ANSWER_INVALID"]
    assert codes(await sent(api, survey_id, {"question": "recommend", "choice": "9"})) == ["ANSWER_INVALID"]
    assert codes(await sent(api, survey_id, {**score, "text": "both"})) == ["INVALID_INPUT"]
    assert codes(await sent(api, survey_id, {"question": "nothing", "number": 1})) == ["ANSWER_INVALID"]
    assert codes(await sent(api, "survey_6e6f", score)) == ["NOT_FOUND"]
    step = await sent(api, survey_id, {"question": "recommend", "number": 3}, complete=False)
    assert step["survey"] == {"answered": False, "asked": ["recommend", "wrong", "better"]}
    done = await sent(api, survey_id, score, {"question": "best", "choice": "fresh"})
    assert (done["survey"]["answered"], done["earned"]["amount"]) == (True, "50")
    edited = await sent(api, survey_id, {"question": "best", "choice": "staff"})
    assert (codes(edited), edited["earned"]["amount"]) == ([], "50")
    node = (await api.ask(NODE, id=survey_id))["data"]["node"]
    assert node["answered"] is True
    assert {one["question"]: one["number"] or one["choice"] for one in node["answers"]} == {
        "recommend": 9,
        "best": "staff",
    }
