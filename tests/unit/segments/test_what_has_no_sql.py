"""What conditions cannot say in SQL is refused with its place; what they can is sent with its values as parameters."""

import pytest

from fedele.domains.segments.conditions.operations import OPERATIONS
from fedele.domains.segments.conditions.translation import NotTranslatable, Parameters, translate
from fedele.kernel.vocabulary import SEGMENT_ENVIRONMENT
from tests.factories.conditions import NAMES


def sql_of(text: str) -> tuple[object, ...]:
    """The statement's condition and its values."""
    parameters = Parameters()
    return parameters.of(translate(SEGMENT_ENVIRONMENT.compile(text, "bool"), NAMES, OPERATIONS, parameters))


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("member.tier.matches('^g')", (1, 20), "matches()"),
        ("member.tier == 'x' ||\n  member.locale.charAt(0) == 'i'", (2, 23), "charAt()"),
        ("member.attributes.size + 1 > 2", (1, 24), "'+' of these"),
        ("member.attributes == {'a': 1}", (1, 22), "a map literal"),
        ("member.stores == ['a']", (1, 18), "a list outside of `in`, exists and all"),
        ("size(member.stores.filter(x, x != 'a')) > 1", (1, 26), "this macro"),
        ("member.joined_at.getHours('+02:00') > 3", (1, 26), "getHours() of this"),
        ("member.tier == b'x' || true", (1, 16), ""),
    ],
)
def test_a_part_without_sql_is_named_with_its_place(text: str, place: tuple[int, int], what: str) -> None:
    """Line and column count from 1 in the condition's own text, as mistakes of the programme file do."""
    if what == "":
        with pytest.raises(ValueError, match="cannot be used on"):
            sql_of(text)
        return
    with pytest.raises(NotTranslatable) as caught:
        sql_of(text)
    assert (caught.value.line, caught.value.column) == place
    assert caught.value.what == what


def test_texts_never_become_sql() -> None:
    """A literal travels as a value, whatever it holds; so does the key of a map."""
    nasty = "'; DROP TABLE member; --"
    sql, *values = sql_of(f'member.tier == "{nasty}" && member.attributes["{nasty}"] == 1')
    assert nasty in values
    assert "DROP" not in str(sql)


def test_only_values_that_are_read_are_sent() -> None:
    """The text inside duration() became microseconds: it is no value of the statement, whose numbers have no gaps."""
    sql, *values = sql_of("now - member.joined_at > duration('36h') && member.tier == 'gold'")
    assert "36h" not in values
    assert 36 * 3600 * 1_000_000 in values
    assert all(f"${number}" in str(sql) for number in range(1, len(values) + 1))


def test_a_condition_that_would_grow_without_end_is_refused() -> None:
    """A choice repeats its condition; fourteen, nested, would be half a million letters of SQL."""
    text = "member.purchases_count > 0"
    for _ in range(14):
        text = f"({text} ? member.tier == 'a' : member.tier == 'b')"
    with pytest.raises(NotTranslatable, match="so large an expression"):
        sql_of(text)
