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
