"""All that a sale's decision needs to know of one member, read in one statement."""

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.activity.types import PurchaseId
from fedele.domains.earning.queries import Rulebook
from fedele.domains.earning.types import RuleUsage
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.types import MonthDay
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.queries import STANDING_COLUMNS, TierRules, programme_day, read_from, standing_of
from fedele.domains.tiers.types import Standing
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.money import Money, from_units

_READ = f"""
SELECT coalesce(v.version, 0) AS version, m.status, m.joined_at, p.locale, p.birthday_month, p.birthday_day,
       p.home_store, p.preferences, {STANDING_COLUMNS},
       (SELECT jsonb_build_array(encode(r.input_hash, 'hex'), r.response, r.member_id)
          -- Without a response it is our own claim, of this very transaction.
          FROM request r WHERE r.scope = $2 AND r.key = $3 AND r.response IS NOT NULL) AS request,
       (SELECT b.purchase_id FROM purchase b
         WHERE b.member_id = k.member_id AND b.store_id = $4 AND b.receipt = $5) AS purchase_id,
       -- The tier of that time, for a sale that reaches us after a later change.
       CASE WHEN s.since > $6 THEN (
           SELECT c.to_tier FROM tier_change c WHERE c.member_id = k.member_id AND c.occurred_at <= $6
            ORDER BY c.occurred_at DESC, c.change_id DESC LIMIT 1) END AS tier_then,
       CASE WHEN s.since > $6 THEN (
           SELECT jsonb_agg(jsonb_build_array(c.occurred_at, c.to_tier) ORDER BY c.occurred_at, c.change_id)
             FROM tier_change c WHERE c.member_id = k.member_id AND c.occurred_at > $6) END AS tiers_after,
       (SELECT jsonb_object_agg(c.day, c.amount) FROM tier_counter c
         WHERE c.member_id = k.member_id AND c.counter = $7 AND c.day >= $8) AS days,
       (SELECT jsonb_agg(jsonb_build_array(u.rule_key, u.period, u.units, u.times, u.last_at)) FROM rule_usage u
         WHERE u.member_id = k.member_id AND (u.rule_key, u.period) IN (SELECT * FROM unnest($9::text[], $10::text[]))
       ) AS usage,
       (SELECT jsonb_object_agg(a.sku, jsonb_build_array(a.name, a.category, a.department, a.brand))
          FROM product a WHERE a.sku = ANY($11::text[])) AS products,
       CASE WHEN $12 THEN (SELECT jsonb_build_array(count(*), max(b.occurred_at)) FROM purchase b
                            WHERE b.member_id = k.member_id AND b.occurred_at <= $6) END AS purchases,
       CASE WHEN $13 THEN (SELECT sum(c.amount)::bigint FROM tier_counter c
                            WHERE c.member_id = k.member_id AND c.counter = 'spend' AND c.day > $14
                              AND c.day <= $14 + 365) END AS spend,
       CASE WHEN $15 THEN memberships_at_v1(k.member_id, $6) END AS memberships,
       CASE WHEN $16 THEN ARRAY(SELECT d.badge_key FROM member_badge d
                                 WHERE d.member_id = k.member_id AND d.earned_at <= $6 ORDER BY 1) END AS badges,
       CASE WHEN $17 THEN ARRAY(SELECT g.segment_key FROM segment_member g
                                 WHERE g.member_id = k.member_id AND g.entered_at <= $6
                                   AND (g.left_at IS NULL OR g.left_at > $6) ORDER BY 1) END AS segments
  FROM (SELECT $1::uuid AS member_id) AS k
  LEFT JOIN member_version v ON v.member_id = k.member_id
  LEFT JOIN member m ON m.member_id = k.member_id
  LEFT JOIN member_profile p ON p.member_id = k.member_id
  LEFT JOIN tier_standing s ON s.member_id = k.member_id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class StoredRequest:
    """An earlier run under this key: the digest of what it was asked, and its answer."""

    input_hash: bytes
    response: Mapping[str, Any]
    member_id: MemberId


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the database: whose, under which key, at which instant of the member's own time."""

    member_id: MemberId
    scope: str
    key: str
    at: datetime
    store_id: StoreId | None = None
    receipt: str | None = None
    skus: Sequence[str] = ()
    event: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class MemberState:
    """The member as of one version."""

    version: int
    status: str | None  # None: nobody yet
    joined_at: datetime | None
    request: StoredRequest | None
    purchase_id: PurchaseId | None  # under this receipt already
    standing: Standing
    tier_then: str | None  # the tier of that time, where the standing is a later one
    days: Mapping[date, int]
    usage: Mapping[tuple[str, str], RuleUsage]
    products: Mapping[str, Sequence[str | None]]
    facts: Mapping[str, Any]
    tiers_after: tuple[tuple[datetime, str | None], ...] = ()  # and what it changed to since then


