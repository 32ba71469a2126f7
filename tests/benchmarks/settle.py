"""Sales per second at the till, through HTTP and GraphQL, beside pgbench calling the same `settle_v2`.

`python -m tests.benchmarks.settle [seconds]` prints one JSON object. 16 connections, fsync on, baskets of 5 lines, 20
active rules of which 3 give something, 2,000 members; both sides take turns within one run, on the same database, so
that a busy machine slows them alike. pgbench sends a payload that our own decision made (with fresh ids), so that it
writes exactly the rows that we write, and decides nothing. As many API processes as there are cores serve, as a
deployment would run them; a till keeps to one of them, as behind a balancer.

    settle_vs_pgbench   our sales per second ÷ pgbench's
    settle_one_process_vs_pgbench   the same with a single API process
    settle_p99_ms       how long the slowest hundredth of the tills waits
    settle_per_s, pgbench_settle_per_s   the figures behind it
"""

import asyncio
import contextlib
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette

from fedele.api.context import Services
from fedele.api.execution.operations import STAFF_FOLDERS, read_operations
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, open_database
from fedele.db.embedded.binaries import find_binaries
from fedele.domains.activity.types import Line
from fedele.domains.checkout.basket import basket_body
from fedele.domains.checkout.commands.operation import Request
from fedele.domains.checkout.commands.settle import _Sale
from fedele.domains.checkout.identification import Shopper
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import MemberId, StoreId, encode_id, new_id
from fedele.logs import configure_logs
from fedele.web.app import build_app
from fedele.web.auth import authenticate_with
from tests.benchmarks.ledger_earn import fresh_database
from tests.factories.programme import apply_programme
from tests.fixtures import principals

CLIENTS_COUNT = 16
PROCESSES_COUNT = os.cpu_count() or 1
MEMBERS_COUNT = 2_000
TURNS_COUNT = 3
STORE = StoreId("store-1")
CATEGORIES = ("FRESH", "DRY", "COFFEE", "HOME", "FRESH")
IDLE_RULES = "".join(
    f"    - {{key: idle-{number}, type: purchase_multiplier, name: Idle, currency: points,\n"
    f"       when: \"line.category == 'NONE-{number}' && member.tier == 'gold'\"}}\n"
    for number in range(17)
)
PROGRAMME = f"""
format: 1
programme: {{key: bench, name: Bench, time_zone: Europe/Rome, home_currency: EUR}}
currencies: [{{key: points, name: points, worth: 0.01, expiry: {{type: rolling, period: {{months: 12}}}}}}]
earning:
  groups: {{shopping: best}}
  rules:
    - {{key: base, type: purchase_multiplier, name: Base, currency: points, group: shopping}}
    - {{key: fresh, type: purchase_multiplier, name: Fresh, currency: points, multiplier: 2, group: shopping,
       when: "line.category == 'FRESH'"}}
    - {{key: coffee, type: purchase_multiplier, name: Coffee, currency: points, when: "line.category == 'COFFEE'"}}
{IDLE_RULES}
tiers: {{levels: [{{key: blue, name: Blue, threshold: 0}}, {{key: gold, name: Gold, threshold: 90000000}}]}}
"""
# What pgbench calls: the template of our own payload with fresh ids, and the version as it is.
BENCH_FUNCTION = """
CREATE FUNCTION bench_settle(p_member uuid, p_sale text, p_ids integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_key text := uuidv7()::text;
    v_sale text := replace(replace(p_sale, '@receipt', v_key), '@purchase', v_key);
    v_id integer;
BEGIN
    FOR v_id IN 1..p_ids LOOP
        v_sale := replace(v_sale, '@id' || v_id || '@', uuidv7()::text);
    END LOOP;
    RETURN settle_v2(p_member, coalesce((SELECT version FROM member_version WHERE member_id = p_member), 0),
                     'bench', v_key, '\\x00'::bytea, now(), replace(v_sale, '@member', p_member::text)::jsonb);
END
$$;
CREATE TABLE bench_template (sale text NOT NULL, ids integer NOT NULL);
GRANT SELECT ON bench_template TO fedele_app;
"""
SCRIPT = f"""
\\set member random(1, {MEMBERS_COUNT})
SELECT bench_settle(('00000000-0000-7000-8000-' || lpad(:member::text, 12, '0'))::uuid, sale, ids) FROM bench_template;
"""
HEAD = "POST /staff/graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


