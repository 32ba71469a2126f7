"""`fedele programme …`: the programme as code."""

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Coroutine
from datetime import datetime
from importlib.resources import files
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
from fedele.domains.programme import commands, queries
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme, ProgrammeInvalid
from fedele.domains.programme.types import Applied, Change, Problem, Programme, ProgrammeVersion, VersionRecord
from fedele.kernel.clock import moment_now
from fedele.kernel.refusal import Refusal
from fedele.settings import SettingsError, read_settings

app = typer.Typer(help="The programme as code: check it, see what would change, apply it.", no_args_is_help=True)
console = Console(stderr=True, highlight=False, soft_wrap=True)

T = TypeVar("T")
File = Annotated[Path, typer.Argument(help="A programme file, or - for standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


@app.command("validate")
def validate(file: File, as_json: AsJson = False) -> None:
    """Check a file: every mistake with its line and what to do. Needs no database. Exits 1 if there is one."""
    checked = _check(file, as_json)
    name = checked.section(ProgrammeConfig).name.in_locale("en")
    if as_json:
        _print_json({"valid": True, "problems": [], "warnings": _as_dicts(checked.warnings)})
        return
    _warn(file, checked.warnings)
    counts = ", ".join(f"{len(s)} {key}" for key, s in checked.sections.items() if hasattr(s, "__len__") and len(s))
    console.print(f"[green]{escape(str(file))} is a valid programme[/green]: {escape(name)} ({counts})")


@app.command("plan")
def plan(
    file: File,
    against: Annotated[Path | None, typer.Option(help="Compare with this file instead of the database.")] = None,
    effective_from: Annotated[
        str | None, typer.Option(help="Compare with what is in force then; now by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what applying a file would change, in words. Changes nothing."""
    checked = _check(file, as_json)
    if against is not None:
        old: Programme | None = _check(against, as_json).programme(ProgrammeVersion(0), moment_now().now)
    else:
        old = _run(_in_force(_instant(effective_from, checked)))
    changes = queries.plan(old, checked)
    if as_json:
        version = None if old is None or against else old.version
        _print_json(
            {"against_version": version, "changes": _as_dicts(changes), "warnings": _as_dicts(checked.warnings)}
        )
        return
    _warn(file, checked.warnings)
    place = str(against) if against else f"version {old.version}" if old else "nothing: no version is in force yet"
    _print_changes(changes, place)


@app.command("apply")
def apply(
    file: File,
    effective_from: Annotated[
        str | None, typer.Option(help="ISO date or time; without a zone, in the programme's. Now by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a file the programme, now or from a time on. Applying the same again changes nothing."""
    text = _text(file)
    checked = _check(file, as_json, text)
    applied = _run(_apply(text, str(file), _instant(effective_from, checked)))
    programme = applied.programme
    if as_json:
        _print_json(
            {
                "version": programme.version,
                "effective_from": programme.effective_from.isoformat(),
                "created": applied.created,
                "warnings": _as_dicts(applied.warnings),
            }
        )
        return
    _warn(file, applied.warnings)
    verb = "applied as" if applied.created else "is already"
    console.print(
        f"{escape(str(file))} {verb} version {programme.version}, from {programme.effective_from.isoformat()}"
    )


@app.command("export")
def export(
    at: Annotated[str | None, typer.Option(help="The version in force then; now by default.")] = None,
) -> None:
    """Print the file that is in force, as it was applied."""
    sys.stdout.write(_run(_export(datetime.fromisoformat(at).astimezone() if at else moment_now().now)))


@app.command("versions")
def versions(as_json: AsJson = False) -> None:
    """List every version that was applied, the newest first."""
    records = _run(_versions())
    if as_json:
        _print_json([dataclasses.asdict(record) for record in records])
        return
    for record in records:
        typer.echo(f"{record.version:>4}  from {record.effective_from.isoformat()}  {record.actor}")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors (yaml-language-server: $schema=…)."""
    _print_json(queries.json_schema(PROGRAMME_SECTIONS))


@app.command("templates")
def templates(name: Annotated[str | None, typer.Argument(help="Print this one.")] = None) -> None:
    """List the programmes that ship with Fedele, or print one to begin with."""
    folder = files("fedele") / "programmes"
    texts = {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    if name is None:
        for key, text in texts.items():
            typer.echo(f"{key:<20} {text.splitlines()[0].removeprefix('# ')}")
    elif name in texts:
        sys.stdout.write(texts[name])
    else:
        raise typer.BadParameter(f"there is no template {name}; there are: {', '.join(texts)}")


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from None


def _check(file: Path, as_json: bool, text: str | None = None) -> queries.Checked:
    """Check a file; print its mistakes and exit 1 if there are any."""
    try:
        return queries.check(_text(file) if text is None else text, PROGRAMME_SECTIONS, str(file))
    except ProgrammeInvalid as error:
        if as_json:
            _print_json({"valid": False, "problems": _as_dicts(error.problems), "warnings": []})
        for problem in () if as_json else error.problems:
            console.print(f"[red]{escape(str(file))}:{problem.line}:{problem.column}[/red] {escape(_said(problem))}")
        if not as_json:
            console.print(f"{len(error.problems)} mistake(s); nothing was changed")
        raise typer.Exit(1) from None


def _said(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def _instant(text: str | None, checked: queries.Checked) -> datetime | None:
    """A time as written; a date alone is its midnight, and without a zone it is the programme's own."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no ISO date or time like 2026-12-01 or 2026-12-01T06:00") from None
    zone = ZoneInfo(checked.section(ProgrammeConfig).time_zone)
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _run(work: Coroutine[Any, Any, T]) -> T:
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


def _database() -> contextlib.AbstractAsyncContextManager[Database]:
    return reached_database(read_settings())


async def _in_force(when: datetime | None) -> Programme | None:
    async with _database() as database:
        try:
            return await queries.ProgrammeSource(database, PROGRAMME_SECTIONS).at(when or moment_now().now)
        except NoProgramme:
            return None


async def _apply(text: str, file: str, effective_from: datetime | None) -> Applied:
    async with _database() as database, database.transaction() as tx:
        return await commands.apply(
            tx,
            text,
            moment_now(),
            sections=PROGRAMME_SECTIONS,
            effective_from=effective_from,
            actor="command line",
            file=file,
        )


async def _export(when: datetime) -> str:
    async with _database() as database:
        return await queries.export(database.reader, when)


async def _versions() -> list[VersionRecord]:
    async with _database() as database:
        return await queries.list_versions(database.reader, moment_now().now)


def _warn(file: Path, warnings: tuple[Problem, ...]) -> None:
    for warning in warnings:
        place = f"{escape(str(file))}:{warning.line}"
        console.print(f"[yellow]{place}[/yellow] {escape(_said(warning))}")


_SIGNS = {"added": "[green]+[/green]", "removed": "[red]-[/red]", "changed": "[yellow]~[/yellow]"}


def _print_changes(changes: tuple[Change, ...], against: str) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for change in changes:
        out.print(f"{_SIGNS[change.kind]} {escape(change.words)}")
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _SIGNS}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items()) if changes else "no change"
    console.print(f"against {against}: {told}")


def _as_dicts(items: Any) -> list[dict[str, Any]]:
    return [dataclasses.asdict(item) for item in items]


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
