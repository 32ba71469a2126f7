"""What an editor gets: every shipped programme is valid by the JSON Schema, a slip is not, and each key has words."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fedele
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.nodes import parse, plain
from fedele.domains.programme.queries import check, json_schema
from tests.factories.json_schema import invalid
from tests.factories.programme import template_text

SCHEMA = json_schema(PROGRAMME_SECTIONS)
TEMPLATES = sorted(path.stem for path in (Path(fedele.__file__).parent / "programmes").glob("*.yaml"))


def as_json(text: str) -> Any:
    """A file as an editor sees it: YAML 1.2, exact numbers as numbers."""
    return _numbers(plain(parse(text)))


def _numbers(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: _numbers(item) for key, item in value.items()}
        case list():
            return [_numbers(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_shipped_programme_is_valid_by_the_schema(name: str) -> None:
    """An editor underlines nothing in it; and `validate` agrees."""
    text = template_text(name)
    assert invalid(SCHEMA, as_json(text)) == []
    assert check(text, PROGRAMME_SECTIONS).sections


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("multiplier: 2\n", "multiplyer: 2\n"),
        ("type: purchase_multiplier", "type: purchase_multiplyer"),
        ("currency: points", "curency: points"),
        ("over: partial", "over: partly"),
        ("decimals: 0", "decimals: nine"),
        ("format: 1", "format: 2"),
        ("earning:", "earnings:"),
        ("latitude: 39.9520", "latitude: 139.9520"),
        ("home_currency: USD", "home_currency: dollars"),
    ],
)
def test_a_slip_is_underlined_in_the_editor(before: str, after: str) -> None:
    """The control: misspelt keys, types, choices, and values out of range are not valid by the schema."""
    text = template_text("grocer")
    assert before in text
    assert invalid(SCHEMA, as_json(text.replace(before, after, 1))) != []


def test_every_key_has_words() -> None:
    """Completion shows a sentence beside each key, and an example where a form has to be known."""
    properties = [(name, found) for model in _models(SCHEMA) for name, found in model.get("properties", {}).items()]
    silent = [name for name, found in properties if not found.get("description") and "$ref" not in found]
    assert silent == []
    assert sum("examples" in found for _, found in properties) >= 40
    assert not any("title" in found for _, found in properties)


def _models(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from schema["$defs"].values()
