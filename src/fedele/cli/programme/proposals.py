"""`fedele programme plan` and `rerate`: what a file would change, whom it touches, and what history would have cost."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.programme.printing import (
    AsJson,
    File,
    as_dicts,
    check_file,
    console,
    database,
    instant_of,
    print_json,
    run,
    warn,
)
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import Checked, ProgrammeSource
from fedele.domains.programme.queries import plan as differences
from fedele.domains.programme.types import Change, ProgrammeVersion
from fedele.domains.proposals import queries
from fedele.domains.proposals.types import Affected, CurrencyCost, Rerating, Sums, Weighed, Window
from fedele.kernel.clock import moment_now
from fedele.kernel.money import from_units

SAMPLE = 500
_SIGNS = {"added": "[green]+[/green]", "removed": "[red]-[/red]", "changed": "[yellow]~[/yellow]"}


def plan(
    file: File,
    against: Annotated[Path | None, typer.Option(help="Compare with this file instead of the database.")] = None,
    effective_from: Annotated[
        str | None, typer.Option(help="Compare with what is in force then; now by default.")
    ] = None,
    cost_days: Annotated[
        int, typer.Option(min=0, max=3660, help="Estimate the cost from so many last days; 0: do not.")
    ] = 28,
    sample: Annotated[int, typer.Option(min=1, help="How many members to estimate the cost from.")] = SAMPLE,
    as_json: AsJson = False,
) -> None:
    """Say what applying a file would change, in words, whom it touches and what it would cost. Changes nothing."""
    checked = check_file(file, as_json)
    if against is not None:
        old = check_file(against, as_json).programme(ProgrammeVersion(0), moment_now().now)
        weighed, cost = Weighed(None, differences(old, checked), ()), None
    else:
        weighed, cost = run(_weigh(checked, instant_of(effective_from, checked), cost_days, sample))
    if as_json:
        told = {
            "against_version": weighed.against_version,
            "changes": as_dicts(weighed.changes),
            "affected": as_dicts(weighed.affected),
            "cost": _as_dict(cost) if cost else None,
            "warnings": as_dicts(checked.warnings),
        }
        print_json(told)
        return
    warn(file, checked.warnings)
    version = weighed.against_version
    place = str(against) if against else f"version {version}" if version else "nothing: no version is in force yet"
    _print_changes(weighed.changes, place)
    _print_affected(weighed.affected)
    if cost is not None:
        _print_estimate(cost, cost_days)


def rerate(
    file: File,
    since: Annotated[str | None, typer.Option("--from", help="Judge what happened from this date or time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Judge what happened before this date or time.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Replay so many members and estimate the rest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what history would have cost, had this file been in force. Reads everything that members did; writes nothing.

    Before --from the versions of then rule; the tiers and caps they left are where the file begins.
    """
    checked = check_file(file, as_json)
    window = Window(instant_of(since, checked), instant_of(until, checked))
    with Progress(console=console, disable=as_json or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("replaying members", total=None)

        def on(done: int, goal: int) -> None:
            progress.update(task, completed=done, total=goal)

        told = run(_rerate(checked, window, sample, on))
    if as_json:
        print_json(_as_dict(told))
    else:
        _print_rerating(told)


async def _weigh(
    checked: Checked, when: datetime | None, cost_days: int, sample: int
) -> tuple[Weighed, Rerating | None]:
    moment = moment_now()
    async with database() as opened:
        programmes = ProgrammeSource(opened, PROGRAMME_SECTIONS)
        try:
            old = await programmes.at(when or moment.now)
        except NoProgramme:
            return await queries.weigh(opened.reader, None, checked, moment), None
        weighed = await queries.weigh(opened.reader, old, checked, moment)
        if not cost_days or not weighed.changes:
            return weighed, None
        window = Window(moment.now - timedelta(days=cost_days))
        return weighed, await queries.rerate(opened, programmes, checked, moment, window, sample=sample)


async def _rerate(
    checked: Checked, window: Window, sample: int | None, progress: Callable[[int, int], None]
) -> Rerating:
    async with database() as opened:
        programmes = ProgrammeSource(opened, PROGRAMME_SECTIONS)
        return await queries.rerate(opened, programmes, checked, moment_now(), window, sample=sample, progress=progress)


def _print_changes(changes: tuple[Change, ...], against: str) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for change in changes:
        out.print(f"{_SIGNS[change.kind]} {escape(change.words)}")
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _SIGNS}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items()) if changes else "no change"
    console.print(f"against {against}: {told}")


