"""Asking a member: an invitation is noted when something happens, and opened when it is due and nothing hinders it."""

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from fedele.db.database import DATABASE_LOST, Database, Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.surveys import openness, queries
from fedele.domains.surveys.config import Always, Survey, SurveysConfig, TriggerBase
from fedele.domains.surveys.events import SurveyOpened
from fedele.domains.surveys.types import Hindrance, Invitation
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH = 200
RETRY_MINUTES = 10  # until what failed in opening is tried again
SKIPPED_KEPT_DAYS = 60  # for the question why a member was not asked
OCCASION_LENGTH_MAX = 56  # with the survey's key it must fit into an id

_INVITE = """
INSERT INTO survey_invitation (member_id, survey_key, occasion, state, due_at, opens_at, closes_at, store_id)
VALUES ($1, $2, $3, 'waiting', $4, $4, $5, $6)
ON CONFLICT (member_id, survey_key, occasion) DO NOTHING
RETURNING occasion
"""

_OPEN = """
UPDATE survey_invitation SET state = 'open', opened_at = $4, tier = $5, segments = $6
 WHERE member_id = $1 AND survey_key = $2 AND occasion = $3 AND state = 'waiting'
"""

_SKIP = """
UPDATE survey_invitation SET state = 'skipped', reason = $4
 WHERE member_id = $1 AND survey_key = $2 AND occasion = $3 AND state = 'waiting'
"""