_KEPT: "deque[Rules]" = deque(maxlen=8)


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """One programme version as the checkout uses it."""

    programme: Programme
    earning: Rulebook
    tiers: TierRules

    @classmethod
    def of(cls, programme: Programme) -> "Rules":
        """Read from a programme version; each version once a process, since sales ask all the time."""
        for kept in _KEPT:
            if kept.programme is programme:
                return kept
        made = cls(programme, Rulebook.of(programme), TierRules.of(programme))
        _KEPT.appendleft(made)
        return made

    @property
    def needs_purchases(self) -> bool:
        """Whether a condition asks about earlier purchases."""
        return not {"member.purchases_count", "member.days_since_purchase"}.isdisjoint(self.earning.names)


async def read_state(db: Queryable, rules: Rules, question: Question) -> MemberState:
    """Read the member in one statement."""
    keys = rules.earning.usage_keys(question.at, question.event)
    today = programme_day(question.at, rules.tiers.time_zone)
    row = await db.fetch_row(
        _READ,
        question.member_id,
        question.scope,
        question.key,
        question.store_id,
        question.receipt,
        question.at,
        rules.tiers.counter,
        read_from(rules.tiers.config, today),
        [name for name, _ in keys],
        [period for _, period in keys],
        list(question.skus),
        rules.needs_purchases,
        "member.spend_12_months" in rules.earning.names,
        today - timedelta(days=365),
        "member.memberships" in rules.earning.names,
        "member.badges" in rules.earning.names,
        "member.segments" in rules.earning.names,
    )
    assert row is not None, "the statement answers one row for every member id"
    state = _state(row, rules, question.at)
    if "member.balances" not in rules.earning.names:
        return state
    # Rare: a rule that asks for balances. Whatever moves one raises the member's version, so a second read is safe.
    balances = await balances_by_member(db, [question.member_id], question.at)
    plain = {
        balance.currency: from_units(balance.available, rules.earning.currencies.get(balance.currency).decimals)
        for balance in balances[question.member_id]
    }
    return dataclasses.replace(state, facts={**state.facts, "member.balances": plain})


def _state(row: Row, rules: Rules, at: datetime) -> MemberState:
    request, purchases = row["request"], row["purchases"] or [0, None]
    last_purchase_at = datetime.fromisoformat(purchases[1]) if purchases[1] else None
    return MemberState(
        version=row["version"],
        status=row["status"],
        joined_at=row["joined_at"],
        request=StoredRequest(bytes.fromhex(request[0]), request[1], MemberId(UUID(request[2]))) if request else None,
        purchase_id=row["purchase_id"],
        standing=standing_of(row),
        tier_then=row["tier_then"],
        days={date.fromisoformat(day): amount for day, amount in (row["days"] or {}).items()},
        usage={
            (rule, period): RuleUsage(units, times, datetime.fromisoformat(last_at))
            for rule, period, units, times, last_at in row["usage"] or ()
        },
        products=row["products"] or {},
        facts=facts_of(row, rules, at, purchases[0], last_purchase_at),
        tiers_after=tuple((datetime.fromisoformat(changed), tier) for changed, tier in row["tiers_after"] or ()),
    )


def facts_of(
    row: Row, rules: Rules, at: datetime, purchases_count: int, last_purchase_at: datetime | None
) -> dict[str, Any]:
    """The names below `member`, but for the tier, which the decision adds. None: not known."""
    zone = ZoneInfo(rules.tiers.time_zone)
    joined = row["joined_at"]
    locale = row["locale"] or ""
    day = at.astimezone(zone).date()
    return {
        "member.memberships": list(row["memberships"] or ()),
        "member.joined_at": joined,
        "member.days_since_joined": (day - joined.astimezone(zone).date()).days if joined else None,
        "member.purchases_count": purchases_count,
        "member.days_since_purchase": (day - last_purchase_at.astimezone(zone).date()).days
        if last_purchase_at
        else None,
        "member.spend_12_months": Money(row["spend"] or 0, rules.earning.home_currency).decimal,
        "member.birth_month": row["birthday_month"],
        "member.birth_day": row["birthday_day"],
        "member.days_since_birthday": MonthDay(row["birthday_month"], row["birthday_day"]).days_since(day)
        if row["birthday_month"] and row["birthday_day"]
        else None,
        "member.locale": locale or None,
        "member.country": locale.partition("-")[2] or None,
        "member.favourite_store": row["home_store"],
        "member.segments": list(row["segments"] or ()),
        "member.badges": list(row["badges"] or ()),
        "member.attributes": row["preferences"] or {},
    }
