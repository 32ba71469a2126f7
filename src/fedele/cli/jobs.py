"""`fedele jobs …`: what failed too often, and how it goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fedele.cli.reach import reached_database
from fedele.cli.told import console, told
from fedele.db.database import Database
from fedele.db.migrate import DatabaseUnreachable
from fedele.jobs.held import HeldJob, list_held_jobs, release_held_jobs
from fedele.settings import read_settings

app = typer.Typer(help="Jobs that failed too often and wait for you.", no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


@app.callback()
def jobs_commands() -> None:
    """Jobs that failed too often and wait for you."""


@app.command("held")
def held(
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the oldest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show held jobs: whose work it is, how often it was tried, and the kind of error. /readyz counts them."""

    async def run(database: Database) -> tuple[HeldJob, ...]:
        return await list_held_jobs(database.reader, limit)

    found = _with_database(run)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("id", "work", "tried", "held since", "error")
    for job in found:
        row = (str(job.id), job.handler, str(job.attempts), f"{job.held_at:%Y-%m-%d %H:%M}", escape(job.reason or ""))
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


@app.command("retry")
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Ids, as `fedele jobs held` shows them.")] = None,
    handler: Annotated[str | None, typer.Option(help="All held jobs of this work, like wallet.pass_changed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All held jobs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Queue held jobs again once their cause is mended. Work that was done already is not done twice."""
    if not (ids or handler or everything):
        raise typer.BadParameter("name the jobs: their ids, --handler NAME, or --all")

    async def run(database: Database) -> int:
        async with database.transaction() as tx:
            return await release_held_jobs(tx, ids or None, handler)

    released = _with_database(run)
    if as_json:
        typer.echo(orjson.dumps({"released": released}).decode())
    else:
        console.print(f"[green]{released} jobs are queued again[/green]")


def _with_database(run: Callable[[Database], Awaitable[T]]) -> T:
    async def main() -> T:
        try:
            async with reached_database(read_settings()) as database:
                return await run(database)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told():
        return asyncio.run(main())
