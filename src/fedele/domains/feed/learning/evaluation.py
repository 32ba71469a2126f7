"""What another policy would have earned, from what was shown: SNIPW and DR, with intervals, and no clipping.

SNIPW weighs each reward by how much likelier the judged policy was to make the same choice, and divides by the sum of
the weights (Swaminathan & Joachims 2015). DR adds a model of the reward for what was not chosen (Dudík et al. 2011),
fitted on the other half of the members, so that it has not seen what it predicts. Intervals are those of the influence
function, summed by member. Clipping weights at 10 was measured to cost 42 % of bias: weights stay as they are, and the
floor of exploration bounds them. What is judged is the value of one place, given what stood above it.
"""

import dataclasses

import numpy as np

from fedele.domains.feed.learning.log import Choices, slot_columns
from fedele.domains.feed.types import Policy
from fedele.kernel.regression import Floats, Logistic, fit_logistic

Z = 1.959964
REWARD_RIDGE = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """A policy judged beside the one that ranks now. `lift`: its DR value minus the other's."""

    policy: str
    incumbent: str
    choices_count: int
    members_count: int
    taps_count: int
    effective_count: float  # choices that would carry as much information if they had been the policy's own
    snipw: Estimate
    dr: Estimate
    incumbent_snipw: Estimate
    incumbent_dr: Estimate
    lift: Estimate
    snipw_lift: Estimate

    @property
    def better(self) -> bool:
        """Whether it beats the incumbent beyond doubt: both lower bounds of the difference are above nothing."""
        return self.lift.low > 0 and self.snipw_lift.low > 0


def evaluate(choices: Choices, policy: Policy, incumbent: Policy, exploration: float) -> Evaluation:
    """Judge a policy by these choices."""
    reward_of = _reward_of_every_card(choices)
    judged, present = (_judge(choices, one, exploration, reward_of) for one in (policy, incumbent))
    weights = judged.weights
    return Evaluation(
        policy=policy.version,
        incumbent=incumbent.version,
        choices_count=len(choices),
        members_count=len(np.unique(choices.cluster)),
        taps_count=int(choices.reward.sum()),
        effective_count=float(weights.sum() ** 2 / (weights**2).sum()),
        snipw=_estimate(judged.snipw, judged.snipw_influence, choices),
        dr=_estimate(judged.dr, judged.dr_influence, choices),
        incumbent_snipw=_estimate(present.snipw, present.snipw_influence, choices),
        incumbent_dr=_estimate(present.dr, present.dr_influence, choices),
        lift=_estimate(judged.dr - present.dr, judged.dr_influence - present.dr_influence, choices),
        snipw_lift=_estimate(judged.snipw - present.snipw, judged.snipw_influence - present.snipw_influence, choices),
    )


def propensities(choices: Choices, policy: Policy, exploration: float) -> Floats:
    """How likely the policy is to choose each card of each choice: a floor, and a softmax above it."""
    factors = np.array([policy.factors.get(name, 1.0) for name in choices.names])
    scaled = (choices.facts @ factors) / policy.temperature
    sizes = _sizes(choices)
    weight = np.exp(scaled - np.repeat(np.maximum.reduceat(scaled, choices.starts), sizes))
    share = weight / np.repeat(np.add.reduceat(weight, choices.starts), sizes)
    found: Floats = (1 - exploration) * share + exploration / np.repeat(sizes, sizes)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class _Judged:
    weights: Floats
    snipw: float
    snipw_influence: Floats
    dr: float
    dr_influence: Floats


def _judge(choices: Choices, policy: Policy, exploration: float, reward_of: Floats) -> _Judged:
    chance = propensities(choices, policy, exploration)
    weights = chance[choices.starts] / choices.propensity
    snipw = float(weights @ choices.reward / weights.sum())
    expected = np.add.reduceat(chance * reward_of, choices.starts)
    each = expected + weights * (choices.reward - reward_of[choices.starts])
    return _Judged(
        weights, snipw, weights * (choices.reward - snipw) / weights.mean(), float(each.mean()), each - each.mean()
    )


def _reward_of_every_card(choices: Choices) -> Floats:
    """The modelled chance of a tap for each card of each choice, by a model that has not seen that member."""
    sizes = _sizes(choices)
    chosen = np.column_stack([choices.facts[choices.starts], slot_columns(choices.slots)])
    half = choices.cluster % 2
    found = np.zeros(len(choices.facts))
    every = np.column_stack([choices.facts, np.repeat(slot_columns(choices.slots), sizes, axis=0)])
    for side in (0, 1):
        others = half != side
        rows = np.repeat(half == side, sizes)
        found[rows] = _model(chosen[others], choices.reward[others]).probability(every[rows])
    return found


def _model(x: Floats, y: Floats) -> Logistic:
    if len(y) < 2 or y.min() == y.max():
        rate = float(y.mean()) if len(y) else 0.5
        rate = min(max(rate, 1e-6), 1 - 1e-6)
        return Logistic(float(np.log(rate / (1 - rate))), np.zeros(x.shape[1]))
    return fit_logistic(x, y, ridge=REWARD_RIDGE)


def _sizes(choices: Choices) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.diff(np.append(choices.starts, len(choices.facts)))


def _estimate(value: float, influence: Floats, choices: Choices) -> Estimate:
    sums = np.bincount(np.unique(choices.cluster, return_inverse=True)[1], weights=influence)
    groups = len(sums)
    error = float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)) / len(choices))
    return Estimate(value, value - Z * error, value + Z * error)
