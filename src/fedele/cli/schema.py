"""`fedele schema export` and `fedele documents build|publish`."""

import asyncio
import difflib
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from fedele.api.execution.manifest import ManifestInvalid, check_manifest, read_manifest, write_manifest
from fedele.api.execution.operations import MEMBER_FOLDERS, STAFF_FOLDERS, graphql_folder, read_operations
from fedele.api.member.schema import build_member_schema
from fedele.api.schema import sdl
from fedele.api.staff.schema import build_staff_schema
from fedele.cli.reach import reached_database
from fedele.domains.documents import commands
from fedele.domains.documents.types import SchemaName, TrustedDocument
from fedele.settings import read_settings

app = typer.Typer(help="The GraphQL schemas as text.", no_args_is_help=True)
documents_app = typer.Typer(help="Trusted documents: what phones may ask by its hash.", no_args_is_help=True)

_BUILDERS = {"member": build_member_schema, "staff": build_staff_schema}
_FOLDERS = {"member": MEMBER_FOLDERS, "staff": STAFF_FOLDERS}

console = Console(stderr=True)


@app.callback()
def schema_commands() -> None:
    """The GraphQL schemas as text."""


@app.command("export")
def export(
    folder: Annotated[Path | None, typer.Option(help="Where to write; the repository's graphql/ by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 and show what differs.")] = False,
) -> None:
    """Write member.graphql and staff.graphql, sorted, with descriptions and permissions."""
    target = folder or graphql_folder()
    differs = False
    for name, build in _BUILDERS.items():
        path, text = target / f"{name}.graphql", sdl(build())
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if check and current != text:
            differs = True
            lines = difflib.unified_diff(current.splitlines(), text.splitlines(), str(path), "the schema", lineterm="")
            typer.echo("\n".join(lines))
        elif not check:
            target.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            console.print(f"wrote {path}")
    if differs:
        raise typer.Exit(1)


@documents_app.command("build")
def build(
    schema: Annotated[str, typer.Option(help="member or staff")] = "member",
    output: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
) -> None:
    """Write the manifest of our own operations (Apollo's persisted-query format). The server knows them already."""
    manifest = write_manifest(read_operations(*_FOLDERS[_schema_name(schema)]))
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


@documents_app.command("publish")
def publish(
    manifest: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Apollo's, Relay's or codegen's JSON.")],
    app_name: Annotated[str, typer.Option("--app", help="Whose documents these are: ios, android, web.")],
    schema: Annotated[str, typer.Option(help="member or staff")] = "member",
) -> None:
    """Let phones send these documents by their hash. All of them are checked against the schema first."""
    name = _schema_name(schema)
    try:
        entries = read_manifest(orjson.loads(manifest.read_bytes()))
        check_manifest(_BUILDERS[name]()._schema, entries)
    except (ManifestInvalid, orjson.JSONDecodeError) as error:
        console.print(f"[red]nothing was published:[/red] {error}", highlight=False)
        raise typer.Exit(1) from None
    documents = [TrustedDocument(entry.sha256, name, app_name, entry.name, entry.body) for entry in entries]
    new_count = asyncio.run(_publish(documents))
    console.print(f"{new_count} new, {len(documents) - new_count} already published")


def _schema_name(text: str) -> SchemaName:
    if text == "member":
        return "member"
    if text == "staff":
        return "staff"
    raise typer.BadParameter(f"{text} is neither member nor staff")


async def _publish(documents: list[TrustedDocument]) -> int:
    async with reached_database(read_settings()) as database, database.transaction() as tx:
        return await commands.publish(tx, documents)
