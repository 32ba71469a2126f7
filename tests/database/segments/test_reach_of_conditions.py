"""Previews, pages and counts: whom a condition reaches, the same through SQL and through the evaluator."""

import pytest

from fedele.db.database import Database
from fedele.domains.segments import commands, queries, rfm
from fedele.domains.segments.types import RfmCuts
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT
from tests.factories.members import enrolled
from tests.factories.segments import Neighbourhood, neighbourhood

WHEN = "member.purchases_count >= 1 && (member.spend_30_days > 25.0 || member.days_since_purchase > 300)"


@pytest.fixture
async def street(database: Database) -> Neighbourhood:
    """Six members; the n-th bought n times for ten euros, the first never."""
    made = await neighbourhood(database)
    for number in range(6):
        member_id = await enrolled(database)
        for sale in range(number):
            await made.sells(member_id, f"{number}-{sale}")
    await made.refreshes()
    return made


@pytest.mark.parametrize("same", ["", " && member.tier.matches('.*')"])
async def test_a_preview_counts_the_parts_and_stores_nothing(street: Neighbourhood, same: str) -> None:
    """By SQL, and with a part that has none by the evaluator: alike, but for the reason that is told."""
    programme, reader = await street.programme(), street.database.reader
    before = await reader.fetch("SELECT member_id, segments FROM member_facts ORDER BY 1")
    found = await queries.preview(reader, programme, queries.read_condition(WHEN + same), street.moment, sample=2)
    assert (found.members_count, found.of_count, len(found.sample)) == (3, 6, 2)
    assert [(part.members_count, part.remaining_count) for part in found.parts[:2]] == [(5, 5), (3, 3)]
    assert found.parts[1].text == "member.spend_30_days > 25.0 || member.days_since_purchase > 300"
    assert (found.reason is None) == (same == "")
    assert await reader.fetch("SELECT member_id, segments FROM member_facts ORDER BY 1") == before


@pytest.mark.parametrize("same", ["", " && member.tier.matches('.*')"])
async def test_pages_reach_everybody_once(street: Neighbourhood, same: str) -> None:
    """Two at a time, in order, all of them, by a condition of any room and by segment; counts agree."""
    programme, reader = await street.programme(), street.database.reader
    when = MEMBER_ENVIRONMENT.compile("member.purchases_count >= 1" + same, "bool")
    found, after = [], None
    while page := await queries.audience_page(reader, programme, when, street.moment, after, limit=2):
        found, after = found + page, page[-1]
    assert found == sorted(set(found))
    assert len(found) == await queries.count_audience(reader, programme, when, street.moment) == 5
    inside, after = [], None
    while page := await queries.segment_page(reader, "regulars", after, limit=3):
        inside, after = inside + page, page[-1]
    assert len(set(inside)) == len(inside) == await queries.count_members(reader, "regulars") == 4


async def test_rfm_scores_stand_still_between_measurements(street: Neighbourhood) -> None:
    """Cut points are the fifths of whoever bought; a newcomer who buys much moves nobody else's score."""
    programme, reader = await street.programme(), street.database.reader
    measured = await commands.measure_rfm(street.database, programme, street.moment)
    assert measured == RfmCuts(street.moment.now, (0, 0, 0, 0), (1, 2, 3, 4), (1000, 2000, 3000, 4000), 5)
    best = queries.read_condition("member.rfm_frequency == 5 && member.rfm_monetary == 5")
    scores = [
        await queries.count_audience(
            reader, programme, queries.read_condition(f"member.rfm_frequency == {score}"), street.moment
        )
        for score in range(1, 6)
    ]
    assert scores == [1, 1, 1, 1, 1], "who never bought has no score"
    newcomer = await enrolled(street.database)
    for sale in range(9):
        await street.sells(newcomer, f"new-{sale}", 50_000)
    assert await queries.count_audience(reader, programme, best, street.moment) == 2
    assert await rfm.find_cuts(reader, street.now) == measured
