"""`fedele programme explain ID`: why an entry, a purchase or an event is what it is, with the whole trace."""

import dataclasses
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fedele.api import ids
from fedele.api.explaining_words import Speaker
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.programme.printing import AsJson, database, print_json, run
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.explaining import queries
from fedele.domains.explaining.types import Explanation, RuleTold
from fedele.domains.ledger.types import EntryId
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.refusal import NotFound


def explain(
    id: Annotated[str, typer.Argument(help="entry_…, purchase_… or event_…, as the API and exports show it.")],
    locale: Annotated[str, typer.Option(help="The language of the words: en, it, ru or ar.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Say why: every rule that was tried, the first part of a condition that failed with its values, the arithmetic."""
    told = run(_explain(id))
    if as_json:
        content = {name.name: getattr(told, name.name) for name in dataclasses.fields(told) if name.name != "programme"}
        print_json(content | {"title": Speaker(told.programme, locale).title(told)})
        return
    _print(told, Speaker(told.programme, locale))


async def _explain(text: str) -> Explanation:
    async with database() as opened:
        programmes, now = ProgrammeSource(opened, PROGRAMME_SECTIONS), moment_now().now
        told: Explanation | None = None
        if owned := ids.find_owned_row("entry", text):
            told = await queries.explain_entry(opened.reader, programmes, owned[0], EntryId(owned[1]), now)
        elif owned := ids.find_owned_row("purchase", text):
            told = await queries.explain_purchase(opened.reader, programmes, owned[0], PurchaseId(owned[1]), now)
        elif owned := ids.find_owned_row("event", text):
            told = await queries.explain_event(opened.reader, programmes, owned[0], ActivityEventId(owned[1]), now)
    if told is None:
        raise NotFound(what="entry, purchase or event")
    return told


def _print(told: Explanation, speaker: Speaker) -> None:
    out = Console(highlight=False, soft_wrap=True)
    version = f"version {told.decided_by}" if told.decided_by else "no version of the programme"
    out.print(f"[bold]{escape(speaker.title(told))}[/bold]")
    out.print(f"{told.kind}, {told.occurred_at.isoformat()}, by {version}" + (f", {told.actor}" if told.actor else ""))
    for term in told.terms:
        out.print(f"  {speaker.number(term.amount):>12}  {escape(speaker.term(term))}")
    if told.terms and told.amount is not None and told.currency:
        out.print(f"  {speaker.number(told.amount):>12}  = {escape(speaker.amount(told.currency, told.amount))}")
    for one in told.rules:
        _print_rule(out, one, speaker)


def _print_rule(out: Console, told: RuleTold, speaker: Speaker) -> None:
    sign = "[green]✓[/green]" if told.trace.units else "[dim]·[/dim]"
    reason = speaker.reason(told.trace, told.failed)
    out.print(f"{sign} {escape(told.trace.rule)} ({escape(speaker.rule(told.trace.rule))}): {escape(reason)}")
    for term in told.terms:
        out.print(f"      {speaker.number(term.amount):>12}  {escape(speaker.term(term))}")
    if told.terms and told.trace.currency:
        total = speaker.amount(told.trace.currency, told.amount)
        back = f", {speaker.number(told.taken_back)} taken back since" if told.taken_back else ""
        out.print(f"      {speaker.number(told.amount):>12}  = {escape(total)}{back}")
    if told.failed:
        values = ", ".join(f"{name} = {value}" for name, value in told.failed.values.items())
        lines = f" on line {', '.join(map(str, told.failed.lines))}" if told.failed.lines else ""
        out.print(f"      [red]{escape(told.failed.part)}[/red]{lines}: {escape(values)}")
