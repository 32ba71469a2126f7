"""The migrations and the table classes tell the same story."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from fedele.db.migrate import head_revision
from fedele.migrations.metadata import metadata


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "version_table": "schema_version",
            "include_object": lambda _o, name, kind, _r, _c: not (kind == "table" and str(name).startswith("pgqueuer")),
        },
    )
    return compare_metadata(context, metadata())


async def differences(url: str) -> list[Any]:
    """What alembic would change in the database to reach the table classes."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        found = await connection.run_sync(_differences)
    await engine.dispose()
    return found


async def test_the_table_classes_describe_the_migrated_schema(database_url: str, admin: Any) -> None:
    """`alembic check`: upgrading from zero leads to exactly what the table classes say."""
    assert await differences(database_url) == []


async def test_the_check_can_see_a_difference(database_url: str, admin: Any) -> None:
    """A planted column is reported."""
    await admin.execute("ALTER TABLE member_version ADD COLUMN planted text")
    try:
        assert await differences(database_url) != []
    finally:
        await admin.execute("ALTER TABLE member_version DROP COLUMN planted")


async def test_the_database_stands_at_the_head(admin: Any) -> None:
    """Migrating from zero ends at the newest migration."""
    assert await admin.fetchval("SELECT version_num FROM schema_version") == head_revision()
