"""Joining in a real Chromium: scan the code in the window, fill in, type the code, hold a card that the till knows."""

import contextlib
import dataclasses
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from playwright.async_api import Page, async_playwright, expect
from pydantic import SecretStr

from fedele.adapters.otp.console import ConsoleOtp
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.members.queries import find_by_code, find_member, list_consents
from fedele.domains.members.types import Purpose
from fedele.domains.programme.commands import apply
from fedele.kernel.clock import Moment, moment_now
from fedele.keyring import open_keyring
from fedele.settings import read_settings
from fedele.wiring import wire
from tests.factories.programme import template_text
from tests.fixtures.browser import QUIET, barriers, browse
from tests.fixtures.served import serve

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
MAIL = "layla@example.org"


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A shop's window: where its code leads, and the one-time codes that arrive."""

    url: str
    otp: ConsoleOtp
    database: Database

    def code(self) -> str:
        """What arrived in the mailbox."""
        code = self.otp.last_code(MAIL)
        assert code is not None
        return code.get_secret_value()


@pytest.fixture
async def window(database: Database, data_dir: Path) -> AsyncIterator[Window]:
    """The grocer's, served on a socket."""
    async with database.transaction() as tx:
        await apply(tx, template_text("grocer"), Moment(LONG_AGO), sections=PROGRAMME_SECTIONS, effective_from=LONG_AGO)
    settings = read_settings({}, data_dir=data_dir, database_url=SecretStr(database.url))
    otp = ConsoleOtp(lambda _line: None)
    with serve(wire(settings, open_keyring(settings, may_create=True)).app(otp)) as url:
        yield Window(url, otp, database)


async def code_behind(page: Page, window: Window) -> str:
    """Follow the link as a phone does, and read the code on the card. The link names the public address."""
    href = await page.locator("#apple").get_attribute("href")
    assert href is not None
    url = httpx.URL(href)
    async with httpx.AsyncClient(base_url=window.url) as client:
        answer = await client.get(url.raw_path.decode())
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        code: str = orjson.loads(archive.read("pass.json"))["barcodes"][0]["message"]
    return code


@pytest.mark.parametrize(
    ("locale", "dark", "direction", "done"),
    [("it-IT", False, "ltr", "La tua carta è pronta"), ("ar-EG", True, "rtl", "بطاقتك جاهزة")],
)
async def test_somebody_joins_and_the_till_knows_the_card(
    window: Window, chromium: str, node_clients: Path, locale: str, dark: bool, direction: str, done: str
) -> None:
    """Every page without barriers; a wrong code is told; the pass behind the link scans as the new member."""
    async with browse(chromium, window.url, locale=locale, dark=dark) as page:
        await page.goto("/join/riverside")
        await expect(page.locator("html")).to_have_attribute("dir", direction)
        assert await barriers(page) == []
        assert await page.locator("input:checked").count() == 0, "nobody agreed to anything yet"
        await page.locator("#contact").fill("layla@")
        await page.locator("form button").click()
        await expect(page.locator("#wrong")).to_be_visible()
        assert await barriers(page) == []
        await page.locator("#contact").fill(MAIL)
        await page.locator("#name").fill("ليلى")
        await page.locator("input[value=personalization]").check()
        await page.locator("form button").click()
        await expect(page.locator("#code")).to_be_focused()
        assert await barriers(page) == []
        right = window.code()
        await page.locator("#code").fill(f"{(int(right) + 1) % 1_000_000:06d}")
        await expect(page.locator("#wrong")).to_be_visible()
        await page.locator("#code").fill(right)  # a whole code sends itself
        await expect(page.locator("h1")).to_have_text(done)
        assert await barriers(page) == []
        card = await code_behind(page, window)
        await page.reload()
        await expect(page.locator("#apple")).to_be_visible()
    reader = window.database.reader
    holder = await find_by_code(reader, card, moment_now())
    member = await find_member(reader, holder.member_id)
    assert member is not None
    assert (member.display_name, member.locale, member.home_store) == ("ليلى", locale[:2], "store-367")
    assert [(one.purpose, one.granted) for one in await list_consents(reader, member.id)] == [
        (Purpose.PERSONALIZATION, True)
    ]


@contextlib.asynccontextmanager
async def without_scripts(program: str, base_url: str) -> AsyncIterator[Page]:
    """A browser that runs no script, on a small phone."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*QUIET])
        context = await browser.new_context(
            base_url=base_url, java_script_enabled=False, locale="ru-RU", viewport={"width": 320, "height": 640}
        )
        try:
            yield await context.new_page()
        finally:
            await browser.close()


async def test_it_works_without_scripts(window: Window, chromium: str) -> None:
    """Plain forms, sent by hand, in 320 pixels; an answer's Origin is ours, whatever the referrer policy."""
    async with without_scripts(chromium, window.url) as page:
        await page.goto("/join/riverside")
        await page.locator("#contact").fill(MAIL)
        await page.locator("form button").click()
        await page.locator("#code").fill(window.code())
        await page.locator("form button").click()
        await expect(page.locator("h1")).to_have_text("Ваша карта готова")
        assert await code_behind(page, window)
