"""Why a challenge cannot be joined."""

from fedele.kernel.refusal import Refusal


class ChallengeNotOpen(Refusal):
    """Outside its dates, or nobody joins it: it counts for everybody by itself."""

    code = "CHALLENGE_NOT_OPEN"
    message = "This challenge cannot be joined now."


class ChallengeNotForMember(Refusal):
    """For another audience."""

    code = "CHALLENGE_NOT_FOR_MEMBER"
    message = "This challenge is not available to this member."
