"""Scenario files and the programmes they name, read from disk or from what ships with Fedele."""

import dataclasses
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import Document, change, read_document
from fedele.domains.programme.types import Problem
from fedele.scenarios.format import Scenario


class ScenarioInvalid(Exception):
    """The scenario file has mistakes; nothing was played. `problems` has one entry for each, with its line."""

    def __init__(self, problems: tuple[Problem, ...], file: str) -> None:
        self.problems, self.file = problems, file
        super().__init__(f"{file}: {len(problems)} mistake(s); the first: {problems[0]}")


@dataclasses.dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario that was read, with its programmes' texts and the line of each step."""

    name: str
    document: Document[Scenario]
    programmes: Mapping[str, str]

    @property
    def scenario(self) -> Scenario:
        """What the file says."""
        return self.document.value

    def line_of_step(self, index: int) -> int:
        """The line on which the step begins; steps count from 0."""
        return self.document.line_of("steps", index)

    def programme_text(self, name: str | None, changes: Mapping[str, Any]) -> str:
        """The text of a programme that the file names (unset: its own), with changes. Raises ProgrammeInvalid."""
        wanted = name or self.scenario.programme
        text = self.programmes[wanted]
        for path, value in changes.items():
            text = change(text, path, value, wanted)
        return text

    def with_programme(self, text: str) -> "ScenarioFile":
        """The same scenario over another text of its own programme."""
        return dataclasses.replace(self, programmes={**self.programmes, self.scenario.programme: text})


def shipped_scenarios() -> tuple[ScenarioFile, ...]:
    """Every scenario that ships with Fedele, by name."""
    folder = files("fedele") / "programmes" / "scenarios"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return tuple(read_scenario((folder / name).read_text(encoding="utf-8"), name) for name in names)


def read_scenario_file(path: Path) -> ScenarioFile:
    """Read a file from disk; programmes that it names by file are found beside it. Raises ScenarioInvalid, OSError."""
    return read_scenario(path.read_text(encoding="utf-8"), path.name, path.parent)


def read_scenario(text: str, name: str, folder: Path | None = None) -> ScenarioFile:
    """Read and check a scenario's text. Raises ScenarioInvalid with every mistake and its line."""
    try:
        document = read_document(text, Scenario, name)
    except ProgrammeInvalid as error:
        raise ScenarioInvalid(error.problems, name) from None
    wanted: dict[str, tuple[str | int, ...]] = {document.value.programme: ("programme",)}
    for index, step in enumerate(document.value.steps):
        if step.do == "apply" and step.programme is not None:
            wanted.setdefault(step.programme, ("steps", index, "programme"))
    programmes, problems = {}, []
    for programme, place in wanted.items():
        found = _programme_text(programme, folder)
        if found is None:
            message = f"there is no programme '{programme}': name a file beside this one, or a shipped programme"
            problems.append(Problem("programme", document.line_of(*place), 1, message))
        else:
            programmes[programme] = found
    if problems:
        raise ScenarioInvalid(tuple(problems), name)
    return ScenarioFile(name, document, programmes)


def _programme_text(name: str, folder: Path | None) -> str | None:
    if folder is not None and name.endswith((".yaml", ".yml")):
        path = folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None
    shipped = files("fedele") / "programmes" / f"{name}.yaml"
    return shipped.read_text(encoding="utf-8") if shipped.is_file() else None
