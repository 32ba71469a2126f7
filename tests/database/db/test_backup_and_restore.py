"""What a backup promises: it can be restored, whole; and a restore happens whole or not at all."""

import asyncio
import itertools
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from fedele.db.backup import BackupError, backup, restore, restoring
from fedele.db.backup.archive import checksum_file
from fedele.db.backup.tools import find_tools, target
from fedele.kernel.ids import new_id

MEMBERS = 500


def ask(url: str, *statements: str) -> Any:
    """Run statements; the value of the last."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def make_database(postgres_url: str, template_name: str) -> Iterator[Callable[..., str]]:
    """Makes throw-away databases: migrated, or empty; answers their URLs."""
    made = []

    def make(*, migrated: bool) -> str:
        name = f"fedele_backup_{new_id().hex}"
        ask(
            postgres_url,
            f'CREATE DATABASE "{name}" TEMPLATE "{template_name if migrated else "template0"}"',
            "SELECT 1",
        )
        made.append(name)
        return urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))

    yield make
    for name in made:
        ask(postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', "SELECT 1")


@pytest.fixture
def shop(make_database: Callable[..., str]) -> str:
    """A migrated database with members in it."""
    url = make_database(migrated=True)
    fill = f"INSERT INTO member_version SELECT gen_random_uuid(), n FROM generate_series(1, {MEMBERS}) AS n"
    ask(url, fill, "SELECT 1")
    return url


def members(url: str) -> str:
    """The members and their versions, as one fingerprint."""
    return str(ask(url, "SELECT count(*) || md5(string_agg(v::text, ',' ORDER BY member_id)) FROM member_version AS v"))


def schema(url: str) -> str:
    """Everything that pg_dump knows of the schema, privileges included."""
    database = target(url)
    done = subprocess.run(
        [find_tools().program("pg_dump"), "--schema-only", "--no-owner", "--restrict-key=same", database.url],
        env=database.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_restored_database_is_the_one_that_was_backed_up(
    shop: str, make_database: Callable[..., str], tmp_path: Path
) -> None:
    """Rows, functions, triggers, privileges and default privileges all come back."""
    done = backup(shop, tmp_path / "shop.dump")
    assert done.size_bytes == (tmp_path / "shop.dump").stat().st_size > 0
    empty = make_database(migrated=False)
    assert restore(empty, tmp_path / "shop.dump") == done.table_count > 0
    assert members(empty) == members(shop)
    # PostgreSQL prints (a OR b OR c) with other parentheses once it has read its own print
    bare = str.maketrans("", "", "()")
    assert schema(empty).translate(bare) == schema(shop).translate(bare)


def test_the_file_is_private_whole_and_checksummed(shop: str, tmp_path: Path) -> None:
    """Only its owner reads it, `sha256sum --check` agrees, and nothing unfinished lies about."""
    backup(shop, tmp_path / "shop.dump")
    assert stat.S_IMODE((tmp_path / "shop.dump").stat().st_mode) == 0o600
    subprocess.run(["sha256sum", "--check", "shop.dump.sha256"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["shop.dump", "shop.dump.sha256"]


def test_a_failed_backup_keeps_the_earlier_one(shop: str, tmp_path: Path) -> None:
    """An unreachable database says so and costs nobody yesterday's backup."""
    file = tmp_path / "shop.dump"
    backup(shop, file)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="does not answer"):
        backup("postgresql://postgres@127.0.0.1:1/nothing", file)
    assert file.read_bytes() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == ["shop.dump", "shop.dump.sha256"]


def test_a_database_with_data_is_not_overwritten_unasked(shop: str, tmp_path: Path) -> None:
    """Restoring over anything needs the word; without it not a row changes."""
    backup(shop, tmp_path / "shop.dump")
    ask(shop, "INSERT INTO member_version VALUES (gen_random_uuid(), 1)", "SELECT 1")
    before = members(shop)
    with pytest.raises(BackupError, match="already holds data"):
        restore(shop, tmp_path / "shop.dump")
    assert members(shop) == before


