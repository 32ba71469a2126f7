"""Reading the community: what waits for a moderator, what a member sent, seats, results."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.community.config import About
from fedele.domains.community.types import (
    Award,
    Candidate,
    Entry,
    EntryId,
    ModerationState,
    Picture,
    PictureId,
    Place,
    PlaceId,
    Result,
    Review,
    ReviewId,
)
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_position, encode_cursor
from fedele.kernel.refusal import NotFound

EVER = datetime.min.replace(tzinfo=UTC)

_ENTRY = """
SELECT e.*, (SELECT count(*) FROM contest_vote AS v WHERE v.contest_key = e.contest_key AND v.entry_id = e.entry_id)
            AS votes
  FROM contest_entry AS e
"""


async def find_picture(db: Queryable, member_id: MemberId, picture_id: PictureId) -> Picture | None:
    """A picture without its bytes, or None."""
    row = await db.fetch_row(
        "SELECT width, height, uploaded_at FROM member_picture WHERE member_id = $1 AND picture_id = $2",
        member_id, picture_id,
    )  # fmt: skip
    return Picture(picture_id, member_id, row["width"], row["height"], row["uploaded_at"]) if row else None


async def picture_bytes(db: Queryable, picture_id: PictureId) -> bytes | None:
    """A picture as JPEG, or None: for whoever holds its link, which does not say whose it is."""
    found: bytes | None = await db.fetch_value("SELECT bytes FROM member_picture WHERE picture_id = $1", picture_id)
    return found


async def find_review(db: Queryable, member_id: MemberId, review_id: ReviewId) -> Review | None:
    """One review, or None."""
    row = await db.fetch_row("SELECT * FROM review WHERE member_id = $1 AND review_id = $2", member_id, review_id)
    return _review(row) if row else None


async def get_review(db: Queryable, member_id: MemberId, review_id: ReviewId) -> Review:
    """One review. Raises NotFound."""
    review = await find_review(db, member_id, review_id)
    if review is None:
        raise NotFound(what="review", field="id")
    return review


async def find_review_about(db: Queryable, member_id: MemberId, about: About, subject: str) -> Review | None:
    """The member's review of one thing, or None."""
    row = await db.fetch_row(
        "SELECT * FROM review WHERE member_id = $1 AND about = $2 AND subject = $3", member_id, about, subject
    )
    return _review(row) if row else None


async def reviews_of(db: Queryable, member_id: MemberId, count: int = 50) -> list[Review]:
    """The member's own reviews, the newest first."""
    rows = await db.fetch(
        "SELECT * FROM review WHERE member_id = $1 ORDER BY review_id DESC LIMIT $2", member_id, count
    )
    return [_review(row) for row in rows]


async def reviews_about(db: Queryable, about: About, subject: str, count: int = 50) -> list[Review]:
    """Approved reviews of one thing, the newest first."""
    rows = await db.fetch(
        """
        SELECT * FROM review WHERE about = $1 AND subject = $2 AND state = 'approved'
         ORDER BY review_id DESC LIMIT $3
        """,
        about, subject, count,
    )  # fmt: skip
    return [_review(row) for row in rows]


async def stars_of(db: Queryable, about: About, subject: str) -> tuple[int, float | None]:
    """How many approved reviews a thing has, and their mean stars."""
    row = await db.fetch_row(
        "SELECT count(*) AS n, avg(stars)::float8 AS mean FROM review "
        "WHERE about = $1 AND subject = $2 AND state = 'approved'",
        about, subject,
    )  # fmt: skip
    assert row is not None, "an aggregate always answers"
    return row["n"], row["mean"]


async def count_awarded_reviews(db: Queryable, member_id: MemberId, since: datetime) -> int:
    """How many reviews brought the member something since then."""
    return int(
        await db.fetch_value(
            """
            SELECT count(*) FROM review WHERE member_id = $1 AND state = 'approved' AND decided_at >= $2
               AND (units > 0 OR redemption_id IS NOT NULL)
            """,
            member_id, since,
        )
    )  # fmt: skip


async def has_bought(db: Queryable, member_id: MemberId, about: About, subject: str) -> bool:
    """Whether the member bought this product and did not bring all of it back, or bought at this store."""
    if about == "store":
        sql = "SELECT EXISTS (SELECT FROM purchase WHERE member_id = $1 AND store_id = $2)"
    else:
        sql = """
        SELECT EXISTS (SELECT FROM purchase_line WHERE member_id = $1 AND sku = $2 AND quantity > returned_quantity)
        """
    return bool(await db.fetch_value(sql, member_id, subject))


async def list_reviews(
    db: Queryable, states: Sequence[ModerationState], first: int, after: str | None = None
) -> Page[Review]:
    """Reviews in these states, the oldest first: a queue. Raises MalformedCursor."""
    rows = await _queue(db, "SELECT * FROM review AS q", "review_id", states, first, after)
    return _page(rows, first, "review_id", [_review(row) for row in rows[:first]])


