"""Reading referrals: both sides, the queue of those that are held, and what is due."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import Purchase, PurchaseId
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.referrals.config import ReferralCap, ReferralConfig
from fedele.domains.referrals.types import (
    Brought,
    BroughtState,
    CapUse,
    Check,
    Figures,
    Mark,
    MarkKind,
    Overview,
    Referral,
    ReferralId,
    ReferralState,
)
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_position, encode_cursor

PURCHASES_MAX = 20  # of a friend's: the first that counts is nearly always the first
SHOWN_MAX = 100
HOPS_MAX = 10
TAKING_A_PLACE: tuple[BroughtState, ...] = ("open", "held", "paid")

_REFERRAL = """
SELECT member_id, referral_id, referrer_id, state, reason, applied_at, expires_at, purchase_id, due_at, settled_at,
       currency, units, transaction_id, redemption_id
  FROM referral
"""
_BROUGHT = """
SELECT member_id, referral_id, friend_id, state, reason, admitted_at, currency, units, transaction_id, redemption_id
  FROM referral_brought
"""


_OVERVIEW = f"""
SELECT (SELECT code FROM referral_code WHERE member_id = $1) AS code,
       (SELECT jsonb_agg(to_jsonb(b)) FROM (
            {_BROUGHT} WHERE member_id = $1 ORDER BY admitted_at DESC, referral_id DESC LIMIT $2) AS b) AS brought,
       (SELECT array_agg(counted.used ORDER BY counted.place) FROM (
            SELECT cap.place, (SELECT count(*) FROM referral_brought b
                                WHERE b.member_id = $1 AND b.state = ANY($4::text[])
                                  AND (cap.since IS NULL OR b.admitted_at >= cap.since)) AS used
              FROM unnest($3::timestamptz[]) WITH ORDINALITY AS cap (since, place)) AS counted) AS used,
       (SELECT to_jsonb(o) FROM ({_REFERRAL} WHERE member_id = $1) AS o) AS own
"""


async def find_code(db: Queryable, member_id: MemberId) -> str | None:
    """The member's own code, if one was issued."""
    code: str | None = await db.fetch_value("SELECT code FROM referral_code WHERE member_id = $1", member_id)
    return code


async def find_owner(db: Queryable, code: str) -> MemberId | None:
    """Whose code it is."""
    owner: MemberId | None = await db.fetch_value("SELECT member_id FROM referral_code_owner WHERE code = $1", code)
    return owner


async def find_referral(db: Queryable, friend_id: MemberId) -> Referral | None:
    """By whom the member was brought, or None."""
    row = await db.fetch_row(_REFERRAL + " WHERE member_id = $1", friend_id)
    return _referral(row) if row else None


async def find_brought(db: Queryable, referrer_id: MemberId, referral_id: ReferralId) -> Brought | None:
    """The referrer's side of a referral, or None."""
    row = await db.fetch_row(_BROUGHT + " WHERE member_id = $1 AND referral_id = $2", referrer_id, referral_id)
    return _brought(row) if row else None


async def brings(db: Queryable, member_id: MemberId, descendant_id: MemberId) -> bool:
    """Whether the member brought the other, directly or through up to ten others."""
    current, hops = descendant_id, 0
    while hops < HOPS_MAX:
        above = await find_referral(db, current)
        if above is None or above.state == "refused":
            return False
        if above.referrer_id == member_id:
            return True
        current, hops = above.referrer_id, hops + 1
    return False


