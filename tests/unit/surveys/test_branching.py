"""What is asked follows from the answers; a survey with a question that nobody can reach does not load."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fedele.domains.surveys.completeness import check, merge
from fedele.domains.surveys.config import Survey
from fedele.domains.surveys.errors import AnswerIncomplete, AnswerInvalid
from tests.factories.programme import SMALL, make_programme

AB = [{"key": "a", "text": "A"}, {"key": "b", "text": "B"}]


def survey(*questions: dict[str, Any]) -> Survey:
    """A survey of these questions."""
    asked = [{"text": "?", **question} for question in questions]
    return Survey.model_validate({"key": "s", "title": "S", "trigger": {"type": "always"}, "questions": asked})


def csat(key: str, when: str | None = None) -> dict[str, Any]:
    """A question, perhaps with a condition."""
    return {"key": key, "type": "csat", "when": when}


NPS = {"key": "nps", "type": "nps"}
BRANCHED = survey(
    NPS,
    {"key": "wrong", "type": "multiple", "choices": AB, "when": "answers.nps <= 6"},
    {"key": "why_a", "type": "single", "choices": AB, "when": "'a' in answers.wrong"},
    {"key": "praise", "type": "text", "when": "answers.nps >= 9"},
    {"key": "stars", "type": "matrix", "rows": AB, "choices": AB, "required": False},
    csat("more", "answers.stars['a'] == 'b'"),
)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({}, ["nps", "stars"]),
        ({"nps": 7}, ["nps", "stars"]),
        ({"nps": 9}, ["nps", "praise", "stars"]),
        ({"nps": 3}, ["nps", "wrong", "stars"]),
        ({"nps": 3, "wrong": ["b"]}, ["nps", "wrong", "stars"]),
        ({"nps": 3, "wrong": ["a", "b"]}, ["nps", "wrong", "why_a", "stars"]),
        ({"stars": {"a": "b"}}, ["nps", "stars", "more"]),
        ({"stars": {"b": "b"}}, ["nps", "stars"]),
        # What was answered on a branch that is no longer taken decides nothing.
        ({"nps": 9, "wrong": ["a"]}, ["nps", "praise", "stars"]),
    ],
)
def test_what_is_asked_follows_from_the_answers(answers: dict[str, Any], asked: list[str]) -> None:
    """Conditions over numbers, lists and rows; an answer that is not there makes none of them true."""
    assert list(BRANCHED.branches.asked(answers)) == asked


def test_a_branch_that_is_not_taken_is_neither_required_nor_kept() -> None:
    """Required questions are required where they are asked; other answers are left out."""
    assert check(BRANCHED, {"nps": 8}) == {"nps": 8}
    assert check(BRANCHED, {"nps": 8, "wrong": ["a"], "why_a": "b"}) == {"nps": 8}
    with pytest.raises(AnswerIncomplete, match="why_a"):
        check(BRANCHED, {"nps": 1, "wrong": ["a"]})
    with pytest.raises(AnswerInvalid, match="wrong"):
        check(BRANCHED, {"nps": 8, "wrong": ["c"]})


def test_every_row_of_a_required_matrix_is_answered() -> None:
    """The missing row is named; rows and choices that are not there are refused."""
    matrix = survey({"key": "m", "type": "matrix", "rows": AB, "choices": AB})
    assert check(matrix, {"m": {"b": "a", "a": "b"}}) == {"m": {"a": "b", "b": "a"}}
    with pytest.raises(AnswerIncomplete, match=r"m\.b"):
        check(matrix, {"m": {"a": "a"}})
    for wrong in ({"c": "a"}, {"a": "c"}, ["a"], "a"):
        with pytest.raises(AnswerInvalid):
            merge(matrix, {}, {"m": wrong})


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([NPS, csat("b", "answers.nps > 10")], "'b' can never be asked"),
        ([NPS, csat("b", "answers.nps < 3 && answers.nps > 7")], "'b' can never be asked"),
        (
            [NPS, csat("b", "answers.nps < 3"),
             csat("c", "answers.b == 1 && answers.nps > 7")],
            "'c' can never be asked",
        ),
        (
            [{"key": "m", "type": "multiple", "choices": AB, "choices_max": 1},
             csat("b", "'a' in answers.m && 'b' in answers.m")],
            "'b' can never be asked",
        ),
        ([csat("a", "answers.a == 1")], "waits for its own answer"),
        (
            [csat("a", "answers.b == 1"), csat("b", "answers.a == 1")],
            "'a' and 'b' wait for each other",
        ),
        (
            [csat("a", "answers.c == 1"), csat("b", "answers.a == 1"),
             csat("c", "answers.b == 1")],
            "'a' and 'c' wait for each other",
        ),
        ([csat("a", "answers.b == 1"), csat("b")], "'b', which is asked after"),
        ([NPS, csat("b", "answers.nsp > 1")], "Did you mean 'answers.nps'"),
        ([NPS, csat("b", "answers.nps == 'x'")], "cannot be used on"),
        ([NPS, csat("b", "answers.nps")], "gives a whole number where a condition"),
    ],
)  # fmt: skip
def test_a_survey_that_cannot_be_walked_does_not_load(questions: list[dict[str, Any]], words: str) -> None:
    """Unreachable questions, circles, questions asked too late, misspelt names and wrong types: each in words."""
    with pytest.raises(ValidationError, match=words):
        survey(*questions)


def test_a_programme_file_names_the_survey_with_the_mistake() -> None:
    """With its line, like any other mistake in the file."""
    text = SMALL + (
        "surveys:\n  - key: s\n    title: S\n    trigger: {type: always}\n    questions:\n"
        "      - {key: nps, type: nps, text: '?'}\n"
        "      - {key: b, type: csat, text: '?', when: answers.nps > 10}\n"
    )
    with pytest.raises(Exception, match=r"surveys\[0\].*question 'b' can never be asked"):
        make_programme(text)


@pytest.mark.parametrize(
    "when",
    [
        "size(answers.words) > 3",
        "answers.words.contains('price')",
        "answers.likes.size() == 3 && 'k9' in answers.likes",
    ],
)
def test_what_cannot_all_be_tried_is_believed(when: str) -> None:
    """Words, and lists of many choices, can be anything: such a condition is not refused."""
    choices = [{"key": f"k{number}", "text": "x"} for number in range(12)]
    loaded = survey(
        {"key": "words", "type": "text"}, {"key": "likes", "type": "multiple", "choices": choices},
        {"key": "b", "type": "csat", "when": when},
    )  # fmt: skip
    assert loaded.questions[2].when == when


WALKS = st.fixed_dictionaries(
    {"nps": st.integers(0, 10)},
    optional={
        "wrong": st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True),
        "why_a": st.sampled_from(["a", "b"]),
        "praise": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
        "stars": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["a", "b"]), min_size=1),
        "more": st.integers(1, 5),
    },
)


@settings(max_examples=80, deadline=None)
@given(answers=WALKS, data=st.data())
def test_any_order_of_steps_equals_one_submission(answers: dict[str, Any], data: st.DataObject) -> None:
    """Saved one by one or in parts, in any order, repeated, corrected on the way: the draft and what is kept of it are
    those of one submission of the last answers."""
    keys = data.draw(st.permutations(sorted(answers)))
    first = {key: data.draw(WALKS).get(key) for key in data.draw(st.lists(st.sampled_from(keys), unique=True))}
    draft: dict[str, Any] = merge(BRANCHED, {}, first)  # a first thought, to be corrected
    for key in set(first) - set(answers):
        draft = merge(BRANCHED, draft, {key: None})
    while keys:
        size = data.draw(st.integers(1, len(keys)))
        step = {key: answers[key] for key in keys[:size]}
        keys = keys[size:]
        for _ in range(data.draw(st.integers(1, 2))):
            draft = merge(BRANCHED, draft, step)
    at_once = merge(BRANCHED, {}, answers)
    assert draft == at_once
    assert list(draft) == list(at_once)
    assert outcome(draft) == outcome(answers)


def outcome(answers: dict[str, Any]) -> Any:
    """What completing with these answers gives."""
    try:
        return check(BRANCHED, answers)
    except AnswerIncomplete as refusal:
        return refusal.details
