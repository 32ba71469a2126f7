"""Changing a tier when time, not a purchase, does it: the end of a tier's protection."""

from datetime import datetime
from typing import Any

from fedele.db.database import Database, Transaction
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.queries import due_members
from fedele.domains.tiers.standing import TierRules, decide
from fedele.domains.tiers.types import Standing, TierDecision
from fedele.domains.tiers.windows import programme_day, read_from
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

BATCH_COUNT = 200


async def review_member(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> TierDecision:
    """Judge the member's tier now, record a change and announce it. Repeating it changes nothing."""
    await tx.lock_member(member_id)
    rules = TierRules.of(programme)
    row = await tx.fetch_row(
        """
        SELECT m.joined_at, s.tier_key, s.since, s.kept_until,
               (SELECT jsonb_object_agg(c.day, c.amount) FROM tier_counter c
                 WHERE c.member_id = m.member_id AND c.counter = $2 AND c.day >= $3) AS days
          FROM member m LEFT JOIN tier_standing s USING (member_id) WHERE m.member_id = $1
        """,
        member_id,
        rules.counter,
        read_from(rules.config, programme_day(moment.now, rules.time_zone)),
    )
    if row is None:
        return TierDecision(Standing())
    before = Standing(row["tier_key"], row["since"], row["kept_until"])
    days = {datetime.fromisoformat(day).date(): amount for day, amount in (row["days"] or {}).items()}
    decision = decide(rules, before, days, moment.now, row["joined_at"])
    if decision.standing != before:
        await _stand(tx, programme, member_id, before, decision, moment)
    return decision


async def review_due(database: Database, source: ProgrammeSource, moment: Moment) -> int:
    """Judge every member whose tier's protection has ended, a transaction each. Returns how many were judged.

    Restartable: a member that is judged is either prolonged or downgraded, and so no longer due.
    """
    programme, judged = await source.at(moment.now), set[MemberId]()
    while members := set(await due_members(database.reader, moment.now, BATCH_COUNT)) - judged:
        for member_id in sorted(members):
            async with database.transaction() as tx:
                await review_member(tx, programme, member_id, moment)
        judged |= members
    return len(judged)


async def _stand(
    tx: Transaction, programme: Programme, member_id: MemberId, before: Standing, decision: TierDecision, moment: Moment
) -> None:
    after = decision.standing
    changes: list[dict[str, Any]] = []
    if decision.reason:
        changes.append(change_to_json(before, decision))
        await tx.publish(
            TierChanged(
                member_id=member_id,
                occurred_at=moment.now,
                from_tier=before.tier,
                to_tier=after.tier,
                reason=decision.reason,
            )
        )
    await tx.execute(
        "SELECT tier_stand_v1($1, $2, $3, $4, $5)",
        member_id,
        moment.now,
        standing_to_json(after),
        changes,
        programme.version,
    )


def standing_to_json(standing: Standing) -> dict[str, Any]:
    """A standing as `tier_stand_v1` reads it."""
    return {
        "tier": standing.tier,
        "since": standing.since.isoformat() if standing.since else None,
        "kept_until": standing.kept_until.isoformat() if standing.kept_until else None,
    }


def change_to_json(before: Standing, decision: TierDecision) -> dict[str, Any]:
    """A change of tier as `tier_stand_v1` reads it."""
    after = standing_to_json(decision.standing)
    return {
        "id": str(new_id()),
        "from": before.tier,
        "to": decision.standing.tier,
        "reason": decision.reason,
        "occurred_at": after["since"],
        "kept_until": after["kept_until"],
    }
