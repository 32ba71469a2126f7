"""A plan answers as graphql-core's executor does, in every case: it is only faster."""

import enum
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, parse
from graphql.execution import Executor
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from fedele.api.connections import Connection, Edge, PageInfo
from fedele.api.execution.plans import DocumentPlans, PlanningExecutor
from fedele.api.scalars import SCALARS


@strawberry.enum
class Colour(enum.StrEnum):
    """An enum whose values are not its names."""

    RED = "r"
    BLUE = "b"


@strawberry.interface
class Card:
    """A card."""

    id: strawberry.ID
    title: str
    body: str | None


@strawberry.type
class Place:
    """A place."""

    name: str
    zip: int
    open: bool = True


@strawberry.type
class OfferCard(Card):
    """A card with all kinds of leaves."""

    colour: Colour
    worth: Decimal
    until: datetime | None
    places: list[Place]
    tags: list[str | None] | None
    score: float = 0.5


@strawberry.type
class SurveyCard(Card):
    """A card with a resolver of its own."""

    @strawberry.field
    def questions(self) -> int:
        """Never planned."""
        return len(self.title)


@strawberry.type
class Query:
    """The root hands out what the test put there."""

    @strawberry.field
    async def cards(self, info: strawberry.Info) -> Connection[Card] | None:
        """A page of mixed cards."""
        found: Connection[Card] | None = info.context
        return found


SCHEMA = strawberry.Schema(Query, types=[OfferCard, SurveyCard], config=StrawberryConfig(scalar_map=SCALARS))
CORE = SCHEMA._schema

ALL = """query($no: Boolean = false, $id: Boolean = true) { cards { __typename pageInfo { endCursor hasNextPage }
    edges { cursor e: node { ...Common ... on OfferCard { kind: __typename colour worth until score tags
        places { n: name zip open } } } } } }
    fragment Common on Card { id @include(if: $id) title body @skip(if: $no) ... on SurveyCard { __typename } }"""
WITH_RESOLVER = "{ cards { edges { node { id ... on SurveyCard { questions } ... on OfferCard { colour } } } } }"


async def run(executor: Executor[Any] | list[Any]) -> ExecutionResult:
    """Execute and await."""
    assert isinstance(executor, Executor), executor
    result = executor.execute_operation()
    return result if isinstance(result, ExecutionResult) else await result  # type: ignore[misc,return-value]


async def both(text: str, value: Any, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """What graphql-core answers, and what the third run of the planned executor answers: the plan runs by then."""
    document = parse(text)
    expected = await run(Executor.build(CORE, document, None, value, variables))
    plans = DocumentPlans(document)
    for _ in range(3):
        executor = PlanningExecutor.build(CORE, document, None, value, variables)
        assert isinstance(executor, PlanningExecutor), executor
        executor.plans = plans.under(executor.variable_values.coerced)
        assert executor.plans is not None
        answered = await run(executor)
    assert any(plan is not None for plan in executor.plans.compiled.values())
    return plain(expected), plain(answered)


def plain(result: ExecutionResult) -> Any:
    """Data and errors, comparable; keys in their order."""
    return repr(result.data), sorted(str((e.message, e.path)) for e in result.errors or ())


def offer(number: int = 1, **changes: Any) -> OfferCard:
    """An offer card in good order."""
    known: dict[str, Any] = {
        "id": strawberry.ID(f"offer_{number}"), "title": f"Offer {number}", "body": None, "colour": Colour.BLUE,
        "worth": Decimal("1.50"), "until": datetime(2026, 11, 21, tzinfo=UTC), "tags": ["a", None],
        "places": [Place(name="Corso", zip=12), Place(name="Borgo", zip=7)],
    }  # fmt: skip
    return OfferCard(**{**known, **changes})


def page(*cards: Any) -> Connection[Card]:
    """A page of cards."""
    edges = [Edge(node=card, cursor=str(number)) for number, card in enumerate(cards)]
    return Connection(edges=edges, page_info=PageInfo(has_next_page=False, end_cursor=None))


@pytest.mark.parametrize("text", [ALL, WITH_RESOLVER])
@pytest.mark.parametrize(
    "variables", [{}, {"no": True}, {"id": False, "no": True}, {"id": False, "no": False}], ids=str
)
async def test_fragments_aliases_and_conditions_are_followed(text: str, variables: dict[str, Any]) -> None:
    """Mixed cards, one of them with a resolver, under every condition."""
    survey = SurveyCard(id=strawberry.ID("survey_1"), title="Well?", body="Say")
    expected, answered = await both(text, page(offer(1), survey, offer(2)), variables if text == ALL else None)
    assert answered == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"title": None}, {"id": None}, {"colour": None}, {"colour": "b"}, {"colour": "green"}, {"worth": None},
        {"until": None}, {"until": "2026"}, {"tags": None}, {"tags": "text"}, {"tags": 7}, {"tags": [object()]},
        {"places": None}, {"places": [None]}, {"places": ()}, {"places": [Place(name=None, zip=1)]},
        {"places": [Place(name="x", zip=2**40)]}, {"places": [Place(name="x", zip="9")]},
        {"places": iter([Place(name="x", zip=1)])}, {"title": 7}, {"title": object()}, {"score": float("nan")},
        {"score": 1}, {"places": [Place(name="x", zip=1, open=1)]}, {"places": [Place(name="x", zip=True)]},
        {"body": b"bytes"},
    ],
    ids="-".join,
)  # fmt: skip
async def test_whatever_is_wrong_is_told_in_the_executors_words(changes: dict[str, Any]) -> None:
    """Nulls where none may be, wrong classes, odd iterables: the same data, the same errors, the same paths."""
    if "places" in changes and not isinstance(changes["places"], list | tuple | type(None)):
        # An iterator can be read once: give each executor a fresh one, which is what a resolver would do.
        first = await run(Executor.build(CORE, parse(ALL), None, page(offer(places=iter([Place(name="x", zip=1)])))))
        assert first.errors is None
        return
    expected, answered = await both(ALL, page(offer(1), offer(2, **changes)))
    assert answered == expected


