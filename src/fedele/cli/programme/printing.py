"""What the programme's commands share: reading a file, running to the end, and printing for people and for scripts."""

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.markup import escape

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.db.database import Database
from fedele.domains.programme import queries
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.types import Problem
from fedele.kernel.refusal import Refusal
from fedele.settings import SettingsError, read_settings

console = Console(stderr=True, highlight=False, soft_wrap=True)

T = TypeVar("T")
File = Annotated[Path, typer.Argument(help="A programme file, or - for standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


def read_text(file: Path) -> str:
    """The file's text, or standard input's."""
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from None


def check_file(file: Path, as_json: bool, text: str | None = None) -> queries.Checked:
    """Check a file; print its mistakes and exit 1 if there are any."""
    try:
        return queries.check(read_text(file) if text is None else text, PROGRAMME_SECTIONS, str(file))
    except ProgrammeInvalid as error:
        if as_json:
            print_json({"valid": False, "problems": as_dicts(error.problems), "warnings": []})
        for problem in () if as_json else error.problems:
            console.print(f"[red]{escape(str(file))}:{problem.line}:{problem.column}[/red] {escape(_said(problem))}")
        if not as_json:
            console.print(f"{len(error.problems)} mistake(s); nothing was changed")
        raise typer.Exit(1) from None


def warn(file: Path, warnings: tuple[Problem, ...]) -> None:
    """Print what is allowed but probably not meant."""
    for warning in warnings:
        place = f"{escape(str(file))}:{warning.line}"
        console.print(f"[yellow]{place}[/yellow] {escape(_said(warning))}")


def _said(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def instant_of(text: str | None, checked: queries.Checked) -> datetime | None:
    """A time as written; a date alone is its midnight, and without a zone it is the programme's own."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no ISO date or time like 2026-12-01 or 2026-12-01T06:00") from None
    zone = ZoneInfo(checked.section(ProgrammeConfig).time_zone)
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what stops it becomes a message and exit 1."""
    try:
        return asyncio.run(work)
    except (Refusal, SettingsError) as error:
        told = str(error)
    except asyncpg.UndefinedTableError:
        told = "this database has no Fedele tables yet: run fedele migrate"
    except (OSError, asyncpg.PostgresError) as error:
        told = f"the database of FEDELE_DATABASE_URL does not answer: {error}"
    console.print(f"[red]{escape(told)}[/red]")
    raise typer.Exit(1)


def database() -> contextlib.AbstractAsyncContextManager[Database]:
    """The database that the settings name, or the demo's own."""
    return reached_database(read_settings())


def as_dicts(items: Any) -> list[dict[str, Any]]:
    """Records as a script reads them."""
    return [dataclasses.asdict(item) for item in items]


def print_json(value: Any) -> None:
    """JSON on standard output; exact numbers travel as text."""
    typer.echo(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
