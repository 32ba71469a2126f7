"""Conditions as SQL against CEL's evaluator, on random conditions over random members with holes in what is known."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fedele.db.database import connect
from fedele.domains.segments.conditions.operations import OPERATIONS
from fedele.domains.segments.conditions.translation import NotTranslatable, Parameters, translate
from fedele.kernel.expressions import Expression, ExpressionMistake
from fedele.kernel.vocabulary import SEGMENT_ENVIRONMENT
from tests.factories.conditions import NAMES, conditions, facts

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
MEMBERS = 100 if FUZZ else 64
EXAMPLES = 3_000 if FUZZ else 200


class Crowd:
    """Members in a table of their own, and both ways of asking about all of them."""

    def __init__(self, database_url: str) -> None:
        self.runner = asyncio.Runner()
        self.rows: list[Any] = []
        self.pairs = self.translated = self.true = 0
        self.connection = self.runner.run(self._open(database_url))

    async def _open(self, database_url: str) -> Any:
        connection = await connect(database_url)
        await connection.execute("CREATE TEMP TABLE member_facts AS SELECT * FROM public.member_facts LIMIT 0")
        given = [facts(seed) for seed in range(MEMBERS)]
        columns = list(given[0])
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await connection.executemany(
            f"INSERT INTO member_facts ({', '.join(columns)}) VALUES ({places})", [tuple(row.values()) for row in given]
        )
        self.rows = await connection.fetch("SELECT * FROM member_facts ORDER BY member_id")
        return connection

    def evaluated(self, expression: Expression) -> list[bool]:
        """What the evaluator says of each."""
        return [expression.holds(NAMES.bindings(row)) for row in self.rows]

    def asked(self, expression: Expression) -> list[bool]:
        """What SQL says of each."""
        parameters = Parameters()
        sql = translate(expression, NAMES, OPERATIONS, parameters)
        query = f"SELECT ({sql}) IS TRUE AS holds FROM member_facts f ORDER BY f.member_id"
        return [row["holds"] for row in self.runner.run(self.connection.fetch(*parameters.of(query)))]

    def close(self) -> None:
        """Let go of the connection."""
        self.runner.run(self.connection.close())
        self.runner.close()


@pytest.fixture(scope="module")
def crowd(database_url: str) -> Iterator[Crowd]:
    """The members."""
    made = Crowd(database_url)
    yield made
    made.close()


def compare(crowd: Crowd, text: str) -> None:
    """Ask both about everybody; fails where they differ. What CEL refuses, or has no SQL, is left out."""
    try:
        expression = SEGMENT_ENVIRONMENT.compile(text, "bool")
    except ExpressionMistake:
        return
    crowd.pairs += len(crowd.rows)
    try:
        said = crowd.asked(expression)
    except NotTranslatable:
        return
    crowd.translated += len(crowd.rows)
    wanted = crowd.evaluated(expression)
    crowd.true += sum(wanted)
    differing = [
        (dict(row), sql) for row, sql, answer in zip(crowd.rows, said, wanted, strict=True) if sql is not answer
    ]
    assert not differing, f"{text}: SQL says {differing[0][1]} of {differing[0][0]}"


def over_random_conditions(examples: int, *phases: Phase) -> Any:
    """`compare`, for so many random conditions; the same ones each time, but in `make fuzz`."""
    found = given(text=conditions())(compare)
    return settings(
        max_examples=examples, deadline=None, derandomize=not FUZZ, database=None, phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )(found)  # fmt: skip


def test_fuzzed_conditions_mean_in_sql_what_the_evaluator_says(crowd: Crowd) -> None:
    """Ten thousand pairs of condition and member and more: never another answer, and hardly a condition without SQL."""
    over_random_conditions(EXAMPLES, Phase.generate, Phase.shrink)(crowd)
    assert crowd.translated >= 10_000
    assert crowd.translated > 0.8 * crowd.pairs
    assert crowd.true > 0.1 * crowd.translated, "conditions that hold for nobody would prove little"


def test_the_comparison_sees_a_wrong_translation(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with `<` said as `<=`, the same comparison finds a difference."""
    monkeypatch.setitem(OPERATIONS, "_<_", OPERATIONS["_<=_"])  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="SQL says"):
        over_random_conditions(EXAMPLES, Phase.generate)(crowd)
