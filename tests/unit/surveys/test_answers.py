"""Answers are complete and fit their questions, or the first mistake is named."""

from typing import Any

import pytest

from fedele.domains.surveys.completeness import check, preferences_of
from fedele.domains.surveys.config import Survey
from fedele.domains.surveys.errors import AnswerIncomplete, AnswerInvalid

SURVEY = Survey.model_validate(
    {
        "key": "s",
        "title": "S",
        "trigger": {"type": "always"},
        "questions": [
            {"key": "nps", "type": "nps", "text": "?"},
            {"key": "csat", "type": "csat", "text": "?", "required": False},
            {"key": "stars", "type": "rating", "text": "?", "scale": 3, "required": False},
            {"key": "diet", "type": "single", "text": "?", "required": False, "preference": "diet",
             "choices": [{"key": "all", "text": "All"}, {"key": "vegan", "text": "Vegan"}]},
            {"key": "likes", "type": "multiple", "text": "?", "required": False, "choices_max": 2,
             "choices": [{"key": key, "text": key} for key in ("a", "b", "c")]},
            {"key": "words", "type": "text", "text": "?", "length_max": 10},
        ],
    }
)  # fmt: skip


def test_good_answers_are_kept_in_order_and_trimmed() -> None:
    """Numbers, keys and texts are kept; empty ones are left out; several choices follow the survey's order."""
    given = {"nps": 0, "likes": ["c", "a"], "words": "  fine  ", "diet": "vegan", "csat": None}
    assert check(SURVEY, given) == {"nps": 0, "diet": "vegan", "likes": ["a", "c"], "words": "fine"}
    assert preferences_of(SURVEY, check(SURVEY, given)) == {"diet": "vegan"}


@pytest.mark.parametrize(
    "given",
    [
        {"nps": 11}, {"nps": -1}, {"nps": True}, {"nps": "9"}, {"nps": 9.5},
        {"nps": 9, "csat": 0}, {"nps": 9, "stars": 4}, {"nps": 9, "diet": "meat"}, {"nps": 9, "likes": "a"},
        {"nps": 9, "likes": ["a", "a"]}, {"nps": 9, "likes": ["a", "b", "c"]}, {"nps": 9, "likes": ["d"]},
        {"nps": 9, "words": "eleven char"}, {"nps": 9, "words": 3}, {"nps": 9, "unknown": 1},
    ],
)  # fmt: skip
def test_answers_that_do_not_fit_are_refused(given: dict[str, Any]) -> None:
    """Out of range, of another type, not a choice, too long, or to a question that is not asked."""
    with pytest.raises(AnswerInvalid):
        check(SURVEY, given)


@pytest.mark.parametrize("given", [{}, {"nps": None}, {"words": "hi"}])
def test_a_required_question_must_be_answered(given: dict[str, Any]) -> None:
    """The missing question is named."""
    with pytest.raises(AnswerIncomplete, match="nps"):
        check(SURVEY, given)
