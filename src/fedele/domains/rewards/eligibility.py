"""Decide whether a member may have a reward now, and what it costs them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fedele.domains.rewards import errors
from fedele.domains.rewards.config import Reward
from fedele.domains.rewards.types import Counts
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.money import to_units
from fedele.kernel.refusal import Refusal
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


def price(reward: Reward, tier: str | None, decimals: int) -> int:
    """What the reward costs a member of this tier, in scaled units of its currency."""
    return to_units(reward.cost_by_tier.get(tier or "", reward.cost.amount), decimals, "up")


def sees(reward: Reward, facts: MemberFacts, tier: str | None, bindings: Mapping[str, Any]) -> bool:
    """Whether the reward is for this member at all: tier, country, audience."""
    if reward.tiers and tier not in reward.tiers:
        return False
    if reward.countries and facts.country not in reward.countries:
        return False
    return reward.when is None or reward.when.holds(MEMBER_ENVIRONMENT.bind(bindings))


def decide(
    reward: Reward,
    facts: MemberFacts,
    tier: str | None,
    counts: Counts,
    at: datetime,
    time_zone: str,
) -> Refusal | None:
    """What stops this member from taking the reward now, or None. Whether they can pay is the ledger's to say."""
    if not reward.dates.contains(at, time_zone):
        return errors.RewardNotOpen()
    if not sees(reward, facts, tier, facts.bindings(at, time_zone, tier)):
        return errors.RewardNotForMember()
    if reward.per_member is not None and counts.taken.get(reward.key, 0) >= reward.per_member:
        return errors.RewardLimitReached(limit=reward.per_member)
    if reward.per_member_day is not None and counts.taken_today.get(reward.key, 0) >= reward.per_member_day:
        return errors.RewardLimitReached(limit=reward.per_member_day)
    if reward.stock is not None and counts.gone.get(reward.key, 0) >= reward.stock:
        return errors.RewardOutOfStock()
    return None
