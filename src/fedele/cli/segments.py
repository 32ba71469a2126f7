"""`fedele segments …`: how big they are, what a condition would give, and the work that is otherwise the worker's."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table

from fedele.api import ids
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.cli.told import console, told
from fedele.db.database import Database
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.members.queries import holders_by_identity
from fedele.domains.members.types import Identity
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.segments import commands, queries
from fedele.domains.segments.config import SegmentsConfig
from fedele.domains.segments.types import Moved, Preview, Refreshed, RfmCuts
from fedele.kernel.clock import moment_now
from fedele.kernel.expressions import ExpressionMistake
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal
from fedele.keyring import open_peppers
from fedele.settings import Settings, read_settings

app = typer.Typer(help="Segments: their sizes, a condition's reach, refreshes, lists.", no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Key = Annotated[str, typer.Argument(help="The segment's key.")]
BATCH = 1_000


@app.command("list")
def list_segments(as_json: AsJson = False) -> None:
    """Show every segment, its size and its last refresh."""

    async def run(database: Database, programme: Programme) -> list[dict[str, object]]:
        statuses = await queries.list_statuses(database.reader, programme)
        return [
            {
                "segment": segment.key, "name": segment.name, "members": status.members_count,
                "condition": segment.when.text if segment.when else None,
                "refreshed_at": status.refreshed_at.isoformat() if status.refreshed_at else None,
                "milliseconds": status.milliseconds,
            }
            for segment, status in zip(programme.section(SegmentsConfig), statuses, strict=True)
        ]  # fmt: skip

    found = _with_programme(run)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("segment", "members", "refreshed", "ms", "condition")
    for row in found:
        refreshed, took = row["refreshed_at"] or "", "" if row["milliseconds"] is None else str(row["milliseconds"])
        table.add_row(str(row["segment"]), str(row["members"]), str(refreshed), took, str(row["condition"] or "a list"))
    Console(soft_wrap=True).print(table)


@app.command("preview")
def preview(
    condition: Annotated[str, typer.Argument(help="CEL over `member` and `now`, in quotes.")], as_json: AsJson = False
) -> None:
    """Count whom a condition would hold for, part by part, without storing anything."""
    try:
        when = queries.read_condition(condition)
    except ExpressionMistake as mistake:
        console.print(f"[red]line {mistake.line}, column {mistake.column}: {mistake.message}[/red]")
        raise typer.Exit(1) from None

    async def run(database: Database, programme: Programme) -> Preview:
        return await queries.preview(database.reader, programme, when, moment_now())

    found = _with_programme(run)
    if as_json:
        parts = [{"condition": p.text, "members": p.members_count, "remaining": p.remaining_count} for p in found.parts]
        typer.echo(orjson.dumps({"members": found.members_count, "of": found.of_count, "parts": parts}).decode())
        return
    typer.echo(f"{found.members_count:,} of {found.of_count:,} active members")
    for part in found.parts:
        typer.echo(f"  {part.members_count:>12,} alone {part.remaining_count:>12,} so far   {part.text}")
    if found.reason:
        console.print(f"[yellow]Judged one by one: {found.reason}.[/yellow]")


@app.command("refresh")
def refresh(key: Key, as_json: AsJson = False) -> None:
    """Look at everybody for one segment now."""

    async def run(database: Database, programme: Programme) -> Refreshed:
        return await commands.refresh_segment(database, programme, key, moment_now())

    done = _with_programme(run)
    counts = {
        "segment": done.segment, "members": done.members_count, "entered": done.moved.entered,
        "left": done.moved.left, "milliseconds": done.milliseconds, "judged_one_by_one_because": done.reason,
    }  # fmt: skip
    _print(counts, as_json)


@app.command("rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Make everybody's facts again from purchases, events, balances and the rest: what they should be already."""

    async def run(database: Database, programme: Programme) -> int:
        return await commands.rebuild(database, programme, moment_now())

    _print({"members": _with_programme(run)}, as_json)


@app.command("measure-rfm")
def measure_rfm(as_json: AsJson = False) -> None:
    """Measure the cut points of recency, frequency and spend anew, and put them in force."""

    async def run(database: Database, programme: Programme) -> RfmCuts | None:
        return await commands.measure_rfm(database, programme, moment_now())

    cuts = _with_programme(run)
    if cuts is None:
        console.print("Hardly anybody has bought within a year: nothing was measured.")
        return
    measured = {
        "members": cuts.members_count, "recency_days": list(cuts.recency_days), "frequency": list(cuts.frequency),
        "monetary_minor": list(cuts.monetary_minor),
    }  # fmt: skip
    _print(measured, as_json)


@app.command("import")
def import_list(
    key: Key,
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="A member's id (member_…) or e-mail address a line."),
    ],
    replace: Annotated[bool, typer.Option(help="Take off the list whoever is not in the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the members of a file on a static list. Lines that name no member are counted; again adds nobody."""
    lines = list(dict.fromkeys(line.strip() for line in file.read_text().splitlines() if line.strip()))
    settings = read_settings()
    wanted: list[MemberId] = []

    async def run(database: Database, programme: Programme) -> Moved:
        with told():
            wanted.extend(await _members_named(database, settings, lines))
        moved = Moved()
        for start in range(0, len(wanted), BATCH):
            async with database.transaction() as tx:
                part = wanted[start : start + BATCH]
                moved += await commands.change_list(tx, programme, key, moment_now(), add=part)
        return moved + await _drop_others(database, programme) if replace else moved

    async def _drop_others(database: Database, programme: Programme) -> Moved:
        kept, moved, after = set(wanted), Moved(), None
        while page := await queries.segment_page(database.reader, key, after, BATCH):
            gone: list[MemberId] = [one for one in page if one not in kept]
            async with database.transaction() as tx:
                moved += await commands.change_list(tx, programme, key, moment_now(), remove=gone)
            after = page[-1]
        return moved

    moved = _with_programme(run)
    unknown = len(lines) - len(wanted)
    _print({"added": moved.entered, "removed": moved.left, "named": len(wanted), "nobody": unknown}, as_json)
    if unknown:
        console.print(f"[yellow]{unknown} lines name nobody here[/yellow]")
        raise typer.Exit(1)


async def _members_named(database: Database, settings: Settings, lines: Sequence[str]) -> list[MemberId]:
    """The members that lines name by id or e-mail address; a line that names nobody is left out."""
    found = {line: ids.find_member_id(line) for line in lines if "@" not in line}
    addresses = {}
    for line in lines:
        if "@" in line:
            with contextlib.suppress(Refusal):
                addresses[line] = Identity.parse("email", line)
    for start in range(0, len(addresses), BATCH):
        part = dict(list(addresses.items())[start : start + BATCH])
        holders = await holders_by_identity(database.reader, list(part.values()), open_peppers(settings))
        found |= {line: holders.get(identity) for line, identity in part.items()}
    return sorted({member_id for member_id in found.values() if member_id is not None})


def _print(values: dict[str, object], as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(values).decode())
        return
    for name, value in values.items():
        if value is not None:
            typer.echo(f"{name.replace('_', ' ')}: {value}")


def _with_programme(run: Callable[[Database, Programme], Awaitable[T]]) -> T:
    """Do this with the database that settings name and the programme in force."""

    async def connected() -> T:
        try:
            async with reached_database(read_settings()) as database:
                programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment_now().now)
                return await run(database, programme)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told():
        return asyncio.run(connected())
