"""Reading support: cases as staff and as the member see them, what was read out of texts, what was given and asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.support.types import (
    OPEN_STATES,
    Case,
    CaseId,
    CaseState,
    Feeling,
    MakeGoodRecord,
    Note,
    Reading,
    SourceKind,
    Step,
)
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_position, encode_cursor
from fedele.kernel.refusal import NotFound

EVER = datetime.min.replace(tzinfo=UTC)

# A case with its notes and what was given for the same cause.
_CASE = """
SELECT c.*,
       (SELECT jsonb_agg(jsonb_build_array(n.at, n.actor, n.shown, n.words) ORDER BY n.note_id)
          FROM support_case_note AS n WHERE n.member_id = c.member_id AND n.case_id = c.case_id) AS notes,
       (SELECT jsonb_agg(jsonb_build_array(m.rule, m.cause_kind, m.cause_id, m.outcome, m.currency, m.units,
                                           m.redemption_id, m.decided_at) ORDER BY m.make_good_id)
          FROM make_good AS m
         WHERE m.member_id = c.member_id AND m.cause_kind = c.source_kind AND m.cause_id = c.source_id) AS make_goods
  FROM support_case AS c
"""
_MAKE_GOOD = """
SELECT rule, cause_kind, cause_id, outcome, currency, units, redemption_id, decided_at FROM make_good
"""


async def find_case(db: Queryable, member_id: MemberId, case_id: CaseId) -> Case | None:
    """One case, or None."""
    row = await db.fetch_row(_CASE + " WHERE c.member_id = $1 AND c.case_id = $2", member_id, case_id)
    return _case(row) if row else None


async def get_case(db: Queryable, member_id: MemberId, case_id: CaseId) -> Case:
    """One case. Raises NotFound."""
    case = await find_case(db, member_id, case_id)
    if case is None:
        raise NotFound(what="case", field="caseId")
    return case


async def list_cases(
    db: Queryable,
    states: Sequence[CaseState],
    first: int,
    after: str | None = None,
    *,
    owner: str | None = None,
    assignee: str | None = None,
    overdue_at: datetime | None = None,
) -> Page[Case]:
    """The queue: the urgent first, then what is due first. Raises MalformedCursor."""
    urgency, due_at, last_id = decode_position(after, int, datetime, UUID) if after else (-1, EVER, UUID(int=0))
    rows = await db.fetch(
        _CASE
        + """
         WHERE c.state = ANY($1::text[])
           AND (c.urgency, c.due_at, c.case_id) > ($2::int, $3::timestamptz, $4::uuid)
           AND ($5::text IS NULL OR c.owner = $5) AND ($6::text IS NULL OR c.assignee = $6)
           AND ($7::timestamptz IS NULL OR c.due_at <= $7)
         ORDER BY c.urgency, c.due_at, c.case_id LIMIT $8
        """,
        list(states), urgency, due_at, last_id, owner, assignee, overdue_at, first + 1,
    )  # fmt: skip
    shown = rows[:first]
    return Page(
        items=tuple(_case(row) for row in shown),
        cursors=tuple(encode_cursor(row["urgency"], row["due_at"].isoformat(), str(row["case_id"])) for row in shown),
        has_next=len(rows) > first,
    )


async def cases_of_member(db: Queryable, member_id: MemberId, count: int = 50) -> list[Case]:
    """The member's cases, the newest first."""
    rows = await db.fetch(_CASE + " WHERE c.member_id = $1 ORDER BY c.case_id DESC LIMIT $2", member_id, count)
    return [_case(row) for row in rows]


async def has_open_case(db: Queryable, member_id: MemberId) -> bool:
    """Whether somebody still owes this member an answer."""
    sql = "SELECT EXISTS (SELECT FROM support_case WHERE member_id = $1 AND state = ANY($2::text[]))"
    return bool(await db.fetch_value(sql, member_id, list(OPEN_STATES)))


async def steps_of(db: Queryable, member_id: MemberId, case_id: CaseId) -> list[Step]:
    """How a case went, the first step first."""
    rows = await db.fetch(
        """
        SELECT at, actor, from_state, to_state, assignee FROM support_case_step
         WHERE member_id = $1 AND case_id = $2 ORDER BY step_id
        """,
        member_id, case_id,
    )  # fmt: skip
    return [Step(**dict(row)) for row in rows]


async def readings_of(db: Queryable, member_id: MemberId, kind: SourceKind, source_id: UUID) -> list[Reading]:
    """What was read out of the texts of one source."""
    rows = await db.fetch(
        "SELECT * FROM text_reading WHERE member_id = $1 AND source_kind = $2 AND source_id = $3 ORDER BY part",
        member_id, kind, source_id,
    )  # fmt: skip
    return [_reading(row) for row in rows]


