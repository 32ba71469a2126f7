"""The feed as a whole: mixed kinds, personal, in the member's language, and shrinking by what was dealt with."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import Product
from fedele.domains.feed import commands
from fedele.domains.feed.errors import FeedBatchTooLarge
from fedele.domains.feed.own_sources import OWN_SOURCES
from fedele.domains.feed.queries import build_feed, paired, shown
from fedele.domains.feed.types import Candidate, Expiring, FeedEvent, FeedEventKind, Ranked, Situation
from fedele.domains.ledger.commands import post
from fedele.domains.offers.checking.products import covered_by
from fedele.domains.offers.commands import claim_offer
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.feed import FEED_SOURCE as OFFERS
from fedele.domains.recommendations.feed import FEED_SOURCE as PRODUCTS
from fedele.domains.recommendations.queries import fit_of
from fedele.domains.recommendations.types import Known, Recommended
from fedele.domains.rewards.feed import FEED_SOURCE as REWARDS
from fedele.domains.segments.queries import find_facts
from fedele.domains.surveys.commands import Occasion
from fedele.domains.surveys.feed import FEED_SOURCE as SURVEYS
from fedele.domains.tiers.feed import FEED_SOURCE as PROGRESS
from fedele.kernel.clock import Moment, Position, Weather
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.pages import MalformedCursor, encode_cursor
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, grocer, make_programme
from tests.factories.surveys import invited

SOURCES = (*OWN_SOURCES, PRODUCTS, OFFERS, REWARDS, SURVEYS, PROGRESS)
RIVERSIDE = Position(39.9520, -83.0010)
MORNING = Moment(datetime(2026, 11, 24, 13, 30, tzinfo=UTC), RIVERSIDE, Weather(3.0))


async def buys(admin: Any, member_id: MemberId, sku: str, days_ago: int, minor: int = 1500) -> None:
    """One line on a receipt of its own, so many days before the morning."""
    purchase_id, at = new_id(), MORNING.now - timedelta(days=days_ago)
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, 'store-367', $3, 'store', $4, $4, 'USD', $5, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), at, minor,
    )  # fmt: skip
    await admin.execute(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, quantity, amount_minor,
                                   tax_minor, discount_minor)
        VALUES ($1, $2, 1, 'goods', $3, $3, 1, $4, 0, 0)
        """,
        member_id, purchase_id, sku, minor,
    )  # fmt: skip


async def situation_of(database: Database, member_id: MemberId, moment: Moment, locale: str = "en") -> Situation:
    """The member's situation under the grocer's programme."""
    facts = await find_facts(database.reader, grocer(), member_id, moment.now)
    assert facts is not None
    return Situation(grocer(), member_id, moment, locale, facts, None)


async def feed(
    database: Database, member_id: MemberId, moment: Moment = MORNING, locale: str = "en", first: int = 100
) -> list[Ranked]:
    """The first page."""
    situation = await situation_of(database, member_id, moment, locale)
    return list((await build_feed(database.reader, SOURCES, situation, first)).items)


async def regular(database: Database, admin: Any, *skus: str) -> MemberId:
    """A member with points, some of them soon gone, who bought these products three times."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        soon = earn(40, expires_at=MORNING.now + timedelta(days=12))
        await post(tx, member_id, [earn(260), soon], Moment(MORNING.now - timedelta(days=40)))
    for sku in skus:
        for days_ago in (5, 20, 30):
            await buys(admin, member_id, sku, days_ago)
    bought = Occasion("the purchase", MORNING.now - timedelta(days=5))
    await invited(database, grocer(), member_id, "after-shop", bought, MORNING)
    return member_id


def keys(ranked: list[Ranked], kind: str) -> set[str]:
    """The keys of the cards of one kind."""
    return {one.candidate.key for one in ranked if one.candidate.kind == kind}


async def test_a_feed_mixes_kinds_and_is_the_members_own(database: Database, admin: Any) -> None:
    """Offers, rewards, products, progress, content, a survey and expiring points; another member's feed differs."""
    one, other = await regular(database, admin, "milk", "bread"), await regular(database, admin, "tea")
    first, second = await feed(database, one), await feed(database, other)
    kinds = {ranked.candidate.kind for ranked in first}
    assert {"offer", "reward", "product", "progress", "content", "expiry", "survey"} == kinds
    assert (keys(first, "product"), keys(second, "product")) == ({"milk", "bread"}, {"tea"})
    assert all(ranked.candidate.reason for ranked in first)
    assert all(sum(t.weight for t in r.candidate.terms) == pytest.approx(r.candidate.score) for r in first)


