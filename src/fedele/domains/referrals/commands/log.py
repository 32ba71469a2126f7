"""The log of what was decided about codes."""

from fedele.db.database import Transaction
from fedele.domains.referrals.types import CheckOutcome, ReferralId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id


async def write_check(
    tx: Transaction,
    friend_id: MemberId,
    referral_id: ReferralId | None,
    outcome: CheckOutcome,
    reason: str,
    moment: Moment,
    actor: str = "rules",
) -> None:
    """Write down a decision. `reason` is the code of a refusal, or what an operator said."""
    await tx.execute(
        """
        INSERT INTO referral_check (member_id, check_id, referral_id, outcome, reason, actor, decided_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        friend_id, new_id(), referral_id, outcome, reason, actor, moment.now,
    )  # fmt: skip
