"""Which products an offer is about, where its benefit says so by the product alone."""

import functools
from collections.abc import Callable

from fedele.domains.activity.types import Product
from fedele.domains.offers.config import Offer
from fedele.kernel.expressions import Expression
from fedele.kernel.vocabulary import LINE_ENVIRONMENT

_OF_A_PRODUCT = frozenset({"line.sku", "line.category", "line.department", "line.brand", "line.kind"})


def covered_by(offer: Offer) -> Callable[[object], bool] | None:
    """Whether a product is one of those that the offer is about; None where it is about any, or cannot be told."""
    condition: Expression | None = getattr(offer.benefit, "when", None)
    if condition is None or not condition.names or not condition.names <= _OF_A_PRODUCT:
        return None

    def covers(subject: object) -> bool:
        if not isinstance(subject, Product):
            return False
        return _holds(condition, subject.sku, subject.category or "", subject.department or "", subject.brand or "")

    return covers


@functools.lru_cache(maxsize=100_000)  # a product's answer never changes, and a feed asks for dozens
def _holds(condition: Expression, sku: str, category: str, department: str, brand: str) -> bool:
    values = {
        "line.sku": sku,
        "line.category": category,
        "line.department": department,
        "line.brand": brand,
        "line.kind": "goods",
    }
    return condition.holds(LINE_ENVIRONMENT.bind({name: values[name] for name in condition.names}))
