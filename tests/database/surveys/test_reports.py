"""Reports count what was asked and answered, apart by store, tier, segment and time, and export every answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.exchange.queries import HEADS, export_answers
from fedele.domains.surveys import commands, queries
from fedele.domains.surveys.config import Survey, SurveysConfig
from fedele.domains.surveys.queries import answers
from fedele.domains.surveys.types import GroupBy, SurveyFigures
from fedele.kernel.clock import Moment
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme
from tests.factories.surveys import BOUGHT_AT, answer, bought, opens

PROGRAMME = make_programme(
    SMALL
    + """
surveys:
  - key: shop
    title: Shop
    trigger: {type: after_purchase, delay_minutes: 0, open_days: 7, every_days: 0}
    questions:
      - {key: nps, type: nps, text: "?"}
      - {key: happy, type: csat, text: "?", required: false}
      - key: likes
        type: multiple
        text: "?"
        required: false
        choices: [{key: a, text: A}, {key: b, text: B}]
      - key: grid
        type: matrix
        text: "?"
        required: false
        rows: [{key: r1, text: R1}, {key: r2, text: R2}]
        choices: [{key: bad, text: Bad}, {key: good, text: Good}]
      - {key: words, type: text, text: "?"}
"""
)
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def shop() -> Survey:
    """The survey."""
    found = PROGRAMME.section(SurveysConfig).find("shop")
    assert found is not None
    return found


async def asked_and_answered(database: Database, admin: Any) -> None:
    """Six purchases at two stores in two weeks: four answers, one draft, one silence."""
    given: list[tuple[str, int, dict[str, Any] | None]] = [
        ("s1", 0, {"nps": 10, "happy": 5, "likes": ["a", "b"], "words": "good"}),
        ("s1", 1, {"nps": 9, "happy": 4, "likes": ["b"], "grid": {"r1": "bad", "r2": "good"}}),
        ("s1", 7, {"nps": 2, "happy": 2, "words": "a queue"}),
        ("s2", 7, {"nps": 8, "grid": {"r1": "bad", "r2": "bad"}}),
        ("s2", 7, None),
    ]
    for store, days, given_answers in given:
        member_id, at = await enrolled(database), BOUGHT_AT + timedelta(days=days)
        occasion = await bought(database, admin, member_id, at=at, programme=PROGRAMME, store=store)
        if given_answers:
            await answer(database, member_id, occasion, given_answers, Moment(at), programme=PROGRAMME)
    member_id = await enrolled(database)
    occasion = await bought(database, admin, member_id, at=BOUGHT_AT, programme=PROGRAMME, store="s2")
    async with database.transaction() as tx:
        draft = {"nps": 1}
        await commands.save_answers(tx, PROGRAMME, member_id, "shop", str(occasion), draft, Moment(BOUGHT_AT))


async def figures(database: Database, by: GroupBy = "all") -> dict[str, SurveyFigures]:
    """The report, by group."""
    found = await queries.report(database.reader, PROGRAMME, shop(), SINCE, UNTIL, by)
    assert [group.key for group in found] == sorted(group.key for group in found)
    return {group.key: group for group in found}


async def test_figures_are_those_of_the_answers(database: Database, admin: Any) -> None:
    """Counts, NPS, CSAT, means; a list counts by item, a matrix by row; a draft is no answer; of words a count."""
    await asked_and_answered(database, admin)
    whole = (await figures(database))[""]
    assert (whole.opened, whole.started, whole.answered) == (6, 5, 4)
    assert whole.response_rate is not None
    assert whole.completion_rate is not None
    assert (round(whole.response_rate.value, 1), whole.completion_rate.value) == (66.7, 80.0)
    nps, happy, likes, grid, words = whole.questions
    assert nps.nps is not None
    assert (nps.nps.promoters, nps.nps.passives, nps.nps.detractors, nps.nps.score.value) == (2, 1, 1, 25.0)
    assert nps.nps.score.low < 25.0 < nps.nps.score.high
    assert nps.mean is not None
    assert nps.mean.value == 29 / 4
    assert happy.csat is not None
    assert (happy.answers, round(happy.csat.value, 1)) == (3, 66.7)
    assert (likes.answers, likes.counts) == (2, {"a": 1, "b": 2})
    assert grid.counts == {"r1:bad": 2, "r1:good": 0, "r2:bad": 1, "r2:good": 1}
    assert (grid.answers, words.answers, words.counts) == (2, 2, {})


@pytest.mark.parametrize(
    ("by", "opened"),
    [
        ("store", {"s1": 3, "s2": 3}),
        ("day", {"2026-03-10": 2, "2026-03-11": 1, "2026-03-17": 3}),
        ("week", {"2026-03-09": 3, "2026-03-16": 3}),
        ("month", {"2026-03": 6}),
        ("tier", {"": 3, "gold": 3}),
        ("segment", {"fans": 3, "families": 3}),
    ],
)
async def test_figures_come_apart(database: Database, admin: Any, by: GroupBy, opened: dict[str, int]) -> None:
    """By what was so when the member was asked; who is in two segments counts in both; the parts are the whole."""
    await asked_and_answered(database, admin)
    await admin.execute(
        """
        UPDATE survey_invitation SET tier = 'gold', segments = '{fans,families}' WHERE store_id = 's1'
        """
    )
    parts = await figures(database, by)
    assert {key: part.opened for key, part in parts.items()} == opened
    if by != "segment":
        assert sum(part.answered for part in parts.values()) == 4
        assert sum(part.questions[0].answers for part in parts.values()) == 4


async def test_nothing_asked_is_an_empty_report(database: Database, admin: Any) -> None:
    """No group, no division by nothing; what opened before or after does not count."""
    assert await figures(database) == {}
    member_id = await enrolled(database)
    await bought(database, admin, member_id, at=UNTIL, programme=PROGRAMME)
    await opens(database, UNTIL, PROGRAMME)
    assert await figures(database) == {}


async def test_every_answer_is_exported_once(database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, in order of time, with store and words."""
    monkeypatch.setattr(answers, "RESPONSES_A_PAGE", 3)
    await asked_and_answered(database, admin)
    rows = [row async for row in queries.responses(database.reader, "shop")]
    assert [row["answers"]["nps"] for row in rows] in ([10, 9, 2, 8], [10, 9, 8, 2])
    assert [row["store"] for row in rows[:2]] == ["s1", "s1"]
    assert [row async for row in queries.responses(database.reader, "other")] == []
    assert [row async for row in export_answers(database.reader)] == rows
    assert tuple(rows[0]) == HEADS["answers"]
