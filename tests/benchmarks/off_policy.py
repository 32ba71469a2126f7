"""How true off-policy estimates are, where the truth is known: `python -m tests.benchmarks off_policy`.

A made-up world: members of different taste are shown cards by one policy, tap or do not, and another policy is judged
by those taps alone, by `feed.learning.evaluation` as `fedele feed evaluate` runs it. Taps follow a rule that the reward
model cannot express (products of facts, a member's own liking), so DR is tested where it must lean on its weights. Each
of the runs draws new members, choices and taps; the truth is the other policy's expected taps over a far larger sample.

    off_policy_snipw_rmse, off_policy_dr_rmse            root mean squared error ÷ the truth (wanted: ≤ 0.05)
    off_policy_snipw_coverage, off_policy_dr_coverage    how often the 95 % interval holds the truth (.93 to .97)
    off_policy_lift_coverage                             the same for the difference to the incumbent
    off_policy_clipped_bias                              what clipping weights at 2 would do, for comparison

The Open Bandit sample's own check (IPW ratio 1.198126) is not made: its package is not among our dependencies.
"""

import json

import numpy as np
from numpy.typing import NDArray

from fedele.domains.feed.learning.evaluation import evaluate, propensities
from fedele.domains.feed.learning.log import Choices
from fedele.domains.feed.types import Policy
from fedele.kernel.regression import sigmoid

RUNS = 400
CHOICES = 8_000
PER_MEMBER = 4
CARDS = 12
EXPLORATION = 0.06
NAMES = ("offer", "near", "bought_often", "content", "popular")
INCUMBENT = Policy("incumbent")
JUDGED = Policy("judged", {"bought_often": 1.8, "near": 0.5, "content": 0.4})
Floats = NDArray[np.float64]


def measure(runs: int = RUNS, choices: int = CHOICES, truth_rounds: int = 20) -> dict[str, float]:
    """The figures of this run; the seed is fixed."""
    random = np.random.default_rng(2026)
    truth, present = _truth(random, truth_rounds)
    found: dict[str, list[tuple[float, bool]]] = {"snipw": [], "dr": [], "lift": []}
    clipped = []
    for _ in range(runs):
        log = _log(random, choices)
        answer = evaluate(log, JUDGED, INCUMBENT, EXPLORATION)
        for name, one, true in (
            ("snipw", answer.snipw, truth),
            ("dr", answer.dr, truth),
            ("lift", answer.lift, truth - present),
        ):
            found[name].append((one.value / true - 1, one.low <= true <= one.high))
        weights = np.minimum(propensities(log, JUDGED, EXPLORATION)[log.starts] / log.propensity, 2.0)
        clipped.append(float((weights * log.reward).mean()) / truth - 1)
    return {
        **{
            f"off_policy_{name}_rmse": round(float(np.sqrt(np.mean([error**2 for error, _ in found[name]]))), 4)
            for name in ("snipw", "dr")
        },
        **{
            f"off_policy_{name}_coverage": round(float(np.mean([held for _, held in rows])), 3)
            for name, rows in found.items()
        },
        "off_policy_clipped_bias": round(float(np.mean(clipped)), 3),
        "off_policy_truth": round(truth, 5),
        "off_policy_incumbent_truth": round(present, 5),
    }


def _world(random: np.random.Generator, choices: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """The facts of every card, the true chance of a tap on each, and whose choice it is."""
    members = np.repeat(np.arange(-(-choices // PER_MEMBER)), PER_MEMBER)[:choices]
    facts = random.gamma(2.0, 0.35, (choices, CARDS, len(NAMES)))
    facts *= random.random((choices, CARDS, len(NAMES))) < 0.5
    liking = random.normal(0.0, 0.5, members.max() + 1)[members]
    offer, near, often, content, popular = np.moveaxis(facts, -1, 0)
    logit = -1.6 + 0.5 * offer + 0.2 * near + 1.1 * often - 0.6 * content + 0.2 * popular + 0.7 * often * offer
    return facts, sigmoid(logit + liking[:, None]), members


def _choices(facts: Floats, members: NDArray[np.int64]) -> Choices:
    """All of them, nobody chosen yet: the first card stands where the chosen one will."""
    count = len(facts)
    return Choices(
        NAMES, facts.reshape(-1, len(NAMES)), np.arange(count) * CARDS, np.zeros(count, np.int64), np.ones(count),
        np.zeros(count), members,
    )  # fmt: skip


def _log(random: np.random.Generator, choices: int) -> Choices:
    """What the incumbent showed and who tapped."""
    facts, tap, members = _world(random, choices)
    chance = propensities(_choices(facts, members), INCUMBENT, EXPLORATION).reshape(choices, CARDS)
    chosen = (random.random((choices, 1)) > np.cumsum(chance, axis=1)).sum(axis=1).clip(max=CARDS - 1)
    rows = np.arange(choices)
    order = np.argsort(np.arange(CARDS)[None, :] != chosen[:, None], axis=1, kind="stable")  # the chosen one first
    return Choices(
        NAMES,
        facts[rows[:, None], order].reshape(-1, len(NAMES)),
        rows * CARDS,
        np.zeros(choices, np.int64),
        chance[rows, chosen],
        (random.random(choices) < tap[rows, chosen]).astype(float),
        members,
    )


def _truth(random: np.random.Generator, rounds: int) -> tuple[float, float]:
    """The expected taps of both policies, over 20,000 choices a round."""
    sums = [0.0, 0.0]
    rounds = 20
    for _ in range(rounds):
        facts, tap, members = _world(random, 20_000)
        for place, policy in enumerate((JUDGED, INCUMBENT)):
            chance = propensities(_choices(facts, members), policy, EXPLORATION).reshape(-1, CARDS)
            sums[place] += float((chance * tap).sum(axis=1).mean())
    return sums[0] / rounds, sums[1] / rounds


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
