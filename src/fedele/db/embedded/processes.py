"""Which living processes serve a data folder. The number in `postmaster.pid` alone proves nothing.

After a crash the number may belong to another program, even to another PostgreSQL; `pg_ctl status` and the server
itself only ask whether a process of that number lives. A server's working directory is its data folder: that decides.
"""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
POLL_SECONDS = 0.02
ORPHANS_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a postmaster writes about itself; `status` is starting, ready, standby or stopping."""

    pid: int
    port: int
    socket_folder: str
    listen_address: str
    status: str


def read_pid_file(cluster: Path) -> PidFile | None:
    """The data folder's postmaster.pid, or None while there is none or it is only half written."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return PidFile(int(lines[0]), int(lines[3]), lines[4].strip(), lines[5].strip(), lines[7].strip())
    except (OSError, IndexError, ValueError):
        return None


def living_postmaster(cluster: Path) -> int | None:
    """The process id of the server that runs on this very folder, or None, whatever postmaster.pid may claim."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if serves(pid, cluster) else None


def serves(pid: int, cluster: Path) -> bool:
    """Whether this process is a PostgreSQL process of this data folder (also when the folder was deleted under it)."""
    if not PROC.joinpath("self/cwd").exists():
        return _serves_by_command_line(pid, cluster)
    try:
        folder = os.readlink(PROC / str(pid) / "cwd").removesuffix(" (deleted)")
        return folder == str(cluster.resolve()) and (PROC / str(pid) / "comm").read_text().strip() == "postgres"
    except OSError:
        return False


def server_processes(cluster: Path) -> list[int]:
    """Every process that serves this folder: the postmaster and, where /proc tells, its children or their orphans."""
    if not PROC.joinpath("self/cwd").exists():
        postmaster = living_postmaster(cluster)
        return [] if postmaster is None else [postmaster]
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and serves(int(entry.name), cluster)]


def end_orphans(cluster: Path) -> None:
    """Wait until no process of a killed server is left, helping at last. Call it only when no postmaster lives.

    Orphans of a killed postmaster notice its death and go; a new server refuses to start while one is there.
    """
    deadline = time.monotonic() + ORPHANS_PATIENCE_SECONDS
    while orphans := server_processes(cluster):
        late = time.monotonic() > deadline
        for pid in orphans:
            send(pid, signal.SIGKILL if late else signal.SIGQUIT)
        time.sleep(POLL_SECONDS)


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _serves_by_command_line(pid: int, cluster: Path) -> bool:
    done = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in done.stdout and f"-D {cluster.resolve()}" in done.stdout
