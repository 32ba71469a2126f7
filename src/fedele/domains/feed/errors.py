"""Why feed events are not taken."""

from fedele.kernel.refusal import Refusal


class FeedTokenInvalid(Refusal):
    """The token was not made for this member by this server."""

    code = "FEED_TOKEN_INVALID"
    message = "A card's token is not one of this member's feed. Send the token as it came with the card."


class FeedBatchTooLarge(Refusal):
    """More events than one call takes. Details: limit."""

    code = "FEED_BATCH_TOO_LARGE"
    message = "At most {limit} feed events fit in one call. Send the rest in another."


class PolicyUnknown(Refusal):
    """No policy of that name was fitted. Details: policy."""

    code = "FEED_POLICY_UNKNOWN"
    message = "There is no policy {policy}. `fedele feed policies` lists them; `fedele feed fit` makes one."


class PolicyUntested(Refusal):
    """Too few choices were seen to judge by. Details: choices, members, choices_min, members_min."""

    code = "FEED_POLICY_UNTESTED"
    message = (
        "{choices} choices by {members} members were seen; "
        "a policy is judged by {choices_min} or more, by {members_min} members."
    )


class PolicyNotBetter(Refusal):
    """The lower bound of its lift is not above nothing. Details: policy, incumbent, lift, low, high."""

    code = "FEED_POLICY_NOT_BETTER"
    message = (
        "{policy} is not better than {incumbent} beyond doubt: lift {lift} taps a place, "
        "95 % between {low} and {high}. It stays where it is."
    )
