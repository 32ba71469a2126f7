"""A run: make members, let the tills work at a rate for a time, and tell what they met."""

import asyncio
import dataclasses
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from fedele.simulator.frauds import PATTERNS, Fraudster
from fedele.simulator.journal import Journal
from fedele.simulator.plan import actions
from fedele.simulator.tills import Link, NotUnderstood, Till

ENROL_AT_ONCE = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Traffic:
    """What to simulate. `rate_per_second` over all stores together; each store has one till."""

    stores: tuple[str, ...]
    currency: str
    members_count: int = 200
    rate_per_second: float = 20.0
    seconds: float = 30.0
    seed: str = "fedele"
    patience_seconds: float = 60.0
    frauds_count: int = 0
    far: tuple[str, str] | None = None  # two places of the programme, far apart


async def simulate(
    base_url: str,
    headers: dict[str, str],
    traffic: Traffic,
    run: str,
    told: Callable[[str], None] = lambda _line: None,
    *,
    link_type: type[Link] = Link,
) -> Journal:
    """Play the traffic against a server; `headers` carry a key that may enrol members and work at every store.

    `link_type`: how tills reach the server, for tests that want them careless.
    """
    journal = Journal(run)
    limits = httpx.Limits(max_connections=max(16, len(traffic.stores)), max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=base_url, limits=limits) as client:
        link = link_type(client, journal, headers, traffic.patience_seconds)
        members = await _enrol(link, traffic.members_count, run)
        cheats = _fraudsters(traffic, await _enrol(link, traffic.frauds_count, f"{run}-fraud"))
        journal.honest = {member for member, _ in members}
        journal.frauds = {one.member[0]: one.pattern for one in cheats}
        told(f"{len(members)} members, {len(traffic.stores)} stores, {traffic.rate_per_second:g} operations a second")
        ends_at = time.monotonic() + traffic.seconds
        # People shop where they live: each store has customers of its own.
        count = len(traffic.stores)
        tills = [
            Till(link, store, traffic.currency, members[number::count] or members)
            for number, store in enumerate(traffic.stores)
        ]
        async with asyncio.TaskGroup() as group:
            for till in tills:
                group.create_task(_work(till, traffic, ends_at))
            for one in cheats:
                group.create_task(one.cheat(link, traffic.currency))
    return journal


async def _work(till: Till, traffic: Traffic, ends_at: float) -> None:
    """Customers come when they come: exponential gaps; a slow server makes a queue, not fewer customers."""
    dice = random.Random(f"{traffic.seed}/{till.store}/gaps")  # noqa: S311 - a made-up day, no secret
    rate = traffic.rate_per_second / len(traffic.stores)
    due = time.monotonic()
    for action in actions(f"{traffic.seed}/{till.store}", len(till.members)):
        due += dice.expovariate(rate)
        if due > ends_at or time.monotonic() > ends_at:
            return
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        try:
            await till.do(action)
        except NotUnderstood as error:
            till.link.journal.wrong.append(str(error))
            return


def _fraudsters(traffic: Traffic, members: list[tuple[str, str]]) -> list[Fraudster]:
    patterns = [one for one in PATTERNS if one != "two_places" or traffic.far is not None]
    return [
        Fraudster(member, patterns[number % len(patterns)], traffic.stores[number % len(traffic.stores)], traffic.far)
        for number, member in enumerate(members)
    ]


async def _enrol(link: Link, count: int, run: str) -> list[tuple[str, str]]:
    """Made-up members of this run: their ids and card codes."""
    at_once = asyncio.Semaphore(ENROL_AT_ONCE)

    async def one(number: int) -> tuple[str, str]:
        async with at_once:
            given = {"externalIds": [{"source": "simulator", "value": f"{run}-{number}"}]}
            answer = await link.ask("CreateMember", {"input": given})
        if answer is None or answer["createMember"]["member"] is None:
            raise NotUnderstood(f"no member could be made: {answer}")
        member = answer["createMember"]["member"]
        return member["id"], member["cardCode"]

    return await asyncio.gather(*(one(number) for number in range(count)))


def figures(journal: Journal, seconds: float) -> dict[str, Any]:
    """The run in numbers: operations, refusals by code, waits in milliseconds."""
    refusals: dict[str, int] = {}
    for asked in journal.asked:
        for code in asked.codes:
            refusals[code] = refusals.get(code, 0) + 1
    waits = {
        name: {
            "count": len(found),
            "p50_ms": round(statistics.median(found) * 1000, 1),
            "p99_ms": round(sorted(found)[min(len(found) - 1, int(len(found) * 0.99))] * 1000, 1),
        }
        for name, found in sorted(journal.waits.items())
    }
    states = {
        f"{kind}s_{state}": journal.count(kind, state)
        for kind in ("sale", "return")
        for state in ("acknowledged", "refused", "open")
    }
    operations = sum(len(found) for found in journal.waits.values())
    return {
        "run": journal.run, **states, "operations_per_second": round(operations / seconds, 1),
        "asked_again": journal.unanswered, "refusals": refusals, "waits": waits,
    }  # fmt: skip