async def test_five_kilometres_or_seven_hours_change_the_offers(database: Database, admin: Any) -> None:
    """What is open depends on where and when the member is."""
    member_id = await regular(database, admin)
    here = keys(await feed(database, member_id), "offer")
    away = dataclasses.replace(MORNING, place=Position(39.9970, -83.0010))
    later = dataclasses.replace(MORNING, now=MORNING.now + timedelta(hours=7))
    assert "cold-morning-coffee" in here
    assert keys(await feed(database, member_id, away), "offer") != here
    assert keys(await feed(database, member_id, later), "offer") != here


async def test_a_claimed_card_disappears(database: Database, admin: Any) -> None:
    """Once claimed, the offer is no longer offered."""
    member_id = await regular(database, admin)
    async with database.transaction() as tx:
        await claim_offer(tx, grocer(), member_id, "cold-morning-coffee", MORNING)
    assert "cold-morning-coffee" not in keys(await feed(database, member_id), "offer")


async def test_words_are_the_members_language(database: Database, admin: Any) -> None:
    """Titles and reasons in four languages, none of them the same, none with a hole in it."""
    member_id = await regular(database, admin, "milk")
    spoken = {}
    for locale in ("en", "it", "ru", "ar"):
        cards = {
            (r.candidate.kind, r.candidate.key): r.candidate for r in await feed(database, member_id, MORNING, locale)
        }
        spoken[locale] = [cards[("expiry", "points")].title, cards[("progress", "harvest")].title,
                          cards[("offer", "cold-morning-coffee")].reason]  # fmt: skip
        assert not any("{" in text for text in spoken[locale])
    assert len({tuple(words) for words in spoken.values()}) == 4
    assert spoken["en"][0] == "40 points expire on 6 December"


async def test_what_expires_first_is_told_with_its_own_amount(database: Database) -> None:
    """The title names the first day and what goes on that day; all of thirty days stands below it."""
    member_id = await enrolled(database)
    days = [3, 3, 9, 12, 15, 18, 29, 31]
    async with database.transaction() as tx:
        lots = [
            earn(10, expires_at=MORNING.now + timedelta(days=day, minutes=number)) for number, day in enumerate(days)
        ]
        await post(tx, member_id, [earn(5), *lots], Moment(MORNING.now - timedelta(days=40)))
    (card,) = [one.candidate for one in await feed(database, member_id) if one.candidate.kind == "expiry"]
    assert (card.title, card.body) == ("20 points expire on 27 November", "In all within 30 days: 70 points")
    assert card.subject == Expiring("points", 70, MORNING.now + timedelta(days=3))
    lonely = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, lonely, [earn(10, expires_at=MORNING.now + timedelta(days=3))], MORNING)
    (card,) = [one.candidate for one in await feed(database, lonely) if one.candidate.kind == "expiry"]
    assert (card.title, card.body) == ("10 points expire on 27 November", None)