async def overview_of(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> Overview:
    """Everything that a member sees of their referrals, in one statement."""
    config, time_zone = programme.section(ReferralConfig), programme.section(ProgrammeConfig).time_zone
    sinces = [_since(cap, at, time_zone) for cap in config.caps]
    row = await db.fetch_row(_OVERVIEW, member_id, SHOWN_MAX, sinces, list(TAKING_A_PLACE))
    assert row is not None, "aggregates always answer one row"
    uses = tuple(CapUse(cap, used) for cap, used in zip(config.caps, row["used"] or (), strict=True))
    return Overview(
        row["code"],
        tuple(_brought(_instants(values)) for values in row["brought"] or ()),
        uses,
        _referral(_instants(row["own"])) if row["own"] else None,
    )


async def cap_uses(db: Queryable, programme: Programme, referrer_id: MemberId, at: datetime) -> tuple[CapUse, ...]:
    """How many places of each cap are taken in its period that holds this instant."""
    config, time_zone = programme.section(ReferralConfig), programme.section(ProgrammeConfig).time_zone
    if not config.caps:
        return ()
    sinces = [_since(cap, at, time_zone) for cap in config.caps]
    rows = await db.fetch(
        """
        SELECT place, (SELECT count(*) FROM referral_brought b
                        WHERE b.member_id = $1 AND b.state = ANY($3::text[])
                          AND (since IS NULL OR b.admitted_at >= since)) AS used
          FROM unnest($2::timestamptz[]) WITH ORDINALITY AS cap (since, place) ORDER BY place
        """,
        referrer_id, sinces, list(TAKING_A_PLACE),
    )  # fmt: skip
    return tuple(CapUse(cap, row["used"]) for cap, row in zip(config.caps, rows, strict=True))


async def count_applications(db: Queryable, referrer_id: MemberId, since: datetime) -> int:
    """How many friends came by this member's code since then, whatever became of them."""
    sql = "SELECT count(*) FROM referral_brought WHERE member_id = $1 AND admitted_at >= $2"
    count: int = await db.fetch_value(sql, referrer_id, since)
    return count


async def count_refusals(db: Queryable, friend_id: MemberId, since: datetime) -> int:
    """How many codes were refused to this member since then."""
    sql = "SELECT count(*) FROM referral_check WHERE member_id = $1 AND outcome = 'refused' AND decided_at > $2"
    count: int = await db.fetch_value(sql, friend_id, since)
    return count


async def shared_marks(
    db: Queryable, friend_id: MemberId, referrer_id: MemberId, own: Collection[Mark] | None = None
) -> set[MarkKind]:
    """What the friend shares: a mailbox or phone number with anybody, a device with the referrer or their friends.

    `own`: the friend's marks; None: those that are stored.
    """
    rows = await db.fetch(
        """
        SELECT DISTINCT m.kind FROM referral_mark m
          JOIN (SELECT kind, digest FROM unnest($3::text[], $4::bytea[]) AS given (kind, digest)
                UNION SELECT kind, digest FROM referral_mark WHERE member_id = $1) AS own USING (kind, digest)
         WHERE m.member_id <> $1
           AND (m.kind IN ('email_alias', 'phone') OR m.member_id = $2
                OR m.member_id IN (SELECT friend_id FROM referral_brought WHERE member_id = $2))
        """,
        friend_id, referrer_id, [mark.kind for mark in own or ()], [mark.digest for mark in own or ()],
    )  # fmt: skip
    return {row["kind"] for row in rows}


async def shares_card(
    db: Queryable, friend_id: MemberId, referrer_id: MemberId, attribute: str, purchase: Purchase
) -> bool:
    """Whether the purchase was paid with a card that the referrer, or another of their friends, paid with."""
    card = purchase.attributes.get(attribute)
    if not isinstance(card, str) or not card:
        return False
    shared: bool = await db.fetch_value(
        """
        SELECT EXISTS (SELECT FROM purchase WHERE member_id = $2 AND attributes ->> $3 = $4)
            OR EXISTS (SELECT FROM purchase p JOIN referral_brought b ON b.friend_id = p.member_id
                        WHERE b.member_id = $2 AND p.member_id <> $1 AND p.attributes ->> $3 = $4)
        """,
        friend_id, referrer_id, attribute, card,
    )  # fmt: skip
    return shared


async def device_marks(db: Queryable, member_id: MemberId) -> list[Mark]:
    """Digests of the installations of the app that the member has registered now."""
    rows = await db.fetch(
        "SELECT sha256(convert_to(value, 'UTF8')) AS digest FROM push_target WHERE member_id = $1", member_id
    )
    return [Mark("device", row["digest"]) for row in rows]


async def purchases_since(
    db: Queryable, member_id: MemberId, since: datetime, until: datetime | None
) -> list[Purchase]:
    """The member's first purchases within that time, by the sales' own times."""
    rows = await db.fetch(
        """
        SELECT purchase_id FROM purchase
         WHERE member_id = $1 AND occurred_at >= $2 AND ($3::timestamptz IS NULL OR occurred_at < $3)
         ORDER BY occurred_at, purchase_id LIMIT $4
        """,
        member_id, since, until, PURCHASES_MAX,
    )  # fmt: skip
    found = [await find_purchase(db, member_id, PurchaseId(row["purchase_id"])) for row in rows]
    return [purchase for purchase in found if purchase is not None]


async def due_friends(db: Queryable, at: datetime, count: int) -> list[MemberId]:
    """Friends whose purchase has settled by now, or whose time to buy is over, those longest overdue first."""
    rows = await db.fetch(
        """
        (SELECT member_id, due_at AS at FROM referral
          WHERE state = 'open' AND due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $2)
        UNION ALL
        (SELECT member_id, expires_at FROM referral
          WHERE state IN ('open', 'held') AND expires_at IS NOT NULL AND expires_at <= $1 AND due_at IS NULL
          ORDER BY expires_at LIMIT $2)
        ORDER BY at LIMIT $2
        """,
        at, count,
    )  # fmt: skip
    return [MemberId(row["member_id"]) for row in rows]


async def next_due(db: Queryable, after: datetime) -> datetime | None:
    """The next instant at which a referral has something to do by the clock."""
    at: datetime | None = await db.fetch_value(
        """
        SELECT min(at) FROM (
            SELECT min(due_at) AS at FROM referral WHERE state = 'open' AND due_at > $1
            UNION ALL
            SELECT min(expires_at) FROM referral WHERE state IN ('open', 'held') AND expires_at > $1) AS next
        """,
        after,
    )
    return at


async def list_referrals(
    db: Queryable, states: Sequence[ReferralState] | None, first: int, after: str | None = None
) -> Page[Referral]:
    """Referrals for staff, the newest first; `states` None: all."""
    before_at, last_id = decode_position(after, datetime, UUID) if after else (None, None)
    rows = await db.fetch(
        _REFERRAL
        + """
         WHERE ($1::text[] IS NULL OR state = ANY($1))
           AND ($2::timestamptz IS NULL OR (applied_at, member_id) < ($2, $3::uuid))
         ORDER BY applied_at DESC, member_id DESC LIMIT $4
        """,
        list(states) if states is not None else None,
        before_at, last_id, first + 1,
    )  # fmt: skip
    items = tuple(_referral(row) for row in rows[:first])
    cursors = tuple(encode_cursor(item.applied_at.isoformat(), str(item.friend_id)) for item in items)
    return Page(items, cursors, len(rows) > first)


async def checks_of(db: Queryable, friend_id: MemberId) -> list[Check]:
    """What was decided about the codes that a member applied, newest first."""
    rows = await db.fetch(
        """
        SELECT referral_id, member_id, outcome, reason, actor, decided_at FROM referral_check
         WHERE member_id = $1 ORDER BY decided_at DESC, check_id DESC LIMIT 100
        """,
        friend_id,
    )
    return [
        Check(row["referral_id"], row["member_id"], row["outcome"], row["reason"], row["actor"], row["decided_at"])
        for row in rows
    ]


async def figures(db: Queryable) -> Figures:
    """All referrals by state, and what both sides were given and have kept."""
    states = await db.fetch("SELECT state, count(*) AS n FROM referral GROUP BY 1 ORDER BY 1")
    friends = await db.fetch(
        "SELECT currency, sum(units)::bigint AS n FROM referral WHERE state = 'settled' AND units > 0 GROUP BY 1"
    )
    referrers = await db.fetch(
        "SELECT currency, sum(units)::bigint AS n FROM referral_brought WHERE state = 'paid' AND units > 0 GROUP BY 1"
    )
    return Figures(
        {row["state"]: row["n"] for row in states},
        {row["currency"]: row["n"] for row in friends},
        {row["currency"]: row["n"] for row in referrers},
    )


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """The member's own code, how they came, and how many friends they brought; of friends nothing (GDPR 15, 20)."""
    own = await find_referral(db, member_id)
    rows = await db.fetch(_BROUGHT + " WHERE member_id = $1 ORDER BY admitted_at", member_id)
    return {
        "code": await find_code(db, member_id),
        "came_by_a_friend": {"state": own.state, "applied_at": own.applied_at.isoformat()} if own else None,
        "brought": [
            {"state": row["state"], "admitted_at": row["admitted_at"].isoformat(), "units": row["units"],
             "currency": row["currency"]}
            for row in rows
        ],
    }  # fmt: skip


def _since(cap: ReferralCap, at: datetime, time_zone: str) -> datetime | None:
    """The midnight, on the programme's clock, at which the cap's period began."""
    midnight = at.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    match cap.per:
        case "day":
            return midnight
        case "month":
            return midnight.replace(day=1)
        case "year":
            return midnight.replace(month=1, day=1)
        case _:
            return None


def velocity_since(at: datetime, hours: int) -> datetime:
    """From when on applications count as fast."""
    return at - timedelta(hours=hours)


def _instants(values: dict[str, Any]) -> dict[str, Any]:
    """A row that came as JSON, with its instants and ids read."""
    read = dict(values)
    for name, value in values.items():
        if value is not None and name.endswith("_at"):
            read[name] = datetime.fromisoformat(value)
        elif value is not None and name.endswith("_id"):
            read[name] = UUID(value)
    return read


def _referral(row: Row) -> Referral:
    return Referral(
        id=ReferralId(row["referral_id"]),
        friend_id=MemberId(row["member_id"]),
        referrer_id=MemberId(row["referrer_id"]),
        state=row["state"],
        reason=row["reason"],
        applied_at=row["applied_at"],
        expires_at=row["expires_at"],
        purchase_id=row["purchase_id"],
        due_at=row["due_at"],
        settled_at=row["settled_at"],
        currency=row["currency"],
        units=row["units"],
        transaction_id=row["transaction_id"],
        redemption_id=row["redemption_id"],
    )


def _brought(row: Row) -> Brought:
    return Brought(
        id=ReferralId(row["referral_id"]),
        referrer_id=MemberId(row["member_id"]),
        friend_id=MemberId(row["friend_id"]),
        state=row["state"],
        reason=row["reason"],
        admitted_at=row["admitted_at"],
        currency=row["currency"],
        units=row["units"],
        transaction_id=row["transaction_id"],
        redemption_id=row["redemption_id"],
    )
