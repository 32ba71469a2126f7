"""The scanner page in a real Chromium: a camera that films a real pass, a till without network, four languages."""

import dataclasses
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from playwright.async_api import Page, expect
from pydantic import SecretStr

from fedele.adapters.otp.console import ConsoleOtp
from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.auth.commands import create_key
from fedele.domains.auth.types import TILL_SCOPES, KeyKind
from fedele.domains.members.commands import enrol
from fedele.domains.members.types import Identity, NewMember
from fedele.domains.programme.commands import apply
from fedele.domains.wallet.types import PassLinks, card_serial
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import MemberId, StoreId
from fedele.keyring import open_keyring
from fedele.settings import read_settings
from fedele.wiring import wire
from tests.factories.programme import template_text
from tests.fixtures.browser import barriers, browse, film, press_keys
from tests.fixtures.served import serve

STORE = StoreId("store-367")
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
ADA = Identity.parse("email", "ada@example.org")


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """A shop with a server, a till's key and one member, whose card is a real pass."""

    url: str
    key: str
    member_id: MemberId
    card: str
    database: Database

    async def purchases(self) -> list[dict[str, Any]]:
        """What was sold, oldest first."""
        sql = "SELECT receipt, total_minor, occurred_at, recorded_at, member_id FROM purchase ORDER BY purchase_id"
        return [dict(row) for row in await self.database.reader.fetch(sql)]

    async def points(self) -> int:
        """What the member may spend."""
        sql = "SELECT coalesce(sum(remaining), 0) FROM lot WHERE member_id = $1 AND state = 'active'"
        return int(await self.database.reader.fetch_value(sql, self.member_id))


@pytest.fixture
async def counter(database: Database, data_dir: Path) -> AsyncIterator[Counter]:
    """The grocer's shop, served on a socket."""
    settings = read_settings({}, data_dir=data_dir, database_url=SecretStr(database.url))
    keyring = open_keyring(settings, may_create=True)
    moment = moment_now()
    async with database.transaction() as tx:
        await apply(tx, template_text("grocer"), Moment(LONG_AGO), sections=PROGRAMME_SECTIONS, effective_from=LONG_AGO)
        key = await create_key(tx, "till", TILL_SCOPES, moment, kind=KeyKind.TILL, store=STORE)
        enrolment = await enrol(tx, NewMember(identities=(ADA,), display_name="Ada"), keyring.peppers, moment)
    fedele = wire(settings, keyring)
    with serve(fedele.app(ConsoleOtp(lambda _line: None))) as url:
        card = await code_on_the_pass(url, fedele.services.get(PassLinks), enrolment.member_id)
        yield Counter(url, key.text.get_secret_value(), enrolment.member_id, card, database)


async def code_on_the_pass(url: str, links: PassLinks, member_id: MemberId) -> str:
    """Download the member's wallet card as a phone does, and read the barcode that it shows."""
    serial = card_serial(member_id)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/wallet/apple/passes/{serial}.pkpass", params={"key": links.key(serial)})
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        code: str = orjson.loads(archive.read("pass.json"))["barcodes"][0]["message"]
    return code


async def log_in(page: Page, counter: Counter, path: str = "/scan") -> None:
    """Open the page and give it the till's key."""
    await page.goto(path)
    await page.locator("#key").fill(counter.key)
    await page.locator("#login-form button").click()
    await expect(page.locator("#scan")).to_be_visible()


async def find(page: Page, code: str) -> None:
    """Type a code and look for it."""
    await page.locator("#code").fill(code)
    await page.locator("#code-form button").click()
    await expect(page.locator("#sale")).to_be_visible()


async def add(page: Page, amount: str, pieces: str = "1") -> None:
    """Put a line into the basket."""
    await page.locator("#line-amount").fill(amount)
    await page.locator("#line-quantity").fill(pieces)
    await page.locator("#add-line").click()


