"""Fitting and judging policies: what taps say is found, honestly small where there is little, and truth is covered."""

from collections.abc import Mapping

import numpy as np
import pytest

from fedele.domains.feed.learning.choices import FEEDS_SHARE, SLOTS, experiment_slot, pack, unpack
from fedele.domains.feed.learning.evaluation import evaluate, propensities
from fedele.domains.feed.learning.fitting import FACTOR_MIN, TooLittleSeen, fit
from fedele.domains.feed.learning.log import Choices, Seen
from fedele.domains.feed.ranking import rank
from fedele.domains.feed.types import Candidate, Policy, Term
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.regression import fit_logistic, sigmoid
from tests.benchmarks import off_policy

MEMBER = MemberId(new_id())


def seen(count: int, true: Mapping[str, float], seed: int = 1) -> Seen:
    """Cards that were seen and tapped by this rule, the higher places more."""
    random = np.random.default_rng(seed)
    names = tuple(true)
    facts = random.gamma(2.0, 0.4, (count, len(names)))
    slots = random.integers(0, 12, count)
    logit = -2.0 + facts @ np.array(list(true.values())) - 0.15 * slots
    return Seen(names, facts, slots, (random.random(count) < sigmoid(logit)).astype(float))


def test_a_policy_learns_what_taps_say_and_no_fact_turns_against_its_card() -> None:
    """A fact that brings taps counts for more than one that brings none, and one that repels stays above nothing."""
    found = fit(seen(20_000, {"often": 1.2, "near": 0.6, "idle": 0.0, "stale": -0.8}), Policy("now"))
    assert found.factors["often"] > 1.5 * found.factors["near"] > 1.5 * found.factors["idle"]
    assert found.factors["stale"] == FACTOR_MIN
    assert found.seen_count == 20_000


def test_little_data_changes_little() -> None:
    """Just enough to learn from moves a factor less than plenty does; too little is said, with the counts."""
    true = {"often": 1.2, "near": 0.1}
    few, many = fit(seen(2_000, true), Policy("now")).factors, fit(seen(40_000, true), Policy("now")).factors
    assert abs(few["near"] - 1) < abs(many["near"] - 1)
    with pytest.raises(TooLittleSeen, match="300 cards seen"):
        fit(seen(300, true), Policy("now"))


def test_bounded_coefficients_stay_and_the_rest_is_fitted_anew() -> None:
    """Bounding one coefficient changes the others as leaving its column out would."""
    random = np.random.default_rng(3)
    x = random.normal(size=(4_000, 3))
    y = (random.random(4_000) < sigmoid(x @ np.array([1.0, -1.0, 0.5]))).astype(float)
    bounded, without = fit_logistic(x, y, ridge=1.0, lowest=0.0), fit_logistic(x[:, [0, 2]], y, ridge=1.0)
    assert bounded.coefficients[1] == 0.0
    assert bounded.coefficients[[0, 2]] == pytest.approx(without.coefficients, abs=1e-6)


def test_estimates_are_near_the_truth_and_their_intervals_hold_it() -> None:
    """The short form of the benchmark: small errors, intervals that mostly hold, and clipping that does not."""
    figures = off_policy.measure(runs=8, choices=2_000, truth_rounds=3)
    assert figures["off_policy_snipw_rmse"] < 0.1
    assert figures["off_policy_dr_rmse"] < 0.1
    assert figures["off_policy_dr_coverage"] >= 0.6  # of eight runs; the benchmark holds .93 to .97 of 400
    assert figures["off_policy_clipped_bias"] < -0.1, "the simulation is too easy to tell a biased estimate"


def test_a_policy_that_is_no_better_is_not_called_better() -> None:
    """The incumbent against itself has no lift at all; a worse one is told apart from it."""
    log = off_policy._log(np.random.default_rng(5), 3_000)
    same = evaluate(log, Policy("same"), off_policy.INCUMBENT, off_policy.EXPLORATION)
    assert (same.lift.value, same.better) == (0.0, False)
    worse = Policy("worse", {"bought_often": 0.05, "offer": 0.05, "content": 4.0})
    assert evaluate(log, worse, off_policy.INCUMBENT, off_policy.EXPLORATION).lift.high < 0
    assert evaluate(log, off_policy.JUDGED, off_policy.INCUMBENT, off_policy.EXPLORATION).better


def test_the_propensity_of_a_token_is_the_one_that_its_choice_gives() -> None:
    """What ranking says of its chances is, to the digit, what evaluation finds from the packed choice."""
    policy = Policy("learned", {"base": 0.7, "near": 2.0})
    cards = [
        Candidate(
            kind="product" if number % 3 else "survey",
            key=f"c{number}",
            title="",
            reason="",
            terms=(Term("base", (number % 5) / 4), Term("near", (number % 4) / 8)),
            group=f"g{number % 4}",
        )
        for number in range(40)
    ]
    for epoch in range(30):
        order = rank(cards, MEMBER, epoch, {"survey": 2}, policy=policy, group_max=3, choice_at=3, exploration=0.08)
        packed = pack(order[3].choice)
        assert packed is not None
        choices = Choices.of([unpack(packed)], [3], [order[3].propensity], [0.0], [0])
        assert propensities(choices, policy, 0.08)[0] == pytest.approx(order[3].propensity, rel=1e-9)


def test_a_quarter_of_feeds_are_experiments_at_any_of_the_first_places() -> None:
    """Which feeds, and which place, follows from the seed and is spread evenly."""
    slots = [experiment_slot(MEMBER, epoch, "home") for epoch in range(4_000)]
    chosen = [slot for slot in slots if slot is not None]
    assert len(chosen) / 4_000 == pytest.approx(FEEDS_SHARE, abs=0.03)
    assert all(chosen.count(slot) / len(chosen) == pytest.approx(1 / SLOTS, abs=0.04) for slot in range(SLOTS))
