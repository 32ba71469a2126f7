"""A checked expression as a tree: literals as they were written, macros expanded, each part with its place."""

from typing import Any

import pytest

from fedele.kernel.syntax_tree import Call, Comprehension, Constant, Elements, Select, Variable
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


def tree(text: str) -> Any:
    """The tree of a member condition."""
    return MEMBER_ENVIRONMENT.compile(text, "bool").tree


@pytest.mark.parametrize(
    ("written", "value"),
    [("-7", -7), ("9223372036854775807", 2**63 - 1), ("0", 0), ("'é🙂\\n'", "é🙂\n"), ("''", ""), ("true", True),
     ("false", False), ("1.5e3", 1500.0), ("null", None)],
)  # fmt: skip
def test_literals_are_read_as_they_were_written(written: str, value: object) -> None:
    """Negative and large numbers, letters beyond ASCII, and what protobuf would leave out: zero, false, empty."""
    found = tree(f"member.attributes.x == {written}")
    assert isinstance(found, Call)
    assert isinstance(found.arguments[1], Constant)
    assert found.arguments[1].value == value
    assert type(found.arguments[1].value) is type(value)


def test_names_keep_their_dots_and_parts_their_places() -> None:
    """A declared name is one variable; places count letters, not bytes, and lines from 1."""
    found = tree("member.locale == 'ü' &&\n  has(member.attributes.diet)")
    first, second = found.arguments
    assert first.arguments[0] == Variable(1, 7, "member.locale")
    assert second == Select(2, 6, Variable(2, 13, "member.attributes"), "diet", tests=True)


def test_a_macro_is_the_fold_that_it_stands_for() -> None:
    """exists over a list literal: the items, the variable and the predicate can all be found."""
    found = tree("['a', 'b'].exists(x, x in member.segments)")
    assert isinstance(found, Comprehension)
    assert isinstance(found.over, Elements)
    assert [item.value for item in found.over.items if isinstance(item, Constant)] == ["a", "b"]
    assert found.variable == "x"
    assert isinstance(found.step, Call)
    assert found.step.function == "_||_"
