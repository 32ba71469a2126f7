"""README.md says what is there, and all of it: settings, make targets, commands, rooms, links, the tour's GraphQL.

So does `src/fedele/programmes/README.md`, which says how the programme file is written.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from graphql import GraphQLSchema, parse, validate
from pydantic import ValidationError

import fedele.cli
from fedele.api.member.schema import build_member_schema
from fedele.api.staff.schema import build_staff_schema
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.scenarios.format import Scenario
from fedele.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMMES = ROOT / "src" / "fedele" / "programmes"
GUIDE = (PROGRAMMES / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
# ask with which schema: till '…' and staff '…' go to the staff endpoint
ASKED = re.compile(r"\b(member|till|staff) '([^']*)'")
SHELL_VALUE = re.compile(r"'\"\$\((?:[^)]|\([^)]*\))*\)\"'")


def commands(root: Any = None, name: str = "fedele") -> Iterator[tuple[str, Any]]:
    """Every command below `fedele` with its whole name."""
    root = typer.main.get_command(fedele.cli.app) if root is None else root
    for word, command in root.commands.items():
        yield f"{name} {word}", command
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {word}")


def code_lines() -> Iterator[str]:
    """The lines of code in both texts, from blocks and from running text, without the shell's comments."""
    for block, inline in [*CODE.findall(README), *CODE.findall(GUIDE)]:
        for line in (block or inline).splitlines():
            yield re.sub(r"\s+#.*", "", line)


def mentioned_commands() -> Iterator[tuple[str, list[str]]]:
    """Each `fedele …` in code: its words that could be commands, and its options."""
    for line in code_lines():
        for call in re.findall(r"(?:^|[ /`(])fedele ([a-z][^`|;&)]*)", line):
            words = re.match(r"(?:[a-z]+(?:-[a-z]+)* ?)*", call)
            assert words is not None
            yield f"fedele {words[0].strip()}", re.findall(r"(?<!\S)--[a-z-]+", call)


def table(heading: str) -> dict[str, tuple[str, ...]]:
    """The first table below a heading: first column without backticks → the other columns."""
    section = re.split(r"\n#+ ", README.partition(heading)[2])[0]
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if line[:1] == "|"
    ]
    names = [row[0].strip("`") for row in rows[2:]]
    assert len(names) == len(set(names)), f"a line stands twice below {heading}"
    return {name: row[1:] for name, row in zip(names, rows[2:], strict=True)}


def test_every_setting_is_in_the_table() -> None:
    """The table holds each setting once, with its true default, and none that does not exist."""
    expected = {
        f"{PREFIX}{name.upper()}": "" if field.default in (None, "") else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }
    assert {name: cells[0] for name, cells in table("### Settings").items()} == expected
    assert all(cells[1] for cells in table("### Settings").values())


def test_every_variable_named_is_a_setting() -> None:
    """No text names a variable that nobody reads."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {"FEDELE_TEST_DATABASE_URL", PREFIX}
    named = set(re.findall(rf"{PREFIX}[A-Z_]*", README + GUIDE))
    assert {name for name in named if name.removesuffix("_FILE") not in known} == set()


def test_make_targets_are_there() -> None:
    """The table holds every target of the Makefile but `help`; no text names another."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    assert set(table("## Work on it")) == {f"make {target}" for target in targets}
    mentioned = {name for line in code_lines() for name in re.findall(r"^make ([a-z-]+)", line)}
    assert mentioned <= targets
    assert {"demo", "test"} <= mentioned


def test_commands_are_there() -> None:
    """Each `fedele …` names a command that exists, with options that it has."""
    known = dict(commands())
    mentioned = list(mentioned_commands())
    assert len(mentioned) > 40
    for text, options in mentioned:
        words = text.split()
        name = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in known), None)
        assert name is not None, f"there is no command {text!r}"
        has = {option for parameter in known[name].params for option in parameter.opts} | {"--help"}
        assert set(options) <= has, f"{name} has no {set(options) - has}"


def test_no_command_is_kept_back() -> None:
    """Each command is named in the README."""
    mentioned = {text for text, _ in mentioned_commands()}
    leaves = [name for name, command in commands() if not hasattr(command, "commands")]
    assert [name for name in leaves if not any(f"{text} ".startswith(f"{name} ") for text in mentioned)] == []


def test_links_lead_somewhere() -> None:
    """Each local link names a file or folder of the repository."""
    for folder, text, least in ((ROOT, README, 20), (PROGRAMMES, GUIDE, 3)):
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert len(links) > least
        assert [link for link in links if not (folder / link).exists()] == []


def test_every_section_of_a_programme_is_named() -> None:
    """The guide's table holds each section that a programme file may have, and none that is unknown."""
    rows = GUIDE.partition("| sections |")[2].partition("\n\n")[0].splitlines()[2:]
    named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(["format", *PROGRAMME_SECTIONS])


def mistakes(section: str, example: Any) -> list[str]:
    """What the section's model says against it, but for what an example leaves out."""
    try:
        PROGRAMME_SECTIONS[section].model_validate(example)
    except ValidationError as error:
        return [f"{one['loc']}: {one['msg']}" for one in error.errors() if one["type"] != "missing"]
    return []


def test_the_examples_of_the_guide_have_no_mistake() -> None:
    """Each example of a section is read by the section's own model; it may leave things out, and misspell none."""
    read = 0
    for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL):
        sections = yaml.safe_load(block)
        if "scenario" in sections:
            assert Scenario.model_validate(sections)
            continue
        for name in PROGRAMME_SECTIONS.keys() & sections.keys():
            assert mistakes(name, sections[name]) == [], name
            read += 1
    assert read >= 4
    assert mistakes("segments", [{"key": "odd", "name": "Odd", "whenever": "true"}]) != []


def test_the_map_shows_the_house() -> None:
    """Every room of `domains` and every package of `fedele` that holds code is on the map."""
    package = ROOT / "src" / "fedele"
    rooms = {path.parent.name for path in (package / "domains").glob("*/__init__.py")}
    floors = {path.parent.name for path in package.glob("*/__init__.py")}
    assert set(re.findall(r"\(src/fedele/domains/([a-z_]+)\)", README)) == rooms
    assert set(re.findall(r"\(src/fedele/([a-z]+)\)", README)) == floors


@pytest.fixture(scope="module")
def schemas() -> dict[str, GraphQLSchema]:
    """By whom the tour asks."""
    staff = build_staff_schema()._schema
    return {"member": build_member_schema()._schema, "till": staff, "staff": staff}


def test_the_tour_asks_what_the_schemas_have(schemas: dict[str, GraphQLSchema]) -> None:
    """Each query and mutation of the tour is valid."""
    blocks = SHELL_VALUE.sub("x", "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL)))
    asked = ASKED.findall(blocks)
    assert sum(text.startswith("mutation") for _, text in asked) == blocks.count("mutation") >= 3
    assert len(asked) >= 10
    for who, text in asked:
        assert validate(schemas[who], parse(text)) == [], text
