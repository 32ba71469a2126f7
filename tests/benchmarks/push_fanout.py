"""What sending pushes costs beside the bytes: `python -m tests.benchmarks push_fanout[=TARGETS]`.

    push_fanout_vs_bare         seconds to claim, word, send by firebase-admin and settle, over a bare HTTP/2 client
                                (httpx) posting the very bodies that firebase-admin sent, to the same local FCM, as many
                                at once
    push_fanout_vs_bare_http1   the same over the leanest that Python has: a thread and a kept HTTP/1.1 connection each
    push_fanout_s               pushes a second, from the queue to settled
    push_fanout_bare_s          requests a second of the bare HTTP/2 client
    push_fanout_bare_http1_s    requests a second of the bare HTTP/1.1 clients
    push_fanout_targets         how many

The local FCM runs in this process, so all sides pay for it; what is compared is all that stands above the socket.
firebase-admin is used synchronously, over requests and HTTP/1.1: its asynchronous way, httpx over HTTP/2, costs half
as much again of the processor a message and was measured four times as slow.
"""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPConnection
from typing import Any

import orjson

from fedele.adapters.push import local_fcm
from fedele.adapters.push.firebase import FirebasePush
from fedele.adapters.push.local_fcm import LocalFcm
from fedele.db.database import Database, connect, open_database
from fedele.domains.messaging import commands
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.types import MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.benchmarks import _http2
from tests.benchmarks.governor import FILL, NOON, words
from tests.benchmarks.ledger_earn import fresh_database

TARGETS = 1_000
AT_ONCE = 100


async def measure(url: str, count: int = TARGETS) -> dict[str, float]:
    """The figures, on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_push")
    admin = await connect(own)
    members = count * 2  # of whom enough agreed and have a phone
    for statement in FILL.split(";\n"):
        if statement.strip():
            await admin.execute(statement.replace("$1", str(members)))
    await admin.execute("DELETE FROM push_send")
    database = open_database(own, size=4, role="fedele_app")
    try:
        with local_fcm.serve() as fcm:
            return await _compare(database, admin, fcm, count)
    finally:
        await database.close()
        await admin.close()


async def _compare(database: Database, admin: Any, fcm: LocalFcm, targets: int) -> dict[str, float]:
    programme = words()

    async def programme_at(_when: datetime) -> Programme:
        return programme

    channel = FirebasePush(fcm.service_account(), base_url=fcm.base_url, timeout_seconds=60)
    delivery = Delivery(database, programme_at, channel, lambda: Moment(NOON))
    rows = await admin.fetch("SELECT DISTINCT member_id FROM push_target JOIN member_consent USING (member_id)")
    asked = [
        MessageAsked(member_id=MemberId(row["member_id"]), template="news", source_id=new_id(), channels=("push",))
        for row in rows
    ]
    warm, rest = asked[:50], asked[50 : 50 + targets]
    try:
        await _queue(database, programme, warm)
        await delivery.send_due(batches_max=1000)  # imports the library, fetches a token
        await _queue(database, programme, rest)
        before = len(fcm.received)
        began = time.perf_counter()
        await delivery.send_due(batches_max=1000)
        took = time.perf_counter() - began
    finally:
        await channel.close()
    bodies = [orjson.dumps({"message": received.message}) for received in list(fcm.received)[before:]]
    assert len(bodies) > targets * 0.8, "most of them agreed and are awake"
    path, headers = _envelope(fcm)
    with _http2.serve(fcm.app) as base_url:
        bare = await _http2.post_all(base_url + path, headers, bodies, AT_ONCE)
    http1 = await asyncio.to_thread(_bare_http1, fcm, bodies)
    return {
        "push_fanout_bare_http1_s": round(len(bodies) / http1),
        "push_fanout_bare_s": round(len(bodies) / bare),
        "push_fanout_s": round(len(bodies) / took),
        "push_fanout_targets": float(len(bodies)),
        "push_fanout_vs_bare": round(took / bare, 2),
        "push_fanout_vs_bare_http1": round(took / http1, 2),
    }


async def _queue(database: Database, programme: Programme, asked: list[MessageAsked]) -> None:
    for start in range(0, len(asked), 200):
        async with database.transaction() as tx:
            await commands.send_many(tx, programme, asked[start : start + 200], Moment(NOON))


def _envelope(fcm: LocalFcm) -> tuple[str, dict[str, str]]:
    """Where a message is posted, and its headers."""
    token = next(iter(fcm._grants))
    path = f"/v1/projects/{fcm.project_id}/messages:send"
    return path, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _bare_http1(fcm: LocalFcm, bodies: list[bytes]) -> float:
    """Post the same bytes from as many threads, each on one connection that stays open, and read the answers."""
    host = fcm.base_url.removeprefix("http://")
    path, headers = _envelope(fcm)
    local = threading.local()

    def post(body: bytes) -> None:
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection(host, timeout=60)
        local.connection.request("POST", path, body, headers)
        answer = local.connection.getresponse()
        answer.read()
        assert answer.status == 200

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(post, bodies[:AT_ONCE]))
        began = time.perf_counter()
        list(threads.map(post, bodies))
        return time.perf_counter() - began
