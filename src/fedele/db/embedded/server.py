"""Start, attach to and stop the embedded server."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from fedele.db.embedded import client
from fedele.db.embedded import cluster as data
from fedele.db.embedded.accounts import SHARED_HOME
from fedele.db.embedded.binaries import Binaries, find_binaries
from fedele.db.embedded.errors import EmbeddedServerError
from fedele.db.embedded.launch import Running, attach, launch, stop_postmaster
from fedele.db.embedded.locks import SharedLock, anybody_holds, exclusive
from fedele.db.embedded.processes import POLL_SECONDS, end_orphans, living_postmaster

START_SECONDS_MAX = 600  # recovery of 838 MB of WAL took 17 s; a slow disk takes longer
DYING_SECONDS_MAX = 2


class EmbeddedServer:
    """A running server. Use it as a context manager, or call `stop` yourself."""

    def __init__(self, folder: Path, binaries: Binaries, running: Running, using: SharedLock) -> None:
        self.folder = folder
        self.attached = running.attached
        self.pid = running.pid_file.pid
        self._pid_file = running.pid_file
        self._process = running.process
        self._binaries = binaries
        self._using: SharedLock | None = using

    def __enter__(self) -> "EmbeddedServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The superuser's URL of the database `fedele`, over the Unix socket."""
        return self.url_of(client.DATABASE)

    @property
    def tcp_url(self) -> str | None:
        """The superuser's URL over TCP, with its password; None unless the server listens on a port."""
        return client.tcp_url(self.folder, self._pid_file, client.DATABASE)

    def url_of(self, database: str) -> str:
        """The superuser's URL of a database, over the Unix socket."""
        return client.socket_url(self._pid_file, database)

    def create_database(self, name: str) -> str:
        """Make the database if it is missing; answers its URL."""
        client.psql(self._binaries, self.folder, self._pid_file, client.CREATE_DATABASE, name=name)
        return self.url_of(name)

    def is_alive(self) -> bool:
        """Whether the server process still runs."""
        return living_postmaster(self.folder / "cluster") == self.pid

    def stop(self) -> None:
        """Stop using the server; the last to do so stops it. Calling it again does nothing."""
        using, self._using = self._using, None
        if using is None:
            return
        try:
            with exclusive(self.folder / "start.lock", START_SECONDS_MAX):
                using.release()
                if not anybody_holds(self.folder / "users.lock"):
                    stop_postmaster(self.folder / "cluster", self._process)
                    data.forget_socket_folder(self.folder)
        except EmbeddedServerError:
            if self.folder.exists():
                raise
            end_orphans(self.folder / "cluster")  # the folder was deleted under us: nobody needs this server
        finally:
            using.release()


def start(
    data_folder: Path,
    *,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    wait_seconds: float = START_SECONDS_MAX,
) -> EmbeddedServer:
    """Start PostgreSQL on the folder, or attach to the server of ours that already runs there.

    Args:
        data_folder: made when missing; see the package's docstring for what it holds.
        port: listen on 127.0.0.1 there as well, with a password; without it only the Unix socket is open.
        settings: PostgreSQL settings besides, or instead of, ours. A server that is attached to keeps its own.
        wait_seconds: how long a start, with its crash recovery, may take.

    Raises EmbeddedServerError with words that say what to do.
    """
    binaries = find_binaries()
    folder = Path(data_folder).expanduser().resolve()
    data.make_folder(folder)
    with exclusive(folder / "start.lock", wait_seconds):
        data.check_version(folder)
        running = _attach_prepared(folder, binaries, port, wait_seconds)
        if running is None:
            running = launch(folder, binaries, port, settings or {}, wait_seconds)
            try:
                client.prepare(folder, binaries, running.pid_file)
            except BaseException:
                stop_postmaster(folder / "cluster", running.process)
                raise
        using = SharedLock(folder / "users.lock")
    return EmbeddedServer(folder, binaries, running, using)


def _attach_prepared(folder: Path, binaries: Binaries, port: int | None, wait_seconds: float) -> Running | None:
    """The living server, proven by speaking to it; None when there is none, or it was dying while we looked."""
    running = attach(folder, port, wait_seconds)
    if running is None:
        return None
    try:
        client.prepare(folder, binaries, running.pid_file)
    except EmbeddedServerError:
        if not _dies(folder / "cluster", running.pid_file.pid):
            raise
        return None
    return running


def _dies(cluster: Path, pid: int) -> bool:
    deadline = time.monotonic() + DYING_SECONDS_MAX
    while living_postmaster(cluster) == pid:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def remove(data_folder: Path) -> None:
    """Stop the server on this folder and delete its data for good. Raises EmbeddedServerError while others use it."""
    folder = Path(data_folder).expanduser().resolve()
    if not folder.exists():
        return
    with exclusive(folder / "start.lock", START_SECONDS_MAX):
        if anybody_holds(folder / "users.lock"):
            raise EmbeddedServerError(f"another process uses the server in {folder}. Stop it first (Ctrl-C there).")
        cluster = folder / "cluster"
        stop_postmaster(cluster, None)
        data.forget_socket_folder(folder)
        if cluster.is_symlink() and cluster.resolve().is_relative_to(SHARED_HOME):
            shutil.rmtree(cluster.resolve(), ignore_errors=True)
        shutil.rmtree(folder)
