"""Unhappy members get a case with an owner and a make-good, once; the happy are asked, once; nothing is done twice."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.support import commands, errors, queries
from fedele.domains.support.handlers import handlers
from fedele.domains.support.types import OPEN_STATES, Case, CaseId
from fedele.domains.surveys.events import Score, SurveyAnswered
from fedele.domains.surveys.types import AnswerId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound
from tests.factories.members import enrolled
from tests.factories.support import NOW, Desk


@pytest.fixture
async def desk(database: Database) -> Desk:
    """The shop."""
    return await Desk.open(database)


async def case_of(desk: Desk, member_id: MemberId, case_id: CaseId | None) -> Case:
    """The case as it stands."""
    assert case_id is not None
    return await queries.get_case(desk.database.reader, member_id, case_id)


async def asked(admin: Any, what: str) -> int:
    """How often members were asked for this."""
    return int(await admin.fetchval("SELECT count(*) FROM support_ask WHERE what = $1", what))


async def test_an_unhappy_answer_opens_one_case_and_gives_one_make_good(desk: Desk, admin: Any) -> None:
    """However often, and in however many workers at once, the answer is followed."""
    member_id, source_id = await enrolled(desk.database), new_id()
    found = await asyncio.gather(
        *(desk.says(member_id, "The delivery was awful", nps=2, source_id=source_id) for _ in range(12))
    )
    assert len(set(found)) == 1
    case = await case_of(desk, member_id, found[0])
    assert (case.rule, case.owner, case.state, case.urgency) == ("unhappy", "service", "open", 2)
    assert case.due_at == NOW.now + timedelta(hours=48)
    assert case.evidence["themes"] == ["delivery"]
    assert case.evidence["sentiment"] == "negative"
    assert [one.outcome for one in case.make_goods] == ["given"]
    assert await desk.points(member_id) == 50
    for table in ("support_case", "support_case_step", "make_good", "text_reading"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 1, table
    # Words never leave the table that erasure empties: not into readings, cases or announcements.
    texts = [str(dict(row)) for table in ("outbox", "text_reading", "support_case") for row in await admin.fetch(
        f"SELECT t::text AS row FROM {table} AS t")]  # fmt: skip
    assert not any("awful" in text for text in texts)


async def test_a_make_good_keeps_to_its_limit_and_says_so(desk: Desk) -> None:
    """Two a month: the third unhappy answer has a case, and a decision `limit`; the next month begins anew."""
    member_id = await enrolled(desk.database)
    cases = [await desk.says(member_id, nps=3) for _ in range(3)]
    assert await desk.points(member_id) == 100
    assert [one.outcome for one in (await case_of(desk, member_id, cases[2])).make_goods] == ["limit"]
    await desk.says(member_id, nps=3, moment=Moment(NOW.now + timedelta(days=30)))
    assert await desk.points(member_id) == 150


async def test_a_late_delivery_is_made_good_while_the_budget_lasts(desk: Desk, admin: Any) -> None:
    """Five times 0.20 of 1.00, among eight members at once; a delivery that was a little late brings nothing."""
    members = [await enrolled(desk.database) for _ in range(8)]
    await asyncio.gather(*(desk.happens(one, "delivery_late", minutes=45) for one in members))
    outcomes = [row["outcome"] for row in await admin.fetch("SELECT outcome FROM make_good ORDER BY outcome")]
    assert outcomes == ["budget"] * 3 + ["given"] * 5
    assert sum([await desk.points(one) for one in members]) == 100
    assert await desk.happens(members[0], "delivery_late", minutes=10) is None
    assert await admin.fetchval("SELECT count(*) FROM make_good") == 8


async def test_a_make_good_that_is_out_of_stock_costs_nothing_and_is_written_down(desk: Desk, admin: Any) -> None:
    """There is one coffee: the second member of a bad service has a case, and no coffee."""
    first, second = await enrolled(desk.database), await enrolled(desk.database)
    assert await desk.happens(first, "bad_service") is not None
    case = await case_of(desk, second, await desk.happens(second, "bad_service"))
    assert [one.outcome for one in case.make_goods] == ["out_of_stock"]
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1


async def test_the_urgent_come_first_then_what_is_due_first(desk: Desk) -> None:
    """The queue, page by page: an allergy of today before a complaint of last week."""
    members = [await enrolled(desk.database) for _ in range(4)]
    week_ago = Moment(NOW.now - timedelta(days=7))
    late = await desk.says(members[0], nps=1, moment=week_ago)
    plain = await desk.says(members[1], nps=1)
    allergy = await desk.says(members[2], "my daughter had an allergic reaction", nps=2)
    contradiction = await desk.says(members[3], "terrible, simply terrible", nps=9)
    reader = desk.database.reader
    first = await queries.list_cases(reader, OPEN_STATES, 2)
    rest = await queries.list_cases(reader, OPEN_STATES, 2, first.cursors[-1])
    assert [one.id for one in (*first.items, *rest.items)] == [allergy, contradiction, late, plain]
    assert (first.has_next, rest.has_next) == (True, False)
    assert first.items[0].due_at == NOW.now + timedelta(hours=4)
    assert first.items[1].evidence["contradiction"] is True
    overdue = await queries.list_cases(reader, OPEN_STATES, 10, overdue_at=NOW.now)
    assert [one.id for one in overdue.items] == [late]
    managers = await queries.list_cases(reader, OPEN_STATES, 10, owner="managers")
    assert [one.id for one in managers.items] == [contradiction]


async def test_a_case_goes_its_way_and_the_member_sees_what_was_done(desk: Desk) -> None:
    """Assigned, waiting, resolved in the programme's words and ours; opened again by the member; closed by time."""
    member_id = await enrolled(desk.database)
    case_id = await desk.says(member_id, nps=2)
    assert case_id is not None
    async with desk.database.transaction() as tx:
        case = await commands.assign_case(tx, member_id, case_id, "Nadia", "staff:1", NOW)
        assert (case.state, case.assignee) == ("in_progress", "Nadia")
        await commands.note_case(tx, member_id, case_id, "Called, no answer", False, "staff:1", NOW)
        await commands.move_case(tx, member_id, case_id, "waiting", "staff:1", NOW)
        case = await commands.resolve_case(
            tx, desk.programme, member_id, case_id, "refunded", "4.90 € are on your card", "staff:1", NOW
        )
        again = await commands.resolve_case(tx, desk.programme, member_id, case_id, "refunded", None, "staff:1", NOW)
        assert again == case
    assert (case.state, case.outcome, case.shown_note) == ("resolved", "refunded", "4.90 € are on your card")
    async with desk.database.transaction() as tx:
        case = await commands.reopen_own_case(tx, desk.programme, member_id, case_id, "Nothing arrived", NOW)
        assert (case.state, case.resolved_at) == ("reopened", None)
        await commands.resolve_case(tx, desk.programme, member_id, case_id, "spoken", None, "staff:1", NOW)
        assert await commands.close_due(tx, 14, NOW) == 0
    later = Moment(NOW.now + timedelta(days=14))
    async with desk.database.transaction() as tx:
        assert await commands.close_due(tx, 14, later) == 1
        with pytest.raises(errors.ReopeningOver):
            await commands.reopen_own_case(tx, desk.programme, member_id, case_id, None, later)
    steps = await queries.steps_of(desk.database.reader, member_id, case_id)
    assert [step.to_state for step in steps] == [
        "open", "in_progress", "waiting", "resolved", "reopened", "resolved", "closed",
    ]  # fmt: skip


