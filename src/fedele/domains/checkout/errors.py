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


class TooBusy(Refusal):
    """The member kept changing while we decided; a retry with the same key will do."""

    code = "TOO_BUSY"
    message = "This member is being changed by many requests at once. Send the same request again."
