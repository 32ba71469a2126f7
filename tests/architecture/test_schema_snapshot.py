"""The migrated schema is the committed one: also what alembic cannot compare, functions, triggers and grants."""

import difflib
from typing import Any

from fedele.migrations.metadata import metadata
from tests.architecture.refresh_schema import SNAPSHOT, dump_schema

ADVICE = "if it is meant, run `python -m tests.architecture.refresh_schema` and commit tests/architecture/schema.sql"


def difference(committed: str, found: str) -> list[str]:
    """The lines that differ, as a diff shows them."""
    return list(difflib.unified_diff(committed.splitlines(), found.splitlines(), "committed", "migrated", lineterm=""))


async def test_the_migrated_schema_is_the_committed_one(database_url: str, admin: Any) -> None:
    """A change of a table, a PL/pgSQL function, a trigger or a grant is seen in review."""
    lines = difference(SNAPSHOT.read_text(), dump_schema(database_url))
    assert lines == [], "\n".join([*lines[:80], ADVICE])


async def test_the_check_can_see_a_function(database_url: str, admin: Any) -> None:
    """A planted function, whose kind `alembic check` does not know, is reported."""
    await admin.execute("CREATE FUNCTION planted_v1() RETURNS int LANGUAGE sql RETURN 1")
    try:
        lines = difference(SNAPSHOT.read_text(), dump_schema(database_url))
    finally:
        await admin.execute("DROP FUNCTION planted_v1()")
    assert any("planted_v1" in line for line in lines)


async def test_the_check_can_see_a_grant(database_url: str, admin: Any) -> None:
    """Letting the app change an append-only table is reported."""
    await admin.execute("GRANT UPDATE ON entry TO fedele_app")
    try:
        lines = difference(SNAPSHOT.read_text(), dump_schema(database_url))
    finally:
        await admin.execute("REVOKE UPDATE ON entry FROM fedele_app")
    assert any("UPDATE ON TABLE public.entry" in line for line in lines)


def test_the_snapshot_is_whole() -> None:
    """It names every table of ours and the functions that move value."""
    text = SNAPSHOT.read_text()
    assert [name for name in metadata().tables if f" TABLE public.{name} (" not in text] == []
    for function in ("ledger_post_v2", "settle_v2", "return_v2", "outbox_publish_v1", "refuse_change_v1"):
        assert f"CREATE FUNCTION public.{function}(" in text
