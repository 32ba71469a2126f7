"""A member's sales one after the other, decided without asking the database in between: what an import needs.

Every sale is decided by `decide_sale`, as at the till, on a MemberState that is kept up to date in memory exactly as
`checkout_end_v2` and `tier_stand_v1` would have kept it in the database.
"""

import bisect
import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.checkout.decision import Decision
from fedele.domains.checkout.reversal import ReturnDecision
from fedele.domains.checkout.state import MemberState, Rules, facts_of
from fedele.domains.checkout.writing import usage_of
from fedele.domains.earning.types import RuleUsage
from fedele.domains.tiers.commands import change_to_json
from fedele.domains.tiers.queries import STANDING_COLUMNS, decide, programme_day, standing_of
from fedele.domains.tiers.types import Grant, Standing
from fedele.kernel.ids import MemberId

# Everything of the member that the decision of any sale may read, whenever it happened.
_READ = f"""
SELECT coalesce(v.version, 0) AS version, m.status, m.joined_at, p.locale, p.birthday_month, p.birthday_day,
       p.home_store, p.preferences, {STANDING_COLUMNS},
       (SELECT jsonb_agg(jsonb_build_array(c.occurred_at, c.to_tier) ORDER BY c.occurred_at, c.change_id)
          FROM tier_change c WHERE c.member_id = k.member_id) AS tier_changes,
       (SELECT jsonb_agg(jsonb_build_array(t.membership_key, t.starts_at, t.covered_until)) FROM membership_term t
         WHERE t.member_id = k.member_id AND t.state IN ('running', 'refunded')) AS terms,
       (SELECT jsonb_agg(jsonb_build_array(d.badge_key, d.earned_at) ORDER BY d.badge_key) FROM member_badge d
         WHERE d.member_id = k.member_id) AS badges_earned,
       (SELECT jsonb_agg(jsonb_build_array(g.segment_key, g.entered_at, g.left_at) ORDER BY g.segment_key)
          FROM segment_member g WHERE g.member_id = k.member_id) AS stints,
       (SELECT jsonb_agg(jsonb_build_array(c.counter, c.day, c.amount)) FROM tier_counter c
         WHERE c.member_id = k.member_id) AS counters,
       (SELECT jsonb_agg(jsonb_build_array(u.rule_key, u.period, u.units, u.times, u.last_at)) FROM rule_usage u
         WHERE u.member_id = k.member_id) AS usage,
       (SELECT jsonb_agg(b.occurred_at ORDER BY b.occurred_at) FROM purchase b
         WHERE b.member_id = k.member_id) AS purchases
  FROM (SELECT $1::uuid AS member_id) AS k
  LEFT JOIN member_version v ON v.member_id = k.member_id
  LEFT JOIN member m ON m.member_id = k.member_id
  LEFT JOIN member_profile p ON p.member_id = k.member_id
  LEFT JOIN tier_standing s ON s.member_id = k.member_id
"""


