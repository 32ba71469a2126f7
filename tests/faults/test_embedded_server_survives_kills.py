"""Kills, stale files, full disks and races around the embedded server. Each fault has a control that shows it bites."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fedele.db import embedded
from fedele.db.embedded import EmbeddedServerError
from fedele.db.embedded.accounts import find_lodging
from fedele.db.embedded.binaries import find_binaries
from fedele.db.embedded.cluster import short_socket_folder
from fedele.db.embedded.locks import exclusive
from fedele.db.embedded.processes import server_processes
from tests.faults.street import mount_small_disk

# Starts, says what it got, waits for Ctrl-C, shows that the server outlived that, and stops it.
STARTER = """
import signal, sys, threading
from pathlib import Path
from fedele.db import embedded
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
server = embedded.start(Path(sys.argv[1]))
try:
    print(server.pid, server.attached, flush=True)
    threading.Event().wait(60)
except KeyboardInterrupt:
    print(server.is_alive(), flush=True)
    server.stop()
    print(server.is_alive(), flush=True)
"""


class Starter:
    """A process of its own that starts the server."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def line(self) -> list[str]:
        """The next line it prints, in words."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def ready(self) -> int:
        """Wait until its server runs; answers the server's process id."""
        words = self.line()
        assert words, self.process.communicate()[1]
        return int(words[0])

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that is not there yet; at the end nothing that served it is left alive."""
    home = Path(tempfile.mkdtemp(prefix="fdl-"))
    home.chmod(0o755)
    folder = home / "pg"
    yield folder
    for pid in server_processes(folder / "cluster"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def starter(folder: Path) -> Iterator[Callable[[], Starter]]:
    """Makes starters, and ends them."""
    made: list[Starter] = []

    def make() -> Starter:
        made.append(Starter(folder))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def ask(url: str, sql: str) -> Any:
    """One value from the server."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Poll until the condition holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def remember(folder: Path) -> None:
    """Commit a row that must survive whatever comes."""
    with embedded.start(folder) as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")


def assert_remembered(folder: Path, *, attached: bool) -> None:
    """The next start works, finds the row, and its stop leaves no process."""
    with embedded.start(folder) as server:
        assert server.attached is attached
        assert ask(server.url, "SELECT answer FROM kept") == 42
    assert server_processes(folder / "cluster") == []


def kill_initdb(folder: Path) -> None:
    """kill -9 of initdb and of the server it runs in its temporary folder, until none is left."""

    def alive() -> list[int]:
        listing = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        programs = [int(line.split()[0]) for line in listing.splitlines() if "initdb" in line and str(folder) in line]
        return programs + [pid for new in folder.glob("cluster.new-*") for pid in server_processes(new)]

    while pids := alive():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def bare_start(folder: Path) -> subprocess.CompletedProcess[str]:
    """The control: what PostgreSQL says when it is started on the folder without our care."""
    lodging = find_lodging(find_binaries(), folder)
    return subprocess.run(
        [*lodging.account.prefix, str(lodging.binaries.postgres), "-D", str(folder / "cluster"), "-k", "", "-h", ""],
        **lodging.account.popen_options(),
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_a_killed_parent_leaves_a_server_that_the_next_start_takes_over(
    folder: Path, starter: Callable[[], Starter]
) -> None:
    """After kill -9 of us the server lives on (the control: it must, to be leaked); the next start owns it again."""
    remember(folder)
    one = starter()
    pid = one.ready()
    one.kill()
    assert pid in server_processes(folder / "cluster")
    assert "already exists" in bare_start(folder).stderr
    assert_remembered(folder, attached=True)


def test_a_killed_postmaster_is_recovered(folder: Path, starter: Callable[[], Starter]) -> None:
    """After kill -9 of PostgreSQL the very next start recovers; the stale pid file was there."""
    remember(folder)
    one = starter()
    os.kill(one.ready(), signal.SIGKILL)
    assert (folder / "cluster" / "postmaster.pid").exists()
    with embedded.start(folder) as server:  # at once: the dying server may still look alive
        assert not server.attached
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_orphans_of_a_killed_postmaster_are_waited_for(folder: Path, starter: Callable[[], Starter]) -> None:
    """A backend that cannot notice its postmaster's death holds the shared memory; it is ended, not tripped over."""
    remember(folder)
    one = starter()
    pid = one.ready()
    orphan = next(child for child in server_processes(folder / "cluster") if child != pid)
    os.kill(orphan, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: server_processes(folder / "cluster") == [orphan])
    one.kill()
    assert bare_start(folder).returncode == 1  # "shared memory block is still in use"
    assert_remembered(folder, attached=False)


def test_both_killed_at_once_is_recovered(folder: Path, starter: Callable[[], Starter]) -> None:
    """The power went: neither we nor PostgreSQL had a moment."""
    remember(folder)
    one = starter()
    pid = one.ready()
    one.process.kill()
    os.kill(pid, signal.SIGKILL)
    one.process.wait()
    assert_remembered(folder, attached=False)


@pytest.mark.parametrize("initdb_too", [False, True], ids=["us alone", "initdb too"])
def test_a_kill_during_initdb_leaves_nothing_in_the_way(
    folder: Path, starter: Callable[[], Starter], initdb_too: bool
) -> None:
    """Half a cluster is never taken for a whole one, whether initdb goes on alone or dies with us."""
    one = starter()
    wait_for(lambda: list(folder.glob("cluster.new-*/PG_VERSION")))
    one.process.kill()
    if initdb_too:
        kill_initdb(folder)
    assert not (folder / "cluster").exists(), "the kill came too late to prove anything"
    with embedded.start(folder) as server:
        assert not server.attached
        assert ask(server.url, "SELECT 1") == 1
    with embedded.start(folder):
        assert list(folder.glob("cluster.new-*")) == []


def test_half_a_cluster_in_place_does_not_start(folder: Path, starter: Callable[[], Starter]) -> None:
    """The control: had initdb worked in the final folder, the same kill would have left data that cannot run."""
    for _ in range(10):
        one = starter()
        wait_for(lambda: list(folder.glob("cluster.new-*/PG_VERSION")))
        one.kill()
        kill_initdb(folder)
        half = next(folder.glob("cluster.new-*"))
        if not (half / "base" / "5").exists():  # the database `postgres`, which initdb makes last
            break
        shutil.rmtree(half)  # it was quicker than the kill
    half.rename(folder / "cluster")
    with pytest.raises(EmbeddedServerError):
        embedded.start(folder)


def test_a_stale_pid_file_with_a_living_stranger_s_number_is_seen_through(
    folder: Path, starter: Callable[[], Starter]
) -> None:
    """The number in postmaster.pid was given to another program: the start neither trusts nor harms that program."""
    remember(folder)
    one = starter()
    os.kill(one.ready(), signal.SIGKILL)
    one.kill()
    wait_for(lambda: server_processes(folder / "cluster") == [])
    owner = (folder / "cluster").stat()
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None)
    try:
        pid_file = folder / "cluster" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert "already exists" in bare_start(folder).stderr
        assert_remembered(folder, attached=False)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_ctrl_c_reaches_us_and_not_the_server(folder: Path, starter: Callable[[], Starter]) -> None:
    """An interrupt to the terminal's whole process group leaves the server to our own shutdown."""
    one = starter()
    pid = one.ready()
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.line() == ["True"]  # alive while we shut down
    assert one.line() == ["False"]  # and gone after
    assert os.getpgid(one.process.pid) != pid


