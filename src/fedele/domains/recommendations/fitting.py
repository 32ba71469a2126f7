"""Fit the scorer's weights to what members bought after a day, from what was known the day before."""

from collections.abc import Sequence

import numpy as np

from fedele.domains.recommendations.scoring import FACTS, Columns, Weights, facts_of
from fedele.kernel.regression import Floats, fit_logistic

RIDGE = 10.0


def fit_weights(windows: Sequence[tuple[Columns, Floats]], without: frozenset[str] = frozenset()) -> Weights:
    """Weights from windows of (what was known, 1 where it was bought next); no weight falls below 0.

    `without`: facts that this level does not have.
    """
    names = [name for name in FACTS if name not in without]
    x = np.concatenate([_matrix(columns, names) for columns, _ in windows])
    y = np.concatenate([bought for _, bought in windows])
    found = fit_logistic(x, y, ridge=RIDGE, lowest=0.0)
    of = {name: round(float(weight), 4) for name, weight in zip(names, found.coefficients, strict=True)}
    return Weights(round(found.intercept, 4), of)


def _matrix(columns: Columns, names: Sequence[str]) -> Floats:
    facts = facts_of(columns)
    return np.column_stack([facts[name] for name in names])