async def measure(url: str, seconds: float = 5.0) -> dict[str, float]:
    """Ours and pgbench in turns on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_settle")
    headers = await arrange(own)
    ours, alone, theirs, waits = [], [], [], []
    async with contextlib.AsyncExitStack() as processes:
        ports = [await processes.enter_async_context(serving(own)) for _ in range(PROCESSES_COUNT)]
        await turn(ports, headers, 1, [])
        for _ in range(TURNS_COUNT):
            one_turn: list[float] = []
            ours.append(await _rate(ports, headers, seconds, one_turn))
            waits += one_turn
            alone.append(await _rate(ports[:1], headers, seconds, []))
            theirs.append(await _pgbench(own, seconds))
    bench = statistics.median(theirs)
    return {
        "settle_vs_pgbench": round(statistics.median(ours) / bench, 3),
        "settle_one_process_vs_pgbench": round(statistics.median(alone) / bench, 3),
        "settle_p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 1),
        "settle_per_s": round(statistics.median(ours)),
        "pgbench_settle_per_s": round(bench),
    }


async def _rate(ports: Sequence[int], headers: principals.Headers, seconds: float, waits: list[float]) -> float:
    started = time.perf_counter()
    await turn(ports, headers, seconds, waits)
    return len(waits) / (time.perf_counter() - started)


def member_of(number: int) -> MemberId:
    """The n-th member of the bench."""
    return MemberId(asyncpg.pgproto.pgproto.UUID(f"00000000-0000-7000-8000-{number:012d}"))


async def arrange(url: str, members_count: int = MEMBERS_COUNT) -> principals.Headers:
    """Members, the programme, a till's key, and pgbench's template."""
    admin = await asyncpg.connect(url)
    await admin.execute(
        f"""
        INSERT INTO member (member_id, status, source, joined_at, recorded_at)
        SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'active', 'bench', now(), now()
          FROM generate_series(1, {members_count}) AS n
        """
    )
    await admin.execute(BENCH_FUNCTION)
    database = open_database(url, size=4, role="fedele_app")
    try:
        await apply_programme(database, PROGRAMME)
        headers = await principals.till_headers(database, moment_now(), STORE)
        template, ids_count = await _template(database)
    finally:
        await database.close()
    await admin.execute("INSERT INTO bench_template VALUES ($1, $2)", template, ids_count)
    await admin.close()
    return headers


async def _template(database: Database) -> tuple[str, int]:
    """A payload that our own decision made, with its ids turned into placeholders."""
    till, member_id, moment = Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS)), member_of(1), moment_now()
    lines = tuple(
        Line(number, Decimal(2), 1_000 + number, category=category, sku=f"s{number}", name="Article", brand="Own")
        for number, category in enumerate(CATEGORIES, 1)
    )
    basket = Basket(store_id=STORE, receipt="@receipt", currency="EUR", lines=lines, member_id=member_id)
    request = Request("settle_v2", member_id, "bench", "template", basket_body(basket), b"", moment)
    sale = _Sale(till, basket, Shopper(member_id), request, None, (), ())
    payload = (await sale.prepare(database.reader)).payload
    text = orjson.dumps(payload, default=str).decode()
    text = text.replace(str(sale.purchase_id), "@purchase").replace(str(member_id), "@member")
    ids = list(dict.fromkeys(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", text)))
    for place, found in enumerate(ids, 1):
        text = text.replace(found, f"@id{place}@")
    return text, len(ids)


@contextlib.asynccontextmanager
async def serving(url: str) -> AsyncIterator[int]:
    """The real application in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.benchmarks.settle", "--serve", url, str(port)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.1)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def turn(
    ports: Sequence[int],
    headers: principals.Headers,
    seconds: float,
    waits: list[float],
    members_count: int = MEMBERS_COUNT,
) -> None:
    """Sixteen tills sell for so many seconds to any of these members; fills `waits` with each sale's seconds."""
    until = time.perf_counter() + seconds
    document = next(file.text for file in read_operations(*STAFF_FOLDERS) if file.name == "SettleSale")
    clients = (
        _client(ports[number % len(ports)], headers, document, until, waits, members_count)
        for number in range(CLIENTS_COUNT)
    )
    await asyncio.gather(*clients)


async def _client(
    port: int, headers: principals.Headers, document: str, until: float, waits: list[float], members_count: int
) -> None:
    """One till on one kept connection. Written on bare sockets: a client library would cost more than the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = HEAD + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        while (begun := time.perf_counter()) < until:
            body = orjson.dumps({"query": document, "variables": {"input": _sale(members_count)}})
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            answer = await _answer(reader)
            waits.append(time.perf_counter() - begun)
            if not answer.get("data") or not answer["data"]["settle"]["settlement"]:
                raise RuntimeError(f"the till was refused: {answer}")
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Any:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length is not None, head
    return orjson.loads(await reader.readexactly(int(length[1])))


def _sale(members_count: int) -> dict[str, Any]:
    key = new_id().hex
    lines = [
        {"amount": f"{random.randint(100, 2000) / 100:.2f}", "quantity": "2", "category": category, "sku": f"s{place}",
         "name": "Article", "brand": "Own"}
        for place, category in enumerate(CATEGORIES)
    ]  # fmt: skip
    member_id = encode_id("member", member_of(random.randint(1, members_count)))
    basket = {"receipt": key, "currency": "EUR", "lines": lines, "memberId": member_id}
    return {"basket": basket, "idempotencyKey": key}


async def _pgbench(url: str, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "settle.sql"
        script.write_text(SCRIPT)
        command = [str(find_binaries().program("pgbench")), "-n", "-c", str(CLIENTS_COUNT), "-j", "2", "-M", "prepared"]
        command += ["-T", str(max(1, round(seconds))), "-f", str(script), url]
        environment = os.environ | {"PGOPTIONS": "-c role=fedele_app"}
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment, check=False
        )
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if rate is None:
        raise RuntimeError(f"pgbench said: {done.stdout}{done.stderr}")
    return float(rate[1])


def _serve(url: str, port: int) -> None:
    configure_logs("json", "info")
    database = open_database(url, size=CLIENTS_COUNT, role="fedele_app")
    services = Services(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
    authenticator = principals.authenticator(database)

    @contextlib.asynccontextmanager
    async def listening(_app: Starlette) -> AsyncIterator[None]:
        async with services.programmes.listening(), authenticator.listening():
            yield

    app = build_app(services, authenticate_with(authenticator, moment_now), lifespan=listening)
    uvicorn.run(app, port=port, log_level="error", access_log=False)


async def main() -> None:
    """Measure on FEDELE_TEST_DATABASE_URL, or on an embedded server of our own."""
    numbers = [float(argument) for argument in sys.argv[1:]]
    if given := os.environ.get("FEDELE_TEST_DATABASE_URL"):
        print(json.dumps(await measure(given, *numbers)))
        return
    from fedele.db import embedded

    with embedded.start(Path(tempfile.mkdtemp(prefix="fdl-")) / "pg") as server:
        print(json.dumps(await measure(server.url, *numbers)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2], int(sys.argv[3]))
    else:
        asyncio.run(main())
