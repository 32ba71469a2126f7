"""One member's invitations and answers, and the stream of all answers."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.programme.types import Programme
from fedele.domains.surveys.completeness import scores_of
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.events import SurveyAnswered
from fedele.domains.surveys.types import Answer, AnswerId, Invitation, Past
from fedele.kernel.ids import MemberId

RESPONSES_A_PAGE = 1_000

_ANSWER = "a.answer_id, a.answers, a.edits, a.currency, a.units, a.redemption_id"

# What was skipped decides nothing. A member is asked a few times a year, so that this stays one short statement.
_PAST = f"""
SELECT i.survey_key, i.occasion, i.state, i.due_at, i.opens_at, i.closes_at, i.opened_at, i.answered_at, i.store_id,
       d.answers AS draft, {_ANSWER}
  FROM survey_invitation i
  LEFT JOIN survey_draft d USING (member_id, survey_key, occasion)
  LEFT JOIN survey_answer a USING (member_id, survey_key, occasion)
 WHERE i.member_id = $1 AND i.state <> 'skipped'
 ORDER BY i.due_at, i.survey_key, i.occasion
"""

_RESPONSES = """
SELECT a.member_id, a.answer_id, a.survey_key AS survey, a.occasion, a.answered_at, a.edited_at, a.programme_version,
       i.store_id AS store, i.tier, i.segments, a.answers
  FROM survey_answer a
  LEFT JOIN survey_invitation i USING (member_id, survey_key, occasion)
 WHERE ($1::text IS NULL OR a.survey_key = $1) AND (a.answered_at, a.answer_id) > ($2, $3)
 ORDER BY a.answered_at, a.answer_id LIMIT $4
"""


async def past_of(db: Queryable, member_id: MemberId) -> Past:
    """What decides which surveys are open, in one statement."""
    return Past(tuple(_invitation(row, member_id) for row in await db.fetch(_PAST, member_id)))


async def find_answer(db: Queryable, member_id: MemberId, survey_key: str, occasion: str) -> Answer | None:
    """The member's answer about this occasion, or None."""
    row = await db.fetch_row(
        f"""
        SELECT a.survey_key, a.occasion, a.answered_at, {_ANSWER} FROM survey_answer AS a
         WHERE member_id = $1 AND survey_key = $2 AND occasion = $3
        """,
        member_id, survey_key, occasion,
    )  # fmt: skip
    return _answer(row, member_id) if row else None


async def answers_of(db: Queryable, member_id: MemberId, answer_id: UUID) -> Mapping[str, Any] | None:
    """What was answered, texts included, as it is after the latest edit: question key → value. None: erased."""
    sql = "SELECT answers FROM survey_answer WHERE member_id = $1 AND answer_id = $2"
    answers: Mapping[str, Any] | None = await db.fetch_value(sql, member_id, answer_id)
    return answers


async def last_answered_at(db: Queryable, member_id: MemberId, answer_id: UUID) -> datetime | None:
    """When the answer was given, or changed for the last time. None: erased."""
    sql = "SELECT coalesce(edited_at, answered_at) FROM survey_answer WHERE member_id = $1 AND answer_id = $2"
    at: datetime | None = await db.fetch_value(sql, member_id, answer_id)
    return at


async def announcement_of(
    db: Queryable, programme: Programme, member_id: MemberId, answer_id: UUID
) -> SurveyAnswered | None:
    """What was announced of an answer, as it is after the latest edit; None: erased, or its survey is gone."""
    row = await db.fetch_row(
        """
        SELECT survey_key, occasion, answers, coalesce(edited_at, answered_at) AS at, edited_at IS NOT NULL AS edited
          FROM survey_answer WHERE member_id = $1 AND answer_id = $2
        """,
        member_id, answer_id,
    )  # fmt: skip
    survey = programme.section(SurveysConfig).find(row["survey_key"]) if row else None
    if row is None or survey is None:
        return None
    return SurveyAnswered(
        member_id=member_id, occurred_at=row["at"], answer_id=answer_id, survey_key=survey.key,
        occasion=row["occasion"], scores=scores_of(survey, row["answers"]),
        texts=tuple(key for key in row["answers"] if key in survey.words), edited=row["edited"],
    )  # fmt: skip


async def next_due(db: Queryable, after: datetime) -> datetime | None:
    """The next instant at which a survey opens to somebody, or closes; None where nobody waits."""
    at: datetime | None = await db.fetch_value(
        """
        SELECT min(at) FROM (
            SELECT min(opens_at) AS at FROM survey_invitation WHERE state = 'waiting' AND opens_at > $1
            UNION ALL
            SELECT min(closes_at) FROM survey_invitation WHERE state = 'open' AND closes_at > $1) AS next
        """,
        after,
    )
    return at


async def track_record(db: Queryable, member_id: MemberId, first: int = 50) -> list[dict[str, Any]]:
    """For support: what the member was asked, what they were not asked and why, the newest first."""
    rows = await db.fetch(
        """
        SELECT survey_key, occasion, state, reason, due_at, opened_at, answered_at FROM survey_invitation
         WHERE member_id = $1 ORDER BY due_at DESC, survey_key, occasion LIMIT $2
        """,
        member_id, first,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def responses(db: Queryable, survey_key: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Every complete answer, oldest first, with what was known of the member when it was asked. Personal data."""
    at, last = datetime.fromisoformat("0001-01-02T00:00:00+00:00"), UUID(int=0)
    while True:
        rows = await db.fetch(_RESPONSES, survey_key, at, last, RESPONSES_A_PAGE)
        for row in rows:
            yield dict(row)
        if len(rows) < RESPONSES_A_PAGE:
            return
        at, last = rows[-1]["answered_at"], rows[-1]["answer_id"]


async def export_personal_data(db: Queryable, member_id: MemberId) -> list[dict[str, Any]]:
    """All that the member was asked and answered, complete or not (GDPR articles 15 and 20)."""
    rows = await db.fetch(
        """
        SELECT i.survey_key, i.occasion, i.opened_at, i.answered_at, coalesce(a.answers, d.answers) AS answers
          FROM survey_invitation i
          LEFT JOIN survey_draft d USING (member_id, survey_key, occasion)
          LEFT JOIN survey_answer a USING (member_id, survey_key, occasion)
         WHERE i.member_id = $1 ORDER BY i.due_at, i.survey_key, i.occasion
        """,
        member_id,
    )
    return [
        {
            "survey": row["survey_key"],
            "about": row["occasion"] or None,
            "openedAt": row["opened_at"].isoformat() if row["opened_at"] else None,
            "answeredAt": row["answered_at"].isoformat() if row["answered_at"] else None,
            "answers": row["answers"],
        }
        for row in rows
    ]


def _invitation(row: Row, member_id: MemberId) -> Invitation:
    return Invitation(
        member_id,
        row["survey_key"],
        row["occasion"],
        row["state"],
        row["due_at"],
        row["opens_at"],
        row["closes_at"],
        row["opened_at"],
        row["answered_at"],
        row["store_id"],
        row["draft"],
        _answer(row, member_id) if row["answer_id"] else None,
    )


def _answer(row: Row, member_id: MemberId) -> Answer:
    return Answer(
        AnswerId(row["answer_id"]),
        member_id,
        row["survey_key"],
        row["occasion"],
        row["answered_at"],
        row["answers"],
        row["edits"],
        row["currency"],
        row["units"],
        row["redemption_id"],
    )
