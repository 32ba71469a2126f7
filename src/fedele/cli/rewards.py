"""`fedele rewards …`: what is left of every reward, and draws that anybody can repeat."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.cli.told import console, told
from fedele.db.database import Database
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands, queries
from fedele.domains.rewards.config import RewardsConfig, SweepstakeEntry
from fedele.domains.rewards.types import Draw
from fedele.kernel.clock import moment_now
from fedele.kernel.refusal import NotFound
from fedele.settings import read_settings

app = typer.Typer(help="What is left of every reward, and draws.", no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Key = Annotated[str, typer.Argument(help="The key of a reward of type sweepstake_entry.")]


@app.command("shelves")
def shelves(as_json: AsJson = False) -> None:
    """Show stock, reservations and codes of every reward."""

    async def run(database: Database, programme: Programme) -> list[dict[str, object]]:
        return [
            {
                "reward": shelf.reward.key, "type": shelf.reward.type, "stock": shelf.stock, "taken": shelf.taken,
                "reserved": shelf.reserved, "left": shelf.left, "codes_free": shelf.codes_free,
                "codes_given": shelf.codes_given, "low": shelf.low,
            }
            for shelf in await queries.shelves(database.reader, programme)
        ]  # fmt: skip

    found = _with_programme(run)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("reward", "type", "left", "taken", "reserved", "codes free", "codes given", "")
    for row in found:
        left = "no end" if row["left"] is None else str(row["left"])
        numbers = (str(row[name]) for name in ("taken", "reserved", "codes_free", "codes_given"))
        low = "[yellow]fill it[/yellow]" if row["low"] else ""
        table.add_row(str(row["reward"]), str(row["type"]), left, *numbers, low)
    Console(soft_wrap=True).print(table)


@app.command("draw")
def draw(
    key: Key,
    seed: Annotated[str | None, typer.Option(help="A text that nobody could choose to their advantage.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the winners, once, and give them their prize. Again: the first draw."""

    async def run(database: Database, programme: Programme) -> Draw:
        return await commands.draw_sweepstake(database, programme, key, seed, "command line", moment_now())

    _print(_with_programme(run), as_json)


@app.command("verify-draw")
def verify_draw(key: Key, as_json: AsJson = False) -> None:
    """Repeat a draw from its seed and compare. Exit code 1: other winners, so somebody changed something."""

    async def run(database: Database, programme: Programme) -> tuple[Draw, bool]:
        made = await queries.find_draw(database.reader, key)
        reward = programme.section(RewardsConfig).find(key)
        if made is None or not isinstance(reward, SweepstakeEntry):
            raise NotFound(what="draw", field="rewardKey")
        entries = await queries.list_entries(database.reader, key)
        again = queries.winners_of(entries, made.seed, len(made.winners), one_per_member=reward.one_per_member)
        return made, list(again) == list(made.winners)

    made, same = _with_programme(run)
    _print(made, as_json)
    console.print("[green]the same winners[/green]" if same else "[red]other winners come out now[/red]")
    if not same:
        raise typer.Exit(1)


def _print(made: Draw, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())
        return
    typer.echo(f"{made.reward_key}: {made.entries_count} entries, drawn {made.drawn_at:%Y-%m-%d %H:%M}")
    typer.echo(f"seed: {made.seed}")
    for winner in made.winners:
        typer.echo(f"{winner.place}. number {winner.number}")


def _with_programme(work: Callable[[Database, Programme], Awaitable[T]]) -> T:
    async def main() -> T:
        try:
            async with reached_database(read_settings()) as database:
                programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
                return await work(database, await programmes.at(moment_now().now))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told():
        return asyncio.run(main())
