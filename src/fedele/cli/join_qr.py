"""`fedele wallet join-qr`: the QR code for a shop's window, a leaflet, a poster."""

import asyncio
from pathlib import Path
from typing import Annotated

import segno
import typer
from rich.console import Console
from rich.markup import escape

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.reach import reached_database
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet.config import WalletConfig
from fedele.kernel.clock import moment_now
from fedele.settings import Settings, SettingsError, read_settings

SCALE = 20  # pixels a module: sharp on a poster
QUIET_ZONE = 4  # modules of white around it, as the standard asks
console = Console(stderr=True, highlight=False, soft_wrap=True)


def join_qr(
    code: Annotated[str, typer.Argument(help="A code of the programme's section wallet.join.")],
    out: Annotated[Path, typer.Option(help="Where to write it: x.svg or x.png.")] = Path("join.svg"),
) -> None:
    """Write the QR code that leads to the page where people join, for a shop's window. Prints the address."""
    if out.suffix.lower() not in {".svg", ".png"}:
        console.print("[red]nothing was written:[/red] the file's name ends in .svg or .png")
        raise typer.Exit(2)
    try:
        settings = read_settings()
        known = asyncio.run(_codes(settings))
    except (NoProgramme, SettingsError) as error:
        console.print(f"[red]nothing was written:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
    if code not in known:
        there = f"there are {', '.join(known)}" if known else "it has none: add some under wallet.join.codes"
        console.print(f"[red]nothing was written:[/red] the programme has no code '{escape(code)}'; {escape(there)}")
        raise typer.Exit(1)
    url = f"{settings.base_url.rstrip('/')}/join/{code}"
    # A window is dirty and a poster folds: a quarter of the code may be lost.
    segno.make(url, error="q", micro=False).save(str(out), kind=out.suffix[1:].lower(), scale=SCALE, border=QUIET_ZONE)
    typer.echo(url)
    console.print(f"wrote {escape(str(out))}")
    if not url.startswith("https://"):
        console.print("[yellow]FEDELE_BASE_URL is not https: set the public address before you print it[/yellow]")
    for warning in _undelivered(settings):
        console.print(f"[yellow]{warning}[/yellow]")


def _undelivered(settings: Settings) -> list[str]:
    """Why somebody who scans the code may wait for a one-time code that never comes, and what to set."""
    if settings.otp_delivery == "none":
        return [
            "one-time codes reach nobody: set FEDELE_OTP_DELIVERY=channels, and FEDELE_MAIL_URL or FEDELE_SMS_ACCOUNT"
        ]
    if settings.otp_delivery != "channels":
        return []
    missing = []
    if settings.sms_account is None:
        missing.append(
            "who gives a telephone number gets no code: set FEDELE_SMS_ACCOUNT, FEDELE_SMS_TOKEN and FEDELE_SMS_FROM"
        )
    if settings.mail_url is None:
        missing.append("who gives an e-mail address gets no code: set FEDELE_MAIL_URL and FEDELE_MAIL_FROM")
    return missing


async def _codes(settings: Settings) -> list[str]:
    """The codes of the programme in force."""
    async with reached_database(settings) as database:
        programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment_now().now)
    join = programme.section(WalletConfig).join
    return [one.code for one in join.codes] if join else []
