"""How well an offer fits a member: by what they buy of the products it is about."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fedele.domains.recommendations.scoring import Columns, Weights, facts_of
from fedele.domains.recommendations.types import OfferFit, Recommended


def fit_of(tastes: Sequence[Recommended], covers: Callable[[object], bool]) -> OfferFit | None:
    """What speaks for an offer about these products; None where it is about none that the member knows or sees.

    `tastes`: what could be recommended to the member. The score's facts are summed over the products covered; its
    `together` is what the member buys of their categories.
    """
    covered = [one for one in tastes if covers(one.product)]
    if not covered:
        return None
    categories = {one.product.category for one in covered if one.product.category}
    around = sum(one.known.slow for one in tastes if one.product.category in categories)
    slow = sum(one.known.slow for one in covered)
    columns = Columns(
        times=np.array([float(sum(one.known.times for one in covered))]),
        slow=np.array([slow]),
        fast=np.array([sum(one.known.fast for one in covered)]),
        age_days=np.zeros(1),
        span_days=np.zeros(1),
        buyers=np.array([float(max(one.known.buyers_count for one in covered))]),
        together=np.array([around]),
    )
    parts: Mapping[str, float] = {
        name: float(values[0]) for name, values in Weights.shipped("offer").parts(facts_of(columns)).items()
    }
    bought = [one for one in covered if one.known.times]
    likest = max(bought, key=lambda one: (one.known.slow, one.product.sku)).product if bought else None
    return OfferFit(parts, likest)
