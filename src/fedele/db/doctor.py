"""What `fedele doctor` says about the database: each check is a finding with what to do about it.

`examine` asks the server one question after the other; the judgements themselves are pure functions below it.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from fedele.db.migrate import current_revision, head_revision
from fedele.kernel.clock import utc_now

MAJOR_VERSION_MIN = 18
CLOCK_SKEW_SECONDS_MAX = 2.0
CONNECT_SECONDS_MAX = 10.0
FREE_BYTES_MIN = 1 * 2**30
APP_ROLE = "fedele_app"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether all is well, what was found, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    what_to_do: str = ""


@dataclass(frozen=True, slots=True)
class AppRole:
    """What PostgreSQL knows of the role that the processes act as."""

    exists: bool
    is_superuser: bool = False
    bypasses_row_security: bool = False
    owned_tables: int = 0
    may_be_taken: bool = False


class _Answers:
    """An asyncpg connection in the shape that the migration check asks for."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *values)


async def examine(url: str, *, data_folder: Path | None = None) -> list[Finding]:
    """Every check, in the order in which to mend things. An unreachable database ends the list with that finding.

    `data_folder` is the embedded server's, or any folder on the disk that holds the data, when it is on this machine.
    """
    disk = [judge_disk(data_folder, _free_bytes(data_folder))] if data_folder else []
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS_MAX)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [*disk, _unreachable(error)]
    try:
        return [*disk, Finding("reachable", True, "the database answers"), *await _ask(connection)]
    finally:
        await connection.close(timeout=CONNECT_SECONDS_MAX)


async def _ask(connection: Any) -> list[Finding]:
    version, durable = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int, "
        "ARRAY[current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')]"
    )
    encoding, provider, locale = await connection.fetchrow(
        "SELECT pg_encoding_to_char(encoding), datlocprovider::text, coalesce(datlocale, datcollate) "
        "FROM pg_database WHERE datname = current_database()"
    )
    asked_at = utc_now()
    server_time = await connection.fetchval("SELECT clock_timestamp()")
    answered_at = utc_now()
    return [
        judge_version(version),
        judge_encoding(encoding),
        judge_locale(provider, locale),
        judge_durability(durable),
        judge_migrations(await current_revision(_Answers(connection)), head_revision()),
        judge_role(await _app_role(connection)),
        judge_clock(asked_at, server_time, answered_at),
    ]


async def _app_role(connection: Any) -> AppRole:
    row = await connection.fetchrow(
        """
        SELECT rolsuper, rolbypassrls,
               (SELECT count(*) FROM pg_class WHERE relowner = role.oid AND relkind IN ('r', 'p')) AS owned_tables,
               pg_has_role(current_user, role.oid, 'SET') AS may_be_taken
        FROM pg_roles AS role WHERE rolname = $1
        """,
        APP_ROLE,
    )
    if row is None:
        return AppRole(exists=False)
    return AppRole(True, row["rolsuper"], row["rolbypassrls"], row["owned_tables"], row["may_be_taken"])


def _unreachable(error: BaseException) -> Finding:
    return Finding(
        "reachable",
        False,
        f"the database does not answer: {str(error) or type(error).__name__}",
        "Check FEDELE_DATABASE_URL, that the server runs, and that it accepts connections from this machine.",
    )


def judge_version(version_number: int) -> Finding:
    """PostgreSQL's server_version_num, such as 180006."""
    major, minor = divmod(version_number, 10000)
    return Finding(
        "version",
        major >= MAJOR_VERSION_MIN,
        f"PostgreSQL {major}.{minor}",
        f"Fedele needs PostgreSQL {MAJOR_VERSION_MIN}: upgrade the server (pg_upgrade, or backup and restore).",
    )


def judge_encoding(encoding: str) -> Finding:
    """The database's encoding."""
    return Finding(
        "encoding",
        encoding == "UTF8",
        f"the database stores text as {encoding}",
        "Make a new database with ENCODING 'UTF8' TEMPLATE template0, and restore a backup into it.",
    )


