"""What follows from rewards' events, and what rewards do when a member is erased."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.events import GiftSent, RedemptionEvent, RewardRedeemed, SweepstakeWon
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Rewards' handlers, for bootstrap's list."""

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id, clock())

    return (
        *(
            messaging.announcing(kind, told_of_reward, database, programme_at, clock)
            for kind in (RewardRedeemed, GiftSent, SweepstakeWon)
        ),
        Handler("rewards.forget_member", MemberErased, forget),
    )


def told_of_reward(event: RedemptionEvent, programme: Programme) -> Mapping[str, Value] | None:
    """`{reward}`, `{amount}` and `{redemption}` for a message about a reward taken; None if it left the programme."""
    reward = programme.section(RewardsConfig).find(event.reward_key)
    # What was given cost nothing, told in the programme's first currency: a message may name {amount}.
    currency = event.currency or next((one.key for one in programme.section(Currencies)), None)
    if reward is None or currency is None:
        return None
    return {
        "reward": reward.name,
        "amount": AmountValue(currency, event.units),
        "redemption": str(event.redemption_id),
    }
