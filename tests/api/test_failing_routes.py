"""What no route foresaw: answered with the request's id and logged under it, without the error's words going out."""

import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from fedele.web.operations import REQUESTS, Measured
from fedele.web.request_ids import RequestIds

SECRET = "no plate for ada@example.org"


async def broken(_request: Request) -> Response:
    """Fails before it has answered anything."""
    raise KeyError(SECRET)


async def cut_short(_request: Request) -> Response:
    """Fails in the middle of its answer."""

    async def lines() -> AsyncIterator[str]:
        yield "one"
        raise KeyError(SECRET)

    return StreamingResponse(lines())


async def whole(_request: Request) -> Response:
    """The control."""
    return PlainTextResponse("well", headers={"x-content-type-options": "own"})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of three routes inside our middleware, which sees what a server would see."""
    routes = [Route("/broken/{id}", broken), Route("/cut-short", cut_short), Route("/whole", whole)]
    app = Starlette(routes=routes, middleware=[Middleware(RequestIds), Middleware(Measured)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def test_the_answer_and_the_log_share_an_id(client: httpx.AsyncClient) -> None:
    """500 as JSON with the caller's own request id; the log has the exception, the route and the id."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        answer = await client.get("/broken/7", headers={"x-request-id": "asked-by-a-till"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "asked-by-a-till"
    assert answer.headers["x-content-type-options"] == "nosniff"
    error = answer.json()["error"]
    assert (error["code"], error["request_id"]) == ("INTERNAL", "asked-by-a-till")
    assert SECRET not in answer.text
    [line] = logged
    assert (line["event"], line["route"], line["request_id"]) == ("request_failed", "/broken/{id}", "asked-by-a-till")


async def test_a_failure_counts_as_one(client: httpx.AsyncClient) -> None:
    """/metrics counts it as 500 under its route."""
    counter = REQUESTS.labels("/broken/{id}", "500")
    before = counter._value.get()
    await client.get("/broken/8")
    assert counter._value.get() == before + 1


async def test_half_an_answer_stays_broken(client: httpx.AsyncClient) -> None:
    """Once an answer has begun, the connection breaks: nobody takes half of it for the whole."""
    with pytest.raises(KeyError):
        await client.get("/cut-short")


async def test_a_silly_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    """An id that could break a log or a header is not taken over; a route's own header is left alone."""
    for silly in ("x", "a" * 65, 'a"b; drop-table', "späße-und-mehr".encode()):
        answer = await client.get("/whole", headers={"x-request-id": silly})
        assert answer.headers["x-request-id"] != silly
        assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "own"


async def test_the_log_forgets_the_request(client: httpx.AsyncClient) -> None:
    """After the answer nothing of it is bound to later lines."""
    with contextlib.suppress(KeyError):
        await client.get("/cut-short")
    assert "request_id" not in structlog.contextvars.get_contextvars()
