"""Cards at Google: written on the first tap, after each change, never twice at once, and never lost."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from fedele.adapters.google_wallet.callbacks import Callback, CallbackInvalid
from fedele.adapters.google_wallet.save_links import object_id
from fedele.domains.messaging.events import WalletMessageSet
from fedele.domains.rewards import commands as rewards
from fedele.domains.wallet.commands import GoogleWriter
from fedele.domains.wallet.commands.google import (
    NOTICES_A_DAY_MAX,
    PACE,
    GoogleCard,
    claim_due,
    may_announce,
    wait_after,
)
from fedele.domains.wallet.ports import GoogleBusy, GoogleMessage, GoogleRefused
from fedele.domains.wallet.types import CardState, PassSubject, Serial, card_serial
from fedele.kernel.ids import MemberId, new_id
from fedele.web.google_wallet import GoogleWalletRoutes
from tests.fakes.google_wallet import ISSUER
from tests.fixtures.phones import NOON, PEPPERS, Shop


class RecordingGoogle:
    """Implements GoogleCards: keeps what was written; raises what it is told to."""

    def __init__(self) -> None:
        self.cards: list[tuple[CardState, bool]] = []
        self.rotating: list[Any] = []
        self.next: list[Exception] = []
        self.kept: list[GoogleMessage | None] = []
        self.messages: list[tuple[GoogleMessage, bool]] = []

    async def write(
        self, card: CardState, rotating: Any, *, notify: bool, message: GoogleMessage | None = None
    ) -> None:
        """Keep it, or fail."""
        if self.next:
            raise self.next.pop(0)
        self.cards.append((card, notify))
        self.rotating.append(rotating)
        self.kept.append(message)

    async def add_message(self, card: CardState, message: GoogleMessage, *, notify: bool) -> None:
        """Keep it."""
        self.messages.append((message, notify))

    def balances(self) -> list[int]:
        """What the cards say, in the order of writing."""
        return [int(card.balances[0].available) for card, _ in self.cards]


class Words:
    """Implements SaveLinks and CallbackReader for tests."""

    def url(self, serial: Serial, at: Any) -> str:
        """A link that can be read."""
        return f"https://pay.google.com/{serial}"

    async def read(self, body: bytes, now_milliseconds: int) -> Callback:
        """`event object nonce`, unsigned."""
        event, one, nonce = body.decode().split()
        if event == "forged":
            raise CallbackInvalid("forged")
        return Callback(one, "class", event, nonce)


@dataclasses.dataclass
class Counter:
    """A shop whose cards are at Google too."""

    shop: Shop
    google: RecordingGoogle
    writer: GoogleWriter
    http: httpx.AsyncClient

    async def tap(self, member_id: MemberId) -> httpx.Response:
        """The member taps the link."""
        return await self.http.get(self.shop.links.google_url(card_serial(member_id)))

    async def write(self, seconds: float = 3) -> int:
        """Let time pass, and do a round of the worker's."""
        self.shop.later(seconds)
        return await self.writer.write_due(self.shop.moment())

    async def row(self, member_id: MemberId) -> dict[str, Any]:
        """What is known of the card at Google."""
        sql = "SELECT * FROM google_card WHERE member_id = $1"
        return dict(await self.shop.admin.fetchrow(sql, member_id))