def test_overwriting_leaves_nothing_of_what_was_there(shop: str, tmp_path: Path) -> None:
    """With the word, what came after the backup is gone, tables that it never knew included."""
    before, schema_before = members(shop), schema(shop)
    backup(shop, tmp_path / "shop.dump")
    ask(shop, "DELETE FROM member_version", "CREATE TABLE later (id int)", "CREATE SCHEMA elsewhere", "SELECT 1")
    restore(shop, tmp_path / "shop.dump", overwrite=True)
    assert members(shop) == before
    bare = str.maketrans("", "", "()")
    assert schema(shop).translate(bare) == schema_before.translate(bare)
    assert ask(shop, "SELECT to_regclass('later')") is None
    assert not ask(shop, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'elsewhere')")


def spoil(file: Path, how: str) -> None:
    """Damage a backup file, past its table of contents, as a bad disk or a broken copy would."""
    content = bytearray(file.read_bytes())
    if how == "cut off":
        del content[-2000:]
    else:
        blocks = [*(found.start() for found in re.finditer(b"\x78\x9c", content)), len(content)]  # zlib's first bytes
        _, start = max((end - start, start) for start, end in itertools.pairwise(blocks))
        content[start + 500] ^= 0x55
    file.write_bytes(content)


@pytest.mark.parametrize("how", ["cut off", "bits flipped"])
@pytest.mark.parametrize("checksum", [True, False], ids=["with checksum", "without checksum"])
def test_a_damaged_file_changes_nothing(shop: str, tmp_path: Path, how: str, checksum: bool) -> None:
    """It is found out before the database is touched, by the checksum or, without one, by reading it through."""
    file = tmp_path / "shop.dump"
    backup(shop, file)
    before = members(shop)
    spoil(file, how)
    if not checksum:
        checksum_file(file).unlink()
    with pytest.raises(BackupError):
        restore(shop, file, overwrite=True)
    assert members(shop) == before


def test_a_failure_in_the_middle_rolls_everything_back(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should pg_restore die half-way after all, COMMIT is never sent (the control: the damage gets that far here)."""
    file = tmp_path / "shop.dump"
    backup(shop, file)
    before = members(shop)
    spoil(file, "cut off")
    reached = []
    monkeypatch.setattr(restoring, "check_checksum", reached.append)
    monkeypatch.setattr(restoring, "read_through", lambda file, tools: reached.append(file))
    with pytest.raises(BackupError):
        restore(shop, file, overwrite=True)
    assert len(reached) == 2
    assert members(shop) == before


def test_a_killed_restore_leaves_the_database_as_it_was(shop: str, tmp_path: Path) -> None:
    """kill -9 of the restoring process while it has dropped everything: the server rolls back."""
    file = tmp_path / "shop.dump"
    backup(shop, file)
    before = members(shop)
    # psql is left with its pipe closed by the kill; pg_restore is held back so that the kill comes in the middle
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom fedele.db.backup import restoring\n"
        "wait = 'DO $$ BEGIN PERFORM pg_sleep(1); END $$;'\n"
        "restoring._EMPTY_IT += wait\n"
        "restoring.restore(sys.argv[1], Path(sys.argv[2]), overwrite=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, shop, str(file)])
    name = urlsplit(shop).path[1:]
    sleeping = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"
    other = urlunsplit(urlsplit(shop)._replace(path="/postgres"))
    deadline = time.monotonic() + 60
    while not ask(other, sleeping):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.kill()
    process.wait()
    assert members(shop) == before  # waits for the locks of the restore, which goes on to its end or its rollback


def test_a_file_that_is_no_backup_is_named(shop: str, tmp_path: Path) -> None:
    """A photograph, or nothing at all, gets a sentence and not a stack of C."""
    (tmp_path / "cat.jpg").write_bytes(os.urandom(2000))
    with pytest.raises(BackupError, match="no Fedele backup"):
        restore(shop, tmp_path / "cat.jpg", overwrite=True)
    with pytest.raises(BackupError, match="there is no file"):
        restore(shop, tmp_path / "nothing.dump")


def test_the_password_is_no_argument() -> None:
    """Everybody on the machine can list arguments: the password goes through the environment, decoded."""
    database = target("postgresql+asyncpg://anna:p%40ss@db.example:5433/shop?sslmode=require")
    assert database.url == "postgresql://anna@db.example:5433/shop?sslmode=require"
    assert database.environment["PGPASSWORD"] == "p@ss"
    with pytest.raises(BackupError, match="postgresql://"):
        target("mysql://root@localhost/shop")
