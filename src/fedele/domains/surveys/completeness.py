"""Decide whether answers are complete and fit their questions, and what they say about the member."""

from typing import Any

from fedele.domains.surveys import errors
from fedele.domains.surveys.config import Csat, FreeText, Matrix, Multiple, Nps, Question, Rating, Single, Survey
from fedele.domains.surveys.events import Score
from fedele.domains.surveys.types import Answers


def merge(survey: Survey, draft: Answers, given: Answers) -> dict[str, Any]:
    """The answers so far after another step: each given answer replaces the one before, an empty one takes it away.

    In the survey's order, so that the same answers are the same draft however they came. Raises AnswerInvalid.
    """
    for key in given:
        if survey.question(key) is None:
            raise errors.AnswerInvalid(question=key, problem="the survey has no such question")
    merged: dict[str, Any] = {}
    for question in survey.questions:
        if question.key not in given:
            if question.key in draft:
                merged[question.key] = draft[question.key]
        elif not _empty(given[question.key]):
            merged[question.key] = _checked(question, given[question.key])
    return merged


def check(survey: Survey, answers: Answers) -> dict[str, Any]:
    """Complete answers as they are kept: known questions only, texts trimmed, empty ones left out, and those left out
    that were answered but, with the other answers as they are, are not asked.

    Raises AnswerIncomplete or AnswerInvalid for the first question that is wrong, in the survey's order.
    """
    merged = merge(survey, {}, answers)
    asked = survey.branches.asked(merged)
    for question in survey.questions:
        if question.required and question.key in asked and question.key not in merged:
            raise errors.AnswerIncomplete(question=question.key)
        if isinstance(question, Matrix) and question.required and question.key in asked:
            missing = [row.key for row in question.rows if row.key not in merged[question.key]]
            if missing:
                raise errors.AnswerIncomplete(question=f"{question.key}.{missing[0]}")
    return {key: merged[key] for key in asked if key in merged}


def preferences_of(survey: Survey, answers: Answers) -> dict[str, Any]:
    """What the answers say about the member's preferences, as the questions declare."""
    return {
        question.preference: _meaning(question, answers[question.key])
        for question in survey.questions
        if question.preference and question.key in answers
    }


def facts_of(survey: Survey, answers: Answers) -> dict[str, Any]:
    """The answers without what was said in words: what conditions may read as `member.answers`."""
    return {key: value for key, value in answers.items() if key not in survey.words}


def scores_of(survey: Survey, answers: Answers) -> dict[str, Score]:
    """The figures among the answers."""
    scores = {}
    for question in survey.questions:
        if question.key in answers and isinstance(question, Nps | Csat | Rating):
            best = question.scale if isinstance(question, Rating) else 10 if isinstance(question, Nps) else 5
            scores[question.key] = Score(kind=question.type, value=answers[question.key], best=best)
    return scores


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _meaning(question: Question, answer: Any) -> Any:
    if isinstance(answer, list):
        return [question.values.get(item, item) for item in answer]
    return question.values.get(str(answer), answer) if not isinstance(answer, dict) else answer


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
        case Matrix():
            return _matrix(question, given)
        case FreeText():
            return _text(question, given)


def _number(key: str, given: Any, low: int, high: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise errors.AnswerInvalid(question=key, problem=f"it is a whole number from {low} to {high}")
    return given


def _choice(question: Single, given: Any) -> str:
    if not isinstance(given, str) or given not in {choice.key for choice in question.choices}:
        raise errors.AnswerInvalid(question=question.key, problem="it is one of the choices' keys")
    return given


def _choices(question: Multiple, given: Any) -> list[str]:
    keys = [choice.key for choice in question.choices]
    if not isinstance(given, list) or any(key not in keys for key in given) or len(set(given)) != len(given):
        raise errors.AnswerInvalid(question=question.key, problem="it is a list of the choices' keys, each once")
    if question.choices_max is not None and len(given) > question.choices_max:
        raise errors.AnswerInvalid(question=question.key, problem=f"at most {question.choices_max} can be chosen")
    return [key for key in keys if key in given]


def _matrix(question: Matrix, given: Any) -> dict[str, str]:
    rows, keys = [row.key for row in question.rows], {choice.key for choice in question.choices}
    fits = isinstance(given, dict) and all(row in rows and given[row] in keys for row in given)
    if not fits:
        raise errors.AnswerInvalid(question=question.key, problem="it is one of the choices' keys for each row")
    return {row: given[row] for row in rows if row in given}


def _text(question: FreeText, given: Any) -> str:
    text = given.strip() if isinstance(given, str) else ""
    if not text or len(text) > question.length_max or "\x00" in text:
        raise errors.AnswerInvalid(question=question.key, problem=f"it is a text of {question.length_max} characters")
    return text
