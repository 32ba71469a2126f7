"""Reading rewards: the catalogue as one member sees it, what they hold, and what is left on the shelves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import Reward, RewardsConfig, read_terms
from fedele.domains.rewards.discount import discount_of, reopened_by
from fedele.domains.rewards.draw import winners_of
from fedele.domains.rewards.eligibility import decide, left, may_give_back, price, sees
from fedele.domains.rewards.types import (
    Counts,
    Delivery,
    Draw,
    Entry,
    HeldReward,
    Offered,
    Redemption,
    RedemptionId,
    RedemptionStatus,
    Shelf,
    Taken,
    Use,
    Winner,
)
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.pages import Page, decode_position, encode_cursor
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

__all__ = [
    "catalogue",
    "counts_of",
    "discount_of",
    "export_personal_data",
    "find_by_code",
    "find_draw",
    "find_redemption",
    "held_usable",
    "list_entries",
    "list_held",
    "list_ordered",
    "list_redemptions",
    "may_give_back",
    "reopened_by",
    "reward_of",
    "shelves",
    "uses_of_purchase",
    "winners_of",
]

_COLUMNS = """
    r.redemption_id, r.member_id, r.reward_key, r.programme_version, r.status, r.code, r.currency, r.units,
    r.redeemed_at, r.usable_until, r.used_at, r.used_store, r.source, r.purchase_id, r.fulfilment, r.tracking,
    e.number AS entry_number, e.won_place, r.terms
"""
_FROM = """
    redemption r LEFT JOIN sweepstake_entry e ON e.member_id = r.member_id AND e.redemption_id = r.redemption_id
"""
_SELECT = f"SELECT {_COLUMNS} FROM {_FROM}"

CODES_COUNTED_MAX = 100
_COUNTS = """
SELECT (SELECT jsonb_object_agg(reward_key, jsonb_build_array(day, week, month, year, lifetime)) FROM (
            SELECT reward_key, count(*) FILTER (WHERE redeemed_at >= $2) AS day,
                   count(*) FILTER (WHERE redeemed_at >= $3) AS week,
                   count(*) FILTER (WHERE redeemed_at >= $4) AS month,
                   count(*) FILTER (WHERE redeemed_at >= $5) AS year, count(*) AS lifetime
              FROM redemption WHERE member_id = $1 AND status <> 'cancelled' AND source = 'member'
             GROUP BY reward_key) AS t) AS taken,
       (SELECT jsonb_object_agg(reward_key, taken - added) FROM reward_stock) AS gone,
       -- A pool may hold a million codes, and every home screen asks: who has a hundred left has plenty.
       (SELECT jsonb_object_agg(k.reward_key, f.free) FROM unnest($6::text[]) AS k (reward_key), LATERAL (
            SELECT count(*) AS free FROM (
                SELECT FROM reward_code c
                 WHERE c.reward_key = k.reward_key AND c.redemption_id IS NULL LIMIT $7::bigint) AS few
            ) AS f WHERE f.free < $7::bigint) AS codes
"""


async def counts_of(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> Counts:
    """What the limits compare against, in one statement. Days, weeks (from Monday), months and years begin at midnight
    in the programme's time zone."""
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    pools = [one.key for one in programme.section(RewardsConfig) if getattr(one, "codes", None) == "pool"]
    row = await db.fetch_row(
        _COUNTS,
        member_id,
        midnight,
        monday,
        midnight.replace(day=1),
        midnight.replace(month=1, day=1),
        pools,
        CODES_COUNTED_MAX,
    )
    assert row is not None, "aggregates always answer one row"
    taken = {key: Taken(*numbers) for key, numbers in (row["taken"] or {}).items()}
    return Counts(taken, row["gone"] or {}, row["codes"] or {})


def catalogue(
    programme: Programme,
    facts: MemberFacts,
    tier: str | None,
    counts: Counts,
    spendable: Mapping[str, int],
    at: datetime,
) -> tuple[Offered, ...]:
    """The rewards this member sees at this moment, cheapest first, each with what stops them, if anything.

    `spendable` holds scaled units by currency key. Rewards for others, outside their dates or not sold are left out.
    """
    time_zone = programme.section(ProgrammeConfig).time_zone
    currencies, rewards = programme.section(Currencies), programme.section(RewardsConfig)
    bindings = MEMBER_ENVIRONMENT.bind(facts.bindings(at, time_zone, tier))
    seen = []
    for reward in rewards:
        if not reward.dates.contains(at, time_zone) or not sees(reward, facts, tier, bindings):
            continue
        assert reward.cost is not None, "a reward that is not sold is seen by nobody"
        currency = reward.cost.currency
        asked = price(reward, tier, bindings, currencies.get(currency).decimals)
        held = spendable.get(currency, 0)
        stopped = decide(reward, rewards, facts, tier, bindings, counts, at, time_zone)
        refusal = stopped.code if stopped else "INSUFFICIENT_POINTS" if held < asked.units else None
        seen.append(Offered(reward, currency, asked, held, refusal, stopped, left(reward, counts)))
    return tuple(sorted(seen, key=lambda offered: (offered.units, offered.reward.key)))


