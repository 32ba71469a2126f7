"""Decide whether answers are complete and fit their questions."""

from typing import Any

from fedele.domains.surveys import errors
from fedele.domains.surveys.config import Csat, FreeText, Multiple, Nps, Question, Rating, Single, Survey
from fedele.domains.surveys.types import Answers


def check(survey: Survey, answers: Answers) -> dict[str, Any]:
    """The answers as they are kept: known questions only, texts trimmed, empty ones left out.

    Raises AnswerIncomplete or AnswerInvalid for the first question that is wrong, in the survey's order.
    """
    known = {question.key for question in survey.questions}
    for key in answers:
        if key not in known:
            raise errors.AnswerInvalid(question=key, problem="the survey has no such question")
    kept: dict[str, Any] = {}
    for question in survey.questions:
        given = answers.get(question.key)
        if given is None or given in ("", []):
            if question.required:
                raise errors.AnswerIncomplete(question=question.key)
            continue
        kept[question.key] = _checked(question, given)
    return kept


def preferences_of(survey: Survey, answers: Answers) -> dict[str, Any]:
    """What the answers say about the member's preferences, as the questions declare."""
    return {
        question.preference: answers[question.key]
        for question in survey.questions
        if isinstance(question, Single | Multiple) and question.preference and question.key in answers
    }


def _checked(question: Question, given: Any) -> Any:
    match question:
        case Nps():
            return _number(question.key, given, 0, 10)
        case Csat():
            return _number(question.key, given, 1, 5)
        case Rating():
            return _number(question.key, given, 1, question.scale)
        case Single():
            return _choice(question, given)
        case Multiple():
            return _choices(question, given)
        case FreeText():
            return _text(question, given)


def _number(key: str, given: Any, low: int, high: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise errors.AnswerInvalid(question=key, problem=f"it is a whole number from {low} to {high}")
    return given


def _choice(question: Single, given: Any) -> str:
    if given not in {choice.key for choice in question.choices}:
        raise errors.AnswerInvalid(question=question.key, problem="it is one of the choices' keys")
    return str(given)


def _choices(question: Multiple, given: Any) -> list[str]:
    keys = [choice.key for choice in question.choices]
    if not isinstance(given, list) or any(key not in keys for key in given) or len(set(given)) != len(given):
        raise errors.AnswerInvalid(question=question.key, problem="it is a list of the choices' keys, each once")
    if question.choices_max is not None and len(given) > question.choices_max:
        raise errors.AnswerInvalid(question=question.key, problem=f"at most {question.choices_max} can be chosen")
    return [key for key in keys if key in given]


def _text(question: FreeText, given: Any) -> str:
    text = given.strip() if isinstance(given, str) else None
    if text is None or len(text) > question.length_max:
        raise errors.AnswerInvalid(question=question.key, problem=f"it is a text of {question.length_max} characters")
    return text
