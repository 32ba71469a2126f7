"""`fedele feed …`: fit a ranking policy from what was seen, judge it by what was shown, let it rank if better."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.cli.told import told
from fedele.db.database import Database
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.feed import commands, queries
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import moment_now
from fedele.settings import read_settings

app = typer.Typer(help="Policies that rank the feed: fit, evaluate, promote.", no_args_is_help=True)
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Name = Annotated[str | None, typer.Argument(help="The policy's name; the newest if none is given.")]
ACTOR = "command line"


@app.command("policies")
def policies(as_json: AsJson = False) -> None:
    """List the policies that were fitted, and which one ranks."""

    async def run(database: Database, _programme: Programme) -> list[queries.PolicyRecord]:
        return list(await queries.list_policies(database.reader))

    found = _with_programme(run)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("policy", "fitted", "seen", "tapped", "ranks since")
    for one in found:
        since = f"{one.ranks_since:%Y-%m-%d %H:%M}" if one.ranks_since else ""
        counts = (f"{one.seen_count:,}", f"{one.tapped_count:,}")
        table.add_row(one.policy.version, f"{one.fitted_at:%Y-%m-%d %H:%M}", *counts, since)
    if not any(one.ranks_since for one in found):
        table.add_row(queries.POLICY.version, "by hand", "", "", "always")
    Console(soft_wrap=True).print(table)


@app.command("fit")
def fit(as_json: AsJson = False) -> None:
    """Fit a policy from the cards that were seen. It ranks for nobody before it is promoted."""

    async def run(database: Database, _programme: Programme) -> queries.PolicyRecord:
        return await commands.fit_policy(database, moment_now())

    made = _with_programme(run)
    if as_json:
        typer.echo(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())
        return
    typer.echo(f"{made.policy.version}: from {made.seen_count:,} cards seen, {made.tapped_count:,} of them tapped")
    for name, factor in sorted(made.policy.factors.items(), key=lambda pair: -pair[1]):
        typer.echo(f"  {name}: × {factor:.2f}")


@app.command("evaluate")
def evaluate(name: Name = None, as_json: AsJson = False) -> None:
    """Judge a policy by what was shown under others: SNIPW and DR with 95 % intervals. Exit code 2: not better."""

    async def run(database: Database, programme: Programme) -> queries.Evaluation:
        return await queries.evaluate_policy(database.reader, programme, name, moment_now())

    found = _with_programme(run)
    _print(found, as_json)
    if not found.better:
        raise typer.Exit(2)


@app.command("promote")
def promote(name: Name = None, as_json: AsJson = False) -> None:
    """Let a policy rank from now on, if the lower bounds of its lift are above nothing; refused otherwise."""

    async def run(database: Database, programme: Programme) -> queries.Evaluation:
        return await commands.promote_policy(database, programme, name, ACTOR, moment_now())

    found = _with_programme(run)
    _print(found, as_json)
    if not as_json:
        typer.echo(f"{found.policy} ranks from now on; five members in a hundred keep the hand-written policy.")


@app.command("fall-back")
def fall_back() -> None:
    """Let the hand-written policy rank again, at once. This needs no proof."""

    async def run(database: Database, _programme: Programme) -> None:
        await commands.fall_back(database, ACTOR, moment_now())

    _with_programme(run)
    typer.echo(f"{queries.POLICY.version} ranks from now on.")


def _print(found: queries.Evaluation, as_json: bool) -> None:
    if as_json:
        answer = dataclasses.asdict(found) | {"better": found.better}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("taps a place", found.policy, found.incumbent, "difference", title_justify="left")
    table.title = (
        f"{found.choices_count:,} choices seen by {found.members_count:,} members, {found.taps_count:,} tapped; "
        f"worth {found.effective_count:,.0f} of the policy's own"
    )
    table.add_row("SNIPW", _words(found.snipw), _words(found.incumbent_snipw), _words(found.snipw_lift, "+"))
    table.add_row("DR", _words(found.dr), _words(found.incumbent_dr), _words(found.lift, "+"))
    Console(soft_wrap=True).print(table)
    typer.echo("better beyond doubt" if found.better else "not better beyond doubt")


def _words(estimate: queries.Estimate, sign: str = "") -> str:
    return f"{estimate.value:{sign}.4f} ({estimate.low:{sign}.4f} … {estimate.high:{sign}.4f})"


def _with_programme(work: Callable[[Database, Programme], Awaitable[T]]) -> T:
    async def main() -> T:
        try:
            async with reached_database(read_settings()) as database:
                programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
                return await work(database, await programmes.at(moment_now().now))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error

    with told(queries.TooLittleSeen):
        return asyncio.run(main())