async def test_what_a_case_cannot_do_changes_nothing(desk: Desk, admin: Any) -> None:
    """Unknown outcomes, moves that are none, empty words, somebody else's case: refused, and nothing is written."""
    member_id, other = await enrolled(desk.database), await enrolled(desk.database)
    case_id = await desk.says(member_id, nps=2)
    assert case_id is not None
    before = await admin.fetchval("SELECT count(*) FROM support_case_step")
    async with desk.database.transaction() as tx:
        with pytest.raises(errors.OutcomeUnknown):
            await commands.resolve_case(tx, desk.programme, member_id, case_id, "magic", None, "staff:1", NOW)
        with pytest.raises(errors.CaseNotThere):
            await commands.move_case(tx, member_id, case_id, "closed", "staff:1", NOW)
        with pytest.raises(errors.CaseNotThere):
            await commands.move_case(tx, member_id, case_id, "resolved", "staff:1", NOW)
        with pytest.raises(InvalidInput):
            await commands.note_case(tx, member_id, case_id, "  ", True, "staff:1", NOW)
        with pytest.raises(NotFound):
            await commands.assign_case(tx, other, case_id, "Nadia", "staff:1", NOW)
    assert await admin.fetchval("SELECT count(*) FROM support_case_step") == before
    assert await admin.fetchval("SELECT count(*) FROM support_case_note") == 0
    assert await admin.fetchval("SELECT state FROM support_case") == "open"


async def test_only_the_happy_are_asked_for_a_public_review_and_once_in_a_lifetime(desk: Desk, admin: Any) -> None:
    """9 and 10 are asked; 8 is not, nor a 9 with angry words, nor who waits for our answer; nobody twice."""
    happy, content, angry, waiting = [await enrolled(desk.database) for _ in range(4)]
    await asyncio.gather(*(desk.says(happy, "great", nps=9) for _ in range(8)))
    assert await asked(admin, "public_review") == 1
    await desk.says(happy, "great again", nps=10, moment=Moment(NOW.now + timedelta(days=400)))
    await desk.says(content, "great", nps=8)
    await desk.says(angry, "awful, really awful", nps=9)
    await desk.says(waiting, nps=3)
    await desk.says(waiting, "great", nps=10)
    assert await asked(admin, "public_review") == 1