@dataclasses.dataclass(slots=True)
class RunningState:
    """The member between two sales of a series."""

    version: int  # as it was read; the database raises it while the series is written
    status: str | None
    row: dict[str, Any]
    standing: Standing
    tier_changes: list[tuple[datetime, str | None]]
    counters: dict[tuple[str, date], int]
    usage: dict[tuple[str, str], RuleUsage]
    purchased_at: list[datetime]  # ascending

    def at(self, rules: Rules, at: datetime, products: Mapping[str, Sequence[str | None]]) -> MemberState:
        """What `read_state` would read for a sale at this instant."""
        today = programme_day(at, rules.tiers.time_zone)
        spend = 0
        if "member.spend_12_months" in rules.earning.names:
            since = today - timedelta(days=365)
            spend = sum(n for (counter, day), n in self.counters.items() if counter == "spend" and since < day <= today)
        count = bisect.bisect_right(self.purchased_at, at) if rules.needs_purchases else 0
        last = self.purchased_at[count - 1] if count else None
        return MemberState(
            version=self.version,
            status=self.status,
            joined_at=self.row["joined_at"],
            request=None,
            purchase_id=None,
            standing=self.standing,
            tier_then=self._tier_then(at),
            days={day: n for (counter, day), n in self.counters.items() if counter == rules.tiers.counter},
            usage=self.usage,
            products=products,
            facts=facts_of(self.row | self._held(at) | {"spend": spend}, rules, at, count, last),
            tiers_after=self._tiers_after(at),
        )

    def _held(self, at: datetime) -> dict[str, list[str]]:
        badges = [key for key, earned in self.row["badges_earned"] or () if datetime.fromisoformat(earned) <= at]
        memberships = {
            key
            for key, starts_at, until in self.row["terms"] or ()
            if datetime.fromisoformat(starts_at) <= at and (until is None or at < datetime.fromisoformat(until))
        }
        segments = [
            key
            for key, entered_at, left_at in self.row["stints"] or ()
            if datetime.fromisoformat(entered_at) <= at and (left_at is None or at < datetime.fromisoformat(left_at))
        ]
        return {"badges": badges, "memberships": sorted(memberships), "segments": segments}

    def _tier_then(self, at: datetime) -> str | None:
        if self.standing.since is None or self.standing.since <= at:
            return None
        return next((tier for since, tier in reversed(self.tier_changes) if since <= at), None)

    def _tiers_after(self, at: datetime) -> tuple[tuple[datetime, str | None], ...]:
        if self.standing.since is None or self.standing.since <= at:
            return ()
        return tuple((since, tier) for since, tier in self.tier_changes if since > at)

    def forget(self) -> None:
        """Back to the day of joining: who they are stays, what they did has not happened yet."""
        self.standing, self.tier_changes = Standing(), []
        self.counters, self.usage = {}, {}
        self.purchased_at = []

    def grant(self, rules: Rules, grant: Grant) -> None:
        """Let a tier have been given, over what is earned."""
        before, state = self.standing, self.at(rules, grant.since, {})
        with_it = dataclasses.replace(before, grants=(*before.grants, grant), earned=before.beneath)
        decision = decide(rules.tiers, with_it, state.days, grant.since, state.joined_at or grant.since)
        self._stand(decision.standing, [change_to_json(before, decision)] if decision.reason else [])

    def take_return(self, decision: ReturnDecision) -> None:
        """Let the return have happened."""
        for key, amount in decision.counters.items():
            self.counters[key] = self.counters.get(key, 0) + amount
        for name, units, times in decision.usage:
            before = self.usage.get(name, RuleUsage())
            self.usage[name] = dataclasses.replace(before, units=before.units + units, times=before.times + times)
        self._stand(decision.standing, decision.tier_changes)

    def take(self, decision: Decision, at: datetime, *, purchase: bool = True) -> None:
        """Let the sale have happened, or the event."""
        for key, amount in decision.counters.items():
            self.counters[key] = self.counters.get(key, 0) + amount
        for name, units, times in usage_of(decision.evaluation.awards):
            before = self.usage.get(name, RuleUsage())
            last = before.last_at if not times else at if before.last_at is None else max(before.last_at, at)
            self.usage[name] = RuleUsage(before.units + units, before.times + times, last)
        self._stand(decision.standing, decision.tier_changes)
        if purchase:
            bisect.insort(self.purchased_at, at)

    def _stand(self, standing: Standing, changes: Sequence[Mapping[str, Any]]) -> None:
        self.standing = standing
        for change in changes:
            self.tier_changes.append((datetime.fromisoformat(change["occurred_at"]), change["to"]))
        self.tier_changes.sort(key=lambda change: change[0])


async def read_running_state(db: Queryable, member_id: MemberId) -> RunningState:
    """Read the member once, before a series."""
    row = await db.fetch_row(_READ, member_id)
    assert row is not None, "the statement answers one row for every member id"
    return RunningState(
        version=row["version"],
        status=row["status"],
        row=dict(row),
        standing=standing_of(row),
        tier_changes=[(datetime.fromisoformat(at), tier) for at, tier in row["tier_changes"] or ()],
        counters={(name, date.fromisoformat(day)): amount for name, day, amount in row["counters"] or ()},
        usage={
            (rule, period): RuleUsage(units, times, datetime.fromisoformat(last_at))
            for rule, period, units, times, last_at in row["usage"] or ()
        },
        purchased_at=[datetime.fromisoformat(bought) for bought in row["purchases"] or ()],
    )


@dataclasses.dataclass(frozen=True, slots=True)
class KnownReceipt:
    """A receipt that was settled before: whose, and what tells whether it is the same sale."""

    member_id: MemberId
    total_minor: int
    occurred_at: datetime


async def known_receipts(
    db: Queryable, stores: Sequence[str], receipts: Sequence[str]
) -> dict[tuple[str, str], KnownReceipt]:
    """Those of these (store, receipt) pairs that were settled before, whoever bought."""
    rows = await db.fetch(
        """
        SELECT member_id, store_id, receipt, total_minor, occurred_at FROM purchase
         WHERE (store_id, receipt) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        """,
        list(stores),
        list(receipts),
    )
    return {
        (row["store_id"], row["receipt"]): KnownReceipt(
            MemberId(UUID(str(row["member_id"]))), row["total_minor"], row["occurred_at"]
        )
        for row in rows
    }
