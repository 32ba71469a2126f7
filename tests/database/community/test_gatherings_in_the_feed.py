"""Gatherings as cards: for the invited, while there are seats, until they begin, and not for who has answered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database, counting
from fedele.domains.community import commands
from fedele.domains.community.feed import FEED_SOURCE
from fedele.domains.feed.queries import build_feed
from fedele.domains.feed.types import Candidate, Ranked, Situation
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme

NOW = Moment(datetime(2026, 5, 12, 9, 0, tzinfo=UTC))
EVENINGS = """
format: 1
programme: {key: club, name: Club, time_zone: Europe/Rome, home_currency: EUR, locales: [en, it, ru, ar]}
currencies:
  - {key: points, name: points, worth: 0.01, debt: debt}
gatherings:
  - key: tasting
    title: {en: Tasting, it: Degustazione, ru: Дегустация, ar: تذوّق}
    deep_link: club://gatherings/tasting
    starts_at: 2026-05-13T18:00:00+02:00
    ends_at: 2026-05-13T20:00:00+02:00
    capacity: 6
    guests_max: 3
  - key: run
    title: Run
    starts_at: 2026-05-20T07:00:00+02:00
    ends_at: 2026-05-20T08:00:00+02:00
  - key: first-day
    title: For those who are new
    starts_at: 2026-05-21T07:00:00+02:00
    ends_at: 2026-05-21T08:00:00+02:00
    when: member.purchases_count > 3
"""
LAST_SEATS = {
    "en": "Seats left: 5",
    "it": "Posti rimasti: 5",
    "ru": "Осталось мест: 5",
    "ar": "المقاعد المتبقية: 5",
}


@pytest.fixture
async def evenings(database: Database) -> Programme:
    """The programme."""
    return await apply_programme(database, EVENINGS)


async def situation_of(
    database: Database, programme: Programme, member_id: MemberId, moment: Moment = NOW, locale: str = "en"
) -> Situation:
    """The member's situation."""
    facts = await find_facts(database.reader, programme, member_id, moment.now)
    assert facts is not None
    return Situation(programme, member_id, moment, locale, facts, None)


async def cards(*given: Any) -> dict[str, Candidate]:
    """The candidates by key."""
    situation = await situation_of(*given)
    return {one.key: one for one in await FEED_SOURCE.candidates(given[0].reader, situation)}


async def joins(database: Database, programme: Programme, member_id: MemberId, key: str, guests: int = 0) -> str:
    """The member asks for seats."""
    async with database.transaction() as tx:
        return (await commands.join_gathering(tx, programme, member_id, key, guests, NOW)).state


async def test_a_card_says_why_in_four_languages(database: Database, evenings: Programme) -> None:
    """Few seats left are the reason, and its words are the member's; a gathering with many says that there is one."""
    member_id = await enrolled(database)
    assert await joins(database, evenings, await enrolled(database), "tasting") == "joined"
    for locale, words in LAST_SEATS.items():
        situation = await situation_of(database, evenings, member_id, NOW, locale)
        page = await build_feed(database.reader, (FEED_SOURCE,), situation, 10)
        shown: dict[str, Ranked] = {one.candidate.key: one for one in page.items}
        assert set(shown) == {"tasting", "run"}
        assert shown["tasting"].reason == words
        assert shown["tasting"].candidate.kind == "event"
    assert shown["tasting"].candidate.title == "تذوّق"
    assert shown["run"].reason == "هناك مقعد لك"


async def test_a_card_leads_where_the_programme_says(database: Database, evenings: Programme) -> None:
    """With words on its button, in the member's language; one without an address has no button."""
    member_id = await enrolled(database)
    situation = await situation_of(database, evenings, member_id, NOW, "it")
    shown = {one.key: one for one in await FEED_SOURCE.candidates(database.reader, situation)}
    assert (shown["tasting"].deep_link, shown["tasting"].action) == ("club://gatherings/tasting", "Prenota un posto")
    assert (shown["run"].deep_link, shown["run"].action) == (None, None)


async def test_who_has_answered_is_not_asked_again(database: Database, evenings: Programme) -> None:
    """Neither with a seat nor after giving it back; another member still is."""
    member_id, other = await enrolled(database), await enrolled(database)
    assert await joins(database, evenings, member_id, "run") == "joined"
    assert set(await cards(database, evenings, member_id)) == {"tasting"}
    async with database.transaction() as tx:
        await commands.leave_gathering(tx, evenings, member_id, "run", NOW)
    assert set(await cards(database, evenings, member_id)) == {"tasting"}
    assert set(await cards(database, evenings, other)) == {"tasting", "run"}


async def test_a_full_gathering_has_no_card(database: Database, evenings: Programme) -> None:
    """Nor one with a free seat for which others stand in line."""
    member_id = await enrolled(database)
    first, second = [await enrolled(database) for _ in range(2)]
    assert await joins(database, evenings, first, "tasting", 2) == "joined"
    assert (await cards(database, evenings, member_id))["tasting"].terms[2].reason == "Seats left: 3"
    assert await joins(database, evenings, second, "tasting", 3) == "waiting"
    assert set(await cards(database, evenings, member_id)) == {"run"}
    async with database.transaction() as tx:
        await commands.leave_gathering(tx, evenings, second, "tasting", NOW)
    assert "tasting" in await cards(database, evenings, member_id)
    assert await joins(database, evenings, await enrolled(database), "tasting", 2) == "joined"
    assert set(await cards(database, evenings, member_id)) == {"run"}


async def test_one_that_has_begun_has_no_card_and_costs_nothing(database: Database, evenings: Programme) -> None:
    """To the second; once none is to come the database is not asked at all; before, once."""
    member_id = await enrolled(database)
    begins = datetime(2026, 5, 13, 16, 0, tzinfo=UTC)
    assert "tasting" in await cards(database, evenings, member_id, Moment(begins - timedelta(seconds=1)))
    assert "tasting" not in await cards(database, evenings, member_id, Moment(begins))
    for moment, count in ((NOW, 1), (Moment(begins + timedelta(days=30)), 0)):
        situation = await situation_of(database, evenings, member_id, moment)
        with counting() as statements:
            found = await FEED_SOURCE.candidates(database.reader, situation)
        assert (len(statements), bool(found)) == (count, bool(count))


async def test_only_the_invited_see_it(database: Database, evenings: Programme) -> None:
    """A condition masks the card for who does not fit it, and who fits is told that they are invited."""
    member_id = await enrolled(database)
    assert "first-day" not in await cards(database, evenings, member_id)
    situation = await situation_of(database, evenings, member_id)
    situation.facts.values["member.purchases_count"] = 4  # type: ignore[index]
    found = {one.key: one for one in await FEED_SOURCE.candidates(database.reader, situation)}
    assert found["first-day"].reason == "You are among those invited"
