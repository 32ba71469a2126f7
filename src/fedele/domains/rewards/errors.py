"""Why a reward cannot be had, used or given back."""

from fedele.kernel.refusal import Refusal


class RewardNotOpen(Refusal):
    """Outside its dates."""

    code = "REWARD_NOT_OPEN"
    message = "This reward cannot be redeemed at this time."


class RewardNotForMember(Refusal):
    """Another tier, country or audience; or it is not sold at all."""

    code = "REWARD_NOT_FOR_MEMBER"
    message = "This reward is not available to this member."


class RewardRequirementUnmet(Refusal):
    """A condition that the programme declares, in its own words. Details: requirement (its key), reason."""

    code = "REWARD_REQUIREMENT_UNMET"
    message = "{reason}"


class RewardLimitReached(Refusal):
    """The member had as many as one may. Details: limit."""

    code = "REWARD_LIMIT_REACHED"
    message = "This reward was redeemed as often as one member may: {limit}."


class RewardChoiceMade(Refusal):
    """The member took another reward of the same choice. Details: limit."""

    code = "REWARD_CHOICE_MADE"
    message = "This reward is one of a choice, and the choice has been made."


class RewardOutOfStock(Refusal):
    """None is left, or no code is left in its pool."""

    code = "REWARD_OUT_OF_STOCK"
    message = "This reward is out of stock."


class DeliveryNeeded(Refusal):
    """A gift is sent, and nobody said where, or it is not sent there."""

    code = "DELIVERY_NEEDED"
    message = "This gift is sent: it needs a recipient, a street, a city and a country that it is sent to."


class RedemptionNotHeld(Refusal):
    """It was used, cancelled or has expired. Details: status."""

    code = "REDEMPTION_NOT_HELD"
    message = "This reward is {status} and cannot be used or given back."


class RedemptionFinal(Refusal):
    """A code that was seen, a donation, an entry: what cannot be given back."""

    code = "REDEMPTION_FINAL"
    message = "This reward cannot be given back."


class RewardNotInBasket(Refusal):
    """The basket has nothing that the held reward applies to, or costs too little. Details: problem."""

    code = "REWARD_NOT_IN_BASKET"
    message = "{problem}"


class DrawNotPossible(Refusal):
    """No entries, or entries are still taken. Details: problem."""

    code = "DRAW_NOT_POSSIBLE"
    message = "{problem}"