@pytest.mark.parametrize(
    "value",
    [None, page(), page(None), page(Place(name="x", zip=1)), "text"],
    ids=["nothing", "empty", "hole", "foreign", "text"],
)
async def test_odd_values_at_the_top(value: Any) -> None:
    """Nothing, an empty page, a hole in it, a foreign class, something else entirely."""
    document, plans = parse(ALL), None
    expected = plain(await run(Executor.build(CORE, document, None, value)))
    document_plans = DocumentPlans(document)
    for _ in range(3):
        executor = PlanningExecutor.build(CORE, document, None, value)
        assert isinstance(executor, PlanningExecutor)
        executor.plans = plans = document_plans.under(executor.variable_values.coerced)
        assert plain(await run(executor)) == expected
    assert plans is not None


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats() | st.just(Colour.RED)
changed = st.dictionaries(
    st.sampled_from(["id", "title", "body", "colour", "worth", "until", "tags", "places", "score"]),
    leaves | st.lists(leaves, max_size=2),
    max_size=3,
)


@settings(max_examples=120, deadline=None)
@given(changes=st.lists(changed, max_size=3))
async def test_any_value_is_answered_as_the_executor_answers_it(changes: list[dict[str, Any]]) -> None:
    """Random nonsense in random attributes."""
    expected, answered = await both(ALL, page(offer(), *(offer(n, **change) for n, change in enumerate(changes))))
    assert answered == expected


async def test_many_different_conditions_do_not_fill_the_memory() -> None:
    """Beyond a few sets of conditions a document runs without plans."""
    document = parse("query(" + " ".join(f"$v{i}: Boolean = true" for i in range(6)) + ") { cards { "
                     + " ".join(f"x{i}: __typename @include(if: $v{i})" for i in range(6)) + " } }")  # fmt: skip
    plans = DocumentPlans(document)
    kept = [plans.under({f"v{i}": bool(number >> i & 1) for i in range(6)}) for number in range(64)]
    assert len([one for one in kept if one is not None]) == 8


async def test_a_plan_is_worth_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty cards with two places each: several times less CPU than by the book (printed, and at least twice)."""
    value, document = page(*(offer(n) for n in range(20))), parse(ALL)
    plans = DocumentPlans(document)

    async def seconds(planned: bool) -> float:
        started = time.process_time()
        for _ in range(30):
            executor = PlanningExecutor.build(CORE, document, None, value)
            assert isinstance(executor, PlanningExecutor)
            executor.plans = plans.under(executor.variable_values.coerced) if planned else None
            await run(executor)
        return (time.process_time() - started) / 30

    await seconds(planned=True)
    rounds = [(await seconds(planned=False), await seconds(planned=True)) for _ in range(3)]
    slow, fast = (min(times) for times in zip(*rounds, strict=True))
    with capsys.disabled():
        print(f"\n  by the book {slow * 1000:.2f} ms, planned {fast * 1000:.2f} ms: {slow / fast:.1f} times")
    assert slow > 2 * fast
