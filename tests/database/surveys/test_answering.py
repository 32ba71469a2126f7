"""Surveys open after the right purchase, are answered once, and pay once."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import orjson
import pytest

from fedele.db.database import Database
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.queries import get_member
from fedele.domains.surveys import commands, errors, queries
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme
from tests.factories.surveys import BOUGHT_AT, LATER, SHOP, answer, asked, bought, save


async def points(database: Database, member_id: MemberId) -> int:
    """What the member can spend."""
    balances = (await balances_by_member(database.reader, [member_id], LATER.now))[member_id]
    return sum(balance.available for balance in balances)


async def events(admin: Any, kind: str) -> list[dict[str, Any]]:
    """What was announced of this kind."""
    rows = await admin.fetch("SELECT payload::text AS text FROM outbox WHERE kind = $1 ORDER BY id", kind)
    return [orjson.loads(row["text"]) for row in rows]


async def test_twenty_retries_are_one_answer_and_one_reward(database: Database, admin: Any) -> None:
    """The reward is earned once, the profile is enriched, and the survey rests for a month."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    given = {"nps": 9, "diet": "vegan", "words": " good "}
    answers = await asyncio.gather(*(answer(database, member_id, purchase_id, given) for _ in range(20)))
    assert len({one.id for one in answers}) == 1
    assert (answers[0].units, answers[0].currency) == (50, "points")
    assert await points(database, member_id) == 50
    assert (await get_member(database.reader, member_id)).preferences == {"diet": "vegan"}
    assert await admin.fetchval("SELECT answers->>'words' FROM survey_answer") == "good"
    (announced,) = await events(admin, "surveys.answered")
    assert announced["scores"] == {"nps": {"kind": "nps", "value": 9, "best": 10}}
    assert (announced["texts"], announced["edited"], announced["store_id"]) == (["words"], False, "s")
    await bought(database, admin, member_id, 5000, BOUGHT_AT + timedelta(days=5))
    assert await asked(database, member_id, Moment(BOUGHT_AT + timedelta(days=6))) == ()
    # What was written in the member's own words never leaves the table that erasure empties.
    rows = await admin.fetch("SELECT payload::text AS text FROM outbox")
    assert "good" not in "".join(row["text"] for row in rows)


