"""CEL expressions: what they accept, what they refuse in which words, and that no value is ever inexact."""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from fedele.kernel.chains import conjuncts
from fedele.kernel.conjuncts import first_failure
from fedele.kernel.expressions import ExpressionError, ExpressionMistake
from fedele.kernel.vocabulary import (
    CONTEXT_ENVIRONMENT,
    EVENT_ENVIRONMENT,
    LINE_ENVIRONMENT,
    MEMBER_ENVIRONMENT,
    EventAmount,
    LineCondition,
)

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


def condition(text, **values):
    """Evaluate a line condition; keyword `line_amount` means the name line.amount."""
    bound = {key.replace("__", "."): value for key, value in values.items()}
    return LINE_ENVIRONMENT.compile(text, "bool").evaluate(LINE_ENVIRONMENT.bind(bound))


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("line.amuont > 5.0", 1, 1, "does not know the name 'line.amuont'. Did you mean 'line.amount'?"),
        ("line.amount > 5.0 &&\n  member.teir == 'x'", 2, 3, "Did you mean 'member.tier'?"),
        ("line.amount > 5", 1, 13, "write 5.0 instead of 5"),
        ("line.department", 1, 1, "gives a text where a condition (true or false) is needed"),
        ("line.amount * 2.0", 1, 1, "gives a number with decimals where a condition"),
        ("weather.rain_millimetres > 1.0", 1, 1, "does not know the name 'weather.rain_millimetres'"),
        ("zebra", 1, 1, "Names here begin with: line, member, now, purchase"),
        ("line.amount >", 1, 14, "yntax error"),
        ("line.department == 5", 1, 17, "'==' cannot be used on string, int"),
        ("   ", 1, 1, "is empty"),
        pytest.param("'" + "x" * 4_000 + "' == 'x'", 1, 1, "longer than 4000", id="too long"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(text, line, column, words):
    """Compiling wrong text says line, column and words that help; it never raises anything else."""
    with pytest.raises(ExpressionMistake) as caught:
        LINE_ENVIRONMENT.compile(text, "bool")
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_what_is_not_known_is_an_error_value_that_says_so():
    """A missing name or map key makes no exception and no true: it is told as missing, by name."""
    missing_name = condition("line.amount > 5.0")
    missing_key = condition("line.attributes.colour == 'red'", line__attributes={})
    assert missing_name == ExpressionError("line.amount is not known", missing=True)
    assert missing_key == ExpressionError("colour is not known", missing=True)
    assert not LINE_ENVIRONMENT.compile("line.amount > 5.0", "bool").holds(LINE_ENVIRONMENT.bind({}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / (member.purchases_count - 3) > 0", "divide by zero"),
        ("now.hour > 0 && now.getHours('Mars') > 1", "Invalid timezone"),
        ("line.attributes.n > 3", "No matching overloads"),
        ("line.attributes.n", "gave a text where true or false is needed"),
    ],
)
def test_an_evaluation_that_goes_wrong_is_an_error_value(text, words):
    """Errors of evaluation come back as values with words, and are not called missing."""
    outcome = condition(text, now=NOW, now__hour=7, line__attributes={"n": "many"}, member__purchases_count=3)
    assert isinstance(outcome, ExpressionError)
    assert words in outcome.message
    assert not outcome.missing


def test_an_unknown_part_does_not_spoil_what_is_decided_anyway():
    """`false && unknown` is false and `true || unknown` is true, whatever the order."""
    assert condition("line.amount > 5.0 && now.hour == 7", now__hour=8) is False
    assert condition("line.amount > 5.0 || now.hour == 7", now__hour=7) is True


def test_moments_and_local_names_live_side_by_side():
    """`now` is a timestamp and `now.hour` a number of its own; nested datetimes arrive as ISO text."""
    assert condition(
        "now > member.joined_at && now.hour == 8 && line.attributes.baked.startsWith('2026-11-21')",
        now=NOW,
        now__hour=8,
        member__joined_at=datetime(2025, 1, 1, tzinfo=UTC),
        line__attributes={"baked": NOW, "weight": Decimal("1.5"), "list": (1, None, NOW)},
    )


def test_a_comprehension_variable_hides_a_name():
    """`purchase.lines.exists(line, …)` reads the element and not the line that is judged."""
    expression = LINE_ENVIRONMENT.compile("purchase.lines.exists(line, line.amount > 5.0)", "bool")
    bindings = LINE_ENVIRONMENT.bind({"line.amount": Decimal(1), "purchase.lines": [{"amount": Decimal("7.50")}]})
    assert expression.holds(bindings)


@given(
    st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False),
    st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False),
)
def test_comparing_an_amount_with_a_literal_is_exact(amount, literal):
    """Both sides become the double nearest to the same decimal, so ==, < and >= never lie about cents."""
    for operator, truth in (("==", amount == literal), ("<", amount < literal), (">=", amount >= literal)):
        assert condition(f"line.amount {operator} {literal}", line__amount=amount) is truth


