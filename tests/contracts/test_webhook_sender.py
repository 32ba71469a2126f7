"""The contract of WebhookSender: what the retailer's server is told, signed, under an id that stays the same."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.adapters.webhooks.http import HttpWebhooks, WebhookNotHeard
from fedele.adapters.webhooks.signing import secret_bytes, signed_headers
from fedele.adapters.webhooks.unconfigured import UnconfiguredWebhooks, WebhooksUnconfigured
from fedele.domains.journeys.ports import Told
from fedele.jobs.types import RetryLater
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id

KEY = b"a secret of the webhook server"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


class Server:
    """A retailer's server that checks the signature as the specification says, and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.answers: list[Response] = []
        self.app = Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        body, headers = await request.body(), request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(expected, headers["webhook-signature"]):
            return Response(status_code=401)
        self.heard.append((headers["webhook-id"], orjson.loads(body)))
        return self.answers.pop(0) if self.answers else Response(status_code=204)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, HttpWebhooks]]:
    """The server, and a sender to it."""
    served = Server()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://shop") as client:
        yield served, HttpWebhooks(client, "http://shop/hook", SECRET, lambda: Moment(NOW))


def something() -> Told:
    """A message."""
    return Told(new_id(), "journey.step", NOW, {"member": "m", "topic": "welcomed", "data": {"plan": "spring"}})


async def test_the_server_hears_what_was_said_and_can_tell_who_said_it(server: tuple[Server, HttpWebhooks]) -> None:
    """Type, time and data; the signature is right."""
    served, sender = server
    told = something()
    await sender.tell(told)
    body = {"type": "journey.step", "timestamp": NOW.isoformat(), "data": dict(told.data)}
    assert served.heard == [(str(told.message_id), body)]


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks specification."""
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_another_secret_is_refused_and_tried_again(server: tuple[Server, HttpWebhooks]) -> None:
    """Not heard is not told."""
    served, _ = server
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app)) as client:
        stranger = HttpWebhooks(client, "http://shop/hook", "another", lambda: Moment(NOW))
        with pytest.raises(WebhookNotHeard, match="401"):
            await stranger.tell(something())
    assert served.heard == []


@pytest.mark.parametrize("status", [301, 400, 500, 503])
async def test_anything_but_a_yes_is_tried_again_under_the_same_id(
    server: tuple[Server, HttpWebhooks], status: int
) -> None:
    """So the server can tell a repetition from news."""
    served, sender = server
    served.answers.append(Response(status_code=status))
    told = something()
    with pytest.raises(WebhookNotHeard, match=str(status)):
        await sender.tell(told)
    await sender.tell(told)
    assert [message_id for message_id, _ in served.heard] == [str(told.message_id)] * 2


@pytest.mark.parametrize(("status", "after", "seconds"), [(429, "17", 17.0), (503, "90000", 3_600.0)])
async def test_a_server_that_says_when_is_left_in_peace_until_then(
    server: tuple[Server, HttpWebhooks], status: int, after: str, seconds: float
) -> None:
    """At most an hour."""
    served, sender = server
    served.answers.append(Response(status_code=status, headers={"retry-after": after}))
    with pytest.raises(RetryLater) as raised:
        await sender.tell(something())
    assert raised.value.seconds == seconds


async def test_a_server_that_is_gone_for_good_is_told_no_more(server: tuple[Server, HttpWebhooks]) -> None:
    """410 means: never again."""
    served, sender = server
    served.answers.append(Response(status_code=410))
    await sender.tell(something())


async def test_without_an_address_it_waits_among_the_held_jobs() -> None:
    """Nothing is dropped in silence."""
    with pytest.raises(WebhooksUnconfigured):
        await UnconfiguredWebhooks().tell(something())