async def test_a_friend_is_asked_for_at_good_moments_only(desk: Desk, admin: Any) -> None:
    """Five stars, a delivery, a large redemption; not within thirty days of the last, and not while a case is open."""
    starred, delivered, redeemed, unhappy = [await enrolled(desk.database) for _ in range(4)]
    await desk.says(starred, stars=5)
    await desk.says(starred, stars=5)
    await desk.says(starred, stars=4, moment=Moment(NOW.now + timedelta(days=40)))
    await desk.happens(delivered, "delivered")
    await desk.says(unhappy, stars=1)
    await desk.happens(unhappy, "delivered")
    async with desk.database.transaction() as tx:
        assert not await commands.follow_redemption(tx, desk.programme, redeemed, new_id(), "points", 499, NOW)
        assert await commands.follow_redemption(tx, desk.programme, redeemed, new_id(), "points", 500, NOW)
    rows = await admin.fetch("SELECT member_id, because FROM support_ask WHERE what = 'referral' ORDER BY ask_id")
    assert [(row["member_id"], row["because"]) for row in rows] == [
        (starred, "stars"), (delivered, "event"), (redeemed, "redemption"),
    ]  # fmt: skip


async def test_an_answer_that_was_changed_is_followed_as_it_is_now(desk: Desk, admin: Any) -> None:
    """A ten that became a one while its job waited asks nobody for a review, whichever job runs first."""
    member_id, answer_id, given_at = await enrolled(desk.database), AnswerId(new_id()), NOW.now - timedelta(minutes=5)
    await admin.execute(
        """
        INSERT INTO survey_answer (member_id, answer_id, survey_key, occasion, programme_version, answered_at, answers,
                                   units, edited_at)
        VALUES ($1, $2, 'visit', '', 1, $3, '{"score": 1}', 0, $4)
        """,
        member_id, answer_id, given_at, NOW.now,
    )  # fmt: skip
    follow = handlers(desk.database, desk.programmes.at, desk.analyser, lambda: NOW)[0].run

    def answered(value: int, at: datetime) -> SurveyAnswered:
        return SurveyAnswered(
            member_id=member_id, occurred_at=at, answer_id=answer_id, survey_key="visit", occasion="", store_id=None,
            scores={"score": Score(kind="nps", value=value, best=10)}, texts=(), edited=at != given_at,
        )  # fmt: skip

    await follow(answered(10, given_at), new_id())
    assert (await asked(admin, "public_review"), await asked(admin, "referral")) == (0, 0)
    await follow(answered(1, NOW.now), new_id())
    await follow(answered(10, given_at), new_id())
    assert await asked(admin, "public_review") == 0
    assert await admin.fetchval("SELECT evidence -> 'scores' ->> 'nps' FROM support_case") == "1"


async def test_without_a_model_a_score_still_finds_its_owner(desk: Desk, admin: Any) -> None:
    """The words keep language, themes by words and urgency; feeling is not known, and nothing is refused."""
    desk.analyser.name = None
    member_id = await enrolled(desk.database)
    case = await case_of(desk, member_id, await desk.says(member_id, "Consegna pericolosa, mai più", nps=5))
    assert (case.urgency, case.evidence["sentiment"], case.evidence["themes"]) == (0, None, ["delivery"])
    row = await admin.fetchrow("SELECT language, model, negative, urgent_for FROM text_reading")
    assert (row["language"], row["model"], row["negative"]) == ("it", None, None)
    assert row["urgent_for"] == ["danger", "leaving"]


async def test_erasure_takes_findings_and_notes_and_keeps_what_was_given(desk: Desk, admin: Any) -> None:
    """What was read out of words and what staff wrote are gone; the ledger and the count of cases stay."""
    member_id = await enrolled(desk.database)
    case_id = await desk.says(member_id, "awful", nps=2)
    assert case_id is not None
    async with desk.database.transaction() as tx:
        await commands.note_case(tx, member_id, case_id, "She is Maria from Bari", False, "staff:1", NOW)
    exported = str(await queries.export_personal_data(desk.database.reader, member_id))
    assert "Maria from Bari" in exported
    for _ in range(2):
        async with desk.database.transaction() as tx:
            await commands.forget_member(tx, member_id)
    assert await admin.fetchval("SELECT count(*) FROM text_reading") == 0
    assert await admin.fetchval("SELECT count(*) FROM support_case_note") == 0
    assert await admin.fetchval("SELECT evidence::text FROM support_case") == "{}"
    assert await desk.points(member_id) == 50
