"""Routes for whoever operates Fedele: /livez, /readyz, /metrics."""

import dataclasses
import math
import time
from collections.abc import Callable

import asyncpg
import orjson
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedele.db.database import DATABASE_LOST, Database
from fedele.db.migrate import current_revision, head_revision
from fedele.kernel.clock import Moment, moment_now

REQUESTS = Counter("fedele_http_requests_total", "Requests by route and status.", ["route", "status"])
SECONDS = Histogram(
    "fedele_http_request_seconds",
    "Time to answer, by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
OUTBOX_WAITING = Gauge("fedele_outbox_waiting", "Announcements that no relay has taken yet.")
JOBS = Gauge("fedele_jobs", "Jobs by state; failed ones are held for the operator.", ["state"])
DATABASE_UP = Gauge("fedele_database_up", "Whether the database answered this very request.")
WORKERS = Gauge("fedele_workers", "Workers seen within the last ten seconds.")

DATABASE_GONE = (*DATABASE_LOST, asyncpg.PostgresError)

_STATE = """
SELECT (SELECT count(*) FROM outbox) AS outbox,
       (SELECT count(*) FROM pgqueuer WHERE status = 'queued') AS queued,
       (SELECT count(*) FROM pgqueuer WHERE status = 'picked') AS picked,
       (SELECT count(*) FROM pgqueuer WHERE status = 'failed') AS failed,
       (SELECT count(*) FROM worker WHERE seen_at > $1::timestamptz - interval '10 seconds') AS workers
"""


@dataclasses.dataclass(frozen=True, slots=True)
class OperationsRoutes:
    """The three routes. Ready means: the database answers and its migrations are at least this code's."""

    database: Database
    moment: Callable[[], Moment] = moment_now

    def routes(self) -> list[Route]:
        """To be mounted by `build_app`."""
        return [
            Route("/livez", self.livez, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def livez(self, _request: Request) -> Response:
        """The process answers."""
        return _json(200, {"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """200 when requests can be served, 503 with the reason otherwise. A missing worker is told, not required."""
        try:
            revision = await current_revision(self.database.reader)
            if revision is None or revision < head_revision():
                wanted = head_revision()
                return _json(503, {"status": "behind", "migration": revision, "wanted": wanted, "do": "fedele migrate"})
            state = await self.database.reader.fetch_row(_STATE, self.moment().now)
        except DATABASE_GONE as error:
            return _json(503, {"status": "no database", "reason": type(error).__name__})
        assert state is not None, "aggregates always answer one row"
        return _json(
            200,
            {
                "status": "ready",
                "migration": revision,
                "workers": state["workers"],
                "outbox_waiting": state["outbox"],
                "jobs_held": state["failed"],
            },
        )

    async def metrics(self, _request: Request) -> Response:
        """Prometheus' text format. Without a database: what this process counted, and that it is gone."""
        try:
            state = await self.database.reader.fetch_row(_STATE, self.moment().now)
        except DATABASE_GONE:
            state = None
        DATABASE_UP.set(state is not None)
        OUTBOX_WAITING.set(state["outbox"] if state else math.nan)
        WORKERS.set(state["workers"] if state else math.nan)
        for name in ("queued", "picked", "failed"):
            JOBS.labels(name).set(state[name] if state else math.nan)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """ASGI middleware: counts requests and their time by route, never by path (paths hold ids)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            REQUESTS.labels(route, str(status)).inc()
            SECONDS.labels(route).observe(time.perf_counter() - began)


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, "application/json")