@pytest.fixture
async def counter(shop: Shop) -> AsyncIterator[Counter]:
    """A shop with Google."""
    google, words = RecordingGoogle(), Words()
    writer = GoogleWriter(shop.database, shop.programmes, google, PEPPERS)
    routes = GoogleWalletRoutes(
        shop.database,
        shop.programmes,
        shop.assembler,
        shop.links,
        words,
        writer,
        words,
        {"grocer": b"png"},
        shop.moment,
    )
    transport = httpx.ASGITransport(Starlette(routes=list(routes.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="https://loyalty.example") as http:
        yield Counter(shop, google, writer, http)


async def test_the_first_tap_writes_the_card_and_goes_on_to_google(counter: Counter) -> None:
    """Google has the object before the link names it; a second tap writes nothing."""
    member_id = await counter.shop.enrol()
    await counter.shop.earn(member_id, 40)
    for _ in range(2):
        answer = await counter.tap(member_id)
        assert (answer.status_code, answer.headers["location"]) == (
            302,
            f"https://pay.google.com/{card_serial(member_id)}",
        )
    assert counter.google.balances() == [40]
    assert counter.google.rotating[0].pattern.startswith("FDG1")
    assert counter.google.cards[0][1] is False, "nobody is told of a card they are just saving"
    assert (await counter.row(member_id))["next_try_at"] is None


async def test_a_settle_changes_the_card_at_google(counter: Counter) -> None:
    """Three sales within a moment are one writing, of the card as it stands then; a card nobody saved costs nothing."""
    member_id, other = await counter.shop.enrol(), await counter.shop.enrol("Other")
    await counter.tap(member_id)
    for _ in range(3):
        await counter.shop.earn(member_id, 10)
        await counter.shop.earn(other, 10)
        await counter.shop.work()
    assert await counter.write(0.5) == 0, "it may still change"
    assert await counter.write() == 1
    assert counter.google.balances() == [0, 30]
    assert await counter.write() == 0


async def test_while_google_is_away_nothing_is_lost(counter: Counter) -> None:
    """The wait that Google names is kept; then every card is written once, as it stands."""
    members = [await counter.shop.enrol(str(number)) for number in range(3)]
    for member_id in members:
        await counter.tap(member_id)
        await counter.shop.earn(member_id, 7)
    await counter.shop.work()
    counter.google.next.append(GoogleBusy("429", 90))
    assert await counter.write() == 0
    assert await counter.write(60) == 0
    assert await counter.write(40) == 3
    assert sorted(counter.google.balances()[3:]) == [7, 7, 7]


async def test_a_tap_while_google_is_away_is_told_so_and_made_good(counter: Counter) -> None:
    """503 with Retry-After; the worker writes the card as soon as Google is back."""
    member_id = await counter.shop.enrol()
    counter.google.next.append(GoogleBusy("away", 20))
    answer = await counter.tap(member_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "20")
    assert await counter.write() == 1
    assert (await counter.tap(member_id)).status_code == 302
    assert len(counter.google.cards) == 1


async def test_what_google_refuses_is_kept_with_its_words(counter: Counter) -> None:
    """It is tried again, later and later, and stops nobody else's card."""
    refused, fine = await counter.shop.enrol("Refused"), await counter.shop.enrol("Fine")
    for member_id in (refused, fine):
        await counter.tap(member_id)
        await counter.shop.earn(member_id, 5)
        await counter.shop.work()
        counter.shop.later(0.1)
    counter.google.next.append(GoogleRefused("Google answers 400: no"))
    assert await counter.write() == 1
    row = await counter.row(refused)
    assert row["problem"] == "Google answers 400: no"
    assert row["next_try_at"] > counter.shop.now + timedelta(minutes=5)


async def test_two_workers_write_a_card_once(counter: Counter) -> None:
    """What one has claimed the other does not see; a claim that nobody finished is taken again after its lease."""
    members = [await counter.shop.enrol(str(number)) for number in range(PACE + 5)]
    for member_id in members:
        await counter.tap(member_id)
        await counter.shop.earn(member_id, 1)
    await counter.shop.work()
    counter.shop.later(3)
    moment = counter.shop.moment()
    claims = await asyncio.gather(*(claim_due(counter.shop.database, moment, 6) for _ in range(4)))
    claimed = [card.member_id for claim in claims for card in claim]
    assert len(claimed) == len(set(claimed)) == PACE + 5
    assert await claim_due(counter.shop.database, moment) == []
    counter.shop.later(61)
    assert len(await claim_due(counter.shop.database, counter.shop.moment(), 100)) == PACE + 5


async def test_a_change_during_the_writing_is_written_too(counter: Counter) -> None:
    """Marked while its lease ran: the card is not taken for finished."""
    member_id = await counter.shop.enrol()
    await counter.tap(member_id)
    await counter.shop.earn(member_id, 1)
    await counter.shop.work()
    counter.shop.later(3)
    [card] = await claim_due(counter.shop.database, counter.shop.moment())
    await counter.shop.earn(member_id, 1)
    await counter.shop.work()
    programme = await counter.shop.programmes.at(counter.shop.now)
    assert await counter.writer.write(programme, card, counter.shop.moment())
    await counter.shop.earn(member_id, 1)
    assert await counter.write() == 1
    assert counter.google.balances()[-1] == 3


async def test_at_most_three_changes_a_day_are_announced(counter: Counter) -> None:
    """Google would drop the fourth; the card is right all the same."""
    member_id = await counter.shop.enrol()
    await counter.tap(member_id)
    for _ in range(5):
        await counter.shop.earn(member_id, 1)
        await counter.shop.work()
        await counter.write()
    told = [notify for _, notify in counter.google.cards]
    assert told[0] is False
    assert sum(told) <= NOTICES_A_DAY_MAX
    assert counter.google.balances() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("written_tag", "on", "count", "may"),
    [(0, None, 0, False), (1, None, 0, True), (1, NOON.date(), 2, True), (1, NOON.date(), 3, False),
     (1, NOON.date() - timedelta(days=1), 3, True)],
)  # fmt: skip
def test_who_may_be_told_today(written_tag: int, on: Any, count: int, may: bool) -> None:
    """The first writing is no change; three a day; a new day begins anew."""
    member_id = MemberId(new_id())
    card = GoogleCard(member_id, card_serial(member_id), written_tag, 0, on, count, NOON)
    assert may_announce(card, NOON.date()) is may


def test_waiting_grows_to_an_hour() -> None:
    """And no further."""
    waits = [wait_after(attempts).total_seconds() for attempts in range(20)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (15, 3600)


async def says(shop: Shop, member_id: MemberId, template: str) -> None:
    """A message of the programme's is set on the member's card, as the post does."""
    await shop.admin.execute(
        """
        INSERT INTO message_letter (member_id, source_id, template_key, channel, contact_id, purpose, template_values,
                                    state, next_at, expires_at, settled_at)
        VALUES ($1, $2, $3, 'wallet', $2, 'marketing', '{}', 'sent', $4, $5, $4)
        """,
        member_id, new_id(), template, shop.now, shop.now + timedelta(days=3),
    )  # fmt: skip
    async with shop.database.transaction() as tx:
        await tx.publish(
            WalletMessageSet(member_id=member_id, occurred_at=shop.now, source_id=new_id(), template_key=template)
        )
    await shop.work()


async def test_a_reward_at_google_is_linked_to_its_card_and_completed(counter: Counter) -> None:
    """Saved beside the card: the card names it. Used at the till: it is written as over, and the card lets go of it."""
    shop, member_id = counter.shop, await counter.shop.enrol()
    await counter.tap(member_id)
    await shop.earn(member_id, 600)
    await shop.work()
    await counter.write()
    programme = await shop.programmes.at(shop.now)
    redemption = await rewards.redeem(shop.database, programme, member_id, "five-off", "tap", shop.moment())
    serial = PassSubject("reward", member_id, redemption.id).serial
    answer = await counter.http.get(shop.links.google_url(serial))
    assert answer.headers["location"] == f"https://pay.google.com/{serial}"
    assert (counter.google.cards[-1][0].kind, counter.google.rotating[-1]) == ("reward", None)
    assert counter.google.cards[-1][0].card_code == redemption.code
    await shop.work()
    await counter.write()
    assert (counter.google.cards[-1][0].kind, counter.google.cards[-1][0].linked) == ("card", (serial,))
    async with shop.database.transaction() as tx:
        await rewards.use_redemption(tx, member_id, redemption.id, "store-367", shop.moment())
    await shop.work()
    assert await counter.write() == 2
    written = {card.kind: card for card, _ in counter.google.cards[-2:]}
    assert (written["reward"].ended, written["reward"].card_code) == ("used", None)
    assert written["card"].linked == ()


async def test_words_set_on_the_card_are_announced_once(counter: Counter) -> None:
    """A new message is added with a notice, and kept by later writings; it counts among the three of the day."""
    shop, member_id = counter.shop, await counter.shop.enrol()
    await counter.tap(member_id)
    await shop.earn(member_id, 1)
    await shop.work()
    await counter.write()
    told_before = (await counter.row(member_id))["notified_count"]
    await says(shop, member_id, "bring-a-friend")
    await counter.write()
    [(message, notify)] = counter.google.messages
    assert (message.header, notify) == ("Porta un amico", True)
    assert counter.google.cards[-1][1] is False, "one notice for one change"
    assert (await counter.row(member_id))["notified_count"] == told_before + 1
    await shop.earn(member_id, 1)
    await shop.work()
    await counter.write()
    assert len(counter.google.messages) == 1
    assert counter.google.kept[-1] == message


async def test_callbacks_count_once(counter: Counter) -> None:
    """Saved, said twice; deleted; forged; of a card that is not ours."""
    member_id = await counter.shop.enrol()
    await counter.tap(member_id)
    one = object_id(ISSUER, card_serial(member_id))
    for text, status in (
        (f"save {one} n1", 200),
        (f"save {one} n1", 200),
        (f"forged {one} n2", 401),
        ("save 1.x n3", 200),
    ):
        answer = await counter.http.post("/wallet/google/callback", content=text)
        assert answer.status_code == status
        counter.shop.later(10)
    row = await counter.row(member_id)
    assert (row["saved_at"], row["removed_at"]) == (NOON, None)
    await counter.http.post("/wallet/google/callback", content=f"del {one} n4")
    assert (await counter.row(member_id))["removed_at"] == NOON + timedelta(seconds=40)
    assert (await counter.http.post("/wallet/google/callback", content=b"x" * 20_000)).status_code == 413


async def test_a_link_without_its_key_opens_nothing(counter: Counter) -> None:
    """Nobody can have cards made by guessing serials."""
    member_id = await counter.shop.enrol()
    url = counter.shop.links.google_url(card_serial(member_id))
    assert (await counter.http.get(url[:-1] + ("A" if url[-1] != "A" else "B"))).status_code == 404
    assert (await counter.http.get("/wallet/google/save/nonsense")).status_code == 404
    assert counter.google.cards == []
    assert (await counter.http.get("/wallet/google/logo/grocer.png")).content == b"png"
    assert (await counter.http.get("/wallet/google/logo/other.png")).status_code == 404
