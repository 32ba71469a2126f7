"""Logistic regression by Newton's method, with a ridge towards a prior and bounds: small, exact, and numpy only."""

import dataclasses
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
STEPS_MAX = 50
CLOSE_ENOUGH = 1e-8


@dataclasses.dataclass(frozen=True, slots=True)
class Logistic:
    """P(y = 1) = 1 / (1 + exp(−(intercept + x · coefficients)))."""

    intercept: float
    coefficients: Floats

    def logit(self, x: Floats) -> Floats:
        """Log odds of each row of `x`."""
        found: Floats = x @ self.coefficients + self.intercept
        return found

    def probability(self, x: Floats) -> Floats:
        """The chance of each row of `x`."""
        return sigmoid(self.logit(x))


def sigmoid(logit: Floats) -> Floats:
    """1 / (1 + exp(−logit)), without overflow."""
    found: Floats = 0.5 * (1.0 + np.tanh(0.5 * logit))
    return found


def fit_logistic(
    x: Floats, y: Floats, *, ridge: float, prior: Floats | None = None, lowest: Floats | float = -np.inf
) -> Logistic:
    """The coefficients that explain y (0 or 1) by the columns of x, each pulled towards its prior (0) by `ridge`.

    `lowest` bounds coefficients from below: those that would fall beneath are held there and the rest is fitted anew.
    """
    columns = x.shape[1]
    centre = np.zeros(columns) if prior is None else prior
    bound = np.broadcast_to(np.asarray(lowest, dtype=float), (columns,))
    held = np.zeros(columns, dtype=bool)
    while True:
        fixed = np.where(held, bound, 0.0)
        intercept, free = _newton(x[:, ~held], y, ridge, centre[~held], x @ fixed)
        coefficients = fixed.copy()
        coefficients[~held] = free
        below = ~held & (coefficients < bound)
        if not below.any():
            return Logistic(intercept, coefficients)
        held |= below


def _newton(x: Floats, y: Floats, ridge: float, prior: Floats, offset: Floats) -> tuple[float, Floats]:
    design = np.column_stack([np.ones(len(x)), x])
    pull = np.concatenate([[1e-9], np.full(x.shape[1], ridge)])
    centre = np.concatenate([[0.0], prior])
    rate = min(max(float(y.mean()), 1e-6), 1 - 1e-6)
    beta = centre.copy()
    beta[0] = np.log(rate / (1 - rate))
    loss = _loss(design, y, beta, pull, centre, offset)
    for _ in range(STEPS_MAX):
        chance = sigmoid(design @ beta + offset)
        gradient = design.T @ (chance - y) + pull * (beta - centre)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(pull + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while (after := _loss(design, y, beta - scale * step, pull, centre, offset)) > loss + 1e-12 and scale > 1e-4:
            scale /= 2  # too far: Newton's step overshoots where chances are near 0 or 1
        beta, loss = beta - scale * step, after
        if np.abs(scale * step).max() < CLOSE_ENOUGH:
            break
    return float(beta[0]), beta[1:]


def _loss(design: Floats, y: Floats, beta: Floats, pull: Floats, centre: Floats, offset: Floats) -> float:
    logit = design @ beta + offset
    return float(np.logaddexp(0.0, logit).sum() - y @ logit + 0.5 * (pull * (beta - centre) ** 2).sum())