@pytest.mark.parametrize(
    ("units", "titles"),
    [
        (1, {"en": "1 point expires on", "it": "1 punto in scadenza il", "ru": "1 балл сгорит"}),
        (2, {"en": "2 points expire on", "it": "2 punti in scadenza il", "ru": "2 балла сгорят"}),
        (21, {"en": "21 points expire on", "it": "21 punti in scadenza il", "ru": "21 балл сгорит"}),
    ],
)
async def test_the_verb_agrees_with_the_number(database: Database, units: int, titles: dict[str, str]) -> None:
    """One point expires, two expire; in Russian twenty-one goes with one, and Arabic has words for two."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(units, expires_at=MORNING.now + timedelta(days=3))], MORNING)
    found = {}
    for locale in ("en", "it", "ru", "ar"):
        cards = [one.candidate for one in await feed(database, member_id, MORNING, locale)]
        found[locale] = next(card.title for card in cards if card.kind == "expiry")
    for locale, title in titles.items():
        assert found[locale].startswith(title)
    assert ("صلاحيتهما" in found["ar"]) == (units == 2)


async def test_once_is_not_often(database: Database, admin: Any) -> None:
    """What was bought once or twice was bought before; three times is often. Nobody is told what is not so."""
    member_id = await enrolled(database)
    for sku, days in (("once", [20]), ("twice", [20, 40]), ("often", [20, 40, 60])):
        for days_ago in days:
            await buys(admin, member_id, sku, days_ago)
    found = {
        one.candidate.key: one.reason for one in await feed(database, member_id) if one.candidate.kind == "product"
    }
    assert found == {"once": "You have bought it before", "twice": "You have bought it before",
                     "often": "You buy it often"}  # fmt: skip


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("{type: after_visit}", "You shopped with us lately"),
        ("{type: after_purchase}", "You shopped with us lately"),
        ("{type: after_redemption}", "You had a reward lately"),
        ("{type: after_joining, days: 3}", "We ask everybody who joins us"),
        ("{type: after_event, event: ride}", "We would like to know you better"),
        ("{type: on_demand}", "We would like to know you better"),
    ],
)
async def test_a_survey_says_what_brought_it(database: Database, trigger: str, reason: str) -> None:
    """Who joined and never bought anything is not told that they shopped."""
    programme = make_programme(
        SMALL + "surveys: [{key: s, title: S, questions: [{key: q, type: nps, text: Q}], trigger: " + trigger + "}]\n"
    )
    member_id = await enrolled(database)
    await invited(database, programme, member_id, "s", Occasion("o", MORNING.now - timedelta(days=3)), MORNING)
    facts = await find_facts(database.reader, programme, member_id, MORNING.now)
    assert facts is not None
    situation = Situation(programme, member_id, MORNING, "en", facts, None)
    assert [card.reason for card in await SURVEYS.candidates(database.reader, situation)] == [reason]


@pytest.mark.parametrize(
    "parts",
    [
        (1, "linear-2", -7, "0.5", "0.5", ""),
        (1, "linear-2", 2**62, "0.5", "0.5", ""),
        (2**62, "linear-2", 1, "0.5", "0.5", ""),
        (1, "linear-2", 1, "much", "0.5", ""),
        (1, "linear-2", 1, "0.5", "0.5", "offer"),
        (1, 5, 1, "0.5", "0.5", ""),
    ],
)
async def test_a_cursor_of_no_feed_is_refused_in_words(database: Database, parts: tuple[Any, ...]) -> None:
    """Whatever somebody puts into one, it is no fault of ours."""
    situation = await situation_of(database, await enrolled(database), MORNING)
    with pytest.raises(MalformedCursor):
        await build_feed(database.reader, SOURCES, situation, 5, encode_cursor(*parts))


async def test_pages_cover_the_feed_once(database: Database, admin: Any) -> None:
    """Page by page, every card once, in the order of the whole."""
    member_id = await regular(database, admin, "milk", "bread", "tea")
    situation = await situation_of(database, member_id, MORNING)
    whole = (await build_feed(database.reader, SOURCES, situation, 100)).items
    paged: list[Ranked] = []
    cursor, more = None, True
    while more:
        page = await build_feed(database.reader, SOURCES, situation, 4, cursor)
        paged += page.items
        cursor, more = page.cursors[-1], page.has_next
    assert [r.candidate.key for r in paged] == [r.candidate.key for r in whole]


async def test_feed_events_are_kept_once_and_a_dismissed_card_stays_away(database: Database, admin: Any) -> None:
    """A batch sent by ten retries is kept once; what was dismissed is gone for a month, and phones notice."""
    member_id = await regular(database, admin, "milk")
    situation = await situation_of(database, member_id, MORNING)
    page = await build_feed(database.reader, SOURCES, situation, 100)
    target = next(ranked for ranked in page.items if ranked.candidate.kind == "product")
    batch = [FeedEvent(new_id(), FeedEventKind.SEEN, shown(r, situation, page), MORNING.now) for r in page.items]
    batch.append(FeedEvent(new_id(), FeedEventKind.DISMISSED, shown(target, situation, page), MORNING.now))
    version = "SELECT version FROM member_version WHERE member_id = $1"
    before = await admin.fetchval(version, member_id)

    async def send() -> int:
        async with database.transaction() as tx:
            return await commands.record_feed_events(tx, member_id, batch, MORNING)

    counts = await asyncio.gather(*(send() for _ in range(10)))
    assert sorted(counts) == [0] * 9 + [len(batch)]
    assert await admin.fetchval("SELECT count(*) FROM feed_event") == len(batch)
    assert await admin.fetchval(version, member_id) == before + 1
    tomorrow = dataclasses.replace(MORNING, now=MORNING.now + timedelta(days=1))
    assert keys(await feed(database, member_id, tomorrow), "product") == set()
    in_a_month = dataclasses.replace(MORNING, now=MORNING.now + timedelta(days=31))
    assert keys(await feed(database, member_id, in_a_month), "product") == {"milk"}
    with pytest.raises(FeedBatchTooLarge):
        async with database.transaction() as tx:
            await commands.record_feed_events(tx, member_id, batch * 30, MORNING)


async def test_the_reason_of_every_card_is_a_fact_that_lifts_it(database: Database, admin: Any) -> None:
    """In every language, for every kind of card: the sentence is of a fact with a weight above nothing, the terms sum
    to the score, and the card without the fact is worth less."""
    member_id = await regular(database, admin, "milk", "bread")
    for locale in ("en", "it", "ru", "ar"):
        for ranked in await feed(database, member_id, locale=locale, first=100):
            cited = ranked.cited
            assert cited is not None, ranked.candidate
            assert cited.weight > 0
            assert ranked.reason == (cited.reason or ranked.candidate.reason)
            assert "{" not in ranked.reason
            assert sum(term.weight for term in ranked.terms) == pytest.approx(ranked.score)
            without = [term for term in ranked.candidate.terms if term is not cited]
            assert sum(term.weight for term in without) < ranked.score


async def test_off_means_a_good_feed_that_knows_nothing_of_the_member(database: Database, admin: Any) -> None:
    """Who refused personalization: every kind of card still, products that sell instead of their own, and tokens that
    carry neither facts nor a choice."""
    member_id = await regular(database, admin, "milk", "bread")
    for sku in ("cheese", "apples", "rice"):
        await admin.execute("INSERT INTO product_popularity VALUES ($1, $1, 'FOOD', NULL, NULL, 90, now())", sku)
    assert {"milk", "bread"} <= keys(await feed(database, member_id), "product")
    refuse = "INSERT INTO member_consent VALUES ($1, 'personalization', 'in_app', false, now())"
    await admin.execute(refuse, member_id)
    situation = await situation_of(database, member_id, MORNING)
    page = await build_feed(database.reader, SOURCES, situation, 100)
    kinds = {ranked.candidate.kind for ranked in page.items}
    assert {"offer", "reward", "product", "progress", "content", "expiry"} <= kinds
    assert keys(list(page.items), "product") == {"cheese", "apples", "rice"}
    tokens = [shown(ranked, situation, page) for ranked in page.items]
    assert all(not token.features and token.choice is None for token in tokens)


async def test_a_card_that_was_seen_often_and_never_tapped_rests(database: Database, admin: Any) -> None:
    """Twelve times in two weeks without a tap: gone until the count falls; a tap keeps it; what expires never tires."""
    member_id = await regular(database, admin, "milk")
    situation = await situation_of(database, member_id, MORNING)
    page = await build_feed(database.reader, SOURCES, situation, 40)
    cards = {ranked.candidate.kind: ranked for ranked in page.items}

    async def tell(kind: FeedEventKind, ranked: Ranked, times: int) -> None:
        async with database.transaction() as tx:
            for number in range(times):
                card = dataclasses.replace(shown(ranked, situation, page), epoch=number)
                event = FeedEvent(new_id(), kind, card, MORNING.now - timedelta(hours=number))
                await commands.record_feed_events(tx, member_id, [event], MORNING)

    await tell(FeedEventKind.SEEN, cards["product"], 11)
    await tell(FeedEventKind.SEEN, cards["expiry"], 30)
    assert keys(await feed(database, member_id, first=40), "product") == {"milk"}
    await tell(FeedEventKind.SEEN, cards["product"], 12)  # eleven of them were told before
    now = await feed(database, member_id, first=40)
    assert (keys(now, "product"), keys(now, "expiry")) == (set(), {"points"})
    later = dataclasses.replace(MORNING, now=MORNING.now + timedelta(days=14))
    assert keys(await feed(database, member_id, later, first=40), "product") == {"milk"}
    await tell(FeedEventKind.CLICKED, cards["product"], 1)
    assert keys(await feed(database, member_id, first=40), "product") == {"milk"}


async def test_the_same_sight_under_another_id_is_one_sight(database: Database, admin: Any) -> None:
    """Two phones, or one that lost its notes: seeing one card of one feed is kept once, tapping it once beside."""
    member_id = await regular(database, admin, "milk")
    situation = await situation_of(database, member_id, MORNING)
    page = await build_feed(database.reader, SOURCES, situation, 5)
    card = shown(page.items[0], situation, page)

    async def tell(kind: FeedEventKind) -> int:
        async with database.transaction() as tx:
            event = FeedEvent(new_id(), kind, card, MORNING.now)
            return await commands.record_feed_events(tx, member_id, [event], MORNING)

    assert sorted(await asyncio.gather(*(tell(FeedEventKind.SEEN) for _ in range(8)))) == [0] * 7 + [1]
    assert [await tell(FeedEventKind.CLICKED), await tell(FeedEventKind.CLICKED)] == [1, 0]
    row = await admin.fetchrow("SELECT features, policy, propensity FROM feed_event WHERE kind = 'seen'")
    assert (row["features"], row["policy"], row["propensity"]) == (card.features, "linear-2", card.propensity)


async def test_an_offer_about_what_the_member_buys_says_so_and_stands_on_its_card(
    database: Database, admin: Any
) -> None:
    """A product that an open offer is about carries that offer; the offer tells which product it is about."""
    programme = grocer()
    offers = programme.section(OffersConfig)
    about = next(offer for offer in offers if covered_by(offer) is not None)
    text = about.benefit.when.text  # type: ignore[union-attr]
    category = text.split("'")[1]
    assert "line.category" in text or "line.department" in text, text
    covers = covered_by(about)
    assert covers is not None
    assert covers(Product("x", "X", category, category)) is True
    assert covers(Product("x", "X", "no such category", "no such department")) is False
    coffee = Recommended(Known(Product("x", "Espresso", category, category), 4, 3.0, 2.0), 0.0, 0.5, {}, False)
    tea = Recommended(Known(Product("t", "Tea", "TEA", "TEA"), 9, 5.0, 4.0), 0.0, 0.5, {}, False)
    fit = fit_of([coffee, tea], covers)
    assert fit is not None
    assert fit.bought is not None
    assert fit.bought.name == "Espresso"
    assert fit_of([tea], covers) is None
    card = Candidate(kind="product", key="x", title="X", reason="", terms=(), subject=coffee.product)
    other = Candidate(kind="product", key="t", title="T", reason="", terms=(), subject=tea.product)
    offer = Candidate(kind="offer", key="o", title="O", reason="", terms=(), subject="the offer", covers=covers)
    paired_cards = paired([card, other, offer])
    assert [one.offer for one in paired_cards] == ["the offer", None, None]
