"""Reading a member's facts, the segments as they stand, and whom a condition reaches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import MonthDay
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments import audiences, rfm
from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.config import SegmentConfig, SegmentsConfig
from fedele.domains.segments.facts import FIRST
from fedele.domains.segments.membership import Condition
from fedele.domains.segments.types import Insider, MemberFacts, Preview, RfmCuts, SegmentStatus, Stint
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Expression
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, from_units
from fedele.kernel.pages import Page, decode_position, encode_cursor

# $2 the instant · $3 home currency · $4 where the window of 365 local days began: as in `facts.py`, lest an offer and a
# segment with the same condition judge the same member differently.
_READ = """
SELECT m.member_id, m.status, m.joined_at, p.locale, p.time_zone, p.birthday_month, p.birthday_day, p.home_store,
       p.preferences, b.purchases_count, b.last_purchase_at, b.spend_minor, r.returned_minor, l.balances,
       memberships_at_v1(m.member_id, $2) AS memberships,
       ARRAY(SELECT d.badge_key FROM member_badge d
              WHERE d.member_id = m.member_id AND d.earned_at <= $2 ORDER BY 1) AS badges,
       ARRAY(SELECT g.segment_key FROM segment_member g
              WHERE g.member_id = m.member_id AND g.entered_at <= $2 AND (g.left_at IS NULL OR g.left_at > $2)
              ORDER BY 1) AS segments,
       (SELECT jsonb_object_agg(a.survey_key, a.facts)
          FROM (SELECT DISTINCT ON (survey_key) survey_key, facts FROM survey_answer
                 WHERE member_id = m.member_id AND answered_at <= $2
                 ORDER BY survey_key, answered_at DESC, answer_id DESC) AS a) AS answers
  FROM member m
  LEFT JOIN member_profile p ON p.member_id = m.member_id
  LEFT JOIN LATERAL (
       SELECT count(*) AS purchases_count, max(occurred_at) AS last_purchase_at,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $4 AND currency = $3), 0)::bigint AS spend_minor
         FROM purchase WHERE member_id = m.member_id AND occurred_at <= $2) b ON true
  LEFT JOIN LATERAL (
       SELECT coalesce(sum(total_minor), 0)::bigint AS returned_minor FROM purchase_return
        WHERE member_id = m.member_id AND occurred_at >= $4 AND occurred_at <= $2 AND currency = $3) r ON true
  -- What can be spent at that moment: unexpired, active lots.
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(currency, units) AS balances FROM (
              SELECT currency, sum(remaining)::bigint AS units FROM lot
               WHERE member_id = m.member_id AND remaining > 0 AND state = 'active'
                 AND (expires_at IS NULL OR expires_at > $2)
               GROUP BY currency) AS spendable) l ON true
 WHERE m.member_id = ANY($1::uuid[])
"""


async def find_facts(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> MemberFacts | None:
    """What is known of the member at this moment, in one statement; None for nobody."""
    return (await facts_by_member(db, programme, [member_id], at)).get(member_id)


async def facts_by_member(
    db: Queryable, programme: Programme, member_ids: Sequence[MemberId], at: datetime
) -> Mapping[MemberId, MemberFacts]:
    """The same of many members, in one statement; who is not there is missing."""
    names = FactNames.of(programme, at)
    rows = await db.fetch(_READ, list(member_ids), at, names.home_currency, names.since(365))
    return {MemberId(row["member_id"]): _facts(row, programme, at) for row in rows}


def _facts(row: Row, programme: Programme, at: datetime) -> MemberFacts:
    config = programme.section(ProgrammeConfig)
    currencies = programme.section(Currencies)
    zone = ZoneInfo(config.time_zone)
    today = at.astimezone(zone).date()
    locale = row["locale"] or config.default_locale
    country = locale.partition("-")[2] or None
    last_purchase_at, joined_at = row["last_purchase_at"], row["joined_at"]
    held = row["balances"] or {}
    values = {
        "member.memberships": list(row["memberships"]),
        "member.joined_at": joined_at,
        "member.days_since_joined": (today - joined_at.astimezone(zone).date()).days,
        "member.purchases_count": row["purchases_count"],
        "member.days_since_purchase": (today - last_purchase_at.astimezone(zone).date()).days
        if last_purchase_at
        else None,
        "member.spend_12_months": Money(row["spend_minor"] - row["returned_minor"], config.home_currency).decimal,
        "member.balances": {c.key: from_units(held.get(c.key, 0), c.decimals) for c in currencies},
        "member.birth_month": row["birthday_month"],
        "member.birth_day": row["birthday_day"],
        "member.days_since_birthday": MonthDay(row["birthday_month"], row["birthday_day"]).days_since(today)
        if row["birthday_month"] and row["birthday_day"]
        else None,
        "member.locale": locale,
        "member.country": country,
        "member.favourite_store": row["home_store"],
        "member.segments": list(row["segments"]),
        "member.badges": list(row["badges"]),
        "member.attributes": row["preferences"] or {},
        "member.answers": row["answers"] or {},
    }
    time_zone = row["time_zone"] or config.time_zone
    return MemberFacts(values, locale, time_zone, country, row["status"] == "active")


async def preview(db: Queryable, programme: Programme, when: Expression, moment: Moment, sample: int = 10) -> Preview:
    """Who would be in a segment with this condition (of SEGMENT_ENVIRONMENT), and how each part narrows it."""
    return await audiences.preview(db, await _names(db, programme, moment), when, sample)


async def count_audience(db: Queryable, programme: Programme, when: Expression, moment: Moment) -> int:
    """How many active members a condition over `member` and `now` holds for."""
    return await audiences.count(db, await _names(db, programme, moment), audiences.as_segment(when.text))


async def audience_page(
    db: Queryable,
    programme: Programme,
    when: Expression,
    moment: Moment,
    after: MemberId | None = None,
    limit: int = 1_000,
) -> list[MemberId]:
    """The next active members, in order of their id, for whom a condition over `member` and `now` holds."""
    names = await _names(db, programme, moment)
    return await audiences.page(db, names, audiences.as_segment(when.text), after, limit)


async def segment_page(
    db: Queryable, segment: str, after: MemberId | None = None, limit: int = 1_000
) -> list[MemberId]:
    """The next members of a segment as it stands, in order of their id; fewer than `limit` at the end."""
    return await audiences.page_of_segment(db, segment, after, limit)


async def count_members(db: Queryable, segment: str) -> int:
    """How many are in a segment now."""
    return await audiences.count_inside(db, segment)


async def list_statuses(db: Queryable, programme: Programme) -> tuple[SegmentStatus, ...]:
    """Every segment of the programme as it stands, in the file's order."""
    segments = programme.section(SegmentsConfig)
    rows = await db.fetch(
        """
        SELECT k.key, r.refreshed_at, r.compiled, r.milliseconds,
               (SELECT count(*) FROM segment_member m WHERE m.segment_key = k.key AND m.left_at IS NULL) AS inside
          FROM unnest($1::text[]) AS k(key) LEFT JOIN segment_refresh r ON r.segment_key = k.key
        """,
        [segment.key for segment in segments],
    )
    found = {row["key"]: row for row in rows}
    return tuple(_status(segment, found[segment.key]) for segment in segments)


