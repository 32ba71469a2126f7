"""A room's `__init__.py` is believed: whom it may call is whom it imports, and what it announces is named there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fedele.domains

FOLDER = Path(fedele.domains.__file__).parent
ROOMS = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))
SENTENCE = re.compile(r"\b(?:may call|calls)\b:?([^.]*)\.", re.IGNORECASE)


def docstring(room: str) -> str:
    """What the room says of itself, as one line."""
    text = ast.get_docstring(ast.parse((FOLDER / room / "__init__.py").read_text(encoding="utf-8")))
    return " ".join((text or "").split())


def imported(room: str) -> set[str]:
    """The other rooms that any file of this room imports from."""
    modules: set[str] = set()
    for file in (FOLDER / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                modules |= {*names} if node.module == "fedele.domains" else {node.module}
            elif isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
    inside = {module.split(".")[2] for module in modules if module.startswith("fedele.domains.")}
    return inside - {room}


def announced(room: str) -> Iterator[str]:
    """The events that the room publishes: classes with a `kind`, but those that others of the file build upon."""
    file = FOLDER / room / "events.py"
    classes = (
        [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
        if file.exists()
        else []
    )
    bases = {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}
    for node in classes:
        fields = {
            part.target.id
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        }
        if node.name not in bases and "kind" in fields and any("Event" in ast.unparse(base) for base in node.bases):
            yield node.name


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_names_whom_it_calls(room: str) -> None:
    """`May call …` lists the rooms that the code imports: none is missing, none is there without need."""
    text = docstring(room)
    sentence = SENTENCE.search(text)
    assert sentence is not None or not imported(room), f"{room} does not say whom it may call"
    if sentence is None or "every room" in sentence[1]:
        return  # it stands on top of the house
    named = {other for other in ROOMS if other != room and re.search(rf"\b{other}\b", sentence[1])}
    assert named == imported(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_names_what_it_announces(room: str) -> None:
    """Each event of `events.py` stands in the docstring by its name; who announces nothing says so."""
    text = docstring(room)
    events = list(announced(room))
    assert [name for name in events if not re.search(rf"\b{name}\b", text)] == []
    assert events or "nnounce" in text, f"{room} does not say that it announces nothing"


def test_the_reading_sees_calls_and_events() -> None:
    """The control: were nothing read from the files, the tests above could not fail."""
    assert {"earning", "ledger", "members"} <= imported("rewards")
    assert {"RewardRedeemed", "SweepstakeWon"} <= set(announced("rewards"))
    assert len(ROOMS) > 30
