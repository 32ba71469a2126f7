"""PassKit's limits: a phone's day fits in easily, a flood is told when to come back, and nobody shuts others out."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from fedele.web import passkit
from fedele.web.rate_gate import RateGate
from tests.fixtures.phones import Phone, Shop

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def from_elsewhere(shop: Shop) -> httpx.AsyncClient:
    """Another address."""
    transport = httpx.ASGITransport(Starlette(routes=list(shop.passkit.routes())), client=("198.51.100.7", 4000))
    return httpx.AsyncClient(transport=transport, base_url="https://loyalty.example")


def test_a_bucket_holds_its_burst_and_drains() -> None:
    """Three at once, the fourth waits; one more each third of the time; full again after all of it."""
    gate = RateGate(3, 60)
    assert [gate.take("a", NOON) for _ in range(4)] == [0, 0, 0, 20]
    assert gate.take("b", NOON) == 0, "another key is another bucket"
    assert gate.take("a", NOON + timedelta(seconds=19)) == 1
    assert gate.take("a", NOON + timedelta(seconds=20)) == 0
    assert gate.take("a", NOON + timedelta(seconds=20)) == 20
    assert [gate.take("a", NOON + timedelta(minutes=5)) for _ in range(4)] == [0, 0, 0, 20]


def test_a_flood_of_keys_fills_no_memory() -> None:
    """The oldest key is forgotten; the newest are counted."""
    gate = RateGate(1, 60, keys_max=2)
    assert [gate.take(key, NOON) for key in ("a", "b", "c")] == [0, 0, 0]
    assert gate.wait("c", NOON) == 60
    assert gate.wait("a", NOON) == 0
    assert len(gate._drained_at) == 2


async def test_a_phone_that_asks_without_end_is_told_to_wait(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After for this device, on asking and registering; another phone goes on; later it may again."""
    monkeypatch.setattr(shop.passkit, "_devices", RateGate(5, 60))
    busy, calm = Phone(shop), Phone(shop)
    serial = await busy.add(await shop.enrol())
    await calm.add(await shop.enrol("Luca"))
    for _ in range(4):
        assert (await shop.http.get(busy.registrations())).status_code == 200
    refused = await shop.http.get(busy.registrations())
    assert (refused.status_code, refused.headers["retry-after"], refused.content) == (429, "12", b"")
    assert (await busy.register(serial, "bb" * 32)).status_code == 429
    assert await shop.admin.fetchval("SELECT count(*) FROM pass_device WHERE push_token = $1", "bb" * 32) == 0
    assert await calm.updated()
    elsewhere = await from_elsewhere(shop).get(busy.registrations())
    assert elsewhere.status_code == 200, "who knows a phone's name does not shut it out"
    shop.later(12)
    assert (await busy.register(serial, "bb" * 32)).status_code == 200


async def test_wrong_tokens_end_before_the_database(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that brought too many waits, whatever it brings next; others do not."""
    monkeypatch.setattr(shop.passkit, "_wrong_tokens", RateGate(3, 60))
    phone = Phone(shop)
    serial = await phone.add(await shop.enrol())
    path = f"/wallet/apple/v1/passes/{shop.wallet.identity.pass_type_identifier}/{serial}"
    wrong = {"authorization": "ApplePass " + "0" * 32}
    assert [(await shop.http.get(path, headers=wrong)).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert (await shop.http.get(path, headers=phone.authorization(serial))).status_code == 429
    assert (await from_elsewhere(shop).get(path, headers=phone.authorization(serial))).status_code == 200
    shop.later(20)
    assert (await shop.http.get(path, headers=phone.authorization(serial))).status_code == 200


async def test_one_address_asks_and_complains_within_bounds(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many devices it invents; a pass fetched with its own token is not counted."""
    monkeypatch.setattr(shop.passkit, "_clients", RateGate(3, 60))
    phone = Phone(shop)
    serial = await phone.add(await shop.enrol())
    asked = [(await shop.http.get(Phone(shop).registrations())).status_code for _ in range(3)]
    assert asked == [204, 204, 204]
    assert (await shop.http.get(Phone(shop).registrations())).status_code == 429
    assert (await shop.http.post("/wallet/apple/v1/log", json={"logs": ["x"]})).status_code == 429
    for _ in range(10):
        assert (await phone.fetch(serial)).status_code == 304


def test_the_limits_leave_room_for_a_mobile_network() -> None:
    """A device asks a few times a day; thousands of phones share an address and are all pushed to at once."""
    assert passkit.PER_DEVICE >= 60
    assert passkit.PER_CLIENT >= 50 * passkit.PER_DEVICE
