"""How well an article fits a member: a linear score over what they bought, when, what sells and what goes with it.

The score is the log odds that the member buys it within 28 days, so it is also a chance. Weights were fitted on a year
of grocery baskets (`fitting.py`; simulated on real patterns, as their source says) and come with the package; no weight
is below nothing, so every fact that is cited speaks for the article.
"""

import dataclasses
import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from fedele.kernel.regression import Floats, sigmoid

Level = Literal["product", "category", "offer"]
SLOW_DAYS, FAST_DAYS = 112.0, 28.0  # half-lives of a purchase's weight
HORIZON_DAYS = 28.0
RESTING_DAYS = 3.0
DUE_AGAIN = 0.8  # of the usual gap between two purchases

FACTS: tuple[str, ...] = ("slow", "fast", "times", "recent", "due", "rate", "popular", "together")


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """What is known of some articles for one or more members, as arrays of one length; all 0 for what nobody bought.

    `slow` and `fast` are purchases weighed by age as of now; `age_days` since the last, `span_days` from first to last;
    `buyers` of everybody in 28 days; `together` the summed likeness to what the member buys.
    """

    times: Floats
    slow: Floats
    fast: Floats
    age_days: Floats
    span_days: Floats
    buyers: Floats
    together: Floats

    @property
    def gap_days(self) -> Floats:
        """The usual time between two purchases; 0 where there were not two."""
        found: Floats = np.where(self.times > 1, self.span_days / np.maximum(self.times - 1, 1), 0.0)
        return found

    @property
    def resting(self) -> NDArray[np.bool_]:
        """Whether it was bought just now and is not due again yet."""
        soon = self.age_days < np.where(self.gap_days > 0, DUE_AGAIN * self.gap_days, np.inf)
        found: NDArray[np.bool_] = (self.times > 0) & (self.age_days < RESTING_DAYS) & soon
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """What each fact counts for at one level."""

    intercept: float
    of: Mapping[str, float]

    @classmethod
    def shipped(cls, level: Level) -> Self:
        """The weights that come with the package."""
        values = _shipped()[level]
        return cls(float(values["intercept"]), values["of"])

    def parts(self, facts: Mapping[str, Floats]) -> dict[str, Floats]:
        """What each fact adds to the score of each article: they and the intercept are the score."""
        return {name: self.of[name] * values for name, values in facts.items() if self.of.get(name)}

    def score(self, facts: Mapping[str, Floats]) -> Floats:
        """Log odds of each article."""
        parts = self.parts(facts)
        size = len(next(iter(facts.values())))
        return sum(parts.values(), np.full(size, self.intercept))

    def chance(self, facts: Mapping[str, Floats]) -> Floats:
        """The chance that the member buys each article within 28 days."""
        return sigmoid(self.score(facts))


def facts_of(columns: Columns) -> dict[str, Floats]:
    """The facts that the score is made of, each of them 0 or more and more the better."""
    known, gap = columns.times > 0, columns.gap_days
    late = np.where(gap > 0, columns.age_days / np.maximum(gap, 1.0), 0.0)  # 1: due today, 2: a whole gap overdue
    again = gap > 0
    return {
        "slow": np.log1p(columns.slow),
        "fast": np.log1p(columns.fast),
        "times": np.log1p(columns.times),
        "recent": np.where(known, np.maximum(1.0 - np.log1p(np.maximum(columns.age_days, 0.0)) / 6.0, 0.0), 0.0),
        "due": np.where(again, np.exp(-np.abs(np.log(np.maximum(late, 0.05)))), 0.0),
        "rate": np.where(
            again,
            -np.expm1(-HORIZON_DAYS / np.maximum(gap, 1.0)) * np.exp(-np.maximum(late - 1.0, 0.0)),
            0.0,
        ),
        "popular": np.log1p(columns.buyers),
        # Only for what the member does not buy: of what they do buy, their own purchases say more.
        "together": np.where(known, 0.0, np.log1p(columns.together)),
    }


@functools.cache
def _shipped() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("weights.json").read_bytes()
    found: dict[str, dict[str, Any]] = orjson.loads(text)
    return found
