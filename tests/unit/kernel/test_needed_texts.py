"""Conditions that need a text are refuted without CEL exactly where CEL would say false."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.kernel.chains import needed_texts
from fedele.kernel.expressions import ExpressionError, Rows
from fedele.kernel.vocabulary import LINE_ENVIRONMENT

TEXTS = ("", "COFFEE", "TEA", "a && b", "naïve")
quoted = st.sampled_from(TEXTS).map(lambda text: f"'{text}'") | st.sampled_from(TEXTS).map(lambda text: f'"{text}"')
name = st.sampled_from(("line.category", "line.brand", "member.tier"))
needs = st.builds("{} == {}".format, name, quoted) | st.builds(
    lambda one, texts: f"{one} in [{', '.join(texts)}]", name, st.lists(quoted, min_size=1, max_size=3)
)
other = st.sampled_from(
    ("line.amount > 5.0", "line.attributes.colour == 'red'", "true", "!(line.brand == 'TEA')", "line.brand != 'TEA'",
     "line.brand.startsWith('C')", "[line.brand].exists(x, x == 'TEA')", "'TEA' == line.brand")
)  # fmt: skip
part = needs | other | st.builds("({} || {})".format, needs, other) | st.builds("({} && {})".format, needs, other)
condition = (
    st.lists(part, min_size=1, max_size=4).map(" && ".join)
    | st.builds("{} || {}".format, part, part)
    | st.builds("{} ? {} : {}".format, part, part, part)
)
values = st.fixed_dictionaries(
    {}, optional={one: st.sampled_from(TEXTS) for one in ("line.category", "line.brand", "member.tier")}
).flatmap(lambda texts: st.sampled_from(({}, {"line.amount": 7})).map(lambda more: texts | more))


@given(condition, values)
def test_the_answer_is_cels_own(text, bound):
    """Whatever is joined how, with names known and unknown: the short way says what CEL says."""
    expression = LINE_ENVIRONMENT.compile(text, "bool")
    bindings = LINE_ENVIRONMENT.bind(bound)
    raw = expression._program.eval(bindings._activation).value()
    found = expression.evaluate(bindings)
    assert isinstance(found, ExpressionError) if not isinstance(raw, bool) else found is raw


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("line.category == 'A'", {"line.category": {"A"}}),
        ("(line.category == 'A' && member.tier in ['x', \"y\"])", {"line.category": {"A"}, "member.tier": {"x", "y"}}),
        ("line.category == 'A' && line.amount > 5.0", {"line.category": {"A"}}),
        ("line.category == 'A' || line.amount > 5.0", {}),
        ("line.category == 'A' ? true : false", {}),
        ("!(line.category == 'A')", {}),
        ("line.category == 'A' + 'B'", {}),
        (r"line.category == 'A\n'", {}),
        ("line.category == r'A'", {}),
        ("line.category == '''A'''", {}),
    ],
)
def test_only_what_is_beyond_doubt_counts_as_needed(text, found):
    """A plain comparison of a name with plain texts, in a chain of && at the top."""
    assert {name: set(texts) for name, texts in needed_texts(text)} == found


def test_a_needed_text_is_found_without_cel(monkeypatch):
    """The point of it: where the text is another one, CEL is not asked at all."""
    expression = LINE_ENVIRONMENT.compile("line.category == 'A' && line.amount > 5.0", "bool")

    class Cel:
        def eval(self, _activation):
            raise AssertionError("CEL was asked")

    monkeypatch.setattr(expression, "_program", Cel())
    assert expression.evaluate(LINE_ENVIRONMENT.bind({"line.category": "B", "line.amount": 9})) is False
    with pytest.raises(AssertionError, match="CEL was asked"):
        expression.evaluate(LINE_ENVIRONMENT.bind({"line.category": "A", "line.amount": 9}))


_CATEGORIES = st.sampled_from(["A", "B", "C", None])
_ROWS = st.lists(
    st.tuples(_CATEGORIES, st.sampled_from(["gold", "blue", None]), st.sampled_from([1, 9, None])), max_size=4
)
_CONDITIONS = st.sampled_from(
    [
        "line.category == 'A' && line.amount > 5.0",
        "line.category in ['A', 'C'] && member.tier == 'gold'",
        "member.tier == 'gold' && (line.category == 'B' || line.amount > 5.0)",
        "line.category != 'A'",
        "line.amount > 5.0",
    ]
)


@given(_CONDITIONS, _ROWS)
def test_looking_at_all_rows_at_once_answers_what_each_row_does(text, rows):
    """A basket's lines judged together get the answers, and the errors, that they get one by one."""
    expression = LINE_ENVIRONMENT.compile(text, "bool")
    names = ("line.category", "member.tier", "line.amount")
    sets = [LINE_ENVIRONMENT.bind(dict(zip(names, row, strict=True))) for row in rows]
    assert expression.evaluate_each(Rows(sets)) == [expression.evaluate(one) for one in sets]
