"""A street of tills before real processes: API, worker and PostgreSQL, each of which can be killed and comes back."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db import embedded
from fedele.db.database import open_database
from fedele.db.embedded.processes import server_processes
from fedele.domains.auth.commands import generate_staff_key
from fedele.domains.programme.commands import apply
from fedele.jobs.worker import ATTEMPTS_MAX
from fedele.kernel.clock import moment_now
from fedele.simulator.books import Finding, check
from fedele.simulator.journal import Journal
from fedele.simulator.running import Traffic
from tests.factories.programme import template_text
from tests.fixtures.commands import Command, StartCommand, free_port
from tests.fixtures.processes import until

STORES = tuple(f"sim-{number}" for number in range(1, 9))
DRAIN_SECONDS_MAX = 60


def traffic(seconds: float, rate: float = 25.0) -> Traffic:
    """Eight stores, sixty members: enough contention, few enough rows."""
    return Traffic(STORES, "USD", 60, rate, seconds, seed="street", patience_seconds=150)


class Street:
    """The processes, and what is done to them."""

    def __init__(self, folder: Path, start: StartCommand, settings: Mapping[str, str]) -> None:
        self.folder, self._start, self._settings = folder, start, dict(settings)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.staff_key = generate_staff_key().get_secret_value()
        self.environment: dict[str, str] = {}
        self.api: Command | None = None
        self.worker: Command | None = None
        self._server: embedded.EmbeddedServer | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The key that may do everything at every store."""
        return {"authorization": f"Bearer {self.staff_key}"}

    async def open(self, *, fresh: bool = False) -> None:
        """Start everything on an empty database, with the grocer's programme in force.

        `fresh`: the first API is the installed command, started from the beginning.
        """
        await self.start_database()
        self.environment |= {
            "FEDELE_DATA_DIR": str(self.folder / "data"),
            "FEDELE_SECRET_KEY": "a secret key of the tests, long enough to be one",
            "FEDELE_TOKEN_KEY": _token_key(),
            "FEDELE_BOOTSTRAP_STAFF_KEY": self.staff_key,
            "FEDELE_LOG_LEVEL": "warning",
            "FEDELE_BASE_URL": self.url,
        }
        (self.folder / "data").mkdir(exist_ok=True)
        await self.start_api("--migrate", fresh=fresh)
        database = open_database(self.environment["FEDELE_DATABASE_URL"], size=1)
        async with database.transaction() as tx:
            await apply(tx, template_text("grocer"), moment_now(), sections=PROGRAMME_SECTIONS)
        await database.close()
        connection = await asyncpg.connect(self.environment["FEDELE_DATABASE_URL"])
        await connection.execute("CHECKPOINT")  # what is arranged survives, however careless the server is set
        await connection.close()
        await self.start_worker()

    async def start_database(self) -> None:
        """Start PostgreSQL, or again after a kill; its address stays."""
        self._server = await asyncio.to_thread(embedded.start, self.folder / "pg", settings=self._settings)
        known = self.environment.setdefault("FEDELE_DATABASE_URL", self._server.url)
        assert known == self._server.url, "the server came back at another address"

    async def start_api(self, *more: str, fresh: bool = False) -> None:
        """Start the API and wait until it answers."""
        asked = ("serve", "--port", str(self.port), *more)
        self.api = await self._start(*asked, environment=self.environment, fresh=fresh)
        await self.ready()

    async def ready(self) -> None:
        """Wait until the API reaches its database."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:

            async def answers() -> bool:
                assert self.api is None or not self.api.has_ended, self.api.output
                with contextlib.suppress(httpx.HTTPError):
                    return (await client.get("/readyz")).status_code == 200
                return False

            try:
                await until(answers, 120)
            except TimeoutError:
                raise AssertionError(f"the API is not ready:\n{self.api.output if self.api else ''}") from None

    async def start_worker(self) -> None:
        """Start the worker."""
        self.worker = await self._start("worker", environment=self.environment)

    async def kill_api(self) -> None:
        """SIGKILL, and up again."""
        assert self.api is not None
        await self.api.kill()
        await self.start_api()

    async def kill_worker(self) -> None:
        """SIGKILL, and up again."""
        assert self.worker is not None
        await self.worker.kill()
        await self.start_worker()

    async def kill_database(self) -> None:
        """SIGKILL of every process of PostgreSQL at once, then crash recovery."""
        for pid in server_processes(self.folder / "pg" / "cluster"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.start_database()
        await self.ready()

    async def books(self, journal: Journal) -> list[Finding]:
        """Wait until all that follows the sales has followed, then compare."""
        connection = await asyncpg.connect(self.environment["FEDELE_DATABASE_URL"])
        try:

            async def done() -> bool:
                # The half minute after which the living take over from the dead, without waiting for it.
                await connection.execute(
                    "UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute' WHERE id IN "
                    "(SELECT id FROM pgqueuer WHERE status = 'picked' FOR UPDATE SKIP LOCKED)"
                )
                # Retries at once, which are not to count: a job has twenty, hours apart, for an outage like this one.
                await connection.execute(
                    "UPDATE pgqueuer SET execute_after = now(), attempts = least(attempts, 3) WHERE id IN "
                    "(SELECT id FROM pgqueuer WHERE status = 'queued' FOR UPDATE SKIP LOCKED)"
                )
                return not await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM outbox) OR "
                    "EXISTS (SELECT FROM pgqueuer WHERE status <> 'failed' OR attempts < $1)",
                    ATTEMPTS_MAX,
                )

            try:
                await until(done, DRAIN_SECONDS_MAX)
            except TimeoutError:
                left = await connection.fetch("SELECT entrypoint, status, count(*) FROM pgqueuer GROUP BY 1, 2")
                told = self.worker.output[-3000:] if self.worker else ""
                raise AssertionError(f"not all that follows has followed: {left}\n{told}") from None
            return await check(connection, journal, {"points": 0})
        finally:
            await connection.close()

    def close(self) -> None:
        """Leave nothing alive."""
        for pid in server_processes(self.folder / "pg" / "cluster"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def mount_small_disk(place: Path, megabytes: int) -> None:
    """A file system of so many megabytes. Skips, loudly, where the kernel refuses to mount: no package brings that."""
    size = f"size={megabytes}m,mode=755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "none", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: a full disk needs a mount, and that was refused: {done.stderr.strip()}")


def _token_key() -> str:
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@contextlib.asynccontextmanager
async def open_street(
    start: StartCommand,
    settings: Mapping[str, str] | None = None,
    disk_megabytes: int | None = None,
    *,
    fresh: bool = False,
) -> AsyncIterator[Street]:
    """A street for one test. `settings` are PostgreSQL's; `disk_megabytes`: on a small disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="fdl-"))
    os.chmod(folder, 0o755)
    if disk_megabytes is not None:
        mount_small_disk(folder, disk_megabytes)
    street = Street(folder, start, settings or {})
    try:
        await street.open(fresh=fresh)
        yield street
    finally:
        street.close()
        if disk_megabytes is not None:
            subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: ASYNC221
        shutil.rmtree(folder, ignore_errors=True)


class CuttingProxy:
    """Stands between tills and server, and cuts connections after the request and before the reply.

    `cuts(number)` says for each reply, counted from 1, whether it is lost: the server has done its work by then.
    """

    def __init__(self, port: int, cuts: Callable[[int], bool]) -> None:
        self._port, self._cuts = port, cuts
        self.replies_count = self.cut_count = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["CuttingProxy"]:
        """Accept while the block lasts."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
            there = asyncio.create_task(_pump(client, to_server))
            try:
                while reply := await server.read(65536):
                    self.replies_count += 1
                    if self._cuts(self.replies_count):
                        self.cut_count += 1
                        to_client.transport.abort()
                        return
                    to_client.write(reply)
                    await to_client.drain()
            finally:
                there.cancel()
                to_server.close()
                to_client.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
