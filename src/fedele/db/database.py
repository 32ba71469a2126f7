"""Database: the way every floor above reaches PostgreSQL. Reader reads; Transaction writes and publishes.

Statements are counted per task tree (see `counting`), so that a test can hold an operation to its query budget.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, TypeAlias, cast
from uuid import UUID

import asyncpg
import orjson

from fedele.db.listening import listen
from fedele.db.pool import Connection, Pool
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id

Row: TypeAlias = Mapping[str, Any]

# What is raised when the server is away, goes away in mid-work or takes no connections: worth waiting for, no bug.
DATABASE_LOST: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

DEADLOCK_ATTEMPTS = 4

_statements: ContextVar[list[str] | None] = ContextVar("fedele_statements", default=None)


@contextlib.contextmanager
def counting() -> Iterator[list[str]]:
    """Collect the text of every statement sent inside the block, by this task and those it starts.

    Blocks nest: what an inner one has counted, the outer one counts when the inner ends.
    """
    statements: list[str] = []
    token = _statements.set(statements)
    try:
        yield statements
    finally:
        _statements.reset(token)
        if (outer := _statements.get()) is not None:
            outer.extend(statements)


class Queryable(Protocol):
    """What a `queries.py` function asks for: both Reader and Transaction are one."""

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        ...

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        ...

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        ...


class Reader:
    """Reads outside a transaction. Each statement borrows a connection, so sibling fields may run at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        _note(sql)
        async with self._pool.connection() as connection:
            return cast(list[Row], await connection.fetch(sql, *values))

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        _note(sql)
        async with self._pool.connection() as connection:
            return cast(Row | None, await connection.fetchrow(sql, *values))

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        _note(sql)
        async with self._pool.connection() as connection:
            return await connection.fetchval(sql, *values)


class Transaction:
    """One database transaction. Leaving the block commits; an exception rolls everything back.

    `publish` keeps events until the commit, then writes them to the outbox and raises the member's version in the same
    transaction. A quiet transaction (imports) raises the version but announces nothing.
    """

    def __init__(self, connection: Connection, quiet: bool = False) -> None:
        self._connection = connection
        self._quiet = quiet
        self._events: list[Event] = []

    @property
    def quiet(self) -> bool:
        """Whether this transaction announces nothing; handed to PL/pgSQL that writes outbox rows by itself."""
        return self._quiet

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        _note(sql)
        return cast(list[Row], await self._connection.fetch(sql, *values))

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        _note(sql)
        return cast(Row | None, await self._connection.fetchrow(sql, *values))

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        _note(sql)
        return await self._connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        """Run a statement for its effect; returns PostgreSQL's command tag ("UPDATE 1")."""
        _note(sql)
        return cast(str, await self._connection.execute(sql, *values))

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows, pipelined."""
        _note(sql)
        await self._connection.executemany(sql, rows)

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """COPY rows into a table: the fastest way in."""
        _note(f"COPY {table}")
        await self._connection.copy_records_to_table(table, columns=list(columns), records=rows)

    async def lock_member(self, member_id: MemberId) -> int:
        """Take this member's row lock until the end of the transaction and return their version.

        Every command that changes what a member owns begins with this: it makes the member's operations serial.
        """
        version: int = await self.fetch_value("SELECT member_lock_v1($1)", member_id)
        return version

    async def publish(self, *events: Event) -> None:
        """Announce events when, and only when, this transaction commits. Raises the version of each member named."""
        self._events.extend(events)

    async def touch(self, member_id: MemberId) -> None:
        """Raise the member's version without announcing anything: what their phones cached is outdated."""
        await self.execute(
            """
            INSERT INTO member_version (member_id, version) VALUES ($1, 1)
            ON CONFLICT (member_id) DO UPDATE SET version = member_version.version + 1
            """,
            member_id,
        )

    async def savepoint_execute(self, sql: str, *values: Any) -> str:
        """Run a statement in a savepoint of its own, so that its error leaves the transaction usable."""
        _note(sql)
        async with self._connection.transaction():
            return cast(str, await self._connection.execute(sql, *values))

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail by itself: an exception undoes what was written and published inside, and no more."""
        published = len(self._events)
        try:
            async with self._connection.transaction():
                yield
        except BaseException:
            del self._events[published:]
            raise

    async def _flush(self) -> None:
        if not self._events:
            return
        events, self._events = self._events, []
        sql = "SELECT outbox_publish_v1($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[], $6)"
        _note(sql)
        await self._connection.execute(
            sql,
            [event.member_id for event in events],
            [new_id() for _ in events],
            [event.kind for event in events],
            [event.payload() for event in events],
            [event.occurred_at for event in events],
            self._quiet,
        )


class Database:
    """The pools of one process: `primary` for writes and for reads that must see them, `replica` for the rest."""

    def __init__(self, primary: Pool, replica: Pool | None = None, connect_url: str = "") -> None:
        self._primary = primary
        self._replica = replica or primary
        self.url = connect_url
        self.reader = Reader(self._primary)
        self.replica_reader = Reader(self._replica)

    @contextlib.asynccontextmanager
    async def transaction(self, *, quiet: bool = False) -> AsyncIterator[Transaction]:
        """A READ COMMITTED transaction on the primary; see Transaction."""
        async with self._primary.connection() as connection, connection.transaction():
            transaction = Transaction(connection, quiet)
            yield transaction
            await transaction._flush()

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queryable]:
        """Reads that all see the same instant, on the replica if there is one; nothing can be written."""
        async with (
            self._replica.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Transaction(connection, quiet=True)

    async def call(self, sql: str, *values: Any) -> Any:
        """One server-side operation on the primary that is its own transaction: one round trip, all or nothing.

        Sent again when PostgreSQL ended it to break a circle of waiting: then nothing of it was done.
        """
        _note(sql)
        async with self._primary.connection() as connection:
            for _ in range(DEADLOCK_ATTEMPTS - 1):
                with contextlib.suppress(asyncpg.DeadlockDetectedError):
                    return await connection.fetchval(sql, *values)
            return await connection.fetchval(sql, *values)

    @contextlib.asynccontextmanager
    async def listen(self, channel: str, heard: asyncio.Queue[str]) -> AsyncIterator[None]:
        """Put payloads of notices on the queue while the block runs; an empty one after a break (see db.listening)."""
        async with listen(lambda: connect(self.url), channel, heard):
            yield

    async def close(self) -> None:
        """Close every idle connection."""
        await self._primary.close()
        if self._replica is not self._primary:
            await self._replica.close()


async def connect(url: str, role: str | None = None) -> Connection:
    """One asyncpg connection with Fedele's codecs. `role` is taken for the whole session."""
    settings = {"application_name": "fedele", "timezone": "UTC"}
    if role:
        settings["role"] = role
    connection = await asyncpg.connect(url, server_settings=settings, statement_cache_size=512)
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )
    return connection


def open_database(url: str, *, size: int = 16, role: str | None = None, replica_url: str | None = None) -> Database:
    """A Database on `url` (postgresql://…). Connections open when first used, so this cannot fail by itself."""
    primary = Pool(lambda: connect(url, role), size)
    replica = Pool(lambda: connect(replica_url, role), size) if replica_url else None
    return Database(primary, replica, url)


def _note(sql: str) -> None:
    statements = _statements.get()
    if statements is not None:
        statements.append(sql)


def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value, default=_plain)


def _decode_jsonb(raw: bytes) -> Any:
    return orjson.loads(raw[1:])


def _plain(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON; turn it into text or a number first")
