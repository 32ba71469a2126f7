"""Rewards that a member has without buying them: an offer's benefit, a prize, a make-good, an automatic reward."""

from datetime import datetime
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import events, queries
from fedele.domains.rewards.commands import shelf
from fedele.domains.rewards.commands.kinds import take_effect
from fedele.domains.rewards.commands.writing import event, get, usable_until, write
from fedele.domains.rewards.config import Reward, RewardsConfig
from fedele.domains.rewards.types import Redemption, RedemptionId, RedemptionSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound


async def give_reward(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward_key: str,
    because: UUID,
    until: datetime | None,
    moment: Moment,
    source: RedemptionSource = "offer",
) -> Redemption:
    """Give a reward for nothing. `because` is what it is for, becomes the redemption's id, and makes it once.

    `until`: the last instant of its use, None for what the reward says. Takes stock like a redemption; limits per
    member are the giver's to keep. A gift that is sent waits for the member's address. Raises NotFound,
    RewardOutOfStock.
    """
    await tx.lock_member(member_id)
    if earlier := await queries.find_redemption(tx, member_id, RedemptionId(because), moment.now):
        return earlier
    reward = programme.section(RewardsConfig).find(reward_key)
    if reward is None:
        raise NotFound(what="reward")
    price = (reward.cost.currency if reward.cost else None, 0, None)
    return await hold_reward(tx, programme, member_id, reward, RedemptionId(because), price, until, moment, source)


async def hold_reward(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward: Reward,
    redemption_id: RedemptionId,
    price: tuple[str | None, int, UUID | None],
    until: datetime | None,
    moment: Moment,
    source: RedemptionSource,
) -> Redemption:
    """Write a held reward that its giver has paid for. `price`: currency, units, the ledger's transaction.

    For rooms above that burn units themselves, under the member's lock. Raises RewardOutOfStock.
    """
    await shelf.take_stock(tx, reward)
    code = await shelf.code_for(tx, reward, redemption_id)
    until = until or usable_until(reward, programme, moment.now)
    await write(tx, programme, member_id, redemption_id, reward, code, price, until, source, moment)
    redemption = await get(tx, member_id, redemption_id, moment)
    await tx.publish(event(events.RewardRedeemed, redemption, moment))
    await take_effect(tx, programme, redemption, reward, None, None, moment)
    return await get(tx, member_id, redemption_id, moment)
