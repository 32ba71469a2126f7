"""`fedele till simulate`: a shopping street against a running server, and the proof of the books after it."""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import orjson
import typer

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.loops import run as run_loop
from fedele.cli.reach import database_of, reached
from fedele.cli.told import told
from fedele.domains.programme.config import Currencies, Places
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from fedele.kernel.distance import distance_metres
from fedele.kernel.ids import new_id
from fedele.settings import Settings, SettingsError, read_settings
from fedele.simulator.books import Finding, Suspected, check, suspected
from fedele.simulator.journal import Journal
from fedele.simulator.running import Traffic, figures, simulate

app = typer.Typer(help="The till, simulated.", no_args_is_help=True)

DRAIN_SECONDS_MAX = 120.0
FINDINGS_SHOWN = 20


@app.callback()
def main() -> None:
    """The till, simulated."""


@app.command("simulate")
def simulate_tills(
    stores: Annotated[int, typer.Option(min=1, max=2000, help="How many stores, one till each.")] = 50,
    rate: Annotated[float, typer.Option(min=0.1, help="Operations a second, all stores together.")] = 20.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 30.0,
    members: Annotated[int, typer.Option(min=1, help="Members that are made up for it.")] = 200,
    seed: Annotated[str, typer.Option(help="The same seed makes the same day.")] = "fedele",
    url: Annotated[str | None, typer.Option(help="The server; unset: the demo that runs here.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="FEDELE_STAFF_KEY", help="A staff key for every store; unset: the demo's.")
    ] = None,
    frauds: Annotated[int, typer.Option(min=0, help="Customers who cheat, in turns in each known way.")] = 6,
    checked: Annotated[
        bool, typer.Option("--check/--no-check", help="Prove the books in the server's database afterwards.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")] = False,
) -> None:
    """Drive scans, quotes, sales, retries, returns, offline bursts; then compare what was acknowledged with the rows.

    Exits 1 when an acknowledged operation is not in the database exactly once, a refused one is, or the ledger does not
    add up. It writes: use a demo or a database made for it.
    """
    with told(SettingsError):
        settings = read_settings()
        server, secret = _where(settings.data_dir, url, key)
        run = f"SIM{new_id().hex[-8:]}".upper()
        say = (lambda _line: None) if as_json else typer.echo
        traffic = Traffic((), "", members, rate, seconds, seed, frauds_count=frauds if checked else 0)
        journal, findings, seen = run_loop(_run(settings, server, secret, run, traffic, stores, checked, say))
    _tell(journal, findings, seconds, as_json, checked, seen)
    if findings or journal.wrong:
        raise typer.Exit(1)


async def _run(
    settings: Settings, server: str, key: str, run: str, traffic: Traffic, stores: int, checked: bool, say: Any
) -> tuple[Journal, list[Finding], Suspected | None]:
    async with httpx.AsyncClient(base_url=server, timeout=10) as client:
        try:
            programme = (await client.get("/scan/boot.json")).json()["programme"]
        except (httpx.HTTPError, ValueError, KeyError):
            raise SettingsError(f"No Fedele answers at {server}: start `fedele demo` or `fedele serve`.") from None
    if programme is None:
        raise SettingsError("No programme is in force there: fedele programme apply FILE")
    names = tuple(f"sim-{number}" for number in range(1, stores + 1))
    far = await _far_places(settings) if checked else None
    traffic = dataclasses.replace(traffic, stores=names, currency=programme["currency"], far=far)
    journal = await simulate(server, {"authorization": f"Bearer {key}"}, traffic, run, say)
    if not checked:
        return journal, [], None
    findings, seen = await _prove(settings, journal, say)
    return journal, findings, seen


async def _far_places(settings: Settings) -> tuple[str, str] | None:
    """The two places of the programme that lie farthest apart, if it has two."""
    with reached(settings) as with_database:
        async with database_of(with_database) as database:
            programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment_now().now)
    pairs = itertools.combinations(programme.section(Places), 2)
    return max(
        ((one.key, other.key) for one, other in pairs),
        key=lambda pair: _kilometres(programme.section(Places), *pair),
        default=None,
    )


def _kilometres(places: Places, one: str, other: str) -> float:
    at = {place.key: (place.latitude, place.longitude) for place in places}
    return distance_metres(*at[one], *at[other]) / 1000


async def _prove(settings: Settings, journal: Journal, say: Any) -> tuple[list[Finding], Suspected]:
    """Wait until what follows the sales has followed, then check."""
    with reached(settings) as with_database:
        assert with_database.database_url is not None, "that is what `reached` is for"
        async with database_of(with_database) as database:
            programme = await ProgrammeSource(database, PROGRAMME_SECTIONS).at(moment_now().now)
            decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        connection = await asyncpg.connect(with_database.database_url.get_secret_value())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                say("waiting until the worker has done what follows …")
                while await connection.fetchval(_WAITING):  # noqa: ASYNC110 - another process works
                    await asyncio.sleep(0.5)
        began = time.perf_counter()
        findings = await check(connection, journal, decimals)
        seen = await suspected(connection, journal)
        say(f"the books were read in {time.perf_counter() - began:.1f} s")
        await connection.close()
    return findings, seen


_WAITING = (
    "SELECT EXISTS (SELECT FROM outbox) OR EXISTS ("
    "SELECT FROM pgqueuer WHERE status = 'picked' OR (status = 'queued' AND execute_after <= now()))"
)


def _where(data_dir: Path, url: str | None, key: str | None) -> tuple[str, str]:
    """The server and the key: as given, else the demo's own."""
    demo: dict[str, str] = {}
    if (url is None or key is None) and (file := data_dir / "demo.json").exists():
        demo = orjson.loads(file.read_bytes())
    server, secret = url or demo.get("base_url"), key or demo.get("staff_key")
    if server is None or secret is None:
        raise SettingsError(f"Name the server with --url and a staff key with --key (no demo was found in {data_dir}).")
    return server, secret


def _tell(
    journal: Journal, findings: list[Finding], seconds: float, as_json: bool, checked: bool, seen: Suspected | None
) -> None:
    told_figures = figures(journal, seconds)
    if seen is not None:
        told_figures["fraud"] = {**dataclasses.asdict(seen), "false_refusal_rate": seen.false_refusal_rate}
    if as_json:
        shown = [dataclasses.asdict(finding) for finding in findings]
        typer.echo(json.dumps({**told_figures, "checked": checked, "findings": shown, "wrong": journal.wrong}))
        return
    for name, wait in told_figures.pop("waits").items():
        typer.echo(f"  {name:<14} {wait['count']:>7}   p50 {wait['p50_ms']:>7} ms   p99 {wait['p99_ms']:>7} ms")
    for name, value in told_figures.items():
        typer.echo(f"  {name}: {value}")
    for text in journal.wrong[:FINDINGS_SHOWN]:
        typer.echo(f"  WRONG: {text}")
    for problem, count in Counter(finding.problem for finding in findings).items():
        first = next(finding.what for finding in findings if finding.problem == problem)
        typer.echo(f"  {count} × {problem}, the first: {first}")
    if checked and not findings:
        typer.echo("The books are right: every acknowledged operation is there once, every refused one not at all.")
