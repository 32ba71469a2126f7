"""Texts that came while there was no model are read later; a case that nobody resolved in time is announced once."""

import asyncio
from datetime import timedelta
from typing import Any

from fedele.db.database import Database
from fedele.domains.support import queries
from fedele.domains.support.commands import resolve_case
from fedele.domains.support.jobs import schedules
from fedele.domains.support.reader import FOLLOWED_LATE, TextReader
from fedele.domains.surveys import queries as surveys
from fedele.domains.surveys.commands import answer_survey
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.support import NOW, SHOP, Desk
from tests.fakes.analyser import FakeAnalyser

SURVEY = """
surveys:
  - key: visit
    title: Visit
    trigger: {type: always}
    questions:
      - {key: nps, type: nps, text: "?"}
      - {key: why, type: text, text: "?"}
"""
WORDS = {"nps": 9, "why": "It was awful, and the courier was late"}


def later(**by: float) -> Moment:
    """So long after."""
    return Moment(NOW.now + timedelta(**by))


async def worked(desk: Desk, analyser: FakeAnalyser, moment: Moment) -> None:
    """What the clock does at this moment."""
    for schedule in schedules(desk.database, desk.programmes.at, analyser, lambda: moment):
        await schedule.run(moment)


async def answered_unread(desk: Desk) -> MemberId:
    """Somebody praised with the score and cursed with the words, on a machine that has no model."""
    member_id = await enrolled(desk.database)
    async with desk.database.transaction() as tx:
        answer = await answer_survey(tx, desk.programme, member_id, "visit", "", WORDS, NOW)
    event = await surveys.announcement_of(desk.database.reader, desk.programme, member_id, answer.id)
    assert event is not None
    await TextReader(desk.database, desk.programmes.at, FakeAnalyser(None), lambda: NOW).answered(event)
    return member_id


async def test_a_text_is_read_once_the_model_is_there(database: Database, admin: Any) -> None:
    """And what follows from it, follows: words against the score open a case. Nothing of it happens twice."""
    desk = await Desk.open(database, SHOP + SURVEY)
    member_id = await answered_unread(desk)
    reading = "SELECT model, themes FROM text_reading WHERE member_id = $1"
    assert tuple(await admin.fetchrow(reading, member_id)) == (None, ["delivery"])
    await worked(desk, FakeAnalyser(None), later(hours=1))
    assert await queries.cases_of_member(database.reader, member_id) == []

    analyser = FakeAnalyser()
    await asyncio.gather(*(worked(desk, analyser, later(hours=2)) for _ in range(2)))
    await worked(desk, analyser, later(hours=3))
    assert analyser.read == [WORDS["why"]]
    assert tuple(await admin.fetchrow(reading, member_id)) == ("fake-1", ["delivery"])
    [case] = await queries.cases_of_member(database.reader, member_id)
    assert (case.rule, case.state) == ("hurt", "open")


async def test_old_words_are_read_for_the_figures_alone(database: Database) -> None:
    """Nobody is asked about something that they said long ago."""
    desk = await Desk.open(database, SHOP + SURVEY)
    member_id = await answered_unread(desk)
    analyser = FakeAnalyser()
    await worked(desk, analyser, Moment(NOW.now + FOLLOWED_LATE + timedelta(hours=1)))
    assert analyser.read == [WORDS["why"]]
    assert await queries.cases_of_member(database.reader, member_id) == []


async def test_a_text_that_cannot_be_read_keeps_no_other_back(database: Database, admin: Any) -> None:
    """It is tried again later, behind the others."""

    class Choking(FakeAnalyser):
        """Cannot read the first text that it is given."""

        async def analyse(self, texts: Any, examples: Any) -> Any:
            found = await super().analyse(texts, examples)
            if len(self.read) == 1:
                raise RuntimeError("out of memory")
            return found

    desk = await Desk.open(database, SHOP + SURVEY)
    for _ in range(3):
        await answered_unread(desk)
    analyser = Choking()
    await worked(desk, analyser, later(hours=1))
    assert await admin.fetchval("SELECT count(*) FROM text_reading WHERE model IS NULL") == 1
    await worked(desk, analyser, later(hours=2))
    assert await admin.fetchval("SELECT count(*) FROM text_reading WHERE model IS NULL") == 0


async def overdue(admin: Any) -> list[str]:
    """The rules of what was announced as overdue."""
    rows = await admin.fetch("SELECT payload FROM outbox WHERE kind = 'support.case_overdue' ORDER BY id")
    return [row["payload"]["rule"] for row in rows]


async def test_a_case_that_nobody_resolved_in_time_is_announced_once(database: Database, admin: Any) -> None:
    """Not before its time, not one that is resolved, and once although several workers look at once."""
    desk = await Desk.open(database)
    slow, quick = await enrolled(database), await enrolled(database)
    late = await desk.says(slow, nps=3)
    done = await desk.says(quick, nps=4)
    assert late is not None
    assert done is not None
    async with database.transaction() as tx:
        await resolve_case(tx, desk.programme, quick, done, "refunded", None, "staff:1", later(hours=1))
    await worked(desk, desk.analyser, later(hours=47))
    assert await overdue(admin) == []
    await asyncio.gather(*(worked(desk, desk.analyser, later(hours=48)) for _ in range(3)))
    await worked(desk, desk.analyser, later(hours=60))
    assert await overdue(admin) == ["unhappy"]
    case = await queries.get_case(database.reader, slow, late)
    assert case.overdue_at == later(hours=48).now
