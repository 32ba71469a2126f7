"""`fedele serve` and `fedele worker` as a deployment runs them: processes against a database that comes and goes."""

import asyncio
import contextlib
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fedele.db.migrate import head_revision
from fedele.domains.auth.commands import generate_staff_key
from tests.fixtures.commands import Command, StartCommand, free_port, is_listening
from tests.fixtures.database import drop_database, on_database
from tests.fixtures.processes import until

SECRET_KEY = "a secret key of the tests, long enough to be one"


class Deployment:
    """A database by name (perhaps not made yet), the environment that names it, and processes on it."""

    def __init__(self, server_url: str, name: str, token_key: str, folder: Path, start: StartCommand) -> None:
        self.url = on_database(server_url, name)
        self._server_url, self._name, self._start = server_url, name, start
        self.staff_key = generate_staff_key().get_secret_value()
        self.environment = {
            "FEDELE_DATA_DIR": str(folder),
            "FEDELE_DATABASE_URL": self.url,
            "FEDELE_SECRET_KEY": SECRET_KEY,
            "FEDELE_TOKEN_KEY": token_key,
            "FEDELE_BOOTSTRAP_STAFF_KEY": self.staff_key,
            "FEDELE_OTP_DELIVERY": "console",
            "FEDELE_LOG_LEVEL": "debug",
            "FEDELE_CORS_ORIGINS": "https://app.example",
        }

    async def on_server(self, sql: str) -> None:
        """As the superuser, beside the deployment's database."""
        connection = await asyncpg.connect(self._server_url)
        try:
            await connection.execute(sql.replace("{name}", f'"{self._name}"').replace("{text}", f"'{self._name}'"))
        finally:
            await connection.close()

    async def create(self) -> None:
        """Make the empty database."""
        await self.on_server("CREATE DATABASE {name} TEMPLATE template0")

    async def close_doors(self) -> None:
        """What clients see of a database that is down: every connection cut, none accepted."""
        await self.on_server("ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await self.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {text}")

    async def open_doors(self) -> None:
        """Up again."""
        await self.on_server("ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    async def run(self, *arguments: str, fresh: bool = False) -> Command:
        """A fedele command in this deployment's environment; `fresh`: the installed command, from the beginning."""
        return await self._start(*arguments, environment=self.environment, fresh=fresh)

    async def done(self, *arguments: str) -> str:
        """A command that ends by itself, and well; what it printed."""
        command = await self.run(*arguments)
        assert await command.ended() == 0, command.output
        return command.output

    async def serve(self, *arguments: str, fresh: bool = False) -> tuple[Command, httpx.AsyncClient]:
        """A serving process and a client for it; it need not be ready yet."""
        port = free_port()
        command = await self.run("serve", "--port", str(port), *arguments, fresh=fresh)
        return command, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20)


