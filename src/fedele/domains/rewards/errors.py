"""Why a reward cannot be had or given back."""

from fedele.kernel.refusal import Refusal


class RewardNotOpen(Refusal):
    """Outside its dates."""

    code = "REWARD_NOT_OPEN"
    message = "This reward cannot be redeemed at this time."


class RewardNotForMember(Refusal):
    """Another tier, country or audience."""

    code = "REWARD_NOT_FOR_MEMBER"
    message = "This reward is not available to this member."


class RewardLimitReached(Refusal):
    """The member had as many as one may. Details: limit."""

    code = "REWARD_LIMIT_REACHED"
    message = "This reward can be redeemed {limit} times at most, and that is reached."


class RewardOutOfStock(Refusal):
    """None is left, or no code is left in its pool."""

    code = "REWARD_OUT_OF_STOCK"
    message = "This reward is out of stock."


class RedemptionNotHeld(Refusal):
    """It was used, cancelled or has expired. Details: status."""

    code = "REDEMPTION_NOT_HELD"
    message = "This reward is {status} and cannot be used or given back."
