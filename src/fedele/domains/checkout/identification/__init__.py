"""Who stands at the till, by a card, a telephone number or a receipt."""

from fedele.domains.checkout.identification.receipts import (
    claim_key,
    find_claimed,
    read_receipt_token,
    receipt_token,
)
from fedele.domains.checkout.identification.shopper import Shopper, identify, member_of_card, member_of_code

__all__ = [
    "Shopper",
    "claim_key",
    "find_claimed",
    "identify",
    "member_of_card",
    "member_of_code",
    "read_receipt_token",
    "receipt_token",
]
