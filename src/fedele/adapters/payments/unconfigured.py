"""No payment service: every charge is declined, so that nobody becomes a paying member by mistake."""

from fedele.domains.memberships.ports import Charge, PaymentDeclined, Receipt, Refund


class UnconfiguredPayments:
    """Where FEDELE_PAYMENTS_URL is not set. Memberships can still be sold at the till, which takes the money itself."""

    async def charge(self, charge: Charge) -> Receipt:
        """Decline. Raises PaymentDeclined."""
        raise PaymentDeclined("payments_not_configured")

    async def refund(self, refund: Refund) -> Receipt:
        """Decline: a person gives the money back where it was taken. Raises PaymentDeclined."""
        raise PaymentDeclined("payments_not_configured")
