"""What a phone's question for its pass costs, beside Starlette handing out the same bytes.

`python -m tests.benchmarks card_answers` prints ratios of CPU time per request, taken in turns within one run: all of
the ASGI path (routing, authentication, one statement to a real PostgreSQL, conditional headers), against a bare
Starlette route that returns the same body from memory:

    card_304_vs_static       "not modified" ÷ Starlette's empty 304
    card_cached_vs_static    a pass from the shelf ÷ Starlette's same bytes
    card_304_per_second      304 answers per CPU-second of this process

Thirty-two phones ask at once, of sixty-four members. The database's own CPU is not in it: it is another process, and
the statement is a read by primary key.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from pydantic import SecretBytes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.adapters.apple_wallet.assembler import AppleWallets
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, open_database
from fedele.domains.members import commands as members
from fedele.domains.members.types import Identity, NewMember, Peppers
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet import commands
from fedele.domains.wallet.types import PassLinks
from fedele.kernel.clock import moment_now
from fedele.web.passkit import PassKit
from tests.benchmarks.ledger_earn import fresh_database
from tests.benchmarks.pass_signing import opened
from tests.factories.programme import apply_programme, template_text

ROUNDS = 9
PHONES = 32  # that ask at the same time
MEMBERS = 64
Asked = Callable[[], Awaitable[tuple[int, int]]]


async def measure(url: str, requests_a_round: int = 400) -> dict[str, float]:
    """The figures, on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_cards")
    database = open_database(own, size=2, role="fedele_app")
    try:
        with tempfile.TemporaryDirectory() as name:
            return await _compare(database, Path(name), requests_a_round)
    finally:
        await database.close()


async def _compare(database: Database, folder: Path, requests_a_round: int) -> dict[str, float]:
    sides = await _sides(database, folder)
    for expected, side in sides.values():  # warm, and right
        for _ in range(30):
            status, _size = await side()
            assert status == expected, (status, expected)
    turns = [
        {name: await per_cpu_second(side, requests_a_round) for name, (_status, side) in sides.items()}
        for _ in range(ROUNDS)
    ]
    middle = {name: statistics.median(turn[name] for turn in turns) for name in sides}
    print(", ".join(f"{name} {figure:,.0f}" for name, figure in middle.items()), "per CPU-second", file=sys.stderr)
    return {
        "card_304_vs_static": round(statistics.median(t["304"] / t["static 304"] for t in turns), 3),
        "card_cached_vs_static": round(statistics.median(t["cached"] / t["static"] for t in turns), 3),
        "card_304_per_second": round(middle["304"]),
        "card_cached_per_second": round(middle["cached"]),
    }


async def _sides(database: Database, folder: Path) -> dict[str, tuple[int, Asked]]:
    """What is asked: the expected status, and the request."""
    await apply_programme(database, template_text("grocer"))
    programmes, moment = ProgrammeSource(database, PROGRAMME_SECTIONS), moment_now()
    wallet = opened(folder)
    assembler = AppleWallets([wallet])
    peppers = Peppers(1, {1: SecretBytes(b"a pepper of the benchmark")})
    programme, passes = await programmes.at(moment.now), []
    for number in range(MEMBERS):
        new = NewMember(identities=(Identity.parse("email", f"bench{number}@example.org"),), display_name="Bench")
        async with database.transaction() as tx:
            member_id = (await members.enrol(tx, new, peppers, moment)).member_id
            passes.append(await commands.issue_card(tx, assembler, programme, member_id, moment))
    pass_type = wallet.identity.pass_type_identifier
    links = PassLinks("https://loyalty.example", b"the secret that links are made of")
    ours = Starlette(routes=list(PassKit(database, programmes, assembler, links, pass_type).routes()))
    paths = [f"/wallet/apple/v1/passes/{pass_type}/{held.serial}" for held in passes]
    tokens = [{"authorization": f"ApplePass {held.authentication_token}"} for held in passes]
    answers = [await _answer(ours, path, token) for path, token in zip(paths, tokens, strict=True)]
    body, etag = answers[0][0], answers[0][1]["etag"]
    knowing = [
        token | {"if-none-match": headers["etag"]} for token, (_body, headers) in zip(tokens, answers, strict=True)
    ]

    async def static(request: Request) -> Response:
        known = request.headers.get("if-none-match") == etag
        return Response(status_code=304) if known else Response(body, media_type="application/vnd.apple.pkpass")

    theirs = Starlette(routes=[Route(paths[0], static)])
    return {
        "304": (304, in_turn([asking(ours, *each) for each in zip(paths, knowing, strict=True)])),
        "static 304": (304, asking(theirs, paths[0], knowing[0])),
        "cached": (200, in_turn([asking(ours, *each) for each in zip(paths, tokens, strict=True)])),
        "static": (200, asking(theirs, paths[0], tokens[0])),
    }


def in_turn(sides: list[Asked]) -> Asked:
    """One member's pass after another's."""
    turn = cycle(sides).__next__
    return lambda: turn()()


def asking(app: Starlette, path: str, headers: dict[str, str]) -> Asked:
    """The request as an ASGI server hands it over; answers the status and how many bytes came."""
    raw = [(name.encode(), value.encode()) for name, value in {"host": "loyalty.example", **headers}.items()]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> tuple[int, int]:
        got = [0, 0]

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                got[0] = message["status"]
            else:
                got[1] += len(message.get("body", b""))

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw,
            "client": ("192.0.2.1", 1234), "server": ("loyalty.example", 443),
        }  # fmt: skip
        await app(scope, receive, send)
        return got[0], got[1]

    return ask


async def _answer(app: Starlette, path: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of one real answer."""
    parts: list[bytes] = []
    told: dict[str, str] = {}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.update({name.decode(): value.decode() for name, value in message["headers"]})
        else:
            parts.append(message.get("body", b""))

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("192.0.2.1", 1234),
        "server": ("loyalty.example", 443),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    return b"".join(parts), told


async def per_cpu_second(side: Asked, count: int) -> float:
    """How many of so many requests this process answers in a second of its own CPU."""

    async def phone() -> None:
        for _ in range(count // PHONES):
            await side()

    start = time.process_time()
    await asyncio.gather(*(phone() for _ in range(PHONES)))
    return count // PHONES * PHONES / (time.process_time() - start)
