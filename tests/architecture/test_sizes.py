"""Files, functions and rooms stay small enough to hold in the head."""

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "fedele"
TESTS = Path(__file__).parents[1]

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
ROOM_FILES_MAX = 14

# name → why it may be larger
LARGE_FILES: dict[str, str] = {}
LARGE_FUNCTIONS: dict[str, str] = {}
LARGE_ROOMS: dict[str, str] = {}

BANNED_NAMES = {"service.py", "services.py", "utils.py", "helpers.py", "manager.py", "common.py", "misc.py"}


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with its length in lines, docstring included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_files_are_short() -> None:
    """No source or test file is longer than the hard limit."""
    long = {
        str(file.relative_to(SRC.parent)): count
        for file in [*SRC.rglob("*.py"), *TESTS.rglob("*.py")]
        if "node_modules" not in file.parts and (count := len(file.read_text().splitlines())) > FILE_LINES_MAX
        for file in [file if file.is_relative_to(SRC) else SRC.parent / file.name]
    }
    assert {name: count for name, count in long.items() if name not in LARGE_FILES} == {}


def test_functions_are_short() -> None:
    """No function is longer than the hard limit."""
    long = {
        f"{file.relative_to(SRC)}:{name}": count
        for file in SRC.rglob("*.py")
        for name, count in functions(file)
        if count > FUNCTION_LINES_MAX and "versions" not in file.parts  # a migration is one script of DDL
    }
    assert {name: count for name, count in long.items() if name not in LARGE_FUNCTIONS} == {}


def test_rooms_are_uncrowded() -> None:
    """No room has more files than one looks through at a glance."""
    rooms = [path for path in (SRC / "domains").iterdir() if path.is_dir() and path.name != "__pycache__"]
    crowded = {room.name: count for room in rooms if (count := len(list(room.glob("*.py")))) > ROOM_FILES_MAX}
    assert {name: count for name, count in crowded.items() if name not in LARGE_ROOMS} == {}


def test_exceptions_are_still_needed() -> None:
    """An exception that no longer applies is taken off the list."""
    names = {str(file.relative_to(SRC.parent)) for file in SRC.rglob("*.py")}
    assert set(LARGE_FILES) <= names


def test_no_drawer_for_odds_and_ends() -> None:
    """A file is named after what it holds, never 'utils'."""
    assert [str(file) for file in SRC.rglob("*.py") if file.name in BANNED_NAMES] == []
