"""`fedele messages …`: what a campaign would do, before it does it, and what mail systems say afterwards."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.table import Table

from fedele.adapters.mail.reports import read_mail_report
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached, reached_database
from fedele.cli.told import told
from fedele.db.migrate import DatabaseUnreachable
from fedele.domains.messaging import queries
from fedele.domains.messaging.commands import hear_of_mail
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.ports import MessageLinks
from fedele.domains.messaging.types import CampaignPreview
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.refusal import NotFound
from fedele.keyring import open_keyring
from fedele.settings import read_settings

app = typer.Typer(help="Campaigns: what they would do. E-mails: what came back.", no_args_is_help=True)


@app.command("preview")
def preview(
    key: Annotated[str, typer.Argument(help="The key of a campaign in the programme in force.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")] = False,
) -> None:
    """Count who would get a campaign if it were sent now, and why the others would not. Writes nothing.

    Exit code 1: it would not be sent at all, since it is for everybody and nobody said why.
    """
    with told():
        found = asyncio.run(_preview(key))
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
    else:
        _show(found)
    if found.refused:
        raise typer.Exit(1)


@app.command("bounces")
def bounces(
    files: Annotated[
        list[Path] | None, typer.Argument(help="E-mails that came back, a file each; `-` reads one from a pipe.")
    ] = None,
    url: Annotated[bool, typer.Option("--url", help="Print where a mail system can post them instead.")] = False,
) -> None:
    """Read reports of mail systems (RFC 3464, RFC 5965): addresses that do not exist are written to no more.

    A complaint withdraws the consent, too. Reading a file again changes nothing. Made for a pipe of the mail server:
    `|fedele messages bounces -` in the aliases of the sender's address.
    """
    with told():
        if url:
            settings = read_settings()
            typer.echo(MessageLinks(settings.base_url, open_keyring(settings).message_links).bounces())
            return
        read = [(str(path), _raw(path)) for path in files or ()]
        if not read:
            raise typer.BadParameter("name the files, or `-` for a pipe")
        for name, outcome in asyncio.run(_hear(read)):
            typer.echo(f"{name}: {outcome}")


def _raw(path: Path) -> bytes:
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


async def _hear(read: list[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """What became of each."""
    heard = []
    with reached(read_settings()) as settings:
        links = MessageLinks(settings.base_url, open_keyring(settings).message_links)
        async with reached_database(settings) as database:
            for name, raw in read:
                report = read_mail_report(raw)
                outcome = "no report of a failure or a complaint"
                if report is not None:
                    async with database.transaction() as tx:
                        outcome = await hear_of_mail(tx, links, report, moment_now())
                heard.append((name, outcome))
    return heard


async def _preview(key: str) -> CampaignPreview:
    try:
        async with reached_database(read_settings()) as database:
            moment = moment_now()
            programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment.now)
            campaign = programme.section(MessagesConfig).campaign(key)
            if campaign is None:
                raise NotFound(what="campaign", field="key")
            return await queries.preview_campaign(database.reader, programme, campaign, moment)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachable(f"the database cannot be asked: {error}") from error


def _show(found: CampaignPreview) -> None:
    console = Console(soft_wrap=True)
    console.print(
        f"{found.campaign}: of {found.audience_count:,} members it is for ({found.everyone_count:,} there are), "
        f"{found.now_count:,} would get it now and {found.later_count:,} later, because:"
    )
    table = Table("members", "why not now")
    for reason, count in sorted(found.reasons.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(f"{count:,}", queries.reason_words(reason, "en"))
    console.print(table)
    for channel, count in sorted(found.channels.items()):
        console.print(f"by {channel}: {count:,}")
    if found.refused:
        console.print("[red]It is for everybody, and nobody said why (audience.everyone): it would be refused.[/red]")
