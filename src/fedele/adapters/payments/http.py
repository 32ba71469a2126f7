"""The retailer's own payment service over HTTP: a few lines in front of Stripe, Adyen or a bank.

Fedele knows no card. It asks that service to charge or to refund, signed as Standard Webhooks are, and with an
`Idempotency-Key` that stays the same when the answer was lost::

    POST {FEDELE_PAYMENTS_URL}/charges   {"member", "method", "amount": "14.99", "currency": "USD", "description"}
    POST {FEDELE_PAYMENTS_URL}/refunds   {"member", "reference", "amount": "14.99", "currency": "USD"}
    → 200 {"reference": "ch_123"}  the money moved · 402 {"problem": "card_declined"}  it will not, today

Any other answer, and none at all, means: not known; Fedele asks again with the same key.
"""

from collections.abc import Callable
from typing import Any

import httpx
import orjson

from fedele.adapters.webhooks.signing import secret_bytes, signed_headers
from fedele.domains.memberships.ports import Charge, PaymentDeclined, Receipt, Refund
from fedele.kernel.clock import Moment, moment_now

TIMEOUT_SECONDS = 20.0


class PaymentServiceError(Exception):
    """The service did not say whether the money moved."""


class HttpPayments:
    """A PaymentProvider in front of the service at `url`. `secret` signs what is asked."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, secret: str, clock: Callable[[], Moment] = moment_now
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._secret = secret_bytes(secret)
        self._clock = clock

    async def charge(self, charge: Charge) -> Receipt:
        """Take the money. Raises PaymentDeclined, or PaymentServiceError where it is not known."""
        return await self._ask(
            "charges",
            charge.key,
            {
                "member": str(charge.member_id),
                "method": charge.method,
                "amount": str(charge.amount.decimal),
                "currency": charge.amount.currency,
                "description": charge.description,
            },
        )

    async def refund(self, refund: Refund) -> Receipt:
        """Give the money back. Raises PaymentDeclined, or PaymentServiceError where it is not known."""
        return await self._ask(
            "refunds",
            refund.key,
            {
                "member": str(refund.member_id),
                "reference": refund.reference,
                "amount": str(refund.amount.decimal),
                "currency": refund.amount.currency,
            },
        )

    async def _ask(self, path: str, key: str, body: dict[str, Any]) -> Receipt:
        content, stamp = orjson.dumps(body), int(self._clock().now.timestamp())
        headers = {
            "content-type": "application/json",
            "idempotency-key": key,
            **signed_headers(self._secret, key, stamp, content),
        }
        try:
            answer = await self._client.post(
                f"{self._url}/{path}", content=content, headers=headers, timeout=TIMEOUT_SECONDS
            )
            told = answer.json() if answer.status_code in (200, 402) else {}
        except (httpx.HTTPError, ValueError) as error:
            raise PaymentServiceError(f"the payment service gave no answer: {type(error).__name__}") from error
        if answer.status_code == 402:
            raise PaymentDeclined(str(told.get("problem") or "declined"))
        if answer.status_code != 200 or not isinstance(told.get("reference"), str):
            raise PaymentServiceError(f"the payment service answered {answer.status_code} without a reference")
        return Receipt(told["reference"])
