"""Write schema.sql from a database migrated from nothing: `python -m tests.architecture.refresh_schema`.

Uses the server of FEDELE_TEST_DATABASE_URL, or starts an embedded one for the moment. The test beside it compares.
"""

import asyncio
import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fedele.db import embedded
from fedele.db.backup.tools import find_tools, target
from fedele.db.migrate import migrate
from tests.fixtures.database import create_database, drop_database, on_database

SNAPSHOT = Path(__file__).parent / "schema.sql"
HEADER = "-- The migrated schema as pg_dump tells it. Written by `python -m tests.architecture.refresh_schema`.\n\n"
# What differs from server to server or from run to run: settings, versions, \restrict's token, the superuser's name.
NOISE = re.compile(
    r"^(SET \w+ = .*;$|SELECT pg_catalog\.set_config|\\(un)?restrict|--$|-- Dumped |-- PostgreSQL database dump)"
)
OWNER = re.compile(r"^(ALTER DEFAULT PRIVILEGES FOR ROLE )\S+")


def dump_schema(url: str) -> str:
    """Tables, constraints, indexes, functions, triggers and grants of this database, without noise."""
    tools, database = find_tools(), target(url)
    command = [tools.program("pg_dump"), "--schema-only", "--no-owner", "--no-password", f"--dbname={database.url}"]
    done = subprocess.run(command, env=database.environment, capture_output=True, text=True, check=True)
    return HEADER + normalised(done.stdout)


def normalised(dump: str) -> str:
    """A dump without what does not belong to the schema, and with single blank lines."""
    lines = [OWNER.sub(r"\1owner", line.rstrip()) for line in dump.splitlines() if not NOISE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A superuser's URL of some PostgreSQL 18."""
    if given := os.environ.get("FEDELE_TEST_DATABASE_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder) / "pg") as running:
        yield running.url


async def migrated_schema(url: str) -> str:
    """The schema of a new database after every migration."""
    name = f"fedele_schema_{os.getpid()}"
    await create_database(url, "template0", name)
    try:
        await migrate(on_database(url, name))
        return await asyncio.to_thread(dump_schema, on_database(url, name))
    finally:
        await drop_database(url, name)


def main() -> None:
    """Write the snapshot and say whether it changed."""
    with server() as url:
        schema = asyncio.run(migrated_schema(url))
    before = SNAPSHOT.read_text() if SNAPSHOT.exists() else ""
    SNAPSHOT.write_text(schema)
    print(f"{SNAPSHOT.name}: {'as it was' if before == schema else 'changed; look at the difference and commit it'}")


if __name__ == "__main__":
    main()