async def is_made_good(db: Queryable, member_id: MemberId, rule: str, cause_id: UUID) -> bool:
    """Whether this make-good was decided for this cause."""
    sql = "SELECT EXISTS (SELECT FROM make_good WHERE member_id = $1 AND rule = $2 AND cause_id = $3)"
    return bool(await db.fetch_value(sql, member_id, rule, cause_id))


async def count_make_goods(db: Queryable, member_id: MemberId, rule: str, since: datetime | None) -> int:
    """How often the member was given this since then."""
    return int(
        await db.fetch_value(
            """
            SELECT count(*) FROM make_good
             WHERE member_id = $1 AND rule = $2 AND outcome = 'given' AND ($3::timestamptz IS NULL OR decided_at >= $3)
            """,
            member_id, rule, since,
        )
    )  # fmt: skip


async def list_make_goods(db: Queryable, member_id: MemberId, count: int = 50) -> list[MakeGoodRecord]:
    """What was considered for the member, the newest first."""
    rows = await db.fetch(_MAKE_GOOD + " WHERE member_id = $1 ORDER BY make_good_id DESC LIMIT $2", member_id, count)
    return [_make_good(row) for row in rows]


async def was_asked(db: Queryable, member_id: MemberId, what: str, since: datetime) -> bool:
    """Whether the member was asked for this since then."""
    sql = "SELECT EXISTS (SELECT FROM support_ask WHERE member_id = $1 AND what = $2 AND asked_at > $3)"
    return bool(await db.fetch_value(sql, member_id, what, since))


async def list_asks(db: Queryable, member_id: MemberId) -> list[tuple[str, str, datetime]]:
    """What the member was asked for, because of what, and when; the newest first."""
    rows = await db.fetch(
        "SELECT what, because, asked_at FROM support_ask WHERE member_id = $1 ORDER BY ask_id DESC LIMIT 50", member_id
    )
    return [(row["what"], row["because"], row["asked_at"]) for row in rows]


async def export_personal_data(db: Queryable, member_id: MemberId) -> Any:
    """What is kept about the member: findings about their words, cases with what was written, what was given."""
    readings = await db.fetch("SELECT * FROM text_reading WHERE member_id = $1 ORDER BY read_at", member_id)
    cases = await db.fetch(_CASE + " WHERE c.member_id = $1 ORDER BY c.case_id", member_id)
    return {
        "readings": [
            {
                "source": row["source_kind"], "part": row["part"], "read_at": row["read_at"].isoformat(),
                "language": row["language"], "negative": row["negative"], "positive": row["positive"],
                "themes": list(row["themes"]), "urgent_for": list(row["urgent_for"]),
            }
            for row in readings
        ],
        "cases": [
            {
                "opened_at": row["opened_at"].isoformat(), "state": row["state"], "outcome": row["outcome"],
                "evidence": row["evidence"],
                "notes": [{"at": at, "by": actor, "words": words} for at, actor, _, words in row["notes"] or ()],
            }
            for row in cases
        ],
        "make_goods": [
            {"rule": one.rule, "outcome": one.outcome, "units": one.units, "at": one.decided_at.isoformat()}
            for one in await list_make_goods(db, member_id)
        ],
        "asked_for": [
            {"what": what, "because": because, "at": at.isoformat()}
            for what, because, at in await list_asks(db, member_id)
        ],
    }  # fmt: skip


def _reading(row: Row) -> Reading:
    feeling = None
    if row["model"] is not None:
        feeling = Feeling(row["negative"], row["neutral"], row["positive"])
    return Reading(
        row["part"], row["language"], feeling, row["model"], tuple(row["themes"]), tuple(row["urgent_for"]),
        row["contradicts"],
    )  # fmt: skip


def _make_good(row: Row) -> MakeGoodRecord:
    return MakeGoodRecord(**dict(row))


def _case(row: Row) -> Case:
    values = {key: value for key, value in dict(row).items() if key not in ("case_id", "notes", "make_goods")}
    return Case(
        id=CaseId(row["case_id"]),
        **values,
        notes=tuple(
            Note(datetime.fromisoformat(at), actor, shown, words) for at, actor, shown, words in row["notes"] or ()
        ),
        make_goods=tuple(
            MakeGoodRecord(
                rule, kind, UUID(cause), outcome, currency, units, UUID(redeemed) if redeemed else None,
                datetime.fromisoformat(at),
            )
            for rule, kind, cause, outcome, currency, units, redeemed, at in row["make_goods"] or ()
        ),
    )  # fmt: skip