async def list_entries(
    db: Queryable, states: Sequence[ModerationState], first: int, after: str | None = None
) -> Page[Entry]:
    """Entries in these states, the oldest first: a queue. Raises MalformedCursor."""
    rows = await _queue(db, _ENTRY.replace("contest_entry AS e", "contest_entry AS q").replace("e.", "q."),
                        "entry_id", states, first, after)  # fmt: skip
    return _page(rows, first, "entry_id", [_entry(row) for row in rows[:first]])


async def find_entry(db: Queryable, member_id: MemberId, entry_id: EntryId) -> Entry | None:
    """One entry, or None."""
    row = await db.fetch_row(_ENTRY + " WHERE e.member_id = $1 AND e.entry_id = $2", member_id, entry_id)
    return _entry(row) if row else None


async def find_entry_in(db: Queryable, contest_key: str, entry_id: EntryId) -> Entry | None:
    """An approved entry of a contest, whoever's it is, or None."""
    row = await db.fetch_row(
        _ENTRY + " WHERE e.contest_key = $1 AND e.state = 'approved' AND e.entry_id = $2", contest_key, entry_id
    )
    return _entry(row) if row else None


async def get_entry(db: Queryable, member_id: MemberId, entry_id: EntryId) -> Entry:
    """One entry. Raises NotFound."""
    entry = await find_entry(db, member_id, entry_id)
    if entry is None:
        raise NotFound(what="entry", field="id")
    return entry


async def entries_of(db: Queryable, member_id: MemberId, contest_key: str | None = None) -> list[Entry]:
    """The member's own entries, the newest first."""
    rows = await db.fetch(
        _ENTRY
        + " WHERE e.member_id = $1 AND ($2::text IS NULL OR e.contest_key = $2) ORDER BY e.entry_id DESC LIMIT 200",
        member_id, contest_key,
    )  # fmt: skip
    return [_entry(row) for row in rows]


async def gallery(db: Queryable, contest_keys: Sequence[str], count: int = 100) -> dict[str, list[Entry]]:
    """Approved entries of contests, the newest first."""
    rows = await db.fetch(
        """
        SELECT e.*, (SELECT count(*) FROM contest_vote AS v
                      WHERE v.contest_key = e.contest_key AND v.entry_id = e.entry_id) AS votes
          FROM unnest($1::text[]) AS wanted (contest_key), LATERAL (
               SELECT * FROM contest_entry AS c WHERE c.contest_key = wanted.contest_key AND c.state = 'approved'
                ORDER BY c.entry_id DESC LIMIT $2) AS e
        """,
        list(contest_keys), count,
    )  # fmt: skip
    found: dict[str, list[Entry]] = {key: [] for key in contest_keys}
    for row in rows:
        found[row["contest_key"]].append(_entry(row))
    return found


async def candidates_of(db: Queryable, contest_key: str) -> list[Candidate]:
    """The approved entries of a contest with their votes; those of erased members have no picture to win with."""
    rows = await db.fetch(
        _ENTRY + " WHERE e.contest_key = $1 AND e.state = 'approved' AND e.picture_id IS NOT NULL", contest_key
    )
    return [Candidate(row["entry_id"], row["member_id"], row["votes"]) for row in rows]


async def has_pending_entries(db: Queryable, contest_key: str) -> bool:
    """Whether entries of a contest still wait for a moderator."""
    sql = "SELECT EXISTS (SELECT FROM contest_entry WHERE contest_key = $1 AND state = 'pending')"
    return bool(await db.fetch_value(sql, contest_key))


async def find_result(db: Queryable, contest_key: str) -> Result | None:
    """How a contest was decided, or None."""
    row = await db.fetch_row("SELECT * FROM contest_result WHERE contest_key = $1", contest_key)
    return Result.of(row) if row else None


async def results_of(db: Queryable, contest_keys: Sequence[str]) -> dict[str, Result]:
    """Results by contest, of those that were decided."""
    rows = await db.fetch("SELECT * FROM contest_result WHERE contest_key = ANY($1::text[])", list(contest_keys))
    return {row["contest_key"]: Result.of(row) for row in rows}


async def find_place(db: Queryable, member_id: MemberId, gathering_key: str) -> Place | None:
    """The member's place at a gathering, or None."""
    row = await db.fetch_row(
        "SELECT * FROM gathering_place WHERE member_id = $1 AND gathering_key = $2", member_id, gathering_key
    )
    return _place(row) if row else None


async def get_place(db: Queryable, member_id: MemberId, gathering_key: str) -> Place:
    """The member's place at a gathering. Raises NotFound."""
    place = await find_place(db, member_id, gathering_key)
    if place is None:
        raise NotFound(what="gathering", field="gatheringId")
    return place


async def places_of(db: Queryable, member_id: MemberId) -> dict[str, Place]:
    """The member's places by gathering."""
    rows = await db.fetch("SELECT * FROM gathering_place WHERE member_id = $1", member_id)
    return {row["gathering_key"]: _place(row) for row in rows}


