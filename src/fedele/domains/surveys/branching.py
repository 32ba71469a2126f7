"""Decide which questions are asked, given answers; and, when a survey is read, that each can be asked at all.

A condition reads the answers to *earlier* questions and nothing else, so what is asked follows from the answers alone:
not from the order in which they were given, the clock or the phone. An app can judge the same text.
"""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fedele.kernel.expressions import Bindings, Environment, Expression, ExpressionMistake, Kind, Name

Answers = Mapping[str, Any]

TRIES_MAX = 3_000
"""So many combinations of answers are tried for a question; beyond, it is believed to be reachable."""

_KINDS: Mapping[str, Kind] = {
    "nps": "int", "csat": "int", "rating": "int", "single": "text", "multiple": "texts", "matrix": "map",
    "text": "text",
}  # fmt: skip
_SUBSETS_OF_MAX = 6  # choices: of these all subsets are tried
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_MENTIONED = re.compile(r"\banswers\.([a-z0-9_]+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A question as branching sees it: `values` are the possible numbers or choices."""

    key: str
    type: str
    when: str | None
    required: bool
    values: tuple[Any, ...] = ()
    rows: tuple[str, ...] = ()
    choices_max: int | None = None


class Branches:
    """A survey's questions with their conditions compiled. Equal programmes have equal conditions."""

    def __init__(self, survey_key: str, questions: tuple[Asked, ...]) -> None:
        self.questions = questions
        names = tuple(
            Name(f"answers.{question.key}", _KINDS[question.type], f"The answer to '{question.key}'.")
            for question in questions
            if _IDENTIFIER.fullmatch(question.key)
        )
        self._environment = Environment(f"answers of {survey_key}", names)
        self._conditions: dict[str, Expression] | None = None

    def asked(self, answers: Answers) -> tuple[str, ...]:
        """The keys of the questions that are asked, in order. An answer to a question that is not asked decides
        nothing: as if it had not been given."""
        return tuple(self._walk(answers))

    def check(self) -> None:
        """Raise ValueError naming the question whose condition is mistaken, goes in a circle or can never hold."""
        order = {question.key: index for index, question in enumerate(self.questions)}
        self._check_order(order)
        for index, question in enumerate(self.questions):
            if question.when is not None and not self._reachable(index):
                raise ValueError(
                    f"question '{question.key}' can never be asked: "
                    f"nothing that can be answered before it makes `{question.when}` true"
                )

    def _check_order(self, order: Mapping[str, int]) -> None:
        waits = {
            question.key: {key for key in _MENTIONED.findall(question.when or "") if key in order}
            for question in self.questions
        }
        for question in self.questions:
            later = sorted(key for key in waits[question.key] if order[key] >= order[question.key])
            if question.key in later:
                raise ValueError(f"question '{question.key}' waits for its own answer")
            for key in later:
                if _leads_to(waits, key, question.key):
                    raise ValueError(f"the questions '{question.key}' and '{key}' wait for each other")
                raise ValueError(f"question '{question.key}' reads the answer to '{key}', which is asked after it")
        _ = self._compiled  # raises for what is no condition

    @property
    def _compiled(self) -> Mapping[str, Expression]:
        if self._conditions is None:
            found = {}
            for question in self.questions:
                if question.when is None:
                    continue
                try:
                    found[question.key] = self._environment.compile(question.when, "bool")
                except ExpressionMistake as mistake:
                    raise ValueError(f"`when` of question '{question.key}' {mistake.message}") from None
            self._conditions = found
        return self._conditions

    def _walk(self, answers: Answers) -> Iterator[str]:
        conditions = self._compiled
        counted: dict[str, Any] = {}
        bindings: Bindings | None = None
        for question in self.questions:
            if (condition := conditions.get(question.key)) is not None:
                bindings = bindings or self._bind(counted)
                if not condition.holds(bindings):
                    continue
            yield question.key
            if question.key in answers:
                counted[question.key] = answers[question.key]
                bindings = None

    def _bind(self, answers: Answers) -> Bindings:
        known = self._environment.names
        return self._environment.bind({f"answers.{k}": v for k, v in answers.items() if f"answers.{k}" in known})

    def _reachable(self, index: int) -> bool:
        """Whether some possible answers lead to the question; also where there are too many to try them all."""
        target = self.questions[index]
        read = self._ancestors(index)
        complete = all(_complete(question) for question in read)
        tries = itertools.count()
        for answers in self._combinations(read, {}):
            if target.key in self.asked(answers):
                return True
            if next(tries) >= TRIES_MAX:
                return True
        return not complete

    def _ancestors(self, index: int) -> tuple[Asked, ...]:
        """The questions whose answers decide about this one, directly or through others, in order."""
        wanted, waiting = set[str](), [self.questions[index].when or ""]
        by_key = {question.key: question for question in self.questions[:index]}
        while waiting:
            for key in _MENTIONED.findall(waiting.pop()):
                if key in by_key and key not in wanted:
                    wanted.add(key)
                    waiting.append(by_key[key].when or "")
        return tuple(question for question in self.questions[:index] if question.key in wanted)

    def _combinations(self, read: tuple[Asked, ...], chosen: dict[str, Any]) -> Iterator[Answers]:
        if not read:
            yield chosen
            return
        first, rest = read[0], read[1:]
        for value in _possible(first):
            yield from self._combinations(rest, chosen if value is None else {**chosen, first.key: value})


def _leads_to(waits: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, waiting = set[str](), [start]
    while waiting:
        key = waiting.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            waiting.extend(waits[key])
    return False


def _possible(question: Asked) -> Iterator[Any]:
    """Answers worth trying; None: no answer."""
    match question.type:
        case "multiple":
            most = question.choices_max or len(question.values)
            sizes = range(1, min(most, len(question.values)) + 1)
            if len(question.values) > _SUBSETS_OF_MAX:
                sizes = range(1, min(most, 2) + 1)
                if most >= len(question.values):
                    yield list(question.values)
            for size in sizes:
                yield from (list(chosen) for chosen in itertools.combinations(question.values, size))
        case "matrix":
            rows = len(question.rows) if len(question.values) ** len(question.rows) <= TRIES_MAX else 1
            for chosen in itertools.product(question.values, repeat=rows):
                filled = chosen if rows == len(question.rows) else chosen * len(question.rows)
                yield dict(zip(question.rows, filled, strict=True))
        case "text":
            yield "…"
        case _:
            yield from question.values
    if not question.required:
        yield None


def _complete(question: Asked) -> bool:
    """Whether `_possible` leaves no answer out."""
    if question.type == "text":
        return False
    if question.type == "matrix":
        return question.required and len(question.values) ** len(question.rows) <= TRIES_MAX
    return question.type != "multiple" or len(question.values) <= _SUBSETS_OF_MAX
