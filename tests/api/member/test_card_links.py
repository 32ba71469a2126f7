"""The card in the members' schema: one's own code and links, for wallets that are configured."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fedele.api.execution.documents import DocumentMode
from fedele.db.database import counting
from fedele.domains.members.queries import find_card_code
from fedele.domains.wallet.ports import SaveLinks
from fedele.domains.wallet.types import PassLinks, Serial, card_serial
from fedele.web.app import WebOptions, build_app
from fedele.web.auth import authenticate_with
from tests.fixtures import principals
from tests.fixtures.api import NOON, Api
from tests.fixtures.schemas import client_of

CARD = "{ me { card { id code appleWalletUrl googleWalletUrl } } }"
LINKS = PassLinks("https://loyalty.example", b"the secret that links are made of")


class ReadableSaves:
    """Implements SaveLinks with links that a test can read."""

    def url(self, serial: Serial, at: datetime) -> str:
        """The serial and the day."""
        return f"https://pay.google.com/{serial}/{at.date()}"


@pytest.fixture
async def configured(api: Api) -> AsyncIterator[Api]:
    """The application with both wallets configured."""
    services = dataclasses.replace(api.services, extras={PassLinks: LINKS, SaveLinks: ReadableSaves()})
    authenticate = authenticate_with(principals.authenticator(api.database), lambda: NOON)
    app = build_app(services, authenticate, options=WebOptions(member_documents=DocumentMode.OPEN), moment=lambda: NOON)
    async with client_of(app) as client:
        yield dataclasses.replace(api, client=client, services=services)


async def card_of(api: Api, asker: principals.Asker) -> dict[str, Any]:
    """What this member is told of their card."""
    answer = await api.ask(CARD, asker.headers)
    assert "errors" not in answer, answer
    card: dict[str, Any] = answer["data"]["me"]["card"]
    return card


async def test_nothing_is_linked_that_is_not_configured(api: Api) -> None:
    """Without a signing identity or Google credentials the links are null; the code is there all the same."""
    card = await card_of(api, api.member)
    code = await find_card_code(api.database.reader, api.member.member_id)
    assert code is not None
    assert card == {
        "id": card_serial(api.member.member_id),
        "code": code.code,
        "appleWalletUrl": None,
        "googleWalletUrl": None,
    }


async def test_the_links_are_ones_own(configured: Api) -> None:
    """Each member gets the links of their own card, with a key that opens no other."""
    for asker, other in ((configured.member, configured.stranger), (configured.stranger, configured.member)):
        card = await card_of(configured, asker)
        serial = card_serial(asker.member_id)
        parts = urlsplit(card["appleWalletUrl"])
        assert parts.path == f"/wallet/apple/passes/{serial}.pkpass"
        (key,) = parse_qs(parts.query)["key"]
        assert LINKS.opens(serial, key)
        assert not LINKS.opens(card_serial(other.member_id), key)
        assert card["googleWalletUrl"] == LINKS.google_url(serial)


async def test_links_alone_cost_no_statement(configured: Api) -> None:
    """A home screen without the code reads nothing for its card: the links follow from the member's id."""
    with counting() as plain:
        await configured.ask("{ me { id } }")
    with counting() as with_links:
        answer = await configured.ask("{ me { id card { appleWalletUrl googleWalletUrl } } }")
    assert answer["data"]["me"]["card"]["appleWalletUrl"]
    assert len(with_links) == len(plain)


async def test_without_a_member_there_is_no_card(configured: Api) -> None:
    """A request without a token is told nothing."""
    answer = await configured.ask(CARD, {})
    assert not (answer.get("data") or {}).get("me")
    assert answer["errors"]


def test_a_short_secret_is_refused() -> None:
    """Links that could be guessed are not made."""
    with pytest.raises(ValueError, match="32 bytes"):
        PassLinks("https://loyalty.example", b"short")


def test_links_of_another_deployment_open_nothing() -> None:
    """The key of a link depends on the secret: another deployment's link is refused here."""
    serial = Serial("card_a")
    ours, same, other = (PassLinks("https://loyalty.example", secret * 32) for secret in (b"a", b"a", b"b"))
    assert same.opens(serial, ours.key(serial))
    assert not other.opens(serial, ours.key(serial))
