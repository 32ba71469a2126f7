"""`fedele wallet …`: is everything in order, a signed pass in a file, and a picture of a card."""

import asyncio
import contextlib
import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import httpx
import orjson
import typer
from babel import UnknownLocaleError
from rich.console import Console
from rich.markup import escape

from fedele.adapters.apple_wallet import development
from fedele.adapters.apple_wallet.assembler import AppleWallet
from fedele.adapters.apple_wallet.bundles import BundleTooLarge, bundle_of
from fedele.adapters.apple_wallet.certificates import CertificateError, Finding, Identity, examine
from fedele.adapters.apple_wallet.design import DesignError, load_design
from fedele.adapters.apple_wallet.opening import (
    WEB_SERVICE_PATH,
    design_folders,
    designs_folder,
    open_assembler,
    open_wallets,
    signing_identity,
)
from fedele.adapters.google_wallet.opening import open_google
from fedele.adapters.google_wallet.save_links import CredentialsError
from fedele.adapters.wallet_preview.letters import NoShaping
from fedele.adapters.wallet_preview.preview import preview as draw
from fedele.adapters.wallet_preview.preview import shortcomings
from fedele.adapters.wallet_preview.samples import sample_card
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.join_qr import join_qr
from fedele.cli.reach import reached_database
from fedele.db.database import Database
from fedele.domains.members import queries as members
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet import commands, queries
from fedele.domains.wallet.ports import GoogleBusy, GoogleRefused
from fedele.domains.wallet.types import CardState, card_serial
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import MalformedId, MemberId, decode_id
from fedele.kernel.refusal import Refusal
from fedele.settings import Settings, SettingsError, read_settings

app = typer.Typer(help="Apple and Google Wallet: what is wrong, and a card in a file.", no_args_is_help=True)
console = Console(stderr=True, highlight=False, soft_wrap=True)


app.command("join-qr")(join_qr)


@app.callback()
def wallet_commands() -> None:
    """Apple and Google Wallet: what is wrong, and a card in a file."""


@app.command("doctor")
def doctor(
    designs: Annotated[Path | None, typer.Option(help="A folder of designs instead of the shipped ones.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")] = False,
) -> None:
    """Check certificate, designs, addresses and credentials; say what to do. Exits 1 if phones would refuse a card."""
    settings, moment = _settings(), moment_now()
    identity, findings = _examine_identity(settings, moment)
    findings += _examine_designs(designs or designs_folder(), identity, settings)
    findings += _examine_address(settings) + _examine_google(settings)
    if as_json:
        told = [{"severity": each.severity, "what": each.what, "remedy": each.remedy} for each in findings]
        typer.echo(orjson.dumps({"findings": told}, option=orjson.OPT_INDENT_2).decode())
    else:
        for each in findings:
            colour = "red" if each.severity == "error" else "yellow"
            console.print(f"[{colour}]{each.severity}[/{colour}] {escape(each.what)}\n      → {escape(each.remedy)}")
        if not findings:
            console.print("[green]the wallet is in order[/green]")
    if any(each.severity == "error" for each in findings):
        raise typer.Exit(1)


@app.command("preview")
def preview(
    member: Annotated[str | None, typer.Argument(help="A card code, an id from the API, or a UUID.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Draw a made-up member's card; needs no database.")] = False,
    design: Annotated[str | None, typer.Option(help="The folder in passes/; a member's own is the default.")] = None,
    designs: Annotated[Path | None, typer.Option(help="A folder of designs instead of the shipped ones.")] = None,
    locale: Annotated[
        str | None, typer.Option(help="The phone's language, 'ar'; a member's own is the default.")
    ] = None,
    balance: Annotated[int | None, typer.Option(min=0, help="The sample's balance: chooses among looks.")] = None,
    tier: Annotated[str | None, typer.Option(help="The sample's level, by its key: chooses among looks.")] = None,
    longest: Annotated[bool, typer.Option("--longest", help="A long name and a seven-digit balance.")] = False,
    older_phone: Annotated[bool, typer.Option("--older-phone", help="Barcodes as before iOS 27.")] = False,
    scale: Annotated[int, typer.Option(min=1, max=4, help="Pixels a point.")] = 2,
    out: Annotated[Path, typer.Option(help="Where to write the PNG.")] = Path("card.png"),
) -> None:
    """Draw a card as a phone would show it, front and back, into a PNG; right-to-left languages included."""
    if sample == (member is not None):
        console.print("[red]nothing was drawn:[/red] name a member, or give --sample with --design")
        raise typer.Exit(2)
    settings = _settings()
    try:
        wallets = open_wallets(_identity(settings, moment_now()), settings.base_url, designs)
        if member is not None:
            card = asyncio.run(_read_only(settings, member))
            card = dataclasses.replace(card, design=design or card.design, locale=locale or card.locale)
        else:
            chosen = wallets.named(design or "grocer").design
            worth = None if balance is None else Decimal(balance)
            card = sample_card(chosen, locale or "en", longest=longest, balance=worth, tier=tier)
        phone: Literal["ios27", "older"] = "older" if older_phone else "ios27"
        picture = draw(wallets.of(card), card, scale=scale, phone=phone)
    except (CertificateError, DesignError, NoProgramme, NoShaping, Refusal, SettingsError, UnknownLocaleError) as error:
        console.print(f"[red]nothing was drawn:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
    picture.save(out, "PNG", optimize=True)
    console.print(f"wrote {escape(str(out))}")


@app.command("issue")
def issue(
    member: Annotated[list[str], typer.Argument(help="Members: a card code, an id from the API, or a UUID each.")],
    out: Annotated[Path, typer.Option(help="Where to write it.")] = Path("card.pkpass"),
) -> None:
    """Write a member's signed card to a file, issuing it if it was not yet; several members' as one bundle.

    A bundle (`--out family.pkpasses`) is added to a phone with one tap.
    """
    settings = _settings()
    try:
        identity = _identity(settings, moment_now())
        issued = asyncio.run(_issue(settings, identity, member))
        content = next(iter(issued.values())) if len(member) == 1 else bundle_of(issued)
    except (BundleTooLarge, CertificateError, DesignError, NoProgramme, Refusal, SettingsError) as error:
        console.print(f"[red]no card was written:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
    out.write_bytes(content)
    console.print(f"wrote {escape(str(out))}")
    if identity.development:
        console.print(f"[yellow]{escape(development.WARNING)}[/yellow]")


async def _issue(settings: Settings, identity: Identity, texts: list[str]) -> dict[str, bytes]:
    """Signed passes by serial number."""
    moment = moment_now()
    wallets = open_assembler(open_wallets(identity, settings.base_url), settings.pass_assembler)
    signed = {}
    async with reached_database(settings) as database:
        programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment.now)
        for text in texts:
            member_id = await _member_id(database, text, moment)
            async with database.transaction() as tx:
                issued = await commands.issue_card(tx, wallets, programme, member_id, moment)
                token = issued.authentication_token
                card = await queries.read_card(tx, programme, member_id, issued.serial, token, moment)
            signed[str(issued.serial)] = await wallets.assemble(card, min(issued.updated_at, moment.now))
    return signed


async def _read_only(settings: Settings, text: str) -> CardState:
    """A member's card as it reads now, issued or not. Writes nothing."""
    moment = moment_now()
    async with reached_database(settings) as database:
        member_id = await _member_id(database, text, moment)
        programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment.now)
        reader = database.reader
        return await queries.read_card(reader, programme, member_id, card_serial(member_id), "0" * 32, moment)


