"""Members go through a five-step journey while the workers are killed again and again: every step once, order kept."""

import asyncio
import dataclasses
import os
import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.queries import verify
from tests.factories.journeys import NOON, Tour
from tests.factories.members import JOINED_AT
from tests.fixtures.processes import Running, Start, until

WORKER = "tests.faults.processes.journey_worker"
SHORT = 150
BATCH = ("--batch", "25")
LONG = 100_000
# The day brings everybody in; the steps are due on the days after. Two workers share them.
JOURNEY = """
key: five
name: Five steps
trigger: {type: date, on: 2026-03-10}
steps:
  - {key: hello, type: send, message: hello}
  - {key: a-day, type: wait, days: 1}
  - {key: gift, type: award, units: {currency: points, amount: 10}}
  - {key: two-days, type: wait, days: 2}
  - {key: crm, type: webhook, topic: five}
"""
PATH = [
    (0, "", "enter", "entered"), (1, "hello", "send", "sent"), (2, "a-day", "wait", "elapsed"),
    (3, "gift", "award", "given"), (4, "two-days", "wait", "elapsed"), (5, "crm", "webhook", "asked"),
    (6, "crm", "end", "finished"),
]  # fmt: skip
DAYS = (NOON, NOON + timedelta(days=1), NOON + timedelta(days=3))
DONE = (2, 4, 7)  # lines of a trace after each of the days

MEMBERS = """
WITH made AS (
    INSERT INTO member (member_id, status, source, joined_at, recorded_at)
    SELECT uuidv7(), 'active', 'import', $2, $2 FROM generate_series(1, $1) RETURNING member_id
)
INSERT INTO member_profile (member_id, locale, time_zone) SELECT member_id, 'en', 'Europe/Rome' FROM made
"""
PATHS = """
SELECT path, count(*) AS n FROM (
    SELECT jsonb_agg(jsonb_build_array(visit, step_key, kind, outcome) ORDER BY visit) AS path
      FROM journey_visit GROUP BY member_id, run_id) AS each
 GROUP BY path
"""
# By the time of writing: no line of a trace is older than the one before it.
DISORDER = """
SELECT count(*) FROM (
    SELECT at < lag(at) OVER (PARTITION BY run_id ORDER BY visit) AS wrong FROM journey_visit) AS lines WHERE wrong
"""


async def passed(admin: Any, lines: int) -> int:
    """How many members have got so far."""
    count: int = await admin.fetchval("SELECT count(*) FROM journey_run WHERE visits >= $1", lines)
    return count


@dataclasses.dataclass
class Crew:
    """Two workers that share the members, and a clock that they read."""

    start: Start
    url: str
    clock: Path
    workers: list[Running] = dataclasses.field(default_factory=list)
    in_work: int = 0

    async def begin(self) -> Running:
        """Another worker."""
        return await self.start(WORKER, self.url, str(self.clock))

    async def a_day(self, admin: Any, now: datetime, lines: int, count: int, kills: int) -> None:
        """Turn the clock; kill the workers in turn whenever they have got further, until everybody has."""
        dice = random.Random(lines)
        turn(self.clock, now)
        while len(self.workers) < 2:
            self.workers.append(await self.begin())
        for kill in range(kills):
            before = await passed(admin, lines)

            async def further(before: int = before) -> bool:
                return await passed(admin, lines) > before or before >= count

            await until(further, 600, _pause(count))
            await asyncio.sleep(dice.random() * 0.1)
            await self.workers[kill % 2].kill()
            self.in_work += await passed(admin, lines) < count
            self.workers[kill % 2] = await self.begin()
        await arrived(admin, lines, count, 3_600)


async def arranged(database: Database, admin: Any, count: int) -> None:
    """The journey in force, and so many members."""
    await Tour.of(database, JOURNEY)
    await admin.execute(MEMBERS, count, JOINED_AT)
    # Not the empty tables: plans made while they are known to be empty would scan them until autovacuum comes by.
    await admin.execute("ANALYZE member, member_profile")


def turn(clock: Path, now: datetime) -> None:
    """Write what time it is, so that nobody reads half of it."""
    written = clock.with_suffix(".new")
    written.write_text(now.isoformat())
    written.replace(clock)


async def arrived(admin: Any, lines: int, count: int, seconds: float = 120) -> None:
    """Wait until everybody has got so far."""

    async def everybody() -> bool:
        return await passed(admin, lines) >= count

    await until(everybody, seconds, _pause(count))


