"""Which articles are bought by the same members: cosine likeness over how much each buys of each."""

import numpy as np
from numpy.typing import NDArray

from fedele.kernel.regression import Floats

Whole = NDArray[np.int64]
NEIGHBOURS_COUNT = 20
LIKENESS_MIN = 0.05
SUPPORT = 10.0  # members by which a likeness is held down: two that share one buyer are not twins


def likeness(members: Whole, items: Whole, weights: Floats, items_count: int) -> Floats:
    """A (items, items) matrix of likeness, 0 on the diagonal. `members` and `items` are numbers from 0, row by row."""
    table = np.zeros((int(members.max()) + 1 if len(members) else 0, items_count), dtype=np.float32)
    table[members, items] = np.log1p(weights)
    shared = table.T @ table
    norms = np.sqrt(np.diag(shared)) + 1e-9
    found = shared / norms[:, None] / norms[None, :]
    bought = (table > 0).astype(np.float32)
    both = bought.T @ bought
    found *= both / (both + SUPPORT)
    np.fill_diagonal(found, 0.0)
    return found


def nearest(matrix: Floats, count: int = NEIGHBOURS_COUNT) -> Floats:
    """The matrix with only the nearest `count` of each row kept, the rest 0."""
    kept = np.zeros_like(matrix)
    if not len(matrix):
        return kept
    count = min(count, matrix.shape[1])
    best = np.argpartition(-matrix, count - 1, axis=1)[:, :count]
    rows = np.arange(len(matrix))[:, None]
    kept[rows, best] = matrix[rows, best]
    kept[kept < LIKENESS_MIN] = 0.0
    return kept
