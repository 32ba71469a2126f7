"""Bring a database to the newest migration, under an advisory lock so that many processes may start at once.

Alembic and SQLAlchemy are imported when something is migrated: a process that serves only asks where its database is.
"""

import asyncio
import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOCK_KEY = 4_706_311_001  # any constant of ours; it names the advisory lock of migrations


class DatabaseUnreachable(Exception):
    """The database did not answer in time."""


def alembic_config(connection: "Connection | None" = None) -> "Config":
    """Alembic's configuration without an ini file; `connection` is what the migrations run on."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@functools.cache
def head_revision() -> str:
    """The newest migration this code knows: they are named by their files, which are dated and numbered in order."""
    names = [file.stem for file in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    assert names, "the package was built without its migrations"
    return max(names)


async def wait_until_reachable(url: str, seconds: float) -> None:
    """Return when the database accepts a connection. Raises DatabaseUnreachable with the last reason."""
    deadline, told = asyncio.get_running_loop().time() + seconds, False
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise DatabaseUnreachable(
                    f"the database did not answer within {seconds:.0f} s: {error}. "
                    "Check FEDELE_DATABASE_URL and that the server accepts connections from here."
                ) from error
            if not told:
                log.warning("waiting_for_database", reason=type(error).__name__, seconds_max=seconds)
                told = True
            await asyncio.sleep(0.25)
        else:
            await connection.close()
            return


async def wait_until_migrated(url: str, seconds: float) -> None:
    """Return when the database stands at this code's migration, or a newer one. Raises DatabaseUnreachable."""
    deadline, told = asyncio.get_running_loop().time() + seconds, False
    while True:
        await wait_until_reachable(url, max(0.0, deadline - asyncio.get_running_loop().time()))
        connection = await asyncpg.connect(url, timeout=5)
        try:
            revision = await current_revision(_Asked(connection))
        finally:
            await connection.close()
        if revision is not None and revision >= head_revision():
            return
        if asyncio.get_running_loop().time() >= deadline:
            raise DatabaseUnreachable(
                f"the database stands at {revision or 'no migration'}, and this Fedele needs {head_revision()}: "
                "run `fedele migrate`, or a server with `fedele serve --migrate`"
            )
        if not told:
            log.warning("waiting_for_migration", stands_at=revision, needs=head_revision(), seconds_max=seconds)
            told = True
        await asyncio.sleep(0.25)


class _Asked:
    """An asyncpg connection in the shape that `current_revision` asks for."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch_value(self, sql: str) -> Any:
        return await self._connection.fetchval(sql)


async def migrate(url: str) -> str:
    """Upgrade to the newest migration and answer its name. Starters that come at once wait for the first."""
    from sqlalchemy import NullPool
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1).replace("postgres://", "postgresql+asyncpg://", 1),
        poolclass=NullPool,
    )
    lock = await asyncpg.connect(url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await lock.close()
        await engine.dispose()
    return head_revision()


def _upgrade(connection: "Connection") -> None:
    from alembic import command

    command.upgrade(alembic_config(connection), "head")
    connection.commit()


async def current_revision(connection: Any) -> str | None:
    """The migration the database stands at, or None when it was never migrated. Takes anything with fetch_value."""
    if await connection.fetch_value("SELECT to_regclass('schema_version')") is None:
        return None
    revision: str | None = await connection.fetch_value("SELECT version_num FROM schema_version")
    return revision
