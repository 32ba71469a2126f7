"""What a basket costs once discounts are off: candidates, how they stack, how much units may pay, and the decision."""

from fedele.domains.checkout.pricing.candidates import candidates_of
from fedele.domains.checkout.pricing.payment import check_payment, original_minor, pay_options
from fedele.domains.checkout.pricing.selling import InHand, Sold, decide_basket, read_in_hand
from fedele.domains.checkout.pricing.stacking import Applied, Candidate, LeftOut, Priced, Taken, price

__all__ = [
    "Applied",
    "Candidate",
    "InHand",
    "LeftOut",
    "Priced",
    "Sold",
    "Taken",
    "candidates_of",
    "check_payment",
    "decide_basket",
    "original_minor",
    "pay_options",
    "price",
    "read_in_hand",
]
