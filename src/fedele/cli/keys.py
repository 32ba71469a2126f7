"""`fedele keys …`: API keys of staff, tills and integrations."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fedele.cli.reach import reached_database
from fedele.db.database import Database
from fedele.domains.auth import commands, queries
from fedele.domains.auth.types import ALL_SCOPES, TILL_SCOPES, ApiKey, CreatedKey, KeyKind, Scope
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import Refusal
from fedele.settings import SettingsError, read_settings

app = typer.Typer(help="API keys of staff, tills and integrations.", no_args_is_help=True)
console = Console(stderr=True, highlight=False, soft_wrap=True)

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
SCOPES = ", ".join(scope.value for scope in Scope)


@app.callback()
def keys_commands() -> None:
    """API keys of staff, tills and integrations."""


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is: 'till 3', 'shop connector'.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"What it may do (repeatable): {SCOPES}; or all.")] = None,
    store: Annotated[str | None, typer.Option(help="The only store it acts for; none: every store.")] = None,
    kind: Annotated[KeyKind, typer.Option(help="The word in the key's text.")] = KeyKind.STAFF,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; none: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is printed once, on standard output, and kept nowhere."""
    scopes = _scopes(scope or [], kind)
    moment = moment_now()
    expires_at = moment.now + timedelta(days=days) if days else None

    async def run(database: Database) -> CreatedKey:
        async with database.transaction() as tx:
            place = StoreId(store) if store else None
            return await commands.create_key(tx, name, scopes, moment, kind=kind, store=place, expires_at=expires_at)

    created = _with_database(run)
    text = created.text.get_secret_value()
    if as_json:
        _print_json({**_as_dict(created.key), "key": text})
        return
    typer.echo(text)
    where = f"for {store}" if store else "for every store"
    console.print(f"[green]key {created.key.key_id} made[/green] {where}: {escape(', '.join(sorted(scopes)))}")
    console.print("Keep it now; it cannot be shown again.")


@app.command("list")
def list_keys(
    with_revoked: Annotated[bool, typer.Option("--all", help="Revoked keys too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the keys there are, without their secrets."""

    async def run(database: Database) -> tuple[ApiKey, ...]:
        return await queries.list_api_keys(database.reader, with_revoked=with_revoked)

    keys = _with_database(run)
    if as_json:
        _print_json([_as_dict(key) for key in keys])
        return
    table = Table("id", "kind", "name", "scopes", "store", "created", "last used", "state")
    for key in keys:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        table.add_row(
            key.key_id, key.kind.value, escape(key.name), ", ".join(sorted(key.scopes)), key.store or "every",
            f"{key.created_at:%Y-%m-%d}", used, _state(key),
        )  # fmt: skip
    Console(soft_wrap=True).print(table)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it; never its secret.")],
    as_json: AsJson = False,
) -> None:
    """Stop a key, at once and for good."""
    # Whoever pastes the whole key has good reason to hurry: its id is in it.
    identifier = key_id.split("_")[2] if key_id.startswith("fdl_") and key_id.count("_") >= 2 else key_id

    async def run(database: Database) -> ApiKey:
        async with database.transaction() as tx:
            return await commands.revoke_key(tx, identifier, moment_now())

    key = _with_database(run)
    if as_json:
        _print_json(_as_dict(key))
        return
    console.print(f"[green]key {key.key_id} ({escape(key.name)}) is revoked[/green]")


@app.command("generate")
def generate() -> None:
    """Print a fresh staff key for FEDELE_BOOTSTRAP_STAFF_KEY. Needs no database; it counts once a server has started
    with it."""
    typer.echo(commands.generate_staff_key().get_secret_value())


def _scopes(given: list[str], kind: KeyKind) -> frozenset[Scope]:
    if not given and kind is KeyKind.TILL:
        return TILL_SCOPES
    if given == ["all"]:
        return ALL_SCOPES
    try:
        return frozenset(Scope(each.strip()) for item in given for each in item.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{error}; there are: {SCOPES}; or all", param_hint="--scope") from None


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= moment_now().now else "live"


def _as_dict(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "kind": key.kind.value,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "store": key.store,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _with_database(run: Callable[[Database], Awaitable[T]]) -> T:
    """Run against the configured database; a refusal becomes one line and exit code 1."""

    async def main() -> T:
        async with reached_database(read_settings()) as database:
            return await run(database)

    try:
        return asyncio.run(main())
    except (Refusal, SettingsError) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from None
    except (OSError, TimeoutError) as error:
        console.print(f"[red]the database cannot be reached: {escape(str(error))}[/red]")
        raise typer.Exit(1) from None
