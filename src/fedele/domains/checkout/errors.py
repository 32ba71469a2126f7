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


class OccurredTooLongAgo(Refusal):
    """The programme takes no sales of so long ago. Details: days."""

    code = "OCCURRED_TOO_LONG_AGO"
    message = "This happened more than {days} days ago: it cannot be settled at a till any more."
