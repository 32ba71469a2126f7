"""`fedele import …` and `fedele export …`: what comes in from other systems as files, and what goes out."""

import asyncio
import contextlib
import csv
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import database_of, reached, reached_database
from fedele.cli.told import console, told
from fedele.domains.checkout.ports import Till
from fedele.domains.exchange import commands, queries
from fedele.domains.exchange import types as exchange
from fedele.domains.exchange.types import ImportFile, ImportKind, Summary
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.money import minor_digits
from fedele.keyring import open_peppers
from fedele.settings import Settings, SettingsError, read_settings

import_app = typer.Typer(help="Import CSV or JSONL: streamed, checked row by row, safe to run again.", no_args_is_help=True)  # fmt: skip  # noqa: E501
export_app = typer.Typer(help="Export as CSV or JSONL, as streams.", no_args_is_help=True)

SOME_ROWS_WRONG = 2  # the exit code when rows went into the errors file; 1 is: nothing could be done

File = Annotated[Path, typer.Argument(help="A .csv file (with a head line) or a .jsonl file, in UTF-8.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing, say what would happen.")]
Map = Annotated[list[str] | None, typer.Option("--map", help="THEIRS=OURS: a column that is named otherwise; repeatable.")]  # fmt: skip  # noqa: E501
Source = Annotated[str, typer.Option(help="The system that the file's member ids come from.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file; standard output by default.")]
Format = Annotated[str, typer.Option("--format", help="csv or jsonl; by default what --out ends in, else csv.")]


