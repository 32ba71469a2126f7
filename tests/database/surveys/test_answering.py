"""Surveys open after the right purchase, are answered once, and pay once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.queries import get_member
from fedele.domains.segments.queries import find_facts
from fedele.domains.surveys import commands, errors, queries
from fedele.domains.surveys.types import Answer, OpenSurvey
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

BOUGHT_AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = Moment(BOUGHT_AT + timedelta(hours=2))
PROGRAMME = make_programme(
    SMALL
    + """
members: {preferences: {diet: {type: choice, choices: [all, vegan]}}}
surveys:
  - key: shop
    title: Shop
    trigger: {type: after_purchase, when: purchase.amount >= 10.0, delay_minutes: 60, open_days: 7, every_days: 30}
    reward: {currency: points, amount: 50}
    questions:
      - {key: nps, type: nps, text: "?"}
      - key: diet
        type: single
        text: "?"
        required: false
        preference: diet
        choices: [{key: all, text: All}, {key: vegan, text: Vegan}]
      - {key: words, type: text, text: "?"}
"""
)


async def buys(admin: Any, member_id: MemberId, amount_minor: int, at: datetime = BOUGHT_AT) -> UUID:
    """A purchase on the books."""
    purchase_id = new_id()
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, 's', $3, 'store', $4, $4, 'EUR', $5, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), at, amount_minor,
    )  # fmt: skip
    await admin.execute(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, quantity, amount_minor, tax_minor,
                                   discount_minor)
        VALUES ($1, $2, 1, 'goods', 'x', 1, $3, 0, 0)
        """,
        member_id, purchase_id, amount_minor,
    )  # fmt: skip
    return purchase_id


async def asked(database: Database, member_id: MemberId, moment: Moment) -> tuple[OpenSurvey, ...]:
    """What is open to the member."""
    facts = await find_facts(database.reader, PROGRAMME, member_id, moment.now)
    assert facts is not None
    past = await queries.past_of(database.reader, PROGRAMME, member_id, moment)
    return queries.open_surveys(PROGRAMME, facts, None, past, moment)


async def answer(
    database: Database, member_id: MemberId, purchase_id: UUID, given: dict[str, Any], moment: Moment = LATER
) -> Answer:
    """Answer in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.answer_survey(tx, PROGRAMME, member_id, "shop", str(purchase_id), given, moment)


async def test_a_survey_opens_an_hour_after_a_large_enough_purchase(database: Database, admin: Any) -> None:
    """Too early, too small and too late it is closed."""
    member_id = await enrolled(database)
    await buys(admin, member_id, 999, BOUGHT_AT + timedelta(minutes=1))
    purchase_id = await buys(admin, member_id, 1000)
    assert await asked(database, member_id, Moment(BOUGHT_AT + timedelta(minutes=59))) == ()
    (one,) = await asked(database, member_id, LATER)
    assert (one.survey.key, one.occasion) == ("shop", str(purchase_id))
    assert one.closes_at == BOUGHT_AT + timedelta(days=7, hours=1)
    assert await asked(database, member_id, Moment(one.closes_at)) == ()


async def test_twenty_retries_are_one_answer_and_one_reward(database: Database, admin: Any) -> None:
    """The reward is earned once, the profile is enriched, and the survey rests for a month."""
    member_id = await enrolled(database)
    purchase_id = await buys(admin, member_id, 5000)
    given = {"nps": 9, "diet": "vegan", "words": " good "}
    answers = await asyncio.gather(*(answer(database, member_id, purchase_id, given) for _ in range(20)))
    assert len(set(answers)) == 1
    assert (answers[0].units, answers[0].currency) == (50, "points")
    assert (await balances_by_member(database.reader, [member_id], LATER.now))[member_id][0].available == 50
    assert (await get_member(database.reader, member_id)).preferences == {"diet": "vegan"}
    assert await admin.fetchval("SELECT answers->>'words' FROM survey_answer") == "good"
    await buys(admin, member_id, 5000, BOUGHT_AT + timedelta(days=5))
    assert await asked(database, member_id, Moment(BOUGHT_AT + timedelta(days=6))) == ()
    # What was written in the member's own words never leaves the table that erasure empties.
    rows = await admin.fetch("SELECT payload::text AS text FROM outbox")
    assert "good" not in "".join(row["text"] for row in rows)


async def test_a_refused_answer_leaves_nothing(database: Database, admin: Any) -> None:
    """An incomplete answer, a closed survey, or somebody else's purchase: no answer, no points."""
    member_id, other = await enrolled(database), await enrolled(database)
    purchase_id = await buys(admin, member_id, 5000)
    with pytest.raises(errors.AnswerIncomplete):
        await answer(database, member_id, purchase_id, {"words": "x"})
    with pytest.raises(errors.SurveyClosed):
        await answer(database, other, purchase_id, {"nps": 1})
    with pytest.raises(errors.SurveyClosed):
        await answer(database, member_id, purchase_id, {"nps": 1}, Moment(BOUGHT_AT))
    assert await admin.fetchval("SELECT count(*) FROM survey_answer") == 0
    assert await admin.fetchval("SELECT count(*) FROM lot") == 0


async def test_erasure_empties_the_answers(database: Database, admin: Any) -> None:
    """The words go, the points stay on the books."""
    member_id = await enrolled(database)
    await answer(database, member_id, await buys(admin, member_id, 5000), {"nps": 3, "words": "sad"})
    async with database.transaction() as tx:
        await commands.forget_member(tx, member_id)
    assert await admin.fetchval("SELECT count(*) FROM survey_answer") == 0
    assert await admin.fetchval("SELECT count(*) FROM lot") == 1