async def list_stints(db: Queryable, member_id: MemberId) -> tuple[Stint, ...]:
    """The segments a member is or was in, the latest entry first."""
    rows = await db.fetch(
        "SELECT * FROM segment_member WHERE member_id = $1 ORDER BY entered_at DESC, segment_key", member_id
    )
    return tuple(Stint(r["segment_key"], r["entered_at"], r["left_at"], r["entries_count"]) for r in rows)


async def list_insiders(db: Queryable, segment: str, first: int, after: str | None = None) -> Page[Insider]:
    """Who is inside a segment now, in order of their ids. Raises MalformedCursor."""
    last = decode_position(after, UUID)[0] if after else FIRST
    rows = await db.fetch(
        "SELECT member_id, entered_at FROM segment_member WHERE segment_key = $1 AND left_at IS NULL"
        " AND member_id > $2::uuid ORDER BY member_id LIMIT $3",
        segment, last, first + 1,
    )  # fmt: skip
    shown = rows[:first]
    return Page(
        items=tuple(Insider(MemberId(row["member_id"]), row["entered_at"]) for row in shown),
        cursors=tuple(encode_cursor(str(row["member_id"])) for row in shown),
        has_next=len(rows) > first,
    )


def read_condition(text: str) -> Expression:
    """A condition that somebody typed, with the names of segments. Raises ExpressionMistake with its place."""
    return audiences.as_segment(text)


async def find_rfm_cuts(db: Queryable, moment: Moment) -> RfmCuts | None:
    """The cut points in force; None before the first measurement."""
    return await rfm.find_cuts(db, moment.now)


def why_not_compiled(programme: Programme, when: Expression, moment: Moment) -> str | None:
    """Why a condition has no SQL, with its line and column, so that members are judged one by one; None: it has."""
    return Condition.of(when, FactNames.of(programme, moment.now)).reason


async def export_personal_data(db: Queryable, member_id: MemberId) -> Any:
    """What is kept of the member: the facts that segments read, and the segments."""
    row = await db.fetch_row("SELECT * FROM member_facts WHERE member_id = $1", member_id)
    facts = {} if row is None else {key: _exported(value) for key, value in row.items() if key != "member_id"}
    stints = [
        {
            "segment": stint.segment,
            "entered_at": stint.entered_at.isoformat(),
            "left_at": stint.left_at.isoformat() if stint.left_at else None,
        }
        for stint in await list_stints(db, member_id)
    ]
    return {"facts": facts, "segments": stints}


async def _names(db: Queryable, programme: Programme, moment: Moment) -> FactNames:
    return FactNames.of(programme, moment.now, await rfm.find_cuts(db, moment.now))


def _status(segment: SegmentConfig, row: Row) -> SegmentStatus:
    return SegmentStatus(segment.key, row["inside"], row["refreshed_at"], row["compiled"], row["milliseconds"])


def _exported(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