@import_app.command("members")
def import_members(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Members: member (their id elsewhere), email, phone, name, locale, birthday, joined_at, consents …"""
    _import("members", file, dry_run, map_, source, as_json)


@import_app.command("purchases")
def import_purchases(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Purchases, a row a line: member, store, receipt, occurred_at, quantity, amount … They earn as at the till."""
    _import("purchases", file, dry_run, map_, source, as_json)


@import_app.command("balances")
def import_balances(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Opening balances: member, currency, amount, expires_at, key."""
    _import("balances", file, dry_run, map_, source, as_json)


@import_app.command("places")
def import_places(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Stores: key, name, latitude, longitude, radius_metres … Applies a programme version that has them."""
    _import("places", file, dry_run, map_, source, as_json)


@import_app.command("products")
def import_products(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """The catalogue: sku, name, category, department, brand."""
    _import("products", file, dry_run, map_, source, as_json)


@import_app.command("coupons")
def import_coupons(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Coupons as offers: key, title, percent or value, category, starts … Applies a programme version with them."""
    _import("coupons", file, dry_run, map_, source, as_json)


@import_app.command("codes")
def import_codes(
    file: File, dry_run: DryRun = False, map_: Map = None, source: Source = "import", as_json: AsJson = False
) -> None:
    """Single-use codes of rewards with `codes: pool`: reward, code."""
    _import("codes", file, dry_run, map_, source, as_json)


def _import(kind: ImportKind, file: Path, dry_run: bool, map_: list[str] | None, source: str, as_json: bool) -> None:
    with told():
        settings = read_settings()
        given = ImportFile(file, _mapping(map_ or []), source)
        with reached(settings) as with_database, _bar(as_json) as progress:
            summary = asyncio.run(_run(with_database, kind, given, dry_run, progress))
    if as_json:
        sys.stdout.write(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(summary)
    if not summary.reconciled:
        console.print("[red]the sums do not agree: this is a bug; the JSON summary shows where[/red]")
        raise typer.Exit(1)
    if summary.errors:
        raise typer.Exit(SOME_ROWS_WRONG)


async def _run(
    settings: Settings, kind: ImportKind, file: ImportFile, dry_run: bool, progress: exchange.Progress
) -> Summary:
    async with database_of(settings, size=8) as database:
        moment, programmes = moment_now(), ProgrammeSource(database, PROGRAMME_SECTIONS)
        if kind == "products":
            return await commands.import_products(database, file, moment, progress=progress, dry_run=dry_run)
        programme = await programmes.at(moment.now)
        if kind == "codes":
            return await commands.import_codes(database, programme, file, progress=progress, dry_run=dry_run)
        if kind in ("places", "coupons"):
            items = commands.import_places if kind == "places" else commands.import_coupons
            return await items(
                database, programme, PROGRAMME_SECTIONS, file, moment, progress=progress, dry_run=dry_run
            )
        peppers = open_peppers(settings)
        if kind == "purchases":
            till = Till(database, programmes)
            return await commands.import_purchases(
                till, programme, peppers, file, moment, progress=progress, dry_run=dry_run
            )
        rows = commands.import_members if kind == "members" else commands.import_balances
        return await rows(database, programme, peppers, file, moment, progress=progress, dry_run=dry_run)


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        theirs, equals, ours = pair.partition("=")
        if not theirs or not equals or not ours:
            raise SettingsError(f"--map {pair}: write it like --map kundennummer=member")
        mapping[theirs] = ours
    return mapping


@contextlib.contextmanager
def _bar(silent: bool) -> Iterator[exchange.Progress]:
    """A progress bar on standard error; none for scripts."""
    if silent or not console.is_terminal:
        yield exchange.no_progress
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console
    ) as bar:
        tasks: dict[str, Any] = {}

        def show(phase: str, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(phase, total=of)
            bar.update(tasks[phase], completed=done, total=of)

        yield show


def _print(summary: Summary) -> None:
    would = "would be " if summary.dry_run else ""
    console.print(
        f"{summary.rows} rows of {summary.kind}: [green]{summary.written} {would}written[/green],"
        f" {summary.unchanged} unchanged, {summary.errors} wrong"
    )
    for currency in sorted(summary.read_minor):
        amounts = (
            (name, getattr(summary, f"{name}_minor")[currency]) for name in ("read", "written", "unchanged", "rejected")
        )
        parts = ", ".join(f"{name} {_major(minor, currency)}" for name, minor in amounts)
        console.print(f"{currency}: {parts}")
    for currency, units in sorted(summary.units.items()):
        console.print(f"{currency}: {units} units {would}given")
    if summary.errors_file:
        console.print(f"[yellow]what is wrong, row by row: {escape(summary.errors_file)}[/yellow]")


def _major(minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    return f"{minor / 10**digits:,.{digits}f}"


@export_app.command("members")
def export_members(out: Out = None, format_: Format = "") -> None:
    """Members with their contacts, consents and tier. This is personal data."""
    _export("members", queries.export_members, out, format_)


@export_app.command("ledger")
def export_ledger(out: Out = None, format_: Format = "") -> None:
    """Every entry of the ledger; the legs of a transaction sum to zero."""
    _export("ledger", queries.export_ledger, out, format_)


@export_app.command("events")
def export_events(out: Out = None, format_: Format = "") -> None:
    """What members did: purchases with lines, returns, events."""
    _export("events", queries.export_events, out, format_)


@export_app.command("answers")
def export_answers(out: Out = None, format_: Format = "") -> None:
    """Complete answers to surveys, members' own words included. This is personal data."""
    _export("answers", queries.export_answers, out, format_)


def _export(kind: str, rows: Callable[[Any], AsyncIterator[queries.ExportRow]], out: Path | None, format_: str) -> None:
    wanted = format_ or (out.suffix.lstrip(".") if out else "") or "csv"
    with told():
        if wanted not in ("csv", "jsonl"):
            raise SettingsError(f"--format {wanted}: it is csv or jsonl")
        settings = read_settings()
        with out.open("w", encoding="utf-8", newline="") if out else contextlib.nullcontext(sys.stdout) as file:
            count = asyncio.run(_stream(settings, rows, _writer(file, queries.HEADS[kind], wanted)))
    console.print(f"{count} rows of {kind} exported")


async def _stream(
    settings: Settings,
    rows: Callable[[Any], AsyncIterator[queries.ExportRow]],
    write: Callable[[queries.ExportRow], None],
) -> int:
    count = 0
    async with reached_database(settings) as database:
        async for row in rows(database.replica_reader):
            write(row)
            count += 1
    return count


def _writer(file: IO[str], head: tuple[str, ...], wanted: str) -> Callable[[queries.ExportRow], None]:
    """Writes one row: a line of JSON, or of CSV with what is no plain value as JSON."""
    if wanted == "jsonl":
        return lambda row: _discard(file.write(orjson.dumps(row, default=str).decode() + "\n"))
    writer = csv.writer(file)
    writer.writerow(head)
    return lambda row: _discard(writer.writerow([_cell(row[name]) for name in head]))


def _discard(_: object) -> None:
    return None


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return value.isoformat() if hasattr(value, "isoformat") else value
