"""The lock files: hashes everywhere, no address anywhere, and the same versions in both."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = {"runtime": ROOT / "requirements.lock", "tests": ROOT / "tests" / "requirements.lock"}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)")


def normalised(name: str) -> str:
    """A project's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: Path) -> dict[str, str]:
    """Project → version."""
    found = (PIN.match(line) for line in file.read_text().splitlines())
    return {normalised(match[1]): match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_everything_is_pinned_by_hash_and_nothing_by_address(name: str) -> None:
    """A lock says what, never from where; each requirement has at least one hash."""
    text = LOCKS[name].read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 50
    assert [each.split()[0] for each in requirements if "--hash=sha256:" not in each or not PIN.match(each)] == []
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url.*|--find-links.*", text) == []


def test_tests_run_on_what_ships() -> None:
    """What both locks hold, they hold in the same version; the test lock lacks nothing of the other."""
    runtime, tests = pins(LOCKS["runtime"]), pins(LOCKS["tests"])
    assert {name: version for name, version in runtime.items() if tests.get(name) != version} == {}


def test_what_pyproject_asks_for_is_locked() -> None:
    """Every dependency, extra and group of pyproject.toml is in its lock."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    runtime = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["demo"],
        *groups["build"],
    ]
    tests = [each for each in groups["test"] if isinstance(each, str)]
    for requirements, lock in ((runtime, "runtime"), (tests, "tests")):
        names = {normalised(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}
        assert names - set(pins(LOCKS[lock])) == set(), lock


def test_pandas_stays_out() -> None:
    """The demo's data is read without the 250 MB that its package asks for: they are locked for no platform."""
    for lock in LOCKS.values():
        lines = [line for line in lock.read_text().splitlines() if line.startswith(("pandas=", "pyarrow="))]
        assert [line for line in lines if "sys_platform == 'never'" not in line] == []


def test_test_tools_stay_out_of_production() -> None:
    """The runtime lock has no test tool."""
    assert {"pytest", "mypy", "ruff", "hypothesis", "py-pkpass"} & set(pins(LOCKS["runtime"])) == set()


def test_npm_locks_name_no_address() -> None:
    """package-lock.json holds integrity hashes; where packages come from is the machine's affair."""
    [lock] = [path for path in (ROOT / "tests").rglob("package-lock.json") if "node_modules" not in path.parts]
    packages = json.loads(lock.read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []
