"""`fedele backup`, `restore`, `doctor` and `config check`."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fedele.cli.reach import reached_url
from fedele.cli.told import console, told
from fedele.db import backup
from fedele.db import doctor as examination
from fedele.keyring import open_keyring
from fedele.settings import PREFIX, Settings, SettingsError, read_settings
from fedele.wiring import wire

config_app = typer.Typer(help="The environment.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Data = Annotated[Path, typer.Option(help="The demo's data folder, used where FEDELE_DATABASE_URL is not set.")]
DATA = Path(".fedele")


def backup_database(
    file: Annotated[Path, typer.Argument(help="Where to write it; it is complete once it is there.")], data: Data = DATA
) -> None:
    """Write the whole database to one file, read it back, and only then call it done."""
    with told(), reached_url(read_settings(data_dir=data)) as url:
        made = backup.backup(url, file)
        console.print(f"[green]wrote {made.file}[/green]: {made.table_count} tables, {made.size_bytes:,} bytes")
        console.print(f"sha256 {made.sha256}")


def restore_database(
    file: Annotated[Path, typer.Argument(help="A file that `fedele backup` wrote.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what the database holds.")] = False,
    data: Data = DATA,
) -> None:
    """Put a backup back, all of it or nothing."""
    with told(), reached_url(read_settings(data_dir=data)) as url:
        tables = backup.restore(url, file, overwrite=overwrite)
        console.print(f"[green]restored {tables} tables from {file}[/green]")


def doctor(data: Data = DATA, as_json: AsJson = False) -> None:
    """Look at the database and say what is wrong and what to do. Exits 1 if anything must be done."""
    with told(), reached_url(read_settings(data_dir=data)) as url:
        findings = asyncio.run(examination.examine(url, data_folder=data if data.exists() else None))
    if as_json:
        _print_json(findings)
    else:
        table = Table("check", "", "what was found", "what to do")
        for finding in findings:
            mark = "[green]ok[/green]" if finding.ok else "[red]no[/red]"
            table.add_row(finding.name, mark, finding.detail, "" if finding.ok else finding.what_to_do)
        console.print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@config_app.callback()
def config_commands() -> None:
    """The environment."""


@config_app.command("check")
def check(
    list_all: Annotated[bool, typer.Option("--list", help="List every setting with what it means.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the environment as the server would, open nothing, and say what is missing or wrong."""
    if list_all:
        _list_settings(as_json)
        return
    problems, warnings = _examine_environment()
    if as_json:
        _print_json({"ok": not problems, "problems": problems, "warnings": warnings})
    else:
        for warning in warnings:
            console.print(f"[yellow]{escape(warning)}[/yellow]")
        for problem in problems:
            console.print(f"[red]{escape(problem)}[/red]")
        if not problems:
            console.print("[green]the environment is in order[/green]")
    if problems:
        raise typer.Exit(1)


def _examine_environment() -> tuple[list[str], list[str]]:
    """What stops the server, and what it would only warn of."""
    try:
        settings = read_settings()
        if settings.database_url is None:
            raise SettingsError(
                "FEDELE_DATABASE_URL is not set: name a PostgreSQL 18, as postgresql://user:…@host/name"
            )
        return [], list(wire(settings, open_keyring(settings)).warnings)
    except SettingsError as error:
        return str(error).splitlines(), []


def _list_settings(as_json: bool) -> None:
    fields = {
        f"{PREFIX}{name.upper()}": ("" if field.default is None else str(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    }
    if as_json:
        _print_json({name: {"default": default, "meaning": meaning} for name, (default, meaning) in fields.items()})
        return
    table = Table("variable", "default", "meaning")
    for name, (default, meaning) in fields.items():
        table.add_row(name, escape(default), escape(meaning))
    Console(soft_wrap=True).print(table)


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
