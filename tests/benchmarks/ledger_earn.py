"""Earns per second through `commands.post`, beside pgbench calling the same function, and what the constraints cost.

`python -m tests.benchmarks.ledger_earn [seconds] [--constraints]` prints one JSON object. 16 connections, fsync on,
20,000 members; both sides take turns within one run, so that a busy machine slows them alike:

    ledger_earn_vs_pgbench   our earns per second ÷ pgbench's of the same call (1.0 is the ceiling)
    ledger_earn_per_s, ledger_earn_p99_ms, pgbench_earn_per_s   the figures behind it
    constraint_…             with --constraints: pgbench's earns per second with everything ÷ without that constraint
"""

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from fedele.db.database import Database, open_database
from fedele.db.embedded.binaries import find_binaries
from fedele.db.migrate import migrate
from fedele.domains.ledger import commands
from fedele.domains.ledger.types import Earn
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.fixtures.database import on_database

CLIENTS_COUNT = 16
MEMBERS_COUNT = 20_000
TURNS_COUNT = 3
SCRIPT = f"""
\\set member random(1, {MEMBERS_COUNT})
\\set key random(1, 9000000000000000)
SELECT ledger_post_v2(('00000000-0000-7000-8000-' || lpad(:member::text, 12, '0'))::uuid, now(), jsonb_build_array(
    jsonb_build_object('op', 'earn', 'scope', 'bench', 'key', :key::text, 'currency', 'points', 'units', 100,
        'source', 'purchase', 'expires_at', '2100-01-01T00:00:00Z', 'reason', '{{}}'::jsonb)), true);
""".replace("\n    jsonb", " jsonb").replace("\n        '", " '")
CONSTRAINTS = {
    "constraint_chain": [
        "ALTER TABLE entry DROP CONSTRAINT fk_entry_chain",
        "ALTER TABLE entry DROP CONSTRAINT uq_entry_chain",
    ],
    "constraint_zero_sum": ["ALTER TABLE entry DISABLE TRIGGER zero_sum_v1"],
    "constraint_lots_match": [
        "ALTER TABLE entry DISABLE TRIGGER lots_match_v1",
        "ALTER TABLE lot DISABLE TRIGGER lots_match_v1",
    ],
}


async def measure(url: str, seconds: float = 5.0) -> dict[str, float]:
    """Ours and pgbench in turns on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_ledger")
    database = open_database(own, size=CLIENTS_COUNT, role="fedele_app")
    ours, theirs, waits = [], [], []
    try:
        await asyncio.gather(*(_client(database, time.perf_counter() + 1, []) for _ in range(CLIENTS_COUNT)))
        for _ in range(TURNS_COUNT):
            started = time.perf_counter()
            turn: list[float] = []
            await asyncio.gather(*(_client(database, started + seconds, turn) for _ in range(CLIENTS_COUNT)))
            ours.append(len(turn) / (time.perf_counter() - started))
            waits += turn
            theirs.append(await pgbench(own, seconds))
    finally:
        await database.close()
    return {
        "ledger_earn_vs_pgbench": round(statistics.median(ours) / statistics.median(theirs), 3),
        "ledger_earn_per_s": round(statistics.median(ours)),
        "ledger_earn_p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 1),
        "pgbench_earn_per_s": round(statistics.median(theirs)),
    }


async def measure_constraints(url: str, seconds: float = 5.0) -> dict[str, float]:
    """pgbench with every constraint and, in turns, on copies of the database that each lack one."""
    urls = {name: await fresh_database(url, f"fedele_bench_{name}") for name in ("all", *CONSTRAINTS)}
    for name, statements in CONSTRAINTS.items():
        connection = await asyncpg.connect(urls[name])
        for statement in statements:
            await connection.execute(statement)
        await connection.close()
    rates: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(TURNS_COUNT):
        for name, address in urls.items():
            rates[name].append(await pgbench(address, seconds))
    everything = statistics.median(rates["all"])
    return {name: round(everything / statistics.median(rates[name]), 3) for name in CONSTRAINTS}


async def fresh_database(url: str, name: str) -> str:
    """An empty, migrated database of this name."""
    server = await asyncpg.connect(url)
    await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    await server.close()
    await migrate(on_database(url, name))
    return on_database(url, name)


async def pgbench(url: str, seconds: float) -> float:
    """Transactions per second of pgbench's 16 clients."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "earn.sql"
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


async def _client(database: Database, until: float, waits: list[float]) -> None:
    expires_at = moment_now().now.replace(year=2100)
    while (begun := time.perf_counter()) < until:
        member_id = MemberId(UUID(f"00000000-0000-7000-8000-{random.randint(1, MEMBERS_COUNT):012d}"))
        earn = Earn(
            scope="bench", key=new_id().hex, currency=CurrencyKey("points"), units=100, source="purchase",
            expires_at=expires_at,
        )  # fmt: skip
        async with database.transaction(quiet=True) as tx:
            await commands.post(tx, member_id, [earn], moment_now())
        waits.append(time.perf_counter() - begun)


async def main() -> None:
    """Measure on FEDELE_TEST_DATABASE_URL, or on an embedded server of our own."""
    numbers = [float(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    chosen: list[Any] = [measure, *([measure_constraints] if "--constraints" in sys.argv else [])]

    async def run(url: str) -> None:
        for work in chosen:
            print(json.dumps(await work(url, *numbers)))

    if given := os.environ.get("FEDELE_TEST_DATABASE_URL"):
        await run(given)
        return
    from fedele.db import embedded

    with embedded.start(Path(tempfile.mkdtemp(prefix="fdl-")) / "pg") as server:
        await run(server.url)


if __name__ == "__main__":
    asyncio.run(main())
