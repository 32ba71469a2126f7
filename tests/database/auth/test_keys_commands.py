"""`fedele keys`: what an operator types, and what the shell gets."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from fedele.cli.keys import app
from fedele.db.database import Database, open_database
from fedele.domains.auth.errors import KeyRevoked
from fedele.domains.auth.types import ALL_SCOPES, KeyKind, Principal, Scope
from fedele.kernel.clock import moment_now
from tests.factories.auth import make_authenticator


@pytest.fixture
def emptied(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database without keys, named by the environment as an operator would."""

    async def empty() -> None:
        import asyncpg

        connection = await asyncpg.connect(database_url)
        await connection.execute("DELETE FROM api_key")
        await connection.close()

    asyncio.run(empty())
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    return database_url


def fedele(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(arguments))


def principal_of(url: str, text: str) -> Principal:
    """Who the key is to a running server."""

    async def ask() -> Principal:
        database: Database = open_database(url, size=2, role="fedele_app")
        try:
            return await make_authenticator(database).principal(SecretStr(text), moment_now())
        finally:
            await database.close()

    return asyncio.run(ask())


def test_a_key_is_made_used_listed_and_revoked(emptied: str) -> None:
    """Its text alone is on standard output; the list shows no secret; revoking by id or by the whole key works."""
    made = fedele("create", "till 3", "--kind", "till", "--store", "store-1")
    assert made.exit_code == 0, made.output
    text = made.stdout.strip()
    assert text.startswith("fdl_till_")
    principal: Any = principal_of(emptied, text)
    assert (principal.kind, principal.store, principal.scopes) == (KeyKind.TILL, "store-1", {Scope.TILL})
    listed = fedele("list")
    assert "till 3" in listed.stdout
    assert text.rpartition("_")[2] not in listed.output
    revoked = fedele("revoke", text)
    assert revoked.exit_code == 0
    assert text.rpartition("_")[2] not in revoked.output
    with pytest.raises(KeyRevoked):
        principal_of(emptied, text)
    assert "till 3" not in fedele("list").stdout
    assert "revoked" in fedele("list", "--all").stdout


def test_scripts_get_json(emptied: str) -> None:
    """Of every command."""
    made = orjson.loads(fedele("create", "console", "--scope", "all", "--days", "7", "--json").stdout)
    assert set(made["scopes"]) == {scope.value for scope in ALL_SCOPES}
    assert made["expires_at"] is not None
    (listed,) = orjson.loads(fedele("list", "--json").stdout)
    assert listed["id"] == made["id"]
    assert "key" not in listed
    assert orjson.loads(fedele("revoke", made["id"], "--json").stdout)["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "x"), "scope"),
        (("create", "x", "--scope", "everything"), "members:read"),
        (("create", "x", "--scope", "till", "--kind", "till"), "name the store"),
        (("create", " ", "--scope", "till"), "name of 1"),
        (("revoke", "aaaaaaaaaaaa"), "No key"),
    ],
)
def test_mistakes_are_told_in_a_line(emptied: str, arguments: tuple[str, ...], says: str) -> None:
    """With an exit code, and no key was made."""
    result = fedele(*arguments)
    assert result.exit_code != 0
    assert says in result.output
    assert "Traceback" not in result.output
    assert orjson.loads(fedele("list", "--all", "--json").stdout) == []


def test_without_a_database_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """FEDELE_DATABASE_URL, by name; and an unreachable one is told in a line."""
    monkeypatch.chdir(tmp_path)  # in a folder with a demo, commands join its database
    monkeypatch.delenv("FEDELE_DATABASE_URL", raising=False)
    result = fedele("list")
    assert (result.exit_code, "FEDELE_DATABASE_URL" in result.output) == (1, True)
    monkeypatch.setenv("FEDELE_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    result = fedele("list")
    assert (result.exit_code, "cannot be reached" in result.output) == (1, True)


def test_a_bootstrap_key_can_be_generated_without_a_database() -> None:
    """Two are different, and each has the right form."""
    first, second = fedele("generate").stdout.strip(), fedele("generate").stdout.strip()
    assert first != second
    assert first.startswith("fdl_staff_")
