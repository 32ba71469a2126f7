"""A programme file's text → a checked Programme, or every mistake in it with its line."""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeAlias

from pydantic import BaseModel, ValidationError

from fedele.domains.programme import nodes, references, wording
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.nodes import Node
from fedele.domains.programme.types import Defines, M, Problem, Programme, ProgrammeVersion, Refers, Text

Sections: TypeAlias = Mapping[str, type[BaseModel]]  # the file's top-level key → the room's model; from bootstrap

FORMAT = 1
PROBLEMS_MAX = 100
REQUIRED = "programme"


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """A valid file: its sections, and what is allowed but probably not meant."""

    sections: Mapping[str, BaseModel]
    warnings: tuple[Problem, ...]
    source_text: str

    def section(self, model: type[M]) -> M:
        """The section read by this model; see Programme.section."""
        return self.programme(ProgrammeVersion(0), datetime.max.replace(tzinfo=UTC)).section(model)

    def programme(self, version: ProgrammeVersion, effective_from: datetime) -> Programme:
        """As a version of the programme."""
        return Programme(version, effective_from, self.sections, self.source_text)


def check(source_text: str, sections: Sections, file: str = "programme.yaml") -> Checked:
    """Read and check a file. Raises ProgrammeInvalid with every mistake that could be told apart."""
    try:
        root = nodes.parse(source_text)
    except nodes.Unreadable as error:
        raise ProgrammeInvalid([error.problem], file) from None
    if root.map is None:
        raise ProgrammeInvalid([Problem("", root.line, root.column, "must be a mapping of sections")], file)
    problems = list(_layout(root, sections))
    read = dict(_read(root, sections, problems))
    if not problems:
        problems += _references(root, read)
    if problems:
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise ProgrammeInvalid(problems[:PROBLEMS_MAX], file)
    return Checked(read, tuple(_untranslated(root, read)), source_text)


@dataclasses.dataclass(frozen=True, slots=True)
class Document(Generic[M]):
    """A YAML document read by one model, that knows the line of everything."""

    value: M
    root: Node

    def holding(self, value: M) -> "Document[M]":
        """Another value over the same text: lines stay."""
        return dataclasses.replace(self, value=value)

    def line_of(self, *steps: str | int) -> int:
        """The line of what stands at these steps: `line_of("steps", 3)`."""
        return wording.locate(self.root, steps)[1]


def read_document(source_text: str, model: type[M], file: str) -> Document[M]:
    """Read a document that is no programme but is written like one. Raises ProgrammeInvalid with every mistake."""
    try:
        root = nodes.parse(source_text)
        return Document(model.model_validate(_value(root, model)), root)
    except nodes.Unreadable as error:
        raise ProgrammeInvalid([error.problem], file) from None
    except ValidationError as error:
        problems = list(wording.problems(error.errors(include_url=False), "", model, root))
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise ProgrammeInvalid(problems[:PROBLEMS_MAX], file) from None


def _layout(root: Node, sections: Sections) -> Iterator[Problem]:
    """The file's top level: a known format, known sections."""
    assert root.map is not None, "checked by the caller"
    for key, (line, column, value) in root.map.items():
        if key == "format" and value.scalar != FORMAT:
            message = f"format {value.scalar} is not known to this version of Fedele; it reads format {FORMAT}"
            yield Problem("format", value.line, value.column, message)
        if key != "format" and key not in sections:
            known = [*sections, "format"]
            yield Problem(key, line, column, f"there is no section '{key}'.{wording.did_you_mean(key, known)}")
    if REQUIRED not in root.map:
        yield Problem(REQUIRED, root.line, root.column, "the section 'programme' is missing")


def _read(root: Node, sections: Sections, problems: list[Problem]) -> Iterator[tuple[str, BaseModel]]:
    """Each section by its model; mistakes go to `problems`. A section left out is its model's default."""
    assert root.map is not None, "checked by the caller"
    for key, model in sections.items():
        if key not in root.map:
            if key != REQUIRED:
                yield key, model()
            continue
        node = root.map[key][2]
        try:
            yield key, model.model_validate(_value(node, model))
        except ValidationError as error:
            problems += wording.problems(error.errors(include_url=False), key, model, node)


def _value(node: Node, model: type[BaseModel]) -> Any:
    """`offers:` with nothing after it is an empty section."""
    value = nodes.plain(node)
    return ([] if "root" in model.model_fields else {}) if value is None else value


def _references(root: Node, read: Mapping[str, BaseModel]) -> Iterator[Problem]:
    """Keys defined twice, and names of things that are not there."""
    known: dict[str, dict[str, int]] = {}
    referred: list[tuple[str, references.Mark, Refers]] = []
    for section, model in read.items():
        for mark in references.marks(model):
            if isinstance(mark.mark, Refers):
                referred.append((section, mark, mark.mark))
            elif isinstance(mark.mark, Defines):
                place = _place(root, section, mark)
                keys = known.setdefault(mark.mark.kind, {})
                if mark.value in keys:
                    message = f"the {mark.mark.kind} '{mark.value}' is defined twice (first on line {keys[mark.value]})"
                    yield dataclasses.replace(place, message=message)
                keys.setdefault(mark.value, place.line)
    for section, mark, refers in referred:
        keys = known.get(refers.kind, {})
        if mark.value not in keys:
            message = f"there is no {refers.kind} '{mark.value}'.{wording.did_you_mean(mark.value, keys)}"
            yield dataclasses.replace(_place(root, section, mark), message=message)


def _untranslated(root: Node, read: Mapping[str, BaseModel]) -> Iterator[Problem]:
    """Texts that lack one of the programme's locales, unless they are one plain string for all."""
    own = read[REQUIRED]
    locales = own.locales if isinstance(own, ProgrammeConfig) else ()
    for section, model in read.items():
        for mark in references.marks(model):
            if isinstance(mark.value, Text) and "" not in mark.value.root:
                missing = [locale for locale in locales if not mark.value.speaks(locale)]
                if missing:
                    yield dataclasses.replace(
                        _place(root, section, mark), message=f"has no text in {', '.join(missing)}"
                    )


def _place(root: Node, section: str, mark: references.Mark) -> Problem:
    assert root.map is not None, "checked by the caller"
    if section not in root.map:
        return Problem(section, root.line, root.column, "")
    steps, line, column = wording.locate(root.map[section][2], mark.path, by_key=mark.is_key)
    return Problem(wording.path_text(section, steps), line, column, "")
