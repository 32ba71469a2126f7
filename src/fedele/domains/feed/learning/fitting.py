"""Fit a policy: how much each fact should count, from the cards that were really seen.

A tap is explained by the place on the screen and the facts of the card (logistic, so a place's own pull is not taken
for a fact's). The fit is pulled towards the policy that ranks now, scaled to the same strength, so that little data
changes little. No factor falls beneath 0.05: a fact that speaks for a card may come to count less, never against it,
else the reason that the card gives would be a lie.
"""

import dataclasses

import numpy as np

from fedele.domains.feed.learning.log import Seen, slot_columns
from fedele.domains.feed.types import Policy
from fedele.kernel.regression import fit_logistic

SEEN_MIN = 2_000
TAPPED_MIN = 100
RIDGE = 20.0
FACTOR_MIN, FACTOR_MAX = 0.05, 20.0
STRENGTH_MIN = 0.05  # where the present score explains taps hardly at all, it still says in which unit to speak


class TooLittleSeen(Exception):
    """There is not enough to learn from yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fitted:
    """A policy's factors, and how much it was learned from."""

    factors: dict[str, float]
    seen_count: int
    tapped_count: int


def fit(seen: Seen, incumbent: Policy) -> Fitted:
    """Factors that explain the taps. Raises TooLittleSeen, with the counts."""
    seen_count, tapped_count = len(seen.tapped), int(seen.tapped.sum())
    if seen_count < SEEN_MIN or tapped_count < TAPPED_MIN:
        raise TooLittleSeen(
            f"{seen_count} cards seen, {tapped_count} of them tapped; "
            f"learning begins with {SEEN_MIN} seen and {TAPPED_MIN} tapped"
        )
    places = slot_columns(seen.slots)
    factors = np.array([incumbent.factors.get(name, 1.0) for name in seen.names])
    score = seen.facts @ factors
    by_score = fit_logistic(np.column_stack([score, places]), seen.tapped, ridge=1.0)
    strength = max(float(by_score.coefficients[0]), STRENGTH_MIN)
    columns = len(seen.names)
    prior = np.concatenate([factors * strength, np.zeros(places.shape[1])])
    lowest = np.concatenate([np.full(columns, FACTOR_MIN * strength), np.full(places.shape[1], -np.inf)])
    by_fact = fit_logistic(np.column_stack([seen.facts, places]), seen.tapped, ridge=RIDGE, prior=prior, lowest=lowest)
    found = np.clip(by_fact.coefficients[:columns] / strength, FACTOR_MIN, FACTOR_MAX)
    return Fitted(
        {name: round(float(factor), 4) for name, factor in zip(seen.names, found, strict=True)},
        seen_count,
        tapped_count,
    )
