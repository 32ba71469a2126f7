"""The records of recommendations."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta

from fedele.domains.activity.types import Product


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is known of one product for one member, as of a moment. `times` 0: they never bought it.

    `slow` and `fast` are purchases weighed by age; `buyers_count` of everybody in 28 days; `together` the summed
    likeness to what the member buys, and `like` the name of the likest of those.
    """

    product: Product
    times: int = 0
    slow: float = 0.0
    fast: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None
    buyers_count: int = 0
    together: float = 0.0
    like: str | None = None

    @property
    def gap(self) -> timedelta | None:
        """The usual time between two purchases."""
        if self.times < 2 or self.first_at is None or self.last_at is None or self.first_at == self.last_at:
            return None
        return (self.last_at - self.first_at) / (self.times - 1)

    @property
    def due_at(self) -> datetime | None:
        """When it is usually bought again."""
        return self.last_at + self.gap if self.last_at is not None and self.gap is not None else None


@dataclasses.dataclass(frozen=True, slots=True)
class Recommended:
    """A product and what speaks for it: `parts` (a number per fact) and the intercept sum to `score`.

    `chance` of buying it within 28 days. `resting`: bought just now, and not due again yet.
    """

    known: Known
    score: float
    chance: float
    parts: Mapping[str, float]
    resting: bool

    @property
    def product(self) -> Product:
        """The product."""
        return self.known.product


@dataclasses.dataclass(frozen=True, slots=True)
class CategoryTaste:
    """How much a member is drawn to a category."""

    category: str
    times: int
    last_at: datetime
    chance: float


@dataclasses.dataclass(frozen=True, slots=True)
class OfferFit:
    """What speaks for an offer by the products it is about, a number per fact; and the one the member buys most."""

    parts: Mapping[str, float]
    bought: Product | None