async def find_redemption(
    db: Queryable, member_id: MemberId, redemption_id: RedemptionId, at: datetime
) -> Redemption | None:
    """One redemption of this member, or None."""
    row = await db.fetch_row(f"{_SELECT} WHERE r.member_id = $1 AND r.redemption_id = $2", member_id, redemption_id)
    return _redemption(row, at) if row else None


async def find_by_code(db: Queryable, code: str, at: datetime) -> Redemption | None:
    """The newest redemption with this code, whoever holds it; for staff. Codes of pools may come from elsewhere."""
    row = await db.fetch_row(f"{_SELECT} WHERE r.code = $1 ORDER BY r.redeemed_at DESC LIMIT 1", code)
    return _redemption(row, at) if row else None


async def list_ordered(db: Queryable, at: datetime, first: int) -> Sequence[tuple[Redemption, Delivery]]:
    """Gifts that are ordered and not sent yet, the oldest first, with where they go."""
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS}, d.recipient, d.address FROM {_FROM}
          JOIN redemption_delivery d ON d.member_id = r.member_id AND d.redemption_id = r.redemption_id
         WHERE r.fulfilment = 'ordered' ORDER BY r.redeemed_at, r.redemption_id LIMIT $1
        """,
        first,
    )
    return [(_redemption(row, at), Delivery(row["recipient"], **row["address"])) for row in rows]


async def list_redemptions(
    db: Queryable, member_id: MemberId, at: datetime, first: int, after: str | None = None
) -> Page[Redemption]:
    """The member's redemptions, newest first."""
    before_at, last_id = decode_position(after, datetime, UUID) if after else (None, None)
    rows = await db.fetch(
        f"""
        {_SELECT}
         WHERE r.member_id = $1 AND ($2::timestamptz IS NULL OR (r.redeemed_at, r.redemption_id) < ($2, $3::uuid))
         ORDER BY r.redeemed_at DESC, r.redemption_id DESC LIMIT $4
        """,
        member_id, before_at, last_id, first + 1,
    )  # fmt: skip
    items = tuple(_redemption(row, at) for row in rows[:first])
    cursors = tuple(encode_cursor(item.redeemed_at.isoformat(), str(item.id)) for item in items)
    return Page(items, cursors, len(rows) > first)


async def list_held(db: Queryable, member_id: MemberId, at: datetime) -> Sequence[Redemption]:
    """What the member can use at this moment, soonest to expire first."""
    rows = await db.fetch(
        f"""
        {_SELECT}
         WHERE r.member_id = $1 AND r.status = 'held' AND r.usable_until > $2 AND r.fulfilment IS NULL
         ORDER BY r.usable_until, r.redemption_id
        """,
        member_id, at,
    )  # fmt: skip
    return [_redemption(row, at) for row in rows]


async def held_usable(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    store_id: StoreId | None,
    at: datetime,
    locale: str = "",
) -> Sequence[HeldReward]:
    """What the member holds and a till of this store may use now, soonest to expire first.

    A reward that names places is left out elsewhere; `store_id` None: anywhere. Each is as it was when it was taken.
    """
    default = programme.section(ProgrammeConfig).default_locale
    usable = []
    for held in await list_held(db, member_id, at):
        reward = reward_of(held, programme)
        if reward is None or (reward.places and store_id is not None and store_id not in reward.places):
            continue
        title = reward.name.in_locale(locale or default, default)
        usable.append(HeldReward(held.id, reward, title, held.usable_until, held.code))
    return usable


def reward_of(redemption: Redemption, programme: Programme) -> Reward | None:
    """The reward as it was promised when it was taken, without price and conditions; None if nobody kept that."""
    if redemption.terms:
        return read_terms(redemption.terms)
    return programme.section(RewardsConfig).find(redemption.reward_key)


async def uses_of_purchase(db: Queryable, member_id: MemberId, purchase_id: UUID) -> Sequence[Use]:
    """The rewards that this purchase used up and that are still used, with what they took off its lines."""
    rows = await db.fetch(
        """
        SELECT r.redemption_id, r.reward_key, coalesce(r.terms ->> 'on_return', 'give_back') AS on_return,
               jsonb_object_agg(d.line_number, d.discount_minor) FILTER (WHERE d.line_number IS NOT NULL) AS lines
          FROM redemption r
          LEFT JOIN redemption_discount d ON d.member_id = r.member_id AND d.redemption_id = r.redemption_id
                                         AND d.purchase_id = r.purchase_id
         WHERE r.member_id = $1 AND r.purchase_id = $2 AND r.status = 'used'
         GROUP BY r.redemption_id, r.reward_key, r.terms ORDER BY r.redemption_id
        """,
        member_id, purchase_id,
    )  # fmt: skip
    return [
        Use(
            RedemptionId(row["redemption_id"]),
            row["reward_key"],
            {int(number): minor for number, minor in (row["lines"] or {}).items()},
            row["on_return"],
        )
        for row in rows
    ]