async def test_the_camera_reads_a_real_pass_and_the_sale_earns(counter: Counter, chromium: str, tmp_path: Path) -> None:
    """Camera on, card held before it: the member is greeted, the quote shown, the sale settled, the points there."""
    filmed = film(counter.card, tmp_path / "card.y4m")
    async with browse(chromium, counter.url, filmed=filmed) as page:
        await log_in(page, counter)
        await page.locator("#camera-toggle").click()
        await expect(page.locator("#member-name")).to_have_text("Ada")
        await add(page, "12.40")
        await expect(page.locator("#quote .pay").last).to_have_text("$12.40")
        await expect(page.locator("#quote")).to_contain_text("+12 points")
        await page.locator("#settle").click()
        await expect(page.locator("#told-title")).to_have_text("Settled")
        await expect(page.locator("#told")).to_contain_text("+12 points")
        await page.locator("#told-next").click()
        await expect(page.locator("#scan")).to_be_visible()
    (sold,) = await counter.purchases()
    assert (sold["total_minor"], sold["member_id"]) == (1240, counter.member_id)
    assert await counter.points() == 12


async def test_a_scanner_that_types_is_heard_and_people_are_not(counter: Counter, chromium: str) -> None:
    """Quick keys ended by Enter find the member wherever the focus is; the same keys typed slowly do nothing."""
    async with browse(chromium, counter.url) as page:
        await log_in(page, counter)
        await page.locator("#scan h2").click()
        await page.evaluate("document.activeElement.blur()")
        await press_keys(page, counter.card, apart=80)
        assert await page.locator("#scan").is_visible()
        await press_keys(page, counter.card, apart=8)
        await expect(page.locator("#member-name")).to_have_text("Ada")


async def test_sales_without_network_are_kept_over_a_reload_and_sent_once(counter: Counter, chromium: str) -> None:
    """Two sales while the network is away, the page reloaded in between: both arrive when it is back, at their time."""
    async with browse(chromium, counter.url) as page:
        await log_in(page, counter)
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.context.set_offline(True)
        for number, amount in enumerate(("10.00", "20.00"), 1):
            await find(page, counter.card)
            await expect(page.locator("#network")).to_be_visible()
            await add(page, amount)
            await page.locator("#receipt").fill(f"OFF-{number}")
            await page.locator("#settle").click()
            await expect(page.locator("#told-title")).to_have_text("Kept, will be sent")
            await page.reload()
            await expect(page.locator("#show-queue")).to_have_text(f"{number} waiting")
        assert await counter.purchases() == []
        await page.context.set_offline(False)
        await page.locator("#show-queue").click()
        await page.locator("#send-queue").click()
        await expect(page.locator("#show-queue")).to_be_hidden()
    sold = await counter.purchases()
    assert [(one["receipt"], one["total_minor"]) for one in sold] == [("OFF-1", 1000), ("OFF-2", 2000)]
    assert all(one["occurred_at"] < one["recorded_at"] for one in sold)
    assert await counter.points() == 30


async def test_a_lost_answer_does_not_sell_twice(counter: Counter, chromium: str) -> None:
    """The server settles, the reply is lost: the page keeps the sale under its key, and sending it again is one."""
    async with browse(chromium, counter.url) as page:
        await log_in(page, counter)
        await find(page, counter.card)
        await add(page, "10.00")
        await expect(page.locator("#quote")).to_contain_text("+10 points")

        async def lose(route: Any) -> None:
            await route.fetch()
            await route.abort()

        await page.route("**/staff/graphql", lose)
        await page.locator("#settle").click()
        await expect(page.locator("#told-title")).to_have_text("Kept, will be sent")
        assert len(await counter.purchases()) == 1
        await page.unroute("**/staff/graphql")
        await page.locator("#show-queue").click()
        await page.locator("#send-queue").click()
        await expect(page.locator("#show-queue")).to_be_hidden()
    assert len(await counter.purchases()) == 1
    assert await counter.points() == 10


