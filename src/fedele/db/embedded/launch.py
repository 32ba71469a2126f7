"""Bringing the server up, finding the one that is up already, and taking it down."""

import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from fedele.db.embedded import cluster as data
from fedele.db.embedded.accounts import Account, find_lodging
from fedele.db.embedded.binaries import Binaries
from fedele.db.embedded.errors import EmbeddedServerError, explain, not_writable, port_busy
from fedele.db.embedded.locks import anybody_holds
from fedele.db.embedded.processes import (
    POLL_SECONDS,
    PidFile,
    end_orphans,
    living_postmaster,
    read_pid_file,
    send,
)

FAST_STOP_SECONDS_MAX = 60
IMMEDIATE_STOP_SECONDS_MAX = 10
LOG_BYTES_MAX = 10 * 2**20


class Running:
    """A server that answers: what its pid file says, our child if we started it, else that we attached."""

    def __init__(self, pid_file: PidFile, process: "subprocess.Popen[bytes] | None") -> None:
        self.pid_file = pid_file
        self.process = process
        self.attached = process is None


def stop_postmaster(cluster: Path, process: "subprocess.Popen[bytes] | None") -> None:
    """Stop the server on this folder: politely, then firmly, then by force. It recovers from each of them."""
    pid = living_postmaster(cluster)
    if pid is not None:
        steps = ((signal.SIGINT, FAST_STOP_SECONDS_MAX), (signal.SIGQUIT, IMMEDIATE_STOP_SECONDS_MAX))
        for number, seconds in steps:
            send(pid, number)
            if _gone(pid, cluster, process, seconds):
                break
    end_orphans(cluster)
    if process is not None:
        process.wait(timeout=IMMEDIATE_STOP_SECONDS_MAX)


def _gone(pid: int, cluster: Path, process: "subprocess.Popen[bytes] | None", seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while living_postmaster(cluster) == pid:
        if process is not None and process.poll() is not None:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def attach(folder: Path, port: int | None, wait_seconds: float) -> Running | None:
    """The server that already runs on this folder, once it is ready; None when there is none to use."""
    cluster = folder / "cluster"
    deadline = time.monotonic() + wait_seconds
    while living_postmaster(cluster) is not None:
        found = read_pid_file(cluster)
        if found is not None and found.status == "ready":
            if port is None or (found.listen_address and found.port == port):
                return Running(found, None)
            if anybody_holds(folder / "users.lock"):
                raise EmbeddedServerError(
                    f"the server in {folder} is in use by another process and does not listen on port {port}. "
                    "Stop that process first, or start without a port."
                )
            stop_postmaster(cluster, None)
            return None
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"the server that runs in {folder} has not become ready in {wait_seconds:.0f} s. "
                f"Look at {folder / 'postgres.log'}."
            )
        time.sleep(POLL_SECONDS)
    return None


def launch(folder: Path, binaries: Binaries, port: int | None, settings: Mapping[str, str], seconds: float) -> Running:
    """Start the server, making its data first where there is none. Call it under the start lock."""
    cluster = folder / "cluster"
    end_orphans(cluster)
    if port is not None:
        _check_port(port)
    lodging = find_lodging(binaries, folder)
    try:
        data.remove_unfinished(folder)
        if not cluster.exists():
            data.make_cluster(folder, lodging)
        data.take_ownership(folder, lodging.account)
        # No process serves this folder (looked at above), so a number left in here is somebody else's.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        socket_folder = data.socket_folder(folder, lodging)
        for leftover in socket_folder.glob(".s.PGSQL.*"):
            leftover.unlink()
    except OSError as error:
        raise not_writable(folder, error) from error
    command = [*lodging.account.prefix, str(lodging.binaries.postgres), "-D", str(cluster.resolve())]
    for name, value in {**data.SETTINGS, **settings, **_addresses(socket_folder, port)}.items():
        command += ["-c", f"{name}={value}"]
    return _run(command, folder, lodging.account, port, seconds)


def _addresses(socket_folder: Path, port: int | None) -> dict[str, str]:
    return {
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "listen_addresses": "" if port is None else "127.0.0.1",
        "port": str(port or data.DEFAULT_SOCKET_NUMBER),
    }


def _run(command: list[str], folder: Path, account: Account, port: int | None, seconds: float) -> Running:
    cluster = folder / "cluster"
    log = folder / "postgres.log"
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        log.chmod(0o600)
        begins_at = output.tell()
        process = subprocess.Popen(
            command, **account.popen_options(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + seconds
    try:
        while True:
            found = read_pid_file(cluster)
            if found is not None and found.pid == process.pid and found.status == "ready":
                return Running(found, process)
            if process.poll() is not None:
                raise explain(_tail(log, begins_at), folder, port, "starting PostgreSQL")
            if time.monotonic() > deadline:
                raise explain(_tail(log, begins_at), folder, None, f"PostgreSQL was not ready in {seconds:.0f} s: it")
            time.sleep(POLL_SECONDS)
    except BaseException:
        stop_postmaster(cluster, process)
        raise


def _tail(log: Path, begins_at: int) -> str:
    with log.open("rb") as file:
        file.seek(begins_at)
        return file.read(64 * 1024).decode(errors="replace")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise EmbeddedServerError(f"this user may not listen on port {port}. Choose one above 1023.") from error
        except OSError as error:
            raise port_busy(port) from error
