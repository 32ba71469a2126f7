"""Purchase lines per second through `fedele import purchases`, beside a bare COPY of the same file.

`python -m tests.benchmarks import_vs_copy` prints the figures. COPY puts the rows into a table without a key; the
import checks them, puts them in order, rates every basket by the programme's rules and writes purchases, ledger,
awards, traces, counters and tiers. Both read the same file of a part of the demo's year, one after the other in one
run, so that a busy machine slows both.

    import_vs_copy         our lines per second ÷ COPY's
    import_lines_per_s, import_baskets_per_s, copy_lines_per_s   the figures behind it
"""

import dataclasses
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import SecretBytes

from fedele.adapters.complete_journey import DemoFiles, write_files
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, open_database
from fedele.db.migrate import migrate
from fedele.domains.checkout.ports import Till
from fedele.domains.exchange import commands
from fedele.domains.exchange.types import ImportFile, Summary
from fedele.domains.members.types import Peppers
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from tests.factories.programme import apply_programme, template_text
from tests.fixtures.database import on_database

HOUSEHOLDS_COUNT = 60
NAME = "fedele_bench_import"
PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper of benchmarks")})


async def measure(url: str, households: int = HOUSEHOLDS_COUNT) -> dict[str, float]:
    """The ratio and the figures behind it."""
    with tempfile.TemporaryDirectory(prefix="fdl-") as folder:
        today = moment_now().now.astimezone(ZoneInfo("America/New_York")).date()
        files = write_files(Path(folder), today, households=households)
        target = await _fresh_database(url)
        copy_seconds = await _copy(target, files)
        database = open_database(target, role="fedele_app")
        try:
            summary, import_seconds = await _import(database, files)
        finally:
            await database.close()
    assert summary.reconciled
    assert summary.written == files.lines
    return {
        "import_vs_copy": round(copy_seconds / import_seconds, 4),
        "import_lines_per_s": round(files.lines / import_seconds),
        "import_baskets_per_s": round(files.purchases / import_seconds),
        "copy_lines_per_s": round(files.lines / copy_seconds),
    }


async def _fresh_database(url: str) -> str:
    server = await asyncpg.connect(url)
    await server.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
    await server.execute(f'CREATE DATABASE "{NAME}" TEMPLATE template0')
    await server.close()
    await migrate(on_database(url, NAME))
    return on_database(url, NAME)


async def _copy(url: str, files: DemoFiles) -> float:
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        CREATE TABLE copied (member text, store text, receipt text, occurred_at timestamp, line integer, sku text,
                             quantity numeric, amount numeric, discount numeric, returns_receipt text)
        """
    )
    began = time.perf_counter()
    await connection.copy_to_table("copied", source=files.path("purchases"), format="csv", header=True)
    seconds = time.perf_counter() - began
    await connection.execute("DROP TABLE copied")
    await connection.close()
    return seconds


async def _import(database: Database, files: DemoFiles) -> tuple[Summary, float]:
    await apply_programme(database, template_text("grocer"))
    programmes, moment = ProgrammeSource(database, PROGRAMME_SECTIONS), moment_now()
    programme = await programmes.at(moment.now)
    members, purchases = (ImportFile(files.path(kind)) for kind in ("members", "purchases"))
    await commands.import_members(database, programme, PEPPERS, members, moment)
    await commands.import_products(database, dataclasses.replace(members, path=files.path("products")), moment)
    began = time.perf_counter()
    summary = await commands.import_purchases(Till(database, programmes), programme, PEPPERS, purchases, moment)
    return summary, time.perf_counter() - began
