"""`fedele programme apply`, `withdraw`, `versions`, `export`: the versions of a deployment."""

import dataclasses
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

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
    read_text,
    run,
    warn,
)
from fedele.domains.programme import commands, queries
from fedele.domains.programme.types import Applied, ProgrammeVersion, VersionRecord, Withdrawal
from fedele.kernel.clock import moment_now

ACTOR = "command line"


def apply(
    file: File,
    effective_from: Annotated[
        str | None, typer.Option(help="ISO date or time; without a zone, in the programme's. Now by default.")
    ] = None,
    expect_version: Annotated[
        int | None, typer.Option(help="The newest version when you planned; if there is a newer one, nothing happens.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a file the programme, now or from a time on. Applying the same again changes nothing."""
    text = read_text(file)
    checked = check_file(file, as_json, text)
    expected = None if expect_version is None else ProgrammeVersion(expect_version)
    applied = run(_apply(text, str(file), instant_of(effective_from, checked), expected))
    programme = applied.programme
    if as_json:
        print_json(
            {
                "version": programme.version,
                "effective_from": programme.effective_from.isoformat(),
                "created": applied.created,
                "warnings": as_dicts(applied.warnings),
            }
        )
        return
    warn(file, applied.warnings)
    verb = "applied as" if applied.created else "is already"
    console.print(
        f"{escape(str(file))} {verb} version {programme.version}, from {programme.effective_from.isoformat()}"
    )


def withdraw(
    version: Annotated[int, typer.Argument(help="A version that has not begun; see fedele programme versions.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever reads the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take back a version before it begins. Withdrawing it again changes nothing."""
    done = run(_withdraw(ProgrammeVersion(version), reason))
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    verb = "is withdrawn" if done.created else "was withdrawn before"
    console.print(f"version {done.version}, which would have begun at {done.effective_from.isoformat()}, {verb}")


def versions(as_json: AsJson = False) -> None:
    """List every version that was applied, the newest first, and what became of it."""
    records = run(_versions())
    if as_json:
        print_json(as_dicts(records))
        return
    for record in records:
        until = f" until {record.ends_at.isoformat()}" if record.ends_at else ""
        state = record.state.replace("_", " ")
        typer.echo(f"{record.version:>4}  {state:<10}  from {record.effective_from.isoformat()}{until}  {record.actor}")


def export(
    at: Annotated[str | None, typer.Option(help="The version in force then; now by default.")] = None,
) -> None:
    """Print the file that is in force, as it was applied."""
    sys.stdout.write(run(_export(datetime.fromisoformat(at).astimezone() if at else moment_now().now)))


async def _apply(
    text: str, file: str, effective_from: datetime | None, expected_version: ProgrammeVersion | None
) -> Applied:
    async with database() as opened, opened.transaction() as tx:
        return await commands.apply(
            tx,
            text,
            moment_now(),
            sections=PROGRAMME_SECTIONS,
            effective_from=effective_from,
            actor=ACTOR,
            file=file,
            expected_version=expected_version,
        )


async def _withdraw(version: ProgrammeVersion, reason: str) -> Withdrawal:
    async with database() as opened, opened.transaction() as tx:
        return await commands.withdraw(tx, version, moment_now(), actor=ACTOR, reason=reason)


async def _export(when: datetime) -> str:
    async with database() as opened:
        return await queries.export(opened.reader, when)


async def _versions() -> list[VersionRecord]:
    async with database() as opened:
        return await queries.list_versions(opened.reader, moment_now().now)
