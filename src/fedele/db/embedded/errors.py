"""What can go wrong with the embedded server, in words that say what to do."""

import errno
from pathlib import Path

LOG_TAIL_LINES = 15


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot run; the message says why and what to do."""


def disk_full(folder: Path) -> EmbeddedServerError:
    """The file system of the data folder has no space left."""
    return EmbeddedServerError(
        f"the disk that holds {folder} is full. Free some space (at least 600 MB are wise) and start again; "
        "nothing that was committed is lost."
    )


def port_busy(port: int) -> EmbeddedServerError:
    """Another program listens on the TCP port."""
    return EmbeddedServerError(
        f"port {port} on 127.0.0.1 is taken by another program. Stop that program, or choose another port."
    )


def not_writable(folder: Path, error: OSError) -> EmbeddedServerError:
    """The operating system refused to write below the data folder."""
    if error.errno == errno.ENOSPC:
        return disk_full(folder)
    return EmbeddedServerError(
        f"the data folder {folder} cannot be written: {error.strerror or error}. "
        "Give this user write permission there, or choose another folder."
    )


def explain(output: str, folder: Path, port: int | None, doing: str) -> EmbeddedServerError:
    """Turn what PostgreSQL printed before it gave up into an error that says what to do."""
    if "No space left on device" in output and "shared memory" not in output:
        return disk_full(folder)
    if port is not None and "Address already in use" in output:
        return port_busy(port)
    if "database files are incompatible with server" in output:
        return EmbeddedServerError(
            f"the data in {folder} was written by another PostgreSQL. Start it with the version that wrote it, "
            "take a backup there (`fedele backup`), and restore that into an empty folder."
        )
    if "could not create shared memory segment" in output or "could not resize shared memory segment" in output:
        return EmbeddedServerError(
            "PostgreSQL got no shared memory. In a container give it more (`--shm-size=256m`), else free some memory."
        )
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-LOG_TAIL_LINES:]) or "  (nothing)"
    return EmbeddedServerError(
        f"{doing} failed. What PostgreSQL said last (the rest is in {folder / 'postgres.log'}):\n{tail}"
    )