def judge_locale(provider: str, locale: str | None) -> Finding:
    """The database's default collation: b is PostgreSQL's own, i is ICU, c is the operating system's library."""
    fixed = provider in ("b", "i") or locale in ("C", "POSIX")
    name = {"b": "builtin", "i": "ICU", "c": "libc"}.get(provider, provider)
    return Finding(
        "locale",
        fixed,
        f"text is sorted by {name} {locale}",
        "An upgrade of the operating system can change this order and corrupt indexes. Make the database with "
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0, or REINDEX after each such upgrade.",
    )


def judge_durability(values: Sequence[str]) -> Finding:
    """fsync, full_page_writes and synchronous_commit, in this order."""
    names = ("fsync", "full_page_writes", "synchronous_commit")
    off = [name for name, value in zip(names, values, strict=True) if value == "off"]
    return Finding(
        "durability",
        not off,
        f"off: {', '.join(off)}" if off else "a commit is on disk before it is answered",
        "Turn these settings on: without them a crash loses points that members were told they have.",
    )


def judge_migrations(current: str | None, head: str) -> Finding:
    """Where the database stands, and the newest migration of this code."""
    if current is None:
        return Finding("migrations", False, "the database was never migrated", "Run `fedele migrate`.")
    return Finding(
        "migrations",
        current >= head,
        f"at {current}" if current == head else f"at {current}, and this code's newest is {head}",
        "Run `fedele migrate`.",
    )


def judge_role(role: AppRole) -> Finding:
    """The processes' role must be held by what it may not do: it is neither owner nor superuser."""
    if not role.exists:
        return Finding("role", False, f"the role {APP_ROLE} is missing", "Run `fedele migrate`, which makes it.")
    faults = [
        fault
        for fault, found in (
            ("is a superuser", role.is_superuser),
            ("bypasses row security", role.bypasses_row_security),
            (f"owns {role.owned_tables} tables", role.owned_tables > 0),
            ("may not be taken by this user", not role.may_be_taken),
        )
        if found
    ]
    return Finding(
        "role",
        not faults,
        f"{APP_ROLE} {', '.join(faults)}" if faults else f"{APP_ROLE} is neither owner nor superuser",
        f"As a superuser: ALTER ROLE {APP_ROLE} NOSUPERUSER NOBYPASSRLS; give its tables to the owner of the database "
        f"(REASSIGN OWNED); GRANT {APP_ROLE} to the user of FEDELE_DATABASE_URL.",
    )


def judge_clock(asked_at: datetime, server_time: datetime, answered_at: datetime) -> Finding:
    """How far the server's clock lies outside the interval in which it was asked."""
    early = (asked_at - server_time).total_seconds()
    late = (server_time - answered_at).total_seconds()
    skew_seconds = max(early, late, 0.0)
    return Finding(
        "clock",
        skew_seconds <= CLOCK_SKEW_SECONDS_MAX,
        f"the server's clock is {skew_seconds:.1f} s off this machine's"
        if skew_seconds
        else "the server's clock agrees with this machine's",
        "Run a time service (chrony, systemd-timesyncd) on both: offers open and points expire by the clock.",
    )


def judge_disk(folder: Path, free_bytes: int | None) -> Finding:
    """Room on the data's disk."""
    if free_bytes is None:
        return Finding(
            "disk", False, f"{folder} cannot be read", "Give this user access to it, or name another folder."
        )
    return Finding(
        "disk",
        free_bytes >= FREE_BYTES_MIN,
        f"{free_bytes / 2**30:.1f} GB free where {folder} lies",
        "Free some space: PostgreSQL stops when its disk is full.",
    )


def _free_bytes(folder: Path) -> int | None:
    """Free bytes on the disk that holds the folder, or will hold it."""
    try:
        nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
        return shutil.disk_usage(nearest).free
    except OSError:
        return None
