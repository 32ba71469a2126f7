"""Why activity refuses."""

from fedele.kernel.refusal import Refusal


class ReceiptKnown(Refusal):
    """This receipt was recorded for this member before, under another idempotency key."""

    code = "RECEIPT_KNOWN"
    message = (
        "Receipt {receipt} of {store} is already recorded. Repeat with its first idempotency key to get its result."
    )


class ReturnExceedsPurchase(Refusal):
    """More would come back than was bought."""

    code = "RETURN_EXCEEDS_PURCHASE"
    message = "Line {line} has {left} left to return; {asked} were asked for."