async def shelves(db: Queryable, programme: Programme) -> Sequence[Shelf]:
    """Every reward of the programme with what is left of it, in the file's order; one statement."""
    rewards = programme.section(RewardsConfig)
    rows = await db.fetch(
        """
        SELECT k.reward_key, coalesce(s.taken, 0) AS taken, coalesce(s.added, 0) AS added,
               (SELECT count(*) FROM reward_reservation p WHERE p.reward_key = k.reward_key AND p.stocked) AS reserved,
               (SELECT count(*) FROM reward_code c
                 WHERE c.reward_key = k.reward_key AND c.redemption_id IS NULL) AS codes_free,
               (SELECT count(*) FROM reward_code c
                 WHERE c.reward_key = k.reward_key AND c.redemption_id IS NOT NULL) AS codes_given
          FROM unnest($1::text[]) AS k (reward_key)
          LEFT JOIN reward_stock s USING (reward_key)
        """,
        [reward.key for reward in rewards],
    )
    found = {row["reward_key"]: row for row in rows}
    shown = []
    for reward in rewards:
        row = found[reward.key]
        stock = None if reward.stock is None else reward.stock + row["added"]
        shown.append(Shelf(reward, stock, row["taken"], row["reserved"], row["codes_free"], row["codes_given"]))
    return shown


async def list_entries(db: Queryable, reward_key: str) -> Sequence[Entry]:
    """The entries that stand in a draw, by number."""
    rows = await db.fetch(
        """
        SELECT number, member_id, redemption_id FROM sweepstake_entry
         WHERE reward_key = $1 AND withdrawn_at IS NULL ORDER BY number
        """,
        reward_key,
    )
    return [Entry(row["number"], MemberId(row["member_id"]), RedemptionId(row["redemption_id"])) for row in rows]


async def find_draw(db: Queryable, reward_key: str) -> Draw | None:
    """The draw of this reward, if it was made."""
    row = await db.fetch_row("SELECT * FROM sweepstake_draw WHERE reward_key = $1", reward_key)
    if row is None:
        return None
    winners = tuple(Winner(one["place"], one["number"]) for one in row["winners"])
    return Draw(row["reward_key"], row["seed"], row["entries_count"], winners, row["actor"], row["drawn_at"])


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """All that this room keeps of the member, as JSON-able values."""
    rows = await db.fetch(
        """
        SELECT r.reward_key, r.status, r.code, r.currency, r.units, r.redeemed_at, r.usable_until, r.used_at, r.source,
               r.fulfilment, d.recipient, d.address, e.number, e.won_place
          FROM redemption r
          LEFT JOIN redemption_delivery d USING (member_id, redemption_id)
          LEFT JOIN sweepstake_entry e USING (member_id, redemption_id)
         WHERE r.member_id = $1 ORDER BY r.redeemed_at, r.redemption_id
        """,
        member_id,
    )
    return {
        "redemptions": [
            {
                "reward": row["reward_key"],
                "status": row["status"],
                "code": row["code"],
                "price": {"currency": row["currency"], "units": row["units"]} if row["units"] else None,
                "redeemedAt": row["redeemed_at"].isoformat(),
                "usableUntil": row["usable_until"].isoformat(),
                "usedAt": row["used_at"].isoformat() if row["used_at"] else None,
                "source": row["source"],
                "delivery": {"recipient": row["recipient"], "address": row["address"], "state": row["fulfilment"]}
                if row["recipient"]
                else None,
                "entry": {"number": row["number"], "place": row["won_place"]} if row["number"] else None,
            }
            for row in rows
        ]
    }


def _redemption(row: Row, at: datetime) -> Redemption:
    lapsed = row["status"] == "held" and row["usable_until"] <= at and row["fulfilment"] is None
    status: RedemptionStatus = "expired" if lapsed else row["status"]
    return Redemption(
        RedemptionId(row["redemption_id"]),
        MemberId(row["member_id"]),
        row["reward_key"],
        row["programme_version"],
        status,
        row["code"],
        row["currency"],
        row["units"],
        row["redeemed_at"],
        row["usable_until"],
        row["used_at"],
        row["used_store"],
        row["source"],
        row["purchase_id"],
        row["fulfilment"],
        row["tracking"],
        row["entry_number"],
        row["won_place"],
        row["terms"],
    )
