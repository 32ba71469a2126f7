"""What follows from rewards' events."""

from collections.abc import Mapping

from fedele.db.database import Database
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.events import RewardRedeemed
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Rewards' handlers, for bootstrap's list."""
    return (messaging.announcing(RewardRedeemed, told_of_reward, database, programme_at, clock),)


def told_of_reward(event: RewardRedeemed, programme: Programme) -> Mapping[str, Value] | None:
    """`{reward}`, `{amount}` and `{redemption}` for a message about a reward taken; None if it left the programme."""
    reward = programme.section(RewardsConfig).find(event.reward_key)
    if reward is None:
        return None
    return {
        "reward": reward.name,
        "amount": AmountValue(event.currency, event.units),
        "redemption": str(event.redemption_id),
    }