@pytest.mark.parametrize(
    ("text", "minutes", "amount"),
    [
        ("event.properties.n * 1.1", "1.1", "1.21"),
        ("event.properties.n * 3", 7, "21"),
        ("0.1 + 0.2", 0, "0.3"),
        ("event.properties.n * 0.000001", 1.0, "0.000001"),
        ("12345.678901", 0, "12345.678901"),
        ("0.1", 0, "0.1"),
    ],
)
def test_a_computed_amount_carries_no_binary_noise(text, minutes, amount):
    """Amounts come back as the Decimal that a person would compute; plain numbers never pass through a float."""
    number = Decimal(minutes) if isinstance(minutes, str) else minutes
    bindings = EVENT_ENVIRONMENT.bind({"event.properties": {"n": number}})
    value = EVENT_ENVIRONMENT.compile(text, "number").evaluate(bindings)
    assert isinstance(value, Decimal)
    assert value == Decimal(amount)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False))
def test_a_constant_amount_is_exactly_what_was_written(number):
    """A number in the file is a Decimal all the way."""
    written = format(number, "f")
    assert EVENT_ENVIRONMENT.compile(written, "number").evaluate(EVENT_ENVIRONMENT.bind({})) == Decimal(written)


@pytest.mark.parametrize("text", ["1.0 / 0.0", "1000000.0 * 10000000.0"])
def test_an_amount_out_of_range_is_an_error(text):
    """Infinity and sums that nobody means are errors, never value."""
    outcome = EVENT_ENVIRONMENT.compile(text, "number").evaluate(EVENT_ENVIRONMENT.bind({}))
    assert isinstance(outcome, ExpressionError)


def test_true_is_no_amount():
    """A condition where a number is needed is refused when read; one that turns up when evaluated is an error."""
    with pytest.raises(ExpressionMistake, match="a number is needed"):
        EVENT_ENVIRONMENT.compile("1 < 2", "number")
    hidden = EVENT_ENVIRONMENT.compile("event.properties.flag", "number")
    outcome = hidden.evaluate(EVENT_ENVIRONMENT.bind({"event.properties": {"flag": True}}))
    assert isinstance(outcome, ExpressionError)


def test_a_misspelt_binding_is_our_bug_and_says_so():
    """Values for names that the environment does not declare are refused at once."""
    with pytest.raises(KeyError, match=r"declares no line\.amuont"):
        LINE_ENVIRONMENT.bind({"line.amuont": 1})
    with pytest.raises(TypeError, match="bindings of member given to an expression of line"):
        LINE_ENVIRONMENT.compile("true", "bool").evaluate(MEMBER_ENVIRONMENT.bind({}))


def test_an_expression_says_which_names_it_reads():
    """Only declared names, also inside comprehensions and functions; a constant reads none."""
    text = "now.hour < 10 && 'a' in member.segments && purchase.lines.exists(x, x.amount > line.amount)"
    names = LINE_ENVIRONMENT.compile(text, "bool").names
    assert names == {"now.hour", "member.segments", "purchase.lines", "line.amount"}
    assert EVENT_ENVIRONMENT.compile("5", "number").names == frozenset()


class _Rule(BaseModel):
    when: LineCondition
    amount: EventAmount


def test_a_model_reads_and_writes_expressions():
    """Fields take text, true/false and plain numbers, compare by text, and dump as text."""
    rule = _Rule(when=True, amount=Decimal("1.50"))
    assert rule == _Rule(when="true", amount="1.50")
    assert rule.model_dump(mode="json") == {"when": "true", "amount": "1.50"}
    assert _Rule.model_validate(rule.model_dump()) == rule
    with pytest.raises(ValidationError, match="line 1, column 1"):
        _Rule(when="lime.amount > 1.0", amount=1)
    with pytest.raises(ValidationError, match="must be a CEL expression"):
        _Rule(when=["no"], amount=1)


