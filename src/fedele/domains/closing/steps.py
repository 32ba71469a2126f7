"""The steps that a day is closed with, for bootstrap. Every one may be run twice: the second changes nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from fedele.db.database import Queryable, Transaction
from fedele.domains.closing import queries
from fedele.domains.closing.announcing import announce_expiries
from fedele.domains.closing.types import ClosingStep, DayEnd
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Expire, Operation, Settle
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import commands as tiers
from fedele.domains.tiers.queries import (
    TierRules,
    decide,
    due_members,
    judged_by_member,
    members_with_counts,
)
from fedele.domains.tiers.queries import next_due as next_tier_due
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey

FollowTier = Callable[[Transaction, Programme, MemberId, Moment], Awaitable[int]]
"""Move a member's lots to where the changes of their tier say they expire; how many moved."""

_DUE_CURRENCIES = """
    SELECT member_id, array_agg(DISTINCT currency ORDER BY currency) AS currencies FROM lot
     WHERE member_id = ANY($1::uuid[]) AND remaining > 0 AND state = $2
       AND CASE WHEN $2 = 'pending' THEN activates_at ELSE expires_at END <= $3
     GROUP BY member_id ORDER BY member_id
"""


async def settle(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
    """Make available what was pending until the end of the day."""
    rows = await tx.fetch(_DUE_CURRENCIES, list(member_ids), "pending", end.at)
    for row in rows:
        operations: list[Operation] = [
            Settle(scope="settle", key=_key(currency, end.at), currency=CurrencyKey(currency), as_of=end.at)
            for currency in row["currencies"]
        ]
        await post(tx, MemberId(row["member_id"]), operations, end.moment)
    return len(rows)


def expiry(follow_tier: FollowTier) -> Callable[[Transaction, DayEnd, Sequence[MemberId]], Awaitable[int]]:
    """Sweep what expired by the end of the day, once lots have followed the tier of their member."""

    async def expire(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        for member_id in member_ids:
            await follow_tier(tx, end.programme, member_id, end.last_instant)
        rows = await tx.fetch(_DUE_CURRENCIES, list(member_ids), "active", end.at)
        for row in rows:
            operations: list[Operation] = [
                Expire(scope="expire", key=_key(currency, end.at), currency=CurrencyKey(currency), as_of=end.at)
                for currency in row["currencies"]
            ]
            await post(tx, MemberId(row["member_id"]), operations, end.moment)
        return len(rows)

    return expire


def tier_review(follow_tier: FollowTier) -> Callable[[Transaction, DayEnd, Sequence[MemberId]], Awaitable[int]]:
    """Judge the tiers of a batch as of the end of the day, and let lots follow those that changed."""

    async def review(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        moves = await tiers.review_members(tx, end.programme, member_ids, end.at, end.moment)
        for move in moves:
            await follow_tier(tx, end.programme, move.member_id, end.last_instant)
        return len(moves)

    return review


async def reviewed_members(db: Queryable, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
    """Whose tier's protection has ended; on the first day of a programme version everybody whom it moves.

    Those are found by reading and deciding alone, a thousand members a statement: who stays where they are is neither
    locked nor written.
    """
    if not end.is_new_version:
        return await due_members(db, end.at, after, count)
    rules, found, page = TierRules.of(end.programme), list[MemberId](), after
    while len(found) < count and (members := await members_with_counts(db, page, 1000)):
        judged = await judged_by_member(db, rules, members, end.at)
        for member_id in members:
            known = judged.get(member_id)
            if known is None:
                continue
            at = max(end.at, known.standing.since or end.at)
            if decide(rules, known.standing, known.days, at, known.joined_at).standing != known.standing:
                found.append(member_id)
        page = members[-1]
    return found[:count]


def own_steps(follow_tier: FollowTier, *auto_rewards: ClosingStep) -> tuple[ClosingStep, ...]:
    """The stated order: settle pending → auto-rewards → tiers → expiry → tiers; then what will expire is announced."""
    review = tier_review(follow_tier)
    return (
        ClosingStep("settle", queries.settling_members, settle, queries.next_settling),
        *auto_rewards,
        ClosingStep("tiers", reviewed_members, review, next_tier_due),
        ClosingStep("expiry", queries.expiring_members, expiry(follow_tier), queries.next_expiring),
        ClosingStep("tiers_after_expiry", reviewed_members, review),
        ClosingStep("announce_expiry", queries.members_to_tell, announce_expiries, queries.next_telling),
    )


def _key(currency: str, at: datetime) -> str:
    return f"{currency}@{at.isoformat()}"
