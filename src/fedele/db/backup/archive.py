"""A backup file: its checksum, what is in it, and whether it can be read to its last byte."""

import hashlib
import os
import subprocess
from pathlib import Path

from fedele.db.backup.errors import BackupError, explain
from fedele.db.backup.tools import Tools

CHUNK_BYTES = 2**20


def contents(file: Path, tools: Tools) -> list[str]:
    """The archive's table of contents, a line per object. Raises BackupError when it is no archive."""
    done = subprocess.run(
        [tools.program("pg_restore"), "--list", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise explain(done.stderr, f"reading {file}")
    return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]


def read_through(file: Path, tools: Tools) -> None:
    """Read and decompress every row. `--list` alone reads the head only, and finds a cut-off file in order."""
    done = subprocess.run(
        [tools.program("pg_restore"), "--file", os.devnull, str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise explain(done.stderr, f"reading {file}")


def sha256_of(file: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def checksum_file(file: Path) -> Path:
    """Where the checksum lies, in the form `sha256sum --check` reads."""
    return file.with_name(f"{file.name}.sha256")


def check_checksum(file: Path) -> None:
    """Raise BackupError if there is a checksum beside the file and it does not match."""
    beside = checksum_file(file)
    if beside.exists() and beside.read_text().split()[:1] != [sha256_of(file)]:
        raise BackupError(
            f"{file} is not the file that was backed up: its SHA-256 differs from {beside.name}. Use another copy. "
            "Nothing was changed."
        )
