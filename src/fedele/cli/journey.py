"""`fedele journey …`: which journeys there are, and why a member got what they got."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.cli.told import told
from fedele.db.database import Database
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.journeys import queries
from fedele.domains.journeys.types import Listed, Trace
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Text
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import MalformedId, MemberId, decode_id
from fedele.settings import read_settings

app = typer.Typer(help="Journeys: the list, and a member's path with its reasons.", no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


@app.callback()
def journey_commands() -> None:
    """Journeys: the list, and a member's path with its reasons."""


@app.command("list")
def list_journeys(as_json: AsJson = False) -> None:
    """Show every journey: who is inside, who entered, who reached the goal; and those that are paused or removed."""

    async def run(database: Database) -> tuple[list[Listed], str]:
        programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment_now().now)
        locale = programme.section(ProgrammeConfig).default_locale
        return await queries.list_journeys(database.reader, programme), locale

    found, locale = _with_database(run)
    if as_json:
        typer.echo(orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("journey", "name", "inside", "entered", "goal reached", "")
    for one in found:
        state = "paused" if one.paused else "" if one.in_programme else "removed from the programme"
        name = Text(dict(one.name)).in_locale(locale)
        table.add_row(one.journey_key, escape(name), str(one.inside), str(one.entered), str(one.goals), state)
    Console(soft_wrap=True).print(table)


@app.command("trace")
def trace(
    member: Annotated[str, typer.Argument(help="The member's id, as the API prints it: member_…")],
    journey: Annotated[str | None, typer.Option(help="This journey only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a member's path through their journeys: every step, how it came out, and why."""
    try:
        member_id = MemberId(decode_id("member", member, 1)[0])
    except MalformedId:
        raise typer.BadParameter(f"{member} is no member's id: it begins with member_") from None

    async def run(database: Database) -> list[Trace]:
        return await queries.trace(database.reader, member_id, journey)

    found = _with_database(run)
    if as_json:
        typer.echo(orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode())
        return
    console = Console(soft_wrap=True)
    if not found:
        console.print("This member has been in no journey.")
    for one in found:
        console.print(f"[bold]{one.run.journey_key}[/bold]: {_standing(one)}")
        table = Table("when", "step", "what", "outcome", "why", box=None, pad_edge=False)
        for line in one.lines:
            visit = line.visit
            why = ", ".join(f"{name}: {_plain(value)}" for name, value in visit.detail.items())
            table.add_row(f"{line.at:%Y-%m-%d %H:%M}", visit.step_key, visit.kind, visit.outcome, escape(why))
        console.print(table)


def _standing(one: Trace) -> str:
    run = one.run
    if run.ended_at is not None:
        return f"{run.state.value}, {run.reason}, {run.ended_at:%Y-%m-%d %H:%M}"
    due = f", due {run.next_due:%Y-%m-%d %H:%M}" if run.next_due else ""
    return f"{run.state.value}, at {run.step_key or 'its beginning'}{due}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _with_database(run: Callable[[Database], Awaitable[T]]) -> T:
    async def main() -> T:
        try:
            async with reached_database(read_settings()) as database:
                return await run(database)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told():
        return asyncio.run(main())
