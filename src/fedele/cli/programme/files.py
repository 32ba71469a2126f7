"""`fedele programme validate`, `schema`, `templates`: files, without a database."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.programme.printing import AsJson, File, as_dicts, check_file, console, print_json, warn
from fedele.domains.programme import queries
from fedele.domains.programme.config import ProgrammeConfig


def validate(file: File, as_json: AsJson = False) -> None:
    """Check a file: every mistake with its line and what to do. Needs no database. Exits 1 if there is one."""
    checked = check_file(file, as_json)
    name = checked.section(ProgrammeConfig).name.in_locale("en")
    if as_json:
        print_json({"valid": True, "problems": [], "warnings": as_dicts(checked.warnings)})
        return
    warn(file, checked.warnings)
    counts = ", ".join(f"{len(s)} {key}" for key, s in checked.sections.items() if hasattr(s, "__len__") and len(s))
    console.print(f"[green]{escape(str(file))} is a valid programme[/green]: {escape(name)} ({counts})")


def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    Keep it beside your programme (`fedele programme schema > programme.schema.json`) and write as its first line:
    # yaml-language-server: $schema=programme.schema.json
    """
    print_json(queries.json_schema(PROGRAMME_SECTIONS))


def templates(
    name: Annotated[str | None, typer.Argument(help="Print this one.")] = None,
    copy: Annotated[tuple[str, Path] | None, typer.Option(help="Write this template to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the programmes that ship with Fedele with a line each, print one, or copy one to begin with."""
    texts = _texts()
    if copy is not None:
        _copy(_chosen(texts, copy[0]), copy[1])
    elif name is not None:
        sys.stdout.write(_chosen(texts, name))
    elif as_json:
        print_json([{"name": key, "says": _says(text)} for key, text in texts.items()])
    else:
        width = max(map(len, texts), default=0) + 2
        for key, text in texts.items():
            typer.echo(f"{key:<{width}} {_says(text)}")


def _texts() -> dict[str, str]:
    folder = files("fedele") / "programmes"
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }


def _says(text: str) -> str:
    """What a template says of itself: its first line of comment that is not for an editor."""
    lines = (line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    return next((line for line in lines if line and not line.startswith("yaml-language-server")), "")


def _chosen(texts: dict[str, str], name: str) -> str:
    if name not in texts:
        raise typer.BadParameter(f"there is no template {name}; there are: {', '.join(texts)}")
    return texts[name]


def _copy(text: str, file: Path) -> None:
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise typer.BadParameter(f"{file} is there already; it is left as it is") from None
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error}") from None
    console.print(f"wrote {escape(str(file))}; check it with: fedele programme validate {escape(str(file))}")
