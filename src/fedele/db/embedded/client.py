"""Speaking to the embedded server before anything else does: its first database, its password, its URLs."""

import contextlib
import os
import secrets
import subprocess
from pathlib import Path
from urllib.parse import quote, urlencode

from fedele.db.embedded.accounts import CLEAN_ENVIRONMENT
from fedele.db.embedded.binaries import Binaries
from fedele.db.embedded.cluster import SUPERUSER
from fedele.db.embedded.errors import explain
from fedele.db.embedded.processes import PidFile

DATABASE = "fedele"
PSQL_SECONDS_MAX = 120


# \gexec runs what the query answers: nothing, when the database exists
CREATE_DATABASE = r"""
SELECT format('CREATE DATABASE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
"""


def prepare(folder: Path, binaries: Binaries, pid_file: PidFile) -> None:
    """Make the database `fedele`, and set the password where TCP lets others knock."""
    script = CREATE_DATABASE
    if pid_file.listen_address:
        script += f"ALTER ROLE {SUPERUSER} PASSWORD '{password_of(folder)}';\n"
    psql(binaries, folder, pid_file, script, name=DATABASE)


def password_of(folder: Path) -> str:
    """The superuser's password over TCP, made once and kept in a file that only its owner can read."""
    file = folder / "password"
    with contextlib.suppress(FileNotFoundError):
        return file.read_text().strip()
    password = secrets.token_urlsafe(24)
    temporary = folder / f".password-{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(password + "\n")
    temporary.replace(file)
    return password


def psql(binaries: Binaries, folder: Path, pid_file: PidFile, script: str, *, name: str) -> None:
    """Run a script as the superuser over the socket; `name` is its only variable. Raises EmbeddedServerError."""
    command = [str(binaries.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"name={name}"]
    command += ["-h", pid_file.socket_folder, "-p", str(pid_file.port), "-U", SUPERUSER, "-d", "postgres"]
    done = subprocess.run(
        command,
        input=script,
        env={**CLEAN_ENVIRONMENT, "PGCONNECT_TIMEOUT": "10"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PSQL_SECONDS_MAX,
    )
    if done.returncode != 0:
        raise explain(done.stderr, folder, None, "preparing the server (psql)")


def socket_url(pid_file: PidFile, database: str) -> str:
    """The superuser's URL of a database, over the Unix socket."""
    where = urlencode({"host": pid_file.socket_folder, "port": pid_file.port}, safe="/")
    return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?{where}"


def tcp_url(folder: Path, pid_file: PidFile, database: str) -> str | None:
    """The superuser's URL over TCP, with its password; None unless the server listens on a port."""
    if not pid_file.listen_address:
        return None
    password = quote(password_of(folder), safe="")
    return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{pid_file.port}/{quote(database, safe='')}"