async def test_a_refused_answer_leaves_nothing(database: Database, admin: Any) -> None:
    """An incomplete answer, a closed survey, or somebody else's purchase: no answer, no points, no draft."""
    member_id, other = await enrolled(database), await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    with pytest.raises(errors.AnswerIncomplete):
        await answer(database, member_id, purchase_id, {"words": "x"})
    with pytest.raises(errors.AnswerIncomplete, match="wrong"):
        await answer(database, member_id, purchase_id, {"nps": 3})
    with pytest.raises(errors.SurveyClosed):
        await answer(database, other, purchase_id, {"nps": 9})
    with pytest.raises(errors.SurveyClosed):
        await answer(database, member_id, purchase_id, {"nps": 9}, Moment(BOUGHT_AT))
    with pytest.raises(errors.SurveyClosed):
        await save(database, member_id, purchase_id, {"nps": 9}, Moment(BOUGHT_AT + timedelta(days=8)))
    for table in ("survey_answer", "survey_draft", "lot"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await admin.fetchval("SELECT count(*) FROM survey_invitation WHERE started_at IS NOT NULL") == 0


async def test_steps_are_kept_and_taken_up_again(database: Database, admin: Any) -> None:
    """What was answered is there on another phone, with the questions that follow from it; the last step completes."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    kept = await save(database, member_id, purchase_id, {"nps": 4})
    assert kept.asked == ("nps", "wrong", "diet", "words")
    await save(database, member_id, purchase_id, {"wrong": ["staff"], "words": "rude"})
    await save(database, member_id, purchase_id, {"nps": 10, "words": None})
    (one,) = await asked(database, member_id, LATER)
    assert (dict(one.draft), one.asked) == ({"nps": 10, "wrong": ["staff"]}, ("nps", "diet", "words"))
    assert await points(database, member_id) == 0
    done = await answer(database, member_id, purchase_id, {"diet": "all"})
    assert (done.answers, done.units) == ({"nps": 10, "diet": "all"}, 50)
    assert await admin.fetchval("SELECT count(*) FROM survey_draft") == 0
    assert await asked(database, member_id, LATER) == ()


async def test_a_late_step_of_another_phone_changes_no_complete_answer(database: Database, admin: Any) -> None:
    """A step that was on its way when the answer was completed is lost, not an edit; so is the completed step again."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    await save(database, member_id, purchase_id, {"nps": 9})
    first = await answer(database, member_id, purchase_id, {"words": "fine"})
    late = await save(database, member_id, purchase_id, {"nps": 2})
    assert late.answer == first
    assert await answer(database, member_id, purchase_id, {"words": "fine"}) == first
    assert await admin.fetchval("SELECT count(*) FROM survey_draft") == 0
    assert await admin.fetchval("SELECT edits FROM survey_answer") == 0


@pytest.mark.parametrize("seed", range(3))
async def test_two_phones_at_once_make_one_answer(database: Database, admin: Any, seed: int) -> None:
    """Two phones save and submit in any interleaving: one answer of what both said, one reward, one announcement."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    steps: list[dict[str, Any]] = [{"nps": 9}, {"diet": "vegan"}, {"words": "fine"}]
    random.Random(seed).shuffle(steps)
    await asyncio.gather(*(save(database, member_id, purchase_id, step) for step in steps * 2))
    done = await asyncio.gather(
        *(answer(database, member_id, purchase_id, given) for given in ({"nps": 9}, {"words": "fine"}) * 3),
        *(save(database, member_id, purchase_id, step) for step in steps),
    )
    assert {one.id for one in done[:6]} == {done[0].id}  # type: ignore[union-attr]  # the answers come first
    stored = await queries.find_answer(database.reader, member_id, "shop", str(purchase_id))
    assert stored is not None
    assert (stored.answers, stored.edits) == ({"nps": 9, "diet": "vegan", "words": "fine"}, 0)
    assert await points(database, member_id) == 50
    assert len(await events(admin, "surveys.answered")) == 1
    assert await admin.fetchval("SELECT count(*) FROM survey_draft") == 0


async def test_an_answer_changes_within_its_time_and_pays_no_more(database: Database, admin: Any) -> None:
    """For a day: the answers, the facts and the profile follow; later it is final. The reward was earned before."""
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    first = await answer(database, member_id, purchase_id, {"nps": 9, "diet": "vegan"})
    (open_again,) = await asked(database, member_id, LATER, answered=True)
    assert open_again.answer == first
    assert await asked(database, member_id, LATER) == ()
    soon = Moment(LATER.now + timedelta(hours=20))
    changed = await answer(database, member_id, purchase_id, {"nps": 2, "wrong": ["price"], "diet": None}, soon)
    assert (changed.id, changed.answers, changed.edits) == (first.id, {"nps": 2, "wrong": ["price"]}, 1)
    assert (await get_member(database.reader, member_id)).preferences == {}
    assert await points(database, member_id) == 50
    assert [one["edited"] for one in await events(admin, "surveys.answered")] == [False, True]
    too_late = Moment(LATER.now + timedelta(hours=24))
    assert await answer(database, member_id, purchase_id, {"nps": 2, "wrong": ["price"]}, too_late) == changed
    with pytest.raises(errors.AnswerFinal):
        await answer(database, member_id, purchase_id, {"nps": 10}, too_late)
    assert await admin.fetchval("SELECT answers->>'nps' FROM survey_answer") == "2"


async def test_a_mapping_that_does_not_fit_loses_no_answer(database: Database, admin: Any) -> None:
    """An answer that fits no preference as the programme declares it is kept, and paid; the profile stays."""
    narrower = make_programme(SMALL + SHOP.replace("choices: [all, vegan]", "choices: [all]", 1))
    member_id = await enrolled(database)
    purchase_id = await bought(database, admin, member_id, programme=narrower)
    kept = await answer(database, member_id, purchase_id, {"nps": 9, "diet": "vegan"}, programme=narrower)
    assert (kept.answers["diet"], kept.units) == ("vegan", 50)
    assert (await get_member(database.reader, member_id)).preferences == {}


async def test_erasure_empties_what_was_asked_and_answered(database: Database, admin: Any) -> None:
    """The words go, finished or not; the points stay on the books."""
    member_id, other = await enrolled(database), await enrolled(database)
    purchase_id = await bought(database, admin, member_id)
    await answer(database, member_id, purchase_id, {"nps": 9, "words": "sad"})
    theirs = await bought(database, admin, other)
    await save(database, other, theirs, {"words": "half a sentence"})
    exported = await queries.export_personal_data(database.reader, other)
    assert exported[0]["answers"] == {"words": "half a sentence"}
    for one in (member_id, other):
        async with database.transaction() as tx:
            await commands.forget_member(tx, one)
    for table in ("survey_answer", "survey_draft", "survey_invitation"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await admin.fetchval("SELECT count(*) FROM lot") == 1
