"""Why the checkout refuses. Nothing is written when it does."""

from fedele.kernel.refusal import Refusal


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


class SecondFactNeeded(Refusal):
    """A screenshot of a static card must not be able to spend."""

    code = "SECOND_FACT_NEEDED"
    message = "To spend value, scan the code shown by the app, or let a cashier confirm with a reason."


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
