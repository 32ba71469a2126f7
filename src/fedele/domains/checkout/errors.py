"""Why the checkout refuses. Nothing is written when it does."""

from fedele.domains.till.errors import SecondFactNeeded
from fedele.kernel.refusal import Refusal

__all__ = ["SecondFactNeeded"]


class BasketInvalid(Refusal):
    """The basket contradicts itself."""

    code = "BASKET_INVALID"
    message = "{problem}"


class PurchaseNotFound(Refusal):
    """No such purchase for this caller."""

    code = "PURCHASE_NOT_FOUND"
    message = "No such purchase was found at this store."


class StoreForbidden(Refusal):
    """The key belongs to another store."""

    code = "STORE_FORBIDDEN"
    message = "This key may act for its own store only."


class TenderNotAccepted(Refusal):
    """The programme's units cannot pay this."""

    code = "TENDER_NOT_ACCEPTED"
    message = "{problem}"


class BenefitNotInHand(Refusal):
    """A claim that the till wants to use was used, has run out, or is another member's."""

    code = "BENEFIT_NOT_IN_HAND"
    message = "An offer of this basket cannot be used any more. Scan again to see what the member holds."


class ReturnInvalid(Refusal):
    """The return contradicts itself or its purchase."""

    code = "RETURN_INVALID"
    message = "{problem}"


class PayLimitExceeded(Refusal):
    """More, fewer or other numbers of units than may pay this basket. Details: currency, units_max, minimum, step."""

    code = "PAY_LIMIT_EXCEEDED"
    message = "At most {units_max} {currency} can pay here: from {minimum}, in steps of {step}."


class QuoteChanged(Refusal):
    """The basket would be settled otherwise than it was quoted."""

    code = "QUOTE_CHANGED"
    message = "Something changed since the quote. Ask for a new one and show it to the customer."


class ReceiptUnknown(Refusal):
    """No receipt that we know has this code."""

    code = "RECEIPT_UNKNOWN"
    message = "This is no receipt of ours, or it was misread. Try again."


class ReceiptClaimed(Refusal):
    """The purchase is a member's already."""

    code = "RECEIPT_CLAIMED"
    message = "This purchase has been credited already."


class ReceiptTooOld(Refusal):
    """The programme credits no purchases of so long ago. Details: days; 0 where it credits none afterwards."""

    code = "RECEIPT_TOO_OLD"
    message = "A purchase can be credited up to {days} days afterwards."


class ReceiptGivenBack(Refusal):
    """Nothing is left of the purchase."""

    code = "RECEIPT_GIVEN_BACK"
    message = "Everything on this receipt was returned."


class OccurredTooLongAgo(Refusal):
    """The programme takes no sales of so long ago. Details: days."""

    code = "OCCURRED_TOO_LONG_AGO"
    message = "This happened more than {days} days ago: it cannot be settled at a till any more."
