"""Simulated tills while API, worker and PostgreSQL are killed, and while replies are lost: the books stay right.

The short form runs in CI; `make faults` plays the long one: 50 kills, 300 lost replies.
"""

import asyncio
import contextlib
import dataclasses
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fedele.simulator.journal import Journal
from fedele.simulator.running import simulate
from fedele.simulator.tills import Link
from tests.faults.street import CuttingProxy, Street, open_street, traffic
from tests.fixtures.commands import StartCommand

SEED = 11


async def killing(street: Street, kills_count: int) -> None:
    """API, worker and database in turns, at odd moments."""
    dice = random.Random(SEED)
    kills = [street.kill_api, street.kill_worker, street.kill_database]
    for number in range(kills_count):
        await asyncio.sleep(0.3 + dice.random())
        await kills[number % len(kills)]()


async def play_with_kills(street: Street, kills_count: int, run: str) -> Journal:
    """Traffic for as long as the killing lasts, and until ten sales a kill were acknowledged, however slow it goes."""
    killer = asyncio.create_task(killing(street, kills_count))
    journal = Journal(run)
    rounds = 0
    while not killer.done() or journal.count("sale", "acknowledged") < 10 * kills_count:
        rounds += 1
        part = await simulate(street.url, street.headers, traffic(4), f"{run}{rounds}")
        journal.asked += part.asked
        journal.wrong += part.wrong
        journal.unanswered += part.unanswered
    await killer
    return journal


@pytest.mark.parametrize("kills_count", [3, pytest.param(50, marks=pytest.mark.long)])
async def test_mixed_kills_lose_and_double_nothing(fedele: StartCommand, kills_count: int) -> None:
    """Every acknowledged sale and return is there once, none that was refused, the ledger adds up, no job is lost."""
    async with open_street(fedele, fresh=True) as street:
        journal = await play_with_kills(street, kills_count, "KILL")
        findings = await street.books(journal)
    assert journal.unanswered > 0, "no kill hit a request: the test has shown nothing"
    assert journal.count("sale", "open") == 0, "a till lost patience"
    assert findings == []
    print(
        f"\n{kills_count} kills: {Counter((one.kind, one.state) for one in journal.asked)}, {journal.unanswered} again"
    )


async def test_a_database_that_commits_too_early_is_caught(fedele: StartCommand) -> None:
    """Control: with synchronous_commit off, a killed server forgets what it acknowledged, and the books show it."""
    careless = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "2GB"}
    async with open_street(fedele, careless) as street:
        playing = asyncio.create_task(simulate(street.url, street.headers, traffic(5), "SLOPPY"))
        await asyncio.sleep(4)
        await street.kill_database()
        findings = await street.books(await playing)
    assert [one for one in findings if one.problem == "an acknowledged sale is lost"]


@pytest.mark.parametrize("cuts_min", [40, pytest.param(300, marks=pytest.mark.long)])
async def test_lost_replies_are_asked_again_and_change_nothing(fedele: StartCommand, cuts_min: int) -> None:
    """A third of all replies is lost after the server's work: each key still has one effect, and identical replies."""
    dice = random.Random(SEED)
    async with open_street(fedele) as street:
        async with CuttingProxy(street.port, lambda _number: dice.random() < 0.33).listening() as proxy:
            journal = await simulate(proxy.url, street.headers, traffic(cuts_min / 6, 30), "CUT")
        findings = await street.books(journal)
    assert proxy.cut_count >= cuts_min, f"only {proxy.cut_count} of {proxy.replies_count} replies were cut"
    assert findings == []


async def test_a_full_disk_stops_sales_and_loses_none(fedele: StartCommand) -> None:
    """The disk fills up in mid-traffic: tills are told nothing false; with space again they go on, the books right."""
    async with open_street(fedele, disk_megabytes=400) as street:
        playing = asyncio.create_task(simulate(street.url, street.headers, traffic(14, 15), "FULL"))
        await asyncio.sleep(4)
        ballast = street.folder / "ballast"
        await asyncio.to_thread(fill, ballast)
        await asyncio.sleep(4)
        ballast.unlink()
        with contextlib.suppress(Exception):  # PostgreSQL may have stopped itself: an operator starts it again
            await street.start_database()
        await street.ready()
        journal = await playing
        findings = await street.books(journal)
    assert journal.unanswered > 0, "nobody noticed the full disk: the test has shown nothing"
    assert journal.count("sale", "open") == 0
    assert journal.count("sale", "acknowledged") > 10
    assert findings == []


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 2**16):
            pass


@dataclasses.dataclass(slots=True)
class Forgetful(Link):
    """A till that takes no answer for a no: it tries again as if it were another sale."""

    async def ask(self, name: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        """As a Link, but each sale that got no answer goes out once more under a new key and receipt first."""
        if name == "SettleSale":
            self.patience_seconds = 0.0
            if (answer := await Link.ask(self, name, variables)) is not None:
                return answer
            given = variables["input"]
            basket = {**given["basket"], "receipt": given["basket"]["receipt"] + "-2"}
            variables = {"input": {"basket": basket, "idempotencyKey": given["idempotencyKey"] + "-2"}}
        self.patience_seconds = 60.0
        return await Link.ask(self, name, variables)


async def test_a_till_that_forgets_its_key_is_caught(fedele: StartCommand) -> None:
    """Control: without the same key the same lost replies make sales twice, and the books show it."""
    dice = random.Random(SEED)
    async with open_street(fedele) as street:
        async with CuttingProxy(street.port, lambda _number: dice.random() < 0.33).listening() as proxy:
            journal = await simulate(proxy.url, street.headers, traffic(4, 30), "TWICE", link_type=Forgetful)
        findings = await street.books(journal)
    assert {one.problem for one in findings} & {"a sale that nobody made", "the reply names another sale"}