def test_every_declared_name_is_documented_and_compiles():
    """No name of the vocabulary is shadowed, misspelt or without a description."""
    for environment in (LINE_ENVIRONMENT, EVENT_ENVIRONMENT, CONTEXT_ENVIRONMENT):
        for name in environment.names.values():
            assert name.description.endswith(".")
            compared = {"bool": "", "int": " == 1", "number": " == 1.0", "text": " == ''", "moment": " == now"}
            text = name.key + compared.get(name.kind, ".size() >= 0")
            assert environment.compile(text, "bool").names == {name.key} | ({"now"} if name.kind == "moment" else set())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a && b&&c", ["a", "b", "c"]),
        ("(a && (b && c)) && d", ["a", "b", "c", "d"]),
        ("a || b && c", ["a || b && c"]),
        ("a && (b || c)", ["a", "b || c"]),
        ("a ? b && c : d", ["a ? b && c : d"]),
        ("(a) && (b)", ["a", "b"]),
        ("x == '&& (' && y == \"a\\\"&&\" && z == r'\\'", ["x == '&& ('", 'y == "a\\"&&"', "z == r'\\'"]),
        ("f(a && b) && [a && b][0]", ["f(a && b)", "[a && b][0]"]),
        ("a // && b\n && c", ["a // && b", "c"]),
        ("x == '''it's && ''' && b", ["x == '''it's && '''", "b"]),
    ],
)
def test_a_chain_is_split_where_cel_would(text, parts):
    """Only `&&` outside of brackets, strings, choices and alternatives separates parts."""
    assert [text[start:end] for start, end in conjuncts(text)] == parts


def test_the_first_failing_part_is_told_with_its_values():
    """Explain hears which part failed, where it stands, and what it saw."""
    expression = LINE_ENVIRONMENT.compile(
        "line.department == 'PRODUCE' &&\n  (now.hour < 10 && member.tier in ['harvest', 'orchard'])", "bool"
    )
    bindings = LINE_ENVIRONMENT.bind({"line.department": "PRODUCE", "now.hour": 11, "member.tier": "sprout"})
    failure = first_failure(expression, bindings)
    assert failure is not None
    assert (failure.text, failure.line, failure.column) == ("now.hour < 10", 2, 4)
    assert failure.values == (("now.hour", 11),)
    assert failure.error is None
    holding = LINE_ENVIRONMENT.bind({"line.department": "PRODUCE", "now.hour": 9, "member.tier": "orchard"})
    assert first_failure(expression, holding) is None


def test_a_part_that_cannot_be_known_is_told_as_such():
    """The failing part carries the error when a value is missing."""
    expression = LINE_ENVIRONMENT.compile("now.hour < 10 && member.birth_month == 3", "bool")
    failure = first_failure(expression, LINE_ENVIRONMENT.bind({"now.hour": 9}))
    assert failure is not None
    assert failure.error == ExpressionError("member.birth_month is not known", missing=True)
    assert failure.values == (("member.birth_month", None),)


_PARTS = ("now.hour < 10", "line.brand == 'x && y'", "(now.day > 3 || now.day < 2)")


@given(st.lists(st.sampled_from(_PARTS), max_size=5))
def test_explaining_agrees_with_evaluating(parts):
    """There is a first failure exactly where the whole condition does not hold."""
    text = " && ".join(parts) or "true"
    expression = LINE_ENVIRONMENT.compile(text, "bool")
    for hour, brand, day in ((9, "x && y", 5), (11, "", 2), (9, "", 1)):
        bindings = LINE_ENVIRONMENT.bind({"now.hour": hour, "line.brand": brand, "now.day": day})
        assert (first_failure(expression, bindings) is None) == expression.holds(bindings)


def test_many_sets_of_values_are_judged_each_for_itself():
    """What is unknown or wrong in one set is told in its place, and spoils no other."""
    condition = LINE_ENVIRONMENT.compile("line.category == 'COFFEE'", "bool")
    amount = LINE_ENVIRONMENT.compile("line.amount * 2.0", "number")
    sets = [
        LINE_ENVIRONMENT.bind({"line.category": category, "line.amount": 3}) for category in ("COFFEE", "TEA", None)
    ]
    held = condition.evaluate_each(sets)
    assert held[:2] == [True, False]
    assert held[2] == ExpressionError("line.category is not known", missing=True)
    assert amount.evaluate_each(sets) == [Decimal(6)] * 3
    assert LINE_ENVIRONMENT.compile("1.5", "number").evaluate_each(sets) == [Decimal("1.5")] * 3
    with pytest.raises(TypeError):
        condition.evaluate_each([EVENT_ENVIRONMENT.bind({})])


def test_expressions_may_be_evaluated_by_several_threads():
    """A compiled expression has no state of its own: threads get the answers of their own bindings."""
    expression = LINE_ENVIRONMENT.compile("line.amount > 50.0 && line.brand == 'x'", "bool")
    wrong: list[int] = []

    def evaluate(start: int) -> None:
        for number in range(start, start + 300):
            bindings = LINE_ENVIRONMENT.bind({"line.amount": number % 100, "line.brand": "x"})
            if expression.holds(bindings) != (number % 100 > 50):
                wrong.append(number)

    threads = [threading.Thread(target=evaluate, args=(start,)) for start in (0, 37, 71)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
