"""Giving what a step brings, and taking it back."""

from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.challenges.config import Award
from fedele.domains.challenges.events import BadgeEarned, ChallengeCompleted, ChallengeRevoked
from fedele.domains.challenges.types import AwardKind, AwardRecord, Reached
from fedele.domains.prizes.commands import give_prize, take_back_prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

_KEEP = """
INSERT INTO challenge_award AS a (member_id, award_id, kind, challenge_key, period, step, nth, needed, state, attempt,
                                  currency, units, transaction_id, redemption_id, badge_key, source_id,
                                  programme_version, given_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'given', $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (member_id, kind, challenge_key, period, step, nth) DO UPDATE
   SET state = 'given', attempt = excluded.attempt, currency = excluded.currency, units = excluded.units,
       needed = excluded.needed, transaction_id = excluded.transaction_id,
       redemption_id = coalesce(excluded.redemption_id, a.redemption_id), badge_key = excluded.badge_key,
       source_id = excluded.source_id, programme_version = excluded.programme_version, given_at = excluded.given_at,
       revoked_at = NULL
RETURNING award_id
"""

_REVOKE = """
UPDATE challenge_award SET state = 'revoked', revoked_at = $3, redemption_id = $4
 WHERE member_id = $1 AND award_id = $2
"""

# A badge stays while anything else that stands has given it.
_DROP_BADGE = """
DELETE FROM member_badge b
 WHERE b.member_id = $1 AND b.badge_key = $2
   AND NOT EXISTS (SELECT FROM challenge_award a
                    WHERE a.member_id = $1 AND a.badge_key = $2 AND a.state = 'given')
"""


async def give(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    named: tuple[AwardKind, str, str],
    reached: Reached,
    award: Award,
    earlier: AwardRecord | None,
    tier: str | None,
    source_id: UUID,
    moment: Moment,
) -> None:
    """Give the award of a step that was reached, write it down and announce it.

    `named` is kind, key and period; `earlier` the same award, given and revoked before: then a reward that the member
    kept from that time is not given again. The caller holds the member's lock and knows that it is due.
    """
    kind, key, period = named
    attempt = earlier.attempt + 1 if earlier else 1
    given = Given()
    if award.units is not None or award.reward is not None:
        cause = Cause(kind, key, _cause_key(key, period, reached.step, reached.nth, attempt))
        kept_reward = earlier is not None and earlier.redemption_id is not None
        given = await give_prize(tx, programme, member_id, award, cause, tier, moment, with_reward=not kept_reward)
    award_id = await tx.fetch_value(
        _KEEP, member_id, new_id(), kind, key, period, reached.step, reached.nth, reached.needed, attempt,
        given.currency, given.units, given.transaction_id, given.redemption_id, award.badge, source_id,
        programme.version, moment.now,
    )  # fmt: skip
    await tx.publish(
        ChallengeCompleted(
            member_id=member_id, occurred_at=moment.now, countable=kind, challenge_key=key, period=period,
            step=reached.step, nth=reached.nth, award_id=award_id,
        )
    )  # fmt: skip
    if award.badge is not None:
        await _badge(tx, member_id, award.badge, kind, key, moment)


async def revoke(
    tx: Transaction, programme: Programme, member_id: MemberId, award: AwardRecord, moment: Moment
) -> None:
    """Take an award back: units as their currency says, a reward and a badge if nothing speaks against it."""
    cause = Cause(award.kind, award.key, _cause_key(award.key, award.period, award.step, award.nth, award.attempt))
    given = Given(award.currency, award.units, award.transaction_id, award.redemption_id)
    taken = await take_back_prize(tx, programme, member_id, given, cause, moment)
    await tx.execute(_REVOKE, member_id, award.id, moment.now, taken.redemption_id)
    if award.badge is not None:
        await tx.execute(_DROP_BADGE, member_id, award.badge)
    await tx.publish(
        ChallengeRevoked(
            member_id=member_id, occurred_at=moment.now, countable=award.kind, challenge_key=award.key,
            period=award.period, step=award.step, award_id=award.id,
        )
    )  # fmt: skip


def _cause_key(key: str, period: str, step: str, nth: int, attempt: int) -> str:
    return f"{key}:{period}:{step}:{nth}:{attempt}"


async def _badge(
    tx: Transaction, member_id: MemberId, badge_key: str, kind: AwardKind, key: str, moment: Moment
) -> None:
    is_new = await tx.fetch_value(
        """
        INSERT INTO member_badge (member_id, badge_key, earned_at, source_kind, source_key) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        member_id, badge_key, moment.now, kind, key,
    )  # fmt: skip
    if is_new:
        await tx.publish(
            BadgeEarned(
                member_id=member_id, occurred_at=moment.now, badge_key=badge_key, source_kind=kind, source_key=key
            )
        )
