"""Taking a backup."""

import contextlib
import errno
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fedele.db.backup.archive import checksum_file, contents, read_through, sha256_of
from fedele.db.backup.errors import BackupError, explain
from fedele.db.backup.tools import Target, Tools, find_tools, target


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read back whole."""

    file: Path
    size_bytes: int
    sha256: str
    table_count: int


def backup(url: str, file: Path) -> Backup:
    """Write the database into the file, and answer only when it was read back whole.

    An earlier file of that name stays until then. The file holds personal data, so that its owner alone can read it;
    its SHA-256 lies beside it. Raises BackupError, and then leaves nothing behind.
    """
    tools, database = find_tools(), target(url)
    file = file.expanduser().resolve()
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        _dump(tools, database, partial)
        tables = [line for line in contents(partial, tools) if " TABLE DATA " in line]
        read_through(partial, tools)
        done = Backup(file, partial.stat().st_size, sha256_of(partial), len(tables))
        _put_in_place(partial, done)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise explain(str(error), "the backup") from error
        raise BackupError(f"the backup was not done: {file} cannot be written: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return done


def _dump(tools: Tools, database: Target, partial: Path) -> None:
    command = [tools.program("pg_dump"), "--format=custom", "--no-password", "--lock-wait-timeout=30s"]
    done = subprocess.run(
        [*command, f"--file={partial}", f"--dbname={database.url}"],
        env=database.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise explain(done.stderr, "the backup")


def _put_in_place(partial: Path, done: Backup) -> None:
    """At no moment does a checksum lie beside a file that it does not belong to."""
    _sync(partial)
    checksum = checksum_file(done.file)
    checksum.unlink(missing_ok=True)
    partial.replace(done.file)
    checksum.write_text(f"{done.sha256}  {done.file.name}\n")
    _sync(checksum)
    _sync(done.file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