async def seats_taken(db: Queryable, gathering_keys: Sequence[str]) -> dict[str, int]:
    """Taken seats by gathering."""
    rows = await db.fetch("SELECT * FROM gathering_seat WHERE gathering_key = ANY($1::text[])", list(gathering_keys))
    return {row["gathering_key"]: row["taken"] for row in rows}


async def has_line(db: Queryable, gathering_key: str) -> bool:
    """Whether somebody waits for a seat."""
    sql = "SELECT EXISTS (SELECT FROM gathering_place WHERE gathering_key = $1 AND state = 'waiting')"
    return bool(await db.fetch_value(sql, gathering_key))


async def first_in_line(db: Queryable, gathering_key: str) -> MemberId | None:
    """Who has waited longest for a seat."""
    found: UUID | None = await db.fetch_value(
        """
        SELECT member_id FROM gathering_place WHERE gathering_key = $1 AND state = 'waiting'
         ORDER BY asked_at, place_id LIMIT 1
        """,
        gathering_key,
    )
    return MemberId(found) if found else None


async def guests_of(
    db: Queryable, gathering_key: str, states: Sequence[Literal["joined", "waiting", "attended"]], count: int = 500
) -> list[Place]:
    """Who comes, waits or came, in the order in which they asked."""
    rows = await db.fetch(
        """
        SELECT * FROM gathering_place WHERE gathering_key = $1 AND state = ANY($2::text[])
         ORDER BY asked_at, place_id LIMIT $3
        """,
        gathering_key, list(states), count,
    )  # fmt: skip
    return [_place(row) for row in rows]


async def export_personal_data(db: Queryable, member_id: MemberId) -> Any:
    """What the member gave: reviews, entries, votes, places."""
    votes = await db.fetch("SELECT contest_key, voted_at FROM contest_vote WHERE member_id = $1", member_id)
    pictures = await db.fetch(
        "SELECT picture_id, uploaded_at, width, height FROM member_picture WHERE member_id = $1 ORDER BY uploaded_at",
        member_id,
    )
    return {
        "pictures": [{"uploaded_at": row["uploaded_at"].isoformat(), "width": row["width"], "height": row["height"]}
                     for row in pictures],
        "reviews": [
            {"about": one.about, "subject": one.subject, "stars": one.stars, "body": one.body, "state": one.state,
             "submitted_at": one.submitted_at.isoformat()}
            for one in await reviews_of(db, member_id, 10_000)
        ],
        "entries": [
            {"contest": one.contest_key, "caption": one.caption, "state": one.state,
             "submitted_at": one.submitted_at.isoformat()}
            for one in await entries_of(db, member_id)
        ],
        "votes": [{"contest": row["contest_key"], "voted_at": row["voted_at"].isoformat()} for row in votes],
        "gatherings": [
            {"gathering": one.gathering_key, "state": one.state, "guests": one.guests,
             "asked_at": one.asked_at.isoformat()}
            for one in (await places_of(db, member_id)).values()
        ],
    }  # fmt: skip


async def _queue(
    db: Queryable, select: str, id_column: str, states: Sequence[ModerationState], first: int, after: str | None
) -> list[Row]:
    at, last_id = decode_position(after, datetime, UUID) if after else (EVER, UUID(int=0))
    return await db.fetch(
        f"""
        {select} WHERE q.state = ANY($1::text[])
                   AND (q.submitted_at, q.{id_column}) > ($2::timestamptz, $3::uuid)
         ORDER BY q.submitted_at, q.{id_column} LIMIT $4
        """,
        list(states), at, last_id, first + 1,
    )  # fmt: skip


def _page(rows: Sequence[Row], first: int, id_column: str, items: Sequence[Any]) -> Page[Any]:
    cursors = tuple(encode_cursor(row["submitted_at"].isoformat(), str(row[id_column])) for row in rows[:first])
    return Page(items=tuple(items), cursors=cursors, has_next=len(rows) > first)


def _award(row: Row) -> Award:
    return Award(row["currency"], row["units"], row["transaction_id"], row["redemption_id"])


_AWARD = ("currency", "units", "transaction_id", "redemption_id")


def _review(row: Row) -> Review:
    values = {key: value for key, value in dict(row).items() if key not in ("review_id", *_AWARD)}
    return Review(id=ReviewId(row["review_id"]), award=_award(row), **values)


def _entry(row: Row) -> Entry:
    values = {key: value for key, value in dict(row).items() if key not in ("entry_id", *_AWARD)}
    return Entry(id=EntryId(row["entry_id"]), award=_award(row), **values)


def _place(row: Row) -> Place:
    values = {key: value for key, value in dict(row).items() if key not in ("place_id", "actor", *_AWARD)}
    return Place(id=PlaceId(row["place_id"]), award=_award(row), **values)