@pytest.fixture
async def deployment(postgres_url: str, tmp_path: Path, fedele: StartCommand) -> AsyncIterator[Deployment]:
    """A deployment whose database is not there yet."""
    name = f"fedele_serving_{free_port()}"
    advised = "openssl ecparam -name prime256v1 -genkey -noout"  # as `fedele serve` says when it has no key
    token_key = subprocess.run(advised.split(), capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
    yield Deployment(postgres_url, name, token_key, tmp_path, fedele)
    await drop_database(postgres_url, name)


async def ready(client: httpx.AsyncClient) -> dict[str, Any]:
    """/readyz, once it answers 200."""
    answer = httpx.Response(503)

    async def asked() -> bool:
        nonlocal answer
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get("/readyz")
        return answer.status_code == 200

    await until(asked, 90)
    found: dict[str, Any] = answer.json()
    return found


async def test_two_servers_wait_for_the_database_and_migrate_it_once(deployment: Deployment) -> None:
    """Started before the database exists, all wait for it; one migrates, both serve; readiness names what lacks."""
    one, first = await deployment.serve("--migrate", fresh=True)
    two, second = await deployment.serve("--migrate")
    worker = await deployment.run("worker", fresh=True)
    await worker.line("waiting_for_database")
    await one.line("waiting_for_database")
    await deployment.create()
    async with first, second:
        for client in (first, second):
            found = await ready(client)
            assert (found["status"], found["migration"]) == ("ready", head_revision())
        assert (await first.get("/livez")).json() == {"status": "alive"}

        await worker.line("worker_started")

        async def counted(workers: int) -> bool:
            return (await second.get("/readyz")).json()["workers"] == workers

        await until(lambda: counted(1))
        await worker.stop(signal.SIGTERM)
        assert (await second.get("/readyz")).json()["workers"] == 0, "a worker that stopped still counts"
        await measures(first)
        await says_when_it_is_behind(deployment, second)
    await one.stop(signal.SIGTERM)
    await two.stop(signal.SIGINT)


async def measures(client: httpx.AsyncClient) -> None:
    """Prometheus' own parser reads /metrics; requests are counted by route, never by path."""
    for path in ("/nobody/knows/0123456789", "/wallet/apple/passes/0123456789.pkpass?key=none", "/livez"):
        answer = await client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    text = (await client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    routes = {sample.labels["route"] for sample in families["fedele_http_requests"].samples}
    assert {"/livez", "/readyz", "other"} <= routes
    assert not [route for route in routes if "0123456789" in route]
    assert families["fedele_database_up"].samples[0].value == 1
    assert families["fedele_workers"].samples[0].value == 0
    assert {sample.labels["state"] for sample in families["fedele_jobs"].samples} == {"queued", "picked", "failed"}


async def says_when_it_is_behind(deployment: Deployment, client: httpx.AsyncClient) -> None:
    """503 with both revisions and the command, for as long as the database stands at an older migration."""
    connection = await asyncpg.connect(deployment.url)
    await connection.execute("UPDATE schema_version SET version_num = '20200101_00'")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    behind = {"status": "behind", "migration": "20200101_00", "wanted": head_revision(), "do": "fedele migrate"}
    assert answer.json() == behind
    await connection.execute("UPDATE schema_version SET version_num = $1", head_revision())
    assert (await client.get("/readyz")).status_code == 200
    await connection.close()


async def test_an_outage_of_the_database_is_lived_through(deployment: Deployment) -> None:
    """Ready turns 503 with the reason, alive stays 200; server and worker go on by themselves when it is back."""
    await deployment.create()
    server, client = await deployment.serve("--migrate")
    async with client:
        await ready(client)
        worker = await deployment.run("worker")
        await worker.line("worker_started")
        await deployment.close_doors()

        async def gone() -> bool:
            answer = await client.get("/readyz")
            return answer.status_code == 503 and answer.json()["status"] == "no database"

        await until(gone)
        assert (await client.get("/livez")).status_code == 200
        assert "fedele_database_up 0.0" in (await client.get("/metrics")).text
        await worker.line("worker_waits_for_database")
        await deployment.open_doors()
        await ready(client)

        async def works() -> bool:
            return (await client.get("/readyz")).json().get("workers") == 1

        await until(works)
        assert not worker.has_ended
        await a_request_in_hand_is_finished(deployment, server, client)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0, worker.output
        assert "Traceback" not in worker.output


async def a_request_in_hand_is_finished(deployment: Deployment, server: Command, client: httpx.AsyncClient) -> None:
    """SIGTERM while a request waits for a lock: no new ones are taken, this one is answered, the exit code is 0."""
    connection = await asyncpg.connect(deployment.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
    waiting = asyncio.create_task(client.get("/readyz"))

    async def waits() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    await until(waits)
    server.send(signal.SIGTERM)
    port = client.base_url.port
    assert port is not None

    async def closed() -> bool:
        return not is_listening(port)

    await until(closed)
    assert not waiting.done()
    await transaction.rollback()
    await connection.close()
    assert (await waiting).status_code == 200
    assert await server.ended() == 0, server.output
    assert "Traceback" not in server.output, [line[-1500:] for line in server.lines if "Traceback" in line]


async def test_no_secret_is_ever_logged(deployment: Deployment) -> None:
    """A login, a refresh and staff keys at level debug: every line is JSON, and none holds a secret of any of them.

    One-time codes are in the log here because FEDELE_OTP_DELIVERY=console asks for it, and only in that line.
    """
    await deployment.create()
    server, client = await deployment.serve("--migrate")
    async with client:
        await ready(client)
        await deployment.done("programme", "apply", "src/fedele/programmes/grocer.yaml")
        key = json.loads(
            await deployment.done("keys", "create", "till 1", "--kind", "till", "--store", "store-1", "--json")
        )["key"]
        address = {"email": "ada.lovelace@example.org"}
        sent = await client.post("/auth/otp", json=address)
        assert sent.status_code == 202, sent.text
        said = json.loads(await server.line("otp_on_console"))["line"]
        code = said.rpartition(" ")[2]
        grant = {"grant_type": "otp", "challenge": sent.json()["challenge"], **address}
        wrong = await client.post("/auth/token", json={**grant, "code": "000000" if code != "000000" else "000001"})
        assert wrong.status_code == 401, wrong.text
        assert wrong.json()["error"]["request_id"] == wrong.headers["x-request-id"]
        pair = (await client.post("/auth/token", json={**grant, "code": code})).json()
        again = await client.post(
            "/auth/token", json={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        )
        for path, token in (
            ("/graphql", pair["access_token"]),
            ("/staff/graphql", key),
            ("/staff/graphql", "bad-token"),
        ):
            headers = {"authorization": f"Bearer {token}", "x-request-id": "a-request-of-the-test"}
            asked = await client.post(path, json={"query": "{ __typename }"}, headers=headers)
            assert asked.headers["x-request-id"] == "a-request-of-the-test"
        allowed = await client.options(
            "/graphql", headers={"origin": "https://app.example", "access-control-request-method": "POST"}
        )
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        foreign = await client.options(
            "/graphql", headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
        )
        assert "access-control-allow-origin" not in foreign.headers
    await server.stop(signal.SIGTERM)
    lines = [json.loads(line) for line in server.lines]
    assert {"event", "level", "timestamp", "logger"} <= lines[0].keys()
    assert [line for line in lines if line.get("request_id")], "no line knows its request"
    secrets = [
        key.rpartition("_")[2], deployment.staff_key.rpartition("_")[2], pair["access_token"], pair["refresh_token"],
        again.json()["access_token"], again.json()["refresh_token"], SECRET_KEY,
        *deployment.environment["FEDELE_TOKEN_KEY"].splitlines()[1:-1],
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in server.output] == []
    with_code = [line["event"] for line in lines if code in json.dumps(line)]
    assert with_code == ["otp_on_console"]


async def test_a_database_that_nobody_migrates_is_told(deployment: Deployment) -> None:
    """`migrate --wait 0` says in a line that nobody answers; then it migrates, and a second time changes nothing."""
    refused = await deployment.run("migrate", "--wait", "0")
    assert await refused.ended() == 1
    assert "the database did not answer" in refused.output
    assert "Traceback" not in refused.output
    await deployment.create()
    for _ in range(2):
        done = await deployment.done("migrate", "--json")
        assert json.loads(done.splitlines()[-1]) == {"migration": head_revision()}