_POSTPONE = """
UPDATE survey_invitation SET opens_at = $4
 WHERE member_id = $1 AND survey_key = $2 AND occasion = $3 AND state = 'waiting'
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Occasion:
    """What a survey asks about: names it once, says when it happened, and where."""

    name: str
    occurred_at: datetime
    store_id: str | None = None


async def invite(
    tx: Transaction, programme: Programme, member_id: MemberId, survey: Survey, occasion: Occasion, moment: Moment
) -> bool:
    """Note that the member is to be asked about this occasion; if it is due already, open it. Again: nothing.

    Whoever is not in the sample, was asked too lately, or could no longer answer is not noted. Whether it is new.
    """
    trigger = survey.trigger
    if isinstance(trigger, Always) or not openness.drawn(survey, member_id, occasion.name):
        return False
    due_at = _due_at(trigger, occasion)
    closes_at = due_at + timedelta(days=trigger.open_days)
    if closes_at <= moment.now:
        return False
    await tx.lock_member(member_id)
    at_opening = dataclasses.replace(moment, now=max(due_at, moment.now))
    if openness.resting(survey, trigger, await queries.past_of(tx, member_id), at_opening) is not None:
        return False
    row = (member_id, survey.key, occasion.name, due_at, closes_at, occasion.store_id)
    if await tx.fetch_value(_INVITE, *row) is None:
        return False
    if due_at <= moment.now:
        await open_invitation(tx, programme, member_id, survey.key, occasion.name, moment)
    return True


async def open_survey(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    survey_key: str,
    occasion: str,
    moment: Moment,
    store_id: str | None = None,
) -> Invitation | None:
    """Ask the member because a journey or a person says so: targeting, sampling and limits hold as for any trigger.

    `occasion` names it once, at most 56 characters. Repeating the call answers the first invitation. None: not asked.
    """
    if len(occasion) > OCCASION_LENGTH_MAX:
        raise ValueError(f"the occasion '{occasion}' is longer than {OCCASION_LENGTH_MAX} characters")
    survey = programme.section(SurveysConfig).find(survey_key)
    if survey is None:
        return None
    await invite(tx, programme, member_id, survey, Occasion(occasion, moment.now, store_id), moment)
    return (await queries.past_of(tx, member_id)).find(survey_key, occasion)


async def open_invitation(
    tx: Transaction, programme: Programme, member_id: MemberId, survey_key: str, occasion: str, moment: Moment
) -> bool:
    """Open what is due and announce it, or note what hinders it, which skips it or lets it wait. Whether it opened.

    Two callers at once open it once: the member's operations are serial.
    """
    await tx.lock_member(member_id)
    past = await queries.past_of(tx, member_id)
    invitation = past.find(survey_key, occasion)
    facts = await find_facts(tx, programme, member_id, moment.now)
    if invitation is None or invitation.state != "waiting" or invitation.opens_at > moment.now:
        return False
    key = (member_id, survey_key, occasion)
    status = await status_of(tx, programme, member_id, moment)
    tier = status.current if status else None
    reason = openness.hindrance(programme, invitation, facts, tier, past, moment) if facts else "inactive"
    if reason is None and facts is not None:
        assert invitation.closes_at is not None, "only what is always open has no end, and that is never invited to"
        await tx.execute(_OPEN, *key, moment.now, tier, list(facts.values.get("member.segments") or ()))
        await tx.publish(
            SurveyOpened(
                member_id=member_id, occurred_at=moment.now, survey_key=survey_key, occasion=occasion,
                closes_at=invitation.closes_at,
            )
        )  # fmt: skip
    elif reason is not None and (later := _later(programme, invitation, reason, moment)) is not None:
        await tx.execute(_POSTPONE, *key, later)
    else:
        await tx.execute(_SKIP, *key, reason)
    return reason is None


async def open_due(database: Database, programme_at: Callable[[datetime], Awaitable[Programme]], moment: Moment) -> int:
    """Open every survey that is due at this moment, a transaction each: killed in the middle, the next run goes on."""
    programme, opened = await programme_at(moment.now), 0
    while True:
        rows = await database.reader.fetch(
            """
            SELECT member_id, survey_key, occasion FROM survey_invitation
             WHERE state = 'waiting' AND opens_at <= $1 ORDER BY opens_at LIMIT $2
            """,
            moment.now, BATCH,
        )  # fmt: skip
        for row in rows:
            opened += await _open_one(database, programme, MemberId(row["member_id"]), row["survey_key"],
                                      row["occasion"], moment)  # fmt: skip
        if len(rows) < BATCH:
            return opened


async def close_due(database: Database, moment: Moment) -> int:
    """Mark as expired what was not answered in time (a draft stays); forget why others were skipped long ago."""
    closed = 0
    while True:
        rows = await database.reader.fetch(
            "SELECT DISTINCT member_id FROM survey_invitation WHERE state = 'open' AND closes_at <= $1 LIMIT $2",
            moment.now, BATCH,
        )  # fmt: skip
        for row in rows:
            closed += await _close_one(database, MemberId(row["member_id"]), moment)
        if len(rows) < BATCH:
            break
    async with database.transaction() as tx:
        before = moment.now - timedelta(days=SKIPPED_KEPT_DAYS)
        await tx.execute("DELETE FROM survey_invitation WHERE state = 'skipped' AND due_at < $1", before)
    return closed


async def withdraw_returned(tx: Transaction, member_id: MemberId, purchase_id: str) -> None:
    """A purchase came back whole: nobody is asked about it who was not asked yet."""
    await tx.execute(
        """
        UPDATE survey_invitation SET state = 'skipped', reason = 'returned'
         WHERE member_id = $1 AND occasion = $2 AND state = 'waiting'
        """,
        member_id, purchase_id,
    )  # fmt: skip


async def _open_one(
    database: Database, programme: Programme, member_id: MemberId, survey_key: str, occasion: str, moment: Moment
) -> bool:
    try:
        async with database.transaction() as tx:
            return await open_invitation(tx, programme, member_id, survey_key, occasion, moment)
    except DATABASE_LOST:
        raise
    except Exception:  # one member's trouble must not keep everybody behind them from being asked
        log.exception("survey_not_opened", survey=survey_key, member_id=str(member_id))
        async with database.transaction() as tx:
            await tx.execute(_POSTPONE, member_id, survey_key, occasion, moment.now + timedelta(minutes=RETRY_MINUTES))
        return False


async def _close_one(database: Database, member_id: MemberId, moment: Moment) -> int:
    async with database.transaction() as tx:
        await tx.lock_member(member_id)
        rows = await tx.fetch(
            """
            UPDATE survey_invitation SET state = 'expired'
             WHERE member_id = $1 AND state = 'open' AND closes_at <= $2 RETURNING survey_key
            """,
            member_id, moment.now,
        )  # fmt: skip
        if rows:
            await tx.touch(member_id)
        return len(rows)


def _due_at(trigger: TriggerBase, occasion: Occasion) -> datetime:
    days = getattr(trigger, "days", 0)  # after_joining: so many days, and the delay on top
    return occasion.occurred_at + timedelta(days=days, minutes=trigger.delay_minutes)


def _later(programme: Programme, invitation: Invitation, reason: Hindrance, moment: Moment) -> datetime | None:
    """When it has another try, if it may wait: a day later, within `wait_days` and before it closes."""
    survey = programme.section(SurveysConfig).find(invitation.survey_key)
    if survey is None or reason not in openness.LIMITS:
        return None
    later = moment.now + timedelta(days=1)
    last = invitation.due_at + timedelta(days=survey.wait_days)
    in_time = invitation.closes_at is None or later < invitation.closes_at
    return later if later <= last and in_time else None
