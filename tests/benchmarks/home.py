"""Home, the operation that every phone asks, beside Starlette returning the same bytes from the same process.

`python -m tests.benchmarks.home [seconds]` prints one JSON object. One server process (uvicorn, one worker) with the
real application and a route that returns the bytes from memory; 16 keep-alive connections; turns alternate in one run:

    home_vs_static       Home's requests per CPU-second of the server process ÷ the static route's
    home_304_vs_static   the same for GET with If-None-Match (one small statement, no body)
    home_…_per_cpu_s     the figures behind them; the database's own CPU is not in them
"""

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.api.execution.operations import read_operations
from fedele.cli.loops import run
from fedele.db.database import open_database
from fedele.db.migrate import migrate
from fedele.logs import configure_logs
from tests.fixtures.api import open_api
from tests.fixtures.database import on_database
from tests.fixtures.operations import VARIABLES

CLIENTS_COUNT = 16
TURNS_COUNT = 3
DATABASE = "fedele_bench_home"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


async def measure(url: str, seconds: float = 5.0) -> dict[str, float]:
    """All three in turns on a fresh database of this server (a superuser's URL)."""
    server = await asyncpg.connect(url)
    await server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    await server.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    await server.close()
    await migrate(on_database(url, DATABASE))
    rates: dict[str, list[float]] = {"home": [], "home_304": [], "static": []}
    async with _serving(on_database(url, DATABASE)) as served:
        for _ in range(TURNS_COUNT):
            for name, found in rates.items():
                found.append(await _turn(served, served["requests"][name].encode(), seconds))
    median = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "home_vs_static": round(median["home"] / median["static"], 3),
        "home_304_vs_static": round(median["home_304"] / median["static"], 3),
        **{f"{name}_per_cpu_s": round(rate) for name, rate in median.items()},
        "home_bytes": served["bytes"],
    }


async def _turn(served: dict[str, Any], request: bytes, seconds: float) -> float:
    """Requests per CPU-second of the server."""
    done = [0]
    before, until = _cpu_seconds(served["pid"]), time.perf_counter() + seconds
    await asyncio.gather(*(_client(served["port"], request, until, done) for _ in range(CLIENTS_COUNT)))
    return done[0] / (_cpu_seconds(served["pid"]) - before)


async def _client(port: int, request: bytes, until: float, done: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith((b"http/1.1 200", b"http/1.1 304")), head
        if b"content-length: " in head:
            await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        done[0] += 1
    writer.close()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


@contextlib.asynccontextmanager
async def _serving(url: str) -> AsyncIterator[dict[str, Any]]:
    """The application in a process of its own; what it says about itself in its first line."""
    command = [sys.executable, "-m", "tests.benchmarks.home", "--serve", url]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=2**20
    )
    assert process.stdout is not None
    try:
        served = json.loads(await process.stdout.readline())
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", served["port"])
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield {**served, "pid": process.pid}
    finally:
        process.terminate()
        await process.wait()


async def _serve(url: str) -> None:
    """Arrange a member with a full home screen, say how to ask for it, and serve until killed."""
    configure_logs("json", "info")
    home = next(file for file in read_operations("member") if file.name == "Home")
    database = open_database(url, size=16, role="fedele_app")
    async with open_api(database) as api:
        variables = await VARIABLES["member/Home"](api)
        query = f"/graphql?documentId={home.sha256}&variables={quote(orjson.dumps(variables).decode())}"
        answer = await api.client.get(query, headers=api.member.headers)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]["me"]["feed"]["edges"]) == 20, answer.text[:2000]

        async def static(_request: Request) -> Response:
            return Response(answer.content, media_type="application/json")

        api.app.router.routes.append(Route("/static", static))
        host = f"HTTP/1.1\r\nhost: localhost\r\nauthorization: {api.member.headers['authorization']}\r\n"
        requests = {
            "home": f"GET {query} {host}\r\n",
            "home_304": f"GET {query} {host}if-none-match: {answer.headers['etag']}\r\n\r\n",
            "static": f"GET /static {host}\r\n",
        }
        config = uvicorn.Config(api.app, port=0, log_level="error", access_log=False, ws="none", lifespan="off")
        listener = config.bind_socket()
        said = {"port": listener.getsockname()[1], "requests": requests, "bytes": len(answer.content)}
        print(json.dumps(said), flush=True)
        await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run(_serve(sys.argv[2]))  # on the loop that `fedele serve` runs on
    else:
        turn_seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
        print(json.dumps(asyncio.run(measure(os.environ["FEDELE_TEST_DATABASE_URL"], turn_seconds))))