async def test_goods_come_back_by_their_receipt(counter: Counter, chromium: str) -> None:
    """Two of three pieces are taken back: the refund is shown, the points go, and one piece is left to return."""
    async with browse(chromium, counter.url) as page:
        await log_in(page, counter)
        await find(page, counter.card)
        await add(page, "30.00", "3")
        await page.locator("#receipt").fill("R-77")
        await page.locator("#settle").click()
        await page.locator("#told-next").click()
        await page.locator("#open-return").click()
        await page.locator("#return-receipt").fill("R-77")
        await page.locator("#receipt-form button").click()
        await page.locator("#return-1").fill("2")
        await page.locator("#return-form button").click()
        await expect(page.locator("#told-title")).to_have_text("Refund: $20.00")
        await expect(page.locator("#told")).to_contain_text("−20 points")
        await page.locator("#told-next").click()
        await page.locator("#open-return").click()
        await page.locator("#return-receipt").fill("R-77")
        await page.locator("#receipt-form button").click()
        await expect(page.locator("#return-lines")).to_contain_text("of 1 pieces")
    assert await counter.points() == 10


async def test_what_is_refused_is_told_in_words(counter: Counter, chromium: str) -> None:
    """A wrong key, and a code that nobody has: large, red, in the page's language, and nothing is sold."""
    async with browse(chromium, counter.url, locale="it-IT") as page:
        await page.goto("/scan")
        await page.locator("#key").fill("fdl_till_nobody_nothing")
        await page.locator("#login-form button").click()
        await expect(page.locator("#told.bad #told-title")).to_have_text("Non eseguito")
        await page.locator("#key").fill(counter.key)
        await page.locator("#login-form button").click()
        await page.locator("#code").fill("FDL1Q6G6XS2B1YXDZPYWWW")
        await page.locator("#code-form button").click()
        await expect(page.locator("#told.bad")).to_be_visible()
        await expect(page.locator("#scan")).to_be_visible()
    assert await counter.purchases() == []


@pytest.mark.parametrize(
    ("locale", "direction", "dark"), [("en-US", "ltr", False), ("ar", "rtl", True), ("ru", "ltr", True)]
)
async def test_no_screen_keeps_anybody_out(
    counter: Counter, chromium: str, node_clients: Path, locale: str, direction: str, dark: bool
) -> None:
    """axe finds nothing on any screen, light or dark, left-to-right or right-to-left, and no word is missing."""
    async with browse(chromium, counter.url, locale=locale, dark=dark) as page:
        await page.goto("/scan")
        await expect(page.locator("html")).to_have_attribute("data-ready", "yes")
        assert await page.locator("html").get_attribute("dir") == direction
        assert await barriers(page) == []
        await log_in(page, counter)
        assert await barriers(page) == []
        await find(page, counter.card)
        await add(page, "12.40")
        await expect(page.locator("#quote .pay").last).to_be_visible()
        assert await barriers(page) == []
        await page.locator("#settle").click()
        await expect(page.locator("#told.good")).to_be_visible()
        assert await barriers(page) == []
        await page.locator("#told-next").click()
        await page.locator("#open-return").click()
        assert await barriers(page) == []
        untold = await page.evaluate(
            "[...document.querySelectorAll('[data-say]')].filter(one => one.textContent === one.dataset.say).length"
        )
        assert untold == 0


async def test_no_script_can_read_the_key_and_no_other_page_can_use_it(counter: Counter, chromium: str) -> None:
    """The key is in no cookie, store or page that scripts see; and the cookie alone, without our header, is nobody."""
    async with browse(chromium, counter.url) as page:
        await log_in(page, counter)
        seen = await page.evaluate(
            "document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
            " + document.documentElement.outerHTML"
        )
        assert counter.key.rpartition("_")[2] not in seen
        ask = (
            "fetch('/staff/graphql', {method: 'POST', headers: {'content-type': 'application/json', %s},"
            " body: JSON.stringify({query: '{ caller { store } }'})}).then(answer => answer.json())"
        )
        assert (await page.evaluate(ask % "'x-fedele-scanner': '1'"))["data"]["caller"] == {"store": STORE}
        assert (await page.evaluate(ask % ""))["data"]["caller"] is None
        await page.locator("#log-out").click()
        await expect(page.locator("#login")).to_be_visible()
        assert (await page.evaluate(ask % "'x-fedele-scanner': '1'"))["data"]["caller"] is None
