"""`fedele report …`: what the programme owes, from the ledger alone, and what of it will break."""

import asyncio
import csv
import dataclasses
import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, cast

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.cli.told import console, told
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.analytics import queries
from fedele.domains.analytics.types import Basis, Forecast, LiabilityMonth, LiabilityReport
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.money import Money, from_units
from fedele.settings import read_settings

app = typer.Typer(help="Reports over the whole programme.", no_args_is_help=True)
UNITS = (
    "opening", "issued", "restored", "adjusted", "burned", "expired", "clawed_back", "closing",
    "available", "pending", "reserved", "debt", "outstanding", "expected_breakage",
)  # fmt: skip
MONEY = ("deferred_opening", "allocated", "reversed", "recognised", "deferred", "provision")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Recorded = Annotated[
    bool, typer.Option("--recorded", help="Months by when it was booked, not by when it happened: they never change.")
]


@app.callback()
def report_commands() -> None:
    """Reports over the whole programme."""


@app.command("liability")
def liability(
    month: Annotated[str | None, typer.Option(help="One month only, like 2026-11.")] = None,
    currency: Annotated[str | None, typer.Option(help="One currency only, by its key.")] = None,
    recorded: Recorded = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
) -> None:
    """Units issued, burned, expired, outstanding per currency and month, with deferred revenue; exit 1 if the books do
    not equal the lots."""
    asked = _month(month)
    report = cast(LiabilityReport, _read("recorded" if recorded else "occurred", None))
    rows = [
        _row(one, report)
        for one in report.months
        if (asked is None or one.month == asked) and currency in (None, one.currency)
    ]
    problems = report.problems()
    if as_json:
        typer.echo(orjson.dumps({"months": rows, "problems": problems}, option=orjson.OPT_INDENT_2).decode())
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, ["currency", "month", *UNITS, *MONEY], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        _show(rows, report)
    for problem in problems:
        console.print(f"[red]{problem}[/red]")
    if problems:
        raise typer.Exit(1)


@app.command("breakage")
def breakage(
    since: Annotated[str, typer.Option(help="Forecast from the beginning of this month, from what was known then.")],
    until: Annotated[str, typer.Option(help="To the beginning of this month.")],
    recorded: Recorded = False,
    as_json: AsJson = False,
) -> None:
    """Of the units outstanding at a month's beginning, how many will expire until another, and how many did."""
    first, last = _month(since), _month(until)
    assert first is not None
    assert last is not None
    if last <= first:
        raise typer.BadParameter("--until must be later than --since")
    found = cast(Sequence[Forecast], _read("recorded" if recorded else "occurred", (first, last)))
    if as_json:
        typer.echo(orjson.dumps([dataclasses.asdict(one) for one in found], option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("currency", "outstanding", "expected to expire", "95 % interval", "came true", title="Breakage")
    for one in found:
        came = "not over yet" if one.came_true is None else f"{one.came_true:,}"
        table.add_row(
            one.currency, f"{one.outstanding:,}", f"{one.expected:,.0f}", f"{one.low:,.0f} to {one.high:,.0f}", came
        )
    Console(soft_wrap=True).print(table)


def _show(rows: Sequence[dict[str, Any]], report: LiabilityReport) -> None:
    shown = ("opening", "issued", "burned", "expired", "clawed_back", "adjusted", "closing", "expected_breakage")
    table = Table(
        "currency", "month", *(name.replace("_", " ") for name in shown), "recognised", "deferred", "provision"
    )
    for row in rows:
        cells = [row[name] for name in (*shown, "recognised", "deferred", "provision")]
        table.add_row(row["currency"], row["month"], *cells)
    table.title = f"Liability, money in {report.home_currency}"
    Console(soft_wrap=True).print(table)


def _row(one: LiabilityMonth, report: LiabilityReport) -> dict[str, Any]:
    decimals = report.decimals.get(one.currency, 0)
    units = {name: str(from_units(getattr(one, name), decimals)) for name in UNITS}
    money = {name: str(Money(getattr(one, f"{name}_minor"), report.home_currency).decimal) for name in MONEY}
    return {"currency": one.currency, "month": f"{one.month:%Y-%m}", **units, **money}


def _read(basis: Basis, span: tuple[date, date] | None) -> LiabilityReport | Sequence[Forecast]:
    async def main() -> LiabilityReport | Sequence[Forecast]:
        try:
            async with reached_database(read_settings()) as database:
                programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
                if span is None:
                    return await queries.liability(database, programmes, moment_now(), basis)
                return await queries.breakage_forecast(database, programmes, moment_now(), *span, basis)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told():
        return asyncio.run(main())


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a month; write it like 2026-11") from None