async def _member_id(database: Database, text: str, moment: Moment) -> MemberId:
    with contextlib.suppress(MalformedId):
        return MemberId(decode_id("member", text, 1)[0])
    with contextlib.suppress(ValueError):
        return MemberId(UUID(text))
    return (await members.find_by_code(database.reader, text, moment)).member_id


def _identity(settings: Settings, moment: Moment) -> Identity:
    secrets = (
        settings.apple_pass_certificate,
        settings.apple_pass_key,
        settings.apple_pass_key_password,
        settings.apple_wwdr_certificate,
    )
    texts = [secret.get_secret_value() if secret else None for secret in secrets]
    return signing_identity(settings.data_dir, moment.now, *texts)


def _examine_identity(settings: Settings, moment: Moment) -> tuple[Identity | None, list[Finding]]:
    try:
        identity = _identity(settings, moment)
    except CertificateError as error:
        what, _, remedy = str(error).partition(": ")
        return None, [Finding("error", what, remedy)]
    pass_type, team = settings.apple_pass_type_identifier or "", settings.apple_team_identifier or ""
    return identity, examine(identity, pass_type, team, moment.now)


def _examine_designs(folder: Path, identity: Identity | None, settings: Settings) -> list[Finding]:
    findings = []
    for design in design_folders(folder):
        try:
            loaded = load_design(design)
            if identity is not None:
                findings += shortcomings(AppleWallet(loaded, identity, settings.base_url + WEB_SERVICE_PATH))
        except DesignError as error:
            for problem in error.problems:
                where, _, what = problem.partition(": ")
                said, _, remedy = what.partition("; ")
                findings.append(Finding("error", f"passes/{where}: {said}", remedy or "see passes/README.md"))
        except NoShaping as error:
            return [*findings, Finding("warning", "what is cut off on a phone was not looked at", str(error))]
    return findings


def _examine_address(settings: Settings) -> list[Finding]:
    if settings.base_url.startswith("https://"):
        return []
    return [
        Finding(
            "warning",
            f"FEDELE_BASE_URL is {settings.base_url}: phones ask for updates over https only, so cards will not change",
            "set it to the public https address of this server, and issue cards after that",
        )
    ]


def _examine_google(settings: Settings) -> list[Finding]:
    credentials, issuer = settings.google_wallet_credentials, settings.google_wallet_issuer_id
    if not credentials or not issuer:
        missing = "FEDELE_GOOGLE_WALLET_CREDENTIALS" if not credentials else "FEDELE_GOOGLE_WALLET_ISSUER_ID"
        return [
            Finding(
                "warning",
                f"Google Wallet is off, googleWalletUrl is null: {missing} is not set",
                "make an issuer account at pay.google.com/business/console and a service account key, and set both",
            )
        ]
    try:
        return asyncio.run(_examine_reviews(settings, credentials.get_secret_value(), issuer))
    except (CredentialsError, DesignError) as error:
        return [Finding("error", "Google Wallet: the credentials cannot be used", str(error))]


async def _examine_reviews(settings: Settings, credentials: str, issuer: str) -> list[Finding]:
    """Where each card's class is in Google's review, and what to do. Asks Google."""
    findings: list[Finding] = []
    async with httpx.AsyncClient() as client:
        side = open_google(credentials, issuer, settings.base_url, client, settings.google_wallet_url)
        for design in side.designs:
            try:
                review = await side.cards.review("card", design)
            except (GoogleBusy, GoogleRefused) as error:
                what = f"Google Wallet could not be asked: {error}"
                return [*findings, Finding("warning", what, "see the remedy of Google's, or ask again in a minute")]
            if review is None:
                continue  # of a design that nobody has: it is written with the first card
            if not review.approved:
                severity: Literal["error", "warning"] = "warning" if review.usable else "error"
                findings.append(
                    Finding(severity, f"Google's class {review.class_id} is {review.status}", review.remedy)
                )
    return findings


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        console.print(f"[red]the settings cannot be used:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
