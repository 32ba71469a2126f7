"""The stage: the wired application on a database that may be emptied, with a clock that goes when it is turned."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from pydantic import SecretStr

from fedele.db import embedded
from fedele.db.migrate import migrate
from fedele.domains.memberships.ports import Charge, PaymentDeclined, Receipt, Refund
from fedele.jobs.inline import run_what_follows
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment, Weather
from fedele.kernel.ids import new_id
from fedele.keyring import open_keyring
from fedele.settings import read_settings
from fedele.wiring import Fedele, wire

KEPT_TABLES = frozenset({"schema_version"})
# Schedules that move value by the clock, and that ask. The day's close is done by itself, the others tidy up or send.
CLOCKWORK = frozenset(
    {
        "ledger.settle", "memberships.run_due", "referrals.pay_due", "rewards.release", "journeys.enter",
        "journeys.advance", "surveys.open_due", "surveys.close_due",
    }
)  # fmt: skip
# Nothing here outlives the play, so no commit needs to wait for the disk.
HASTY = "synchronous_commit=off"
NOT_STARTED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(slots=True)
class TurnableClock:
    """A clock that goes when it is turned, and the sky above it."""

    now: datetime
    weather: Weather | None = None

    def __call__(self) -> Moment:
        """Now, under this sky."""
        return Moment(self.now, None, self.weather)


@dataclasses.dataclass(slots=True)
class PlayedPayments:
    """A payment provider that takes and gives back what it is asked for, unless it was told to decline."""

    declines: bool = False

    async def charge(self, charge: Charge) -> Receipt:
        """Take the money. Raises PaymentDeclined."""
        if self.declines:
            raise PaymentDeclined("card_declined")
        return Receipt(f"charge-{charge.key}")

    async def refund(self, refund: Refund) -> Receipt:
        """Give it back."""
        return Receipt(f"refund-{refund.key}")


@dataclasses.dataclass(slots=True)
class Stage:
    """Everything that plays need. One play at a time: each begins with an emptied database."""

    fedele: Fedele
    clock: TurnableClock
    admin: Any
    payments: PlayedPayments
    handlers: tuple[Handler, ...]
    clockwork: tuple[Schedule, ...]

    async def clear(self) -> None:
        """Forget everything: the next play begins from nothing."""
        await empty_tables(self.admin)
        self.fedele.programmes.forget()
        self.payments.declines = False

    async def settle_down(self) -> None:
        """Let everything happen that follows from what happened."""
        await run_what_follows(self.fedele.database, self.handlers)

    async def tick(self) -> None:
        """Do what the worker's schedules do all day long, and let everything happen that follows from it."""
        for schedule in self.clockwork:
            await schedule.run(self.clock())
        await self.settle_down()


@contextlib.asynccontextmanager
async def open_stage(url: str) -> AsyncIterator[Stage]:
    """A stage on this migrated database, which is emptied before each play: never a real one.

    `url` is its owner's.
    """
    url = f"{url}{'&' if '?' in url else '?'}{HASTY}"
    clock = TurnableClock(NOT_STARTED)
    with TemporaryDirectory(prefix="fedele-scenario-") as folder:
        settings = read_settings({}, data_dir=Path(folder), database_url=SecretStr(url), database_pool_size=4)
        wired = wire(settings, open_keyring(settings, may_create=True), clock=clock)
    payments = PlayedPayments()
    fedele = dataclasses.replace(wired, payments=payments)
    worker = fedele.worker()
    clockwork = tuple(schedule for schedule in worker.schedules if schedule.name in CLOCKWORK)
    admin = await asyncpg.connect(url)
    try:
        yield Stage(fedele, clock, admin, payments, tuple(worker.handlers), clockwork)
    finally:
        await admin.close()
        await fedele.close()


@contextlib.contextmanager
def a_server(given: str | None) -> Iterator[str]:
    """A superuser's URL of a server on which databases can be made: the given one, or an embedded one for as long."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory(prefix="fedele-scenario-") as folder:
        data = Path(folder) / "postgres"
        # Nothing here outlives the command, so nothing needs to reach the disk.
        settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        try:
            with embedded.start(data, settings=settings) as server:
                yield server.url
        finally:
            embedded.remove(data)


@contextlib.asynccontextmanager
async def throw_away_database(server_url: str) -> AsyncIterator[str]:
    """A new, migrated database on this server, dropped when the block ends. Nothing else of the server is touched."""
    name = f"fedele_scenario_{new_id().hex[-12:]}"
    server = await asyncpg.connect(server_url)
    try:
        await server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            url = on_database(server_url, name)
            await migrate(url)
            yield url
        finally:
            await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await server.close()


def on_database(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}{'?' + query if query else ''}"


# Tables that take room on the disk: a play fills a dozen of 150, and a new connection needs long to get to know one.
_USED = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
USED_MAX = 40  # what was emptied takes room until it is vacuumed


async def empty_tables(connection: Any) -> None:
    """DELETE from every table that has rows (TRUNCATE takes a hundred times as long); triggers rest meanwhile."""
    names = [row["relname"] for row in await connection.fetch(_USED) if row["relname"] not in KEPT_TABLES]
    if not names:
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("; ".join(f'DELETE FROM "{name}"' for name in names))
    if len(names) > USED_MAX:
        await connection.execute(f"VACUUM {', '.join(names)}")