def _print_affected(affected: tuple[Affected, ...]) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for one in affected:
        out.print(f"[cyan]![/cyan] {escape(one.words)}")


def _print_estimate(told: Rerating, days: int) -> None:
    if not told.purchases and not told.events:
        console.print(f"cost: nothing happened in the last {days} days that could tell")
        return
    whole = told.members >= told.members_all
    from_what = f"all {told.members:,} members" if whole else f"{told.members:,} of {told.members_all:,} members"
    for cost in told.currencies:
        units = from_units(cost.estimated_difference, cost.decimals)
        worth = f", worth {cost.estimated_worth:+,.2f} {told.home_currency}" if cost.estimated_worth else ""
        error = f" (± {from_units(cost.error_units, cost.decimals):,f})" if cost.error_units else ""
        console.print(f"cost in the last {days} days: {units:+,f}{error} {cost.currency}{worth}, from {from_what}")


def _print_rerating(told: Rerating) -> None:
    out = Console(highlight=False)
    scope = "" if told.members >= told.members_all else f" of {told.members_all:,}"
    happened = f"{told.purchases:,} purchases, {told.returns:,} returns, {told.events:,} events"
    out.print(f"{told.members:,}{scope} members, {happened}")
    decimals = {cost.currency: cost.decimals for cost in told.currencies}
    for cost in told.currencies:
        out.print(_in_words(cost, told))
    for names in (("currency", "rule"), ("currency", "tier"), ("currency", "month")):
        table = Table("currency", names[1], "given", "would be", "difference", "times", "would be")
        for key, sums in told.by(*names).items():
            table.add_row(*key, *_cells(sums, decimals.get(key[0], 0)))
        if table.row_count:
            out.print(table)
    for (then, would), members in told.tier_moves.items():
        out.print(f"{members:,} members would stand on '{would}' instead of '{then}'")
    for code, times in told.refused.items():
        out.print(f"{times:,} times the file would not have accepted what was done ({code}); counted as paid otherwise")


def _in_words(cost: CurrencyCost, told: Rerating) -> str:
    given, would = (from_units(units, cost.decimals) for units in (cost.sums.given, cost.sums.would))
    said = f"[bold]{escape(cost.currency)}[/bold]: {given:,f} given, {would:,f} would be ({would - given:+,f})"
    if cost.worth_given or cost.worth_would:
        said += f", worth {cost.worth_difference:+,.2f} {told.home_currency}"
    said += f"; {cost.gaining:,} members gain, {cost.losing:,} lose"
    if cost.error_units:
        units, error = (from_units(n, cost.decimals) for n in (cost.estimated_difference, cost.error_units))
        said += f"; for all members about {units:+,f} ± {error:,f}"
    if cost.unexplained:
        units = from_units(cost.unexplained, cost.decimals)
        said += (
            f"; [yellow]{units:+,f} of what was given cannot be replayed[/yellow]"
            " (facts that keep no history, budgets, or what was set by hand)"
        )
    return said


def _cells(sums: Sums, decimals: int) -> tuple[str, ...]:
    given, would = from_units(sums.given, decimals), from_units(sums.would, decimals)
    return f"{given:,f}", f"{would:,f}", f"{would - given:+,f}", f"{sums.given_times:,}", f"{sums.would_times:,}"


def _as_dict(told: Rerating) -> dict[str, Any]:
    cells = [dataclasses.asdict(cell) | dataclasses.asdict(told.cells[cell]) for cell in sorted(told.cells)]
    moves = [{"tier": then, "would_be": would, "members": n} for (then, would), n in told.tier_moves.items()]
    plain = dataclasses.asdict(dataclasses.replace(told, cells={}, tier_moves={}))
    return plain | {"cells": cells, "tier_moves": moves}
