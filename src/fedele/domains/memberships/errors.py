"""Why memberships refuse."""

from fedele.kernel.refusal import Refusal


class MembershipUnknown(Refusal):
    """The programme sells no such membership or plan."""

    code = "MEMBERSHIP_UNKNOWN"
    message = "The programme has no membership {membership} with the plan {plan}."


class MembershipHeldAlready(Refusal):
    """The member has it already."""

    code = "MEMBERSHIP_HELD_ALREADY"
    message = "You are a member of {membership} already."


class MembershipNotHeld(Refusal):
    """The member does not have it."""

    code = "MEMBERSHIP_NOT_HELD"
    message = "You are not a member of {membership}."


class RefundExceedsPayment(Refusal):
    """More would be given back than is left of what was paid."""

    code = "REFUND_EXCEEDS_PAYMENT"
    message = "Only {left} of this payment can still be given back."
