"""Changing a tier when no purchase does it: time, a person, or a membership."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import errors
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.queries import Judged, judged_by_member, list_grants
from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.standing import decide
from fedele.domains.tiers.types import (
    Grant,
    GrantAsked,
    GrantId,
    GrantRecord,
    GrantSource,
    Standing,
    TierDecision,
    TierMove,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound

REASON_LENGTH_MAX = 500


async def review_members(
    tx: Transaction, programme: Programme, member_ids: Sequence[MemberId], at: datetime, moment: Moment
) -> list[TierMove]:
    """Judge many members as of an instant: one read, one write of what changed. Repeating it changes nothing.

    Takes the members' locks in the order of their ids. Answers whose tier became another one.
    """
    await tx.execute("SELECT members_lock_v1($1::uuid[])", list(member_ids))
    rules = TierRules.of(programme)
    if not rules.config.levels:
        return []
    moves, written = [], []
    for member_id, judged in sorted((await judged_by_member(tx, rules, member_ids, at)).items()):
        before = judged.standing
        # What changed after that instant is not judged as of a time before it.
        decision = decide(rules, before, judged.days, max(at, before.since or at), judged.joined_at)
        if decision.standing != before:
            written.append((member_id, before, decision))
        if decision.reason:
            moves.append(TierMove(member_id, before.tier, decision.standing.tier))
    await _stand(tx, programme, written, moment)
    return moves


async def grant_tier(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    asked: GrantAsked,
    actor: str,
    key: str,
    moment: Moment,
) -> GrantRecord:
    """Give a tier by hand, with a reason, until a date. Repeating the call with the same key returns the first grant.

    What is earned goes on beneath it, and is what the member has when it ends. Raises TierUnknown, InvalidInput,
    KeyReused.
    """
    body = {"member": str(member_id), "tier": asked.tier, "until": asked.until.isoformat(), "reason": asked.reason}
    held = await claim(tx, f"grant_tier:{actor}", key, body, member_id)
    if held.response is not None:
        return await _grant(tx, member_id, GrantId(UUID(held.response["grant_id"])))
    reason = asked.reason.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput(problem=f"Say why, in at most {REASON_LENGTH_MAX} characters.", field="reason")
    if asked.until <= moment.now:
        raise InvalidInput(problem="A grant ends in the future.", field="until")
    grant = Grant(GrantId(new_id()), asked.tier, moment.now, asked.until)
    await lay_grant(tx, programme, member_id, grant, "staff", reason, actor, moment)
    await held.answer(tx, {"grant_id": str(grant.id)})
    return await _grant(tx, member_id, grant.id)


async def lay_grant(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    grant: Grant,
    source: GrantSource,
    reason: str,
    actor: str,
    moment: Moment,
) -> None:
    """Lay a grant over what the member has earned; one of the same id gets the new end. Raises TierUnknown.

    For rooms above whose things bring a tier: the id is theirs, and makes it once.
    """
    rules = TierRules.of(programme)
    if grant.tier not in {level.key for level in rules.config.levels[1:]}:
        raise errors.TierUnknown(tier=grant.tier, field="tier")  # everybody has the lowest
    await tx.lock_member(member_id)
    await tx.execute(
        """
        INSERT INTO tier_grant (member_id, grant_id, tier_key, source, reason, actor, granted_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (member_id, grant_id) DO UPDATE SET until = excluded.until
        """,
        member_id, grant.id, grant.tier, source, reason, actor, grant.since, grant.until,
    )  # fmt: skip
    await _regrant(tx, programme, member_id, grant.id, grant, moment)


async def end_grant(
    tx: Transaction, programme: Programme, member_id: MemberId, grant_id: GrantId, actor: str, moment: Moment
) -> GrantRecord:
    """End a grant now: the member has what is earned. One that has ended stays as it was. Raises NotFound."""
    await tx.lock_member(member_id)
    grant = await _grant(tx, member_id, grant_id)
    if grant.ended_at is not None or (grant.until is not None and grant.until <= moment.now):
        return grant
    await tx.execute(
        "UPDATE tier_grant SET ended_at = $3, ended_by = $4 WHERE member_id = $1 AND grant_id = $2",
        member_id, grant_id, moment.now, actor,
    )  # fmt: skip
    ended = Grant(grant.id, grant.tier, grant.granted_at, moment.now)
    await _regrant(tx, programme, member_id, grant_id, ended, moment)
    return await _grant(tx, member_id, grant_id)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Clear the words written about an erased member; what they had and when stays, and names nobody."""
    await tx.execute("UPDATE tier_grant SET reason = '' WHERE member_id = $1", member_id)


async def _regrant(
    tx: Transaction, programme: Programme, member_id: MemberId, grant_id: GrantId, grant: Grant, moment: Moment
) -> None:
    """Judge the member with this grant in the place of the one of the same id."""
    rules = TierRules.of(programme)
    judged: Judged | None = (await judged_by_member(tx, rules, [member_id], moment.now)).get(member_id)
    if judged is None:
        raise NotFound(what="member", field="memberId")
    before = judged.standing
    others = tuple(other for other in before.grants if other.id != grant_id)
    with_it = dataclasses.replace(before, grants=(*others, grant), earned=before.beneath)
    decision = decide(rules, with_it, judged.days, moment.now, judged.joined_at)
    if decision.standing != before:
        await _stand(tx, programme, [(member_id, before, decision)], moment)


async def _grant(tx: Transaction, member_id: MemberId, grant_id: GrantId) -> GrantRecord:
    for grant in await list_grants(tx, member_id):
        if grant.id == grant_id:
            return grant
    raise NotFound(what="grant", field="grantId")


async def _stand(
    tx: Transaction,
    programme: Programme,
    decided: Sequence[tuple[MemberId, Standing, TierDecision]],
    moment: Moment,
) -> None:
    """Write standings and their history in one call, and announce the changes."""
    if not decided:
        return
    rows = [
        {
            "member_id": str(member_id),
            "standing": standing_to_json(decision.standing),
            "changes": [change_to_json(before, decision)] if decision.reason else [],
        }
        for member_id, before, decision in decided
    ]
    await tx.execute("SELECT tier_stand_many_v1($1, $2, $3)", moment.now, rows, programme.version)
    for member_id, before, decision in decided:
        if decision.reason:
            await tx.publish(
                TierChanged(
                    member_id=member_id,
                    occurred_at=moment.now,
                    from_tier=before.tier,
                    to_tier=decision.standing.tier,
                    reason=decision.reason,
                )
            )
        else:
            await tx.touch(member_id)  # how long it is kept is shown, too


def standing_to_json(standing: Standing) -> dict[str, Any]:
    """A standing as `tier_stand_v1` reads it."""
    return {
        **_plain(standing),
        "grants": [
            {
                "id": str(grant.id),
                "tier": grant.tier,
                "since": grant.since.isoformat(),
                "until": grant.until.isoformat() if grant.until else None,
            }
            for grant in standing.grants
        ],
        "earned": _plain(standing.earned) if standing.earned else None,
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


def _plain(standing: Standing) -> dict[str, Any]:
    return {
        "tier": standing.tier,
        "since": standing.since.isoformat() if standing.since else None,
        "kept_until": standing.kept_until.isoformat() if standing.kept_until else None,
    }
