"""Which database a command works on: the one that settings name, or the demo's own."""

import contextlib
from collections.abc import AsyncIterator, Iterator

from pydantic import SecretStr

from fedele.db import embedded
from fedele.db.database import Database, open_database
from fedele.keyring import SECRET_KEY_FILE
from fedele.settings import Settings, SettingsError


@contextlib.contextmanager
def reached(settings: Settings) -> Iterator[Settings]:
    """Settings with a database: as given, or with the demo's database and secret key while the block lasts.

    A demo that runs is joined; one that does not is started for as long. Raises SettingsError where there is neither.
    """
    if settings.database_url is not None:
        yield settings
        return
    folder = settings.data_dir / "postgres"
    if not folder.exists():
        raise SettingsError(
            "FEDELE_DATABASE_URL is not set: name a PostgreSQL 18, as postgresql://user:…@host/name "
            f"(and no demo has been started in {settings.data_dir})"
        )
    found: dict[str, SecretStr] = {}
    if settings.secret_key is None and (settings.data_dir / SECRET_KEY_FILE).exists():
        found["secret_key"] = SecretStr((settings.data_dir / SECRET_KEY_FILE).read_text())
    with embedded.start(folder) as server:
        yield settings.model_copy(update={"database_url": SecretStr(server.url), **found})


@contextlib.contextmanager
def reached_url(settings: Settings) -> Iterator[str]:
    """The URL that `reached` settings name, for tools that connect by themselves."""
    with reached(settings) as with_database:
        assert with_database.database_url is not None, "that is what `reached` is for"
        yield with_database.database_url.get_secret_value()


@contextlib.asynccontextmanager
async def database_of(settings: Settings, size: int = 2) -> AsyncIterator[Database]:
    """The database that `reached` settings name, closed again when the block ends."""
    assert settings.database_url is not None, "ask `reached` first"
    database = open_database(settings.database_url.get_secret_value(), size=size, role=settings.database_role)
    try:
        yield database
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def reached_database(settings: Settings, size: int = 2) -> AsyncIterator[Database]:
    """Both in one, for commands that need nothing else of the settings."""
    with reached(settings) as with_database:
        async with database_of(with_database, size) as database:
            yield database