def test_two_starters_at_once_share_one_server(folder: Path, starter: Callable[[], Starter]) -> None:
    """Of four that start on an empty folder together, one makes the data and three attach."""
    starters = [starter() for _ in range(4)]
    answers = [one.line() for one in starters]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(attached for _, attached in answers) == ["False", "True", "True", "True"]
    for one in starters:
        one.kill()
    with embedded.start(folder) as server:
        assert server.attached


def test_the_start_lock_is_what_keeps_starters_apart(folder: Path) -> None:
    """The control of the race: while another process is starting, a start waits, and says so when it waits in vain."""
    folder.mkdir()
    with exclusive(folder / "start.lock", 1), pytest.raises(EmbeddedServerError, match="starting or stopping"):
        embedded.start(folder, wait_seconds=0.2)


def test_a_killed_user_does_not_keep_the_server_up(folder: Path, starter: Callable[[], Starter]) -> None:
    """Somebody else's use keeps the server alive (the control); once they are killed, our stop stops it."""
    mine = embedded.start(folder)
    other = starter()
    assert other.ready() == mine.pid
    again = embedded.start(folder)
    mine.stop()
    assert mine.is_alive()
    other.kill()
    again.stop()
    assert server_processes(folder / "cluster") == []


def test_a_busy_port_is_named(folder: Path) -> None:
    """The message names the port; with the port free again (the control) the same start works."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=rf"port {port} on 127.0.0.1 is taken"):
            embedded.start(folder, port=port)
    assert server_processes(folder / "cluster") == []
    with embedded.start(folder, port=port) as server:
        assert server.tcp_url is not None
        assert ask(server.tcp_url, "SELECT 1") == 1


def test_a_deleted_data_folder_does_not_leave_a_server_on_the_port(
    folder: Path, starter: Callable[[], Starter]
) -> None:
    """rm -rf under a leaked server, then a new start: the server of the deleted data is ended first."""
    one = starter()
    pid = one.ready()
    one.kill()
    shutil.rmtree(folder)
    assert server_processes(folder / "cluster") != []  # the control: it still runs
    with embedded.start(folder) as server:
        assert server.pid != pid
        assert ask(server.url, "SELECT 1") == 1
    assert server_processes(folder / "cluster") == []


def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    """A data folder deeper than a socket's path may be works; the control shows that its own folder would not have."""
    deep = folder / ("d" * 60) / ("e" * 60) / "pg"
    with embedded.start(deep) as server:
        assert ask(server.url, "SELECT 1") == 1
        assert short_socket_folder(deep).exists()
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError, match="too long"):
        probe.bind(str(deep / "socket" / ".s.PGSQL.5432"))
    assert not short_socket_folder(deep).exists()


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many megabytes."""
    place = folder.with_name("disk")
    place.mkdir()
    mounted = []

    def mount(megabytes: int) -> Path:
        mount_small_disk(place, megabytes)
        mounted.append(place)
        return place

    yield mount
    for pid in server_processes(place / "pg" / "cluster"):
        os.kill(pid, signal.SIGKILL)
    for one in mounted:
        subprocess.run(["umount", "-l", str(one)], check=True)


def test_a_disk_too_small_for_new_data_is_refused(small_disk: Callable[[int], Path]) -> None:
    """Nothing is begun that cannot be finished."""
    disk = small_disk(64)
    with pytest.raises(EmbeddedServerError, match="is full"):
        embedded.start(disk / "pg")
    assert not list((disk / "pg").glob("cluster*"))


def test_a_full_disk_is_named_and_nothing_is_lost(small_disk: Callable[[int], Path]) -> None:
    """With the disk full the start says so; with space again (the control) the same start finds every row."""
    disk = small_disk(200)
    remember(disk / "pg")
    with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while ballast.write(b"\0" * 2**16):
            pass
    with pytest.raises(EmbeddedServerError, match="is full"):
        embedded.start(disk / "pg")
    (disk / "ballast").unlink()
    assert_remembered(disk / "pg", attached=False)
