"""Decide whether a member may have a reward now, and what it costs them."""

from collections.abc import Iterable
from datetime import datetime

from fedele.domains.rewards import errors
from fedele.domains.rewards.config import Coded, LimitPeriod, Reward
from fedele.domains.rewards.types import Asked, Counts, Taken
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.expressions import Bindings
from fedele.kernel.money import to_units
from fedele.kernel.refusal import Refusal

# Kinds that are worth something once seen, or that cannot be undone.
FINAL_TYPES = frozenset({"voucher_code", "gift_card", "donation", "sweepstake_entry", "units"})


def price(reward: Reward, tier: str | None, bindings: Bindings, decimals: int) -> Asked:
    """What the reward costs this member, in scaled units of its currency: the lowest price that holds for them.

    `bindings` are the member's facts, of MEMBER_ENVIRONMENT.

    Raises ValueError for a reward that is not sold.
    """
    if reward.cost is None:
        raise ValueError(f"reward '{reward.key}' has no price: it is only given")
    usual = to_units(reward.cost.amount, decimals, "up")
    of_tier = reward.cost_by_tier.get(tier or "")
    best = Asked(usual, usual) if of_tier is None else Asked(to_units(of_tier, decimals, "up"), usual, tier=tier)
    for other in reward.prices:
        units = to_units(other.amount, decimals, "up")
        if units >= best.units or (other.tiers and tier not in other.tiers):
            continue
        if other.when is not None and not other.when.holds(bindings):
            continue
        best = Asked(units, usual, other.name, tier if other.tiers else None)
    return best


def sees(reward: Reward, facts: MemberFacts, tier: str | None, bindings: Bindings) -> bool:
    """Whether the reward is for this member at all: sold, and for their tier, country, audience."""
    if reward.cost is None or (reward.tiers and tier not in reward.tiers):
        return False
    if reward.countries and facts.country not in reward.countries:
        return False
    return reward.when is None or reward.when.holds(bindings)


def decide(
    reward: Reward,
    rewards: Iterable[Reward],
    facts: MemberFacts,
    tier: str | None,
    bindings: Bindings,
    counts: Counts,
    at: datetime,
    time_zone: str,
) -> Refusal | None:
    """What stops this member from taking the reward now, or None. Whether they can pay is the ledger's to say.

    `rewards` is the whole catalogue, for alternatives of the same choice.
    """
    if not reward.dates.contains(at, time_zone):
        return errors.RewardNotOpen()
    if not sees(reward, facts, tier, bindings):
        return errors.RewardNotForMember()
    for requirement in reward.requires:
        if not requirement.when.holds(bindings):
            reason = requirement.reason.in_locale(facts.locale)
            return errors.RewardRequirementUnmet(requirement=requirement.key, reason=reason)
    return _limits(reward, rewards, counts) or _shelf(reward, counts)


def _limits(reward: Reward, rewards: Iterable[Reward], counts: Counts) -> Refusal | None:
    taken = counts.taken.get(reward.key, Taken())
    limits: list[tuple[LimitPeriod, int]] = [(limit.per, limit.times_max) for limit in reward.limits]
    if reward.per_member is not None:
        limits.append(("lifetime", reward.per_member))
    if reward.per_member_day is not None:
        limits.append(("day", reward.per_member_day))
    for per, times_max in limits:
        if getattr(taken, per) >= times_max:
            return errors.RewardLimitReached(limit=times_max)
    if (group := reward.choice_group) is not None:
        siblings = [one.key for one in rewards if one.choice_group and one.choice_group.key == group.key]
        together = sum((counts.taken.get(key, Taken()) for key in siblings), Taken())
        if getattr(together, group.per) >= group.times_max:
            return errors.RewardChoiceMade(limit=group.times_max)
    return None


def left(reward: Reward, counts: Counts) -> int | None:
    """How many can still be had by anybody; None: no end in sight."""
    of_stock = None if reward.stock is None else max(0, reward.stock - counts.gone.get(reward.key, 0))
    if isinstance(reward, Coded) and reward.codes == "pool":
        free = counts.codes.get(reward.key)
        return min((number for number in (free, of_stock) if number is not None), default=None)
    return of_stock


def _shelf(reward: Reward, counts: Counts) -> Refusal | None:
    return errors.RewardOutOfStock() if left(reward, counts) == 0 else None


def may_give_back(reward: Reward | None, source: str) -> bool:
    """Whether the member may give a held redemption of this reward back. One that left the programme: yes.

    An automatic reward is revoked, never given back: its units would become the same reward again.
    """
    if source == "auto":
        return False
    if reward is None:
        return True
    return reward.cancellable if reward.cancellable is not None else reward.type not in FINAL_TYPES
