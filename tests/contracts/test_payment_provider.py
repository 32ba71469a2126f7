"""The contract of PaymentProvider, held by the fake and by the HTTP adapter in front of a retailer's own service."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedele.adapters.payments.http import HttpPayments, PaymentServiceError
from fedele.adapters.payments.unconfigured import UnconfiguredPayments
from fedele.domains.memberships.ports import Charge, PaymentDeclined, PaymentProvider, Refund
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import Money
from tests.fakes.payments import FakePayments

SECRET = "whsec_" + base64.b64encode(b"a secret of the payment service").decode()
NOW = Moment(datetime(2026, 11, 22, 3, tzinfo=UTC))
MEMBER = MemberId(new_id())


def a_charge(key: str = "pay-1", minor: int = 1_499) -> Charge:
    """14.99 dollars."""
    return Charge(key, MEMBER, "pm_1", Money(minor, "USD"), "prime/monthly")


class Service(Protocol):
    """A provider under test, and the levers to make it misbehave."""

    provider: PaymentProvider

    def decline(self) -> None:
        """Refuse the next charge."""

    def lose(self) -> None:
        """Move the next money, and lose the answer."""

    @property
    def balance_minor(self) -> int:
        """What was taken less what was given back."""


class Faked:
    """The fake itself."""

    def __init__(self) -> None:
        self.provider = self._fake = FakePayments()

    def decline(self) -> None:
        """Refuse the next charge."""
        self._fake.declines += 1

    def lose(self) -> None:
        """Lose the next answer."""
        self._fake.unknown += 1

    @property
    def balance_minor(self) -> int:
        """What the fake holds."""
        return self._fake.balance_minor


class Served:
    """A retailer's payment service that speaks what the adapter documents, and checks what it is sent."""

    def __init__(self) -> None:
        self.declines = self.losses = 0
        self.charges: dict[str, Any] = {}
        self.refunds: dict[str, Any] = {}
        self.declined: set[str] = set()
        app = Starlette(routes=[Route("/pay/{kind}", self._answer, methods=["POST"])])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        self.provider = HttpPayments(self.client, "https://shop.test/pay/", SECRET, lambda: NOW)

    def decline(self) -> None:
        """Refuse the next charge."""
        self.declines += 1

    def lose(self) -> None:
        """Answer the next with a 500 after the money has moved."""
        self.losses += 1

    @property
    def balance_minor(self) -> int:
        """What it holds, in cents."""
        totals = [
            round(100 * sum(float(body["amount"]) for body in kind.values())) for kind in (self.charges, self.refunds)
        ]
        return totals[0] - totals[1]

    async def _answer(self, request: Request) -> Response:
        body, key = await request.body(), request.headers["idempotency-key"]
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        wanted = hmac.new(b"a secret of the payment service", signed, hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == "v1," + base64.b64encode(wanted).decode()
        assert int(request.headers["webhook-timestamp"]) == int(NOW.now.timestamp())
        charging = request.path_params["kind"] == "charges"
        if charging and key not in self.charges and (self.declines or key in self.declined):
            self.declines -= key not in self.declined
            self.declined.add(key)
            return JSONResponse({"problem": "card_declined"}, 402)
        (self.charges if charging else self.refunds)[key] = json.loads(body)
        if self.losses:
            self.losses -= 1
            return Response(status_code=500)
        return JSONResponse({"reference": f"ref_{key}"})


@pytest.fixture(params=[Faked, Served])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    """Each provider in turn."""
    made = request.param()
    yield made
    if isinstance(made, Served):
        await made.client.aclose()


async def test_money_is_taken_and_given_back(service: Service) -> None:
    """A charge and a part of it back, each with a reference."""
    receipt = await service.provider.charge(a_charge())
    assert receipt.reference
    back = await service.provider.refund(Refund("back-1", MEMBER, receipt.reference, Money(499, "USD")))
    assert back.reference != receipt.reference
    assert service.balance_minor == 1_000


async def test_a_key_moves_money_once(service: Service) -> None:
    """Asked five times with one key: one charge, one reference."""
    told = {(await service.provider.charge(a_charge())).reference for _ in range(5)}
    assert (len(told), service.balance_minor) == (1, 1_499)


async def test_a_declined_charge_takes_nothing_and_stays_declined(service: Service) -> None:
    """It says why; asked again with the key, again no; another key is another question."""
    service.decline()
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as declined:
            await service.provider.charge(a_charge())
        assert declined.value.problem == "card_declined"
    assert service.balance_minor == 0
    await service.provider.charge(a_charge("pay-2"))
    assert service.balance_minor == 1_499


async def test_a_lost_answer_is_no_decline_and_the_next_one_tells(service: Service) -> None:
    """The money moved and nobody heard: not PaymentDeclined; the same key then answers, and takes nothing more."""
    service.lose()
    with pytest.raises(Exception) as lost:
        await service.provider.charge(a_charge())
    assert not isinstance(lost.value, PaymentDeclined)
    await service.provider.charge(a_charge())
    assert service.balance_minor == 1_499


async def test_an_answer_that_says_nothing_is_not_taken_for_a_yes() -> None:
    """200 without a reference, and 200 that is no JSON."""
    for content in (b"{}", b"<html>login</html>"):
        transport = httpx.MockTransport(lambda _request, content=content: httpx.Response(200, content=content))
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(PaymentServiceError):
                await HttpPayments(client, "https://shop.test", SECRET, lambda: NOW).charge(a_charge())


async def test_without_a_service_every_charge_is_declined() -> None:
    """Nobody becomes a paying member for nothing."""
    with pytest.raises(PaymentDeclined, match="payments_not_configured"):
        await UnconfiguredPayments().charge(a_charge())
