"""Why tiers refuse."""

from fedele.kernel.refusal import Refusal


class TierUnknown(Refusal):
    """The programme has no such tier."""

    code = "TIER_UNKNOWN"
    message = "The programme has no tier {tier}."