def _pause(count: int) -> float:
    """Seconds between two looks: counting many members takes the workers' time."""
    return max(0.05, count / 100_000)


async def faults(database: Database, admin: Any, count: int) -> list[str]:
    """What is not as it must be: paths, order, and each effect in the books of its own room."""
    found = []
    paths = {tuple(map(tuple, row["path"])): row["n"] for row in await admin.fetch(PATHS)}
    if paths != {tuple(PATH): count}:
        found.append(f"paths: {paths}")
    if await admin.fetchval(DISORDER):
        found.append("a line is older than the one before it")
    effects = {
        "messages": "SELECT member_id, count(*) AS n FROM in_app_message GROUP BY 1",
        "decisions": "SELECT member_id, count(*) AS n FROM message_decision GROUP BY 1",
        "gifts": "SELECT member_id, count(*) AS n FROM ledger_transaction WHERE kind = 'earn' GROUP BY 1",
        "webhooks": "SELECT member_id, count(*) AS n FROM outbox WHERE kind = 'journeys.webhook' GROUP BY 1",
    }
    for name, sql in effects.items():
        counts = {row["n"]: row["members"] for row in await admin.fetch(
            f"SELECT n, count(*) AS members FROM ({sql}) AS each GROUP BY n"
        )}  # fmt: skip
        if counts != {1: count}:
            found.append(f"{name}: {counts}")
    if await admin.fetchval("SELECT count(*) FROM journey_run WHERE state <> 'completed' OR attempts > 0"):
        found.append("somebody has not arrived")
    return found


async def test_kills_lose_no_step_and_repeat_none(
    database: Database, admin: Any, start_process: Start, database_url: str, tmp_path: Path
) -> None:
    """Many members; two workers at once, each killed between effects and places, and two that take over."""
    await arranged(database, admin, SHORT)
    clock = tmp_path / "clock"
    turn(clock, DAYS[0])
    given = (database_url, str(clock))
    first = await start_process(WORKER, *given, *BATCH, "--die-in", "2")
    second = await start_process(WORKER, *given, *BATCH, "--die-in", "3")
    await first.wait_killed(60)
    await start_process(WORKER, *given)
    await arrived(admin, DONE[0], SHORT)
    turn(clock, DAYS[1])
    if not second.died:
        await second.wait_killed(60)
    await start_process(WORKER, *given)
    await arrived(admin, DONE[1], SHORT)
    turn(clock, DAYS[2])
    await arrived(admin, DONE[2], SHORT)
    assert await faults(database, admin, SHORT) == []
    assert await verify(database.reader) == []


async def test_control_effects_that_commit_by_themselves_are_repeated(
    database: Database, admin: Any, start_process: Start, database_url: str, tmp_path: Path
) -> None:
    """Where effects are not one with the member's new place, a kill doubles them, and the counts show it."""
    await arranged(database, admin, 60)
    clock = tmp_path / "clock"
    turn(clock, DAYS[0])
    given = (database_url, str(clock), "--careless")
    worker = await start_process(WORKER, *given, *BATCH, "--die-in", "2")
    await worker.wait_killed(60)
    await start_process(WORKER, *given)
    await arrived(admin, DONE[0], 60)
    found = await faults(database, admin, 60)
    assert any(line.startswith("messages: {") and "2: 25" in line for line in found), found


@pytest.mark.long
async def test_a_hundred_thousand_members_under_repeated_kills(
    database: Database, admin: Any, start_process: Start, database_url: str, tmp_path: Path
) -> None:
    """A hundred thousand members, twenty kills a day at random. FEDELE_JOURNEY_MEMBERS, …_KILLS: other numbers."""
    count = int(os.environ.get("FEDELE_JOURNEY_MEMBERS", LONG))
    kills = int(os.environ.get("FEDELE_JOURNEY_KILLS", "20"))
    began = time.monotonic()
    await arranged(database, admin, count)
    crew = Crew(start_process, database_url, tmp_path / "clock")
    for now, lines in zip(DAYS, DONE, strict=True):
        await crew.a_day(admin, now, lines, count, kills)
    seconds, in_work = time.monotonic() - began, crew.in_work
    print(f"\n{count} members, {in_work} kills in mid-work, {seconds:.0f} s, {3 * count / seconds:.0f} effects/s")
    assert in_work >= kills
    assert await faults(database, admin, count) == []
