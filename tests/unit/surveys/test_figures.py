"""Scores and their intervals: worked examples, and how often the interval holds the truth, counted out exactly."""

from math import exp, lgamma, log, sqrt

import pytest

from fedele.domains.surveys.figures import Z, csat, mean, nps, share


def test_a_worked_example() -> None:
    """10 answers: 5 promoters, 3 passives, 2 detractors → 30, and (5.75-2.75)/13 ± 1.96·√((8.5/13-(3/13)²)/13)."""
    found = nps({10: 3, 9: 2, 8: 2, 7: 1, 6: 1, 0: 1})
    assert found is not None
    assert (found.promoters, found.passives, found.detractors) == (5, 3, 2)
    assert found.score.value == pytest.approx(30.0)
    middle = 3 / 13
    half = Z * sqrt((8.5 / 13 - middle**2) / 13)
    assert (found.score.low, found.score.high) == (
        pytest.approx(100 * (middle - half)),
        pytest.approx(100 * (middle + half)),
    )
    assert nps({}) is None
    assert nps({7: 0}) is None


def test_shares_have_wilsons_interval() -> None:
    """4s and 5s are satisfied; Wilson's figures for 8 of 10 are .490 and .943, and nothing leaves 0 to 100."""
    found = csat({5: 5, 4: 3, 3: 2})
    assert found is not None
    assert (found.value, round(found.low, 1), round(found.high, 1)) == (80.0, 49.0, 94.3)
    none, whole = share(0, 20), share(20, 20)
    assert none is not None
    assert whole is not None
    assert (none.value, none.low) == (0.0, pytest.approx(0.0, abs=1e-9))
    assert (whole.value, whole.high) == (100.0, pytest.approx(100.0))
    assert share(0, 0) is None
    assert csat({}) is None


def test_a_mean_stays_on_its_scale() -> None:
    """Stars 4, 4, 5: 4.33 ± 1.96 · .577/√3. One answer says nothing of the spread."""
    found, alone = mean({4: 2, 5: 1}, 1, 5), mean({5: 1}, 1, 5)
    assert found is not None
    assert found.value == pytest.approx(13 / 3)
    assert found.low == pytest.approx(13 / 3 - Z * sqrt(1 / 3) / sqrt(3))
    assert found.high == pytest.approx(min(5, 13 / 3 + Z * sqrt(1 / 3) / sqrt(3)))
    assert alone is not None
    assert (alone.value, alone.low, alone.high) == (5, 1, 5)
    assert mean({}, 1, 5) is None


def likelihood(promoters: int, detractors: int, answers: int, p: float, d: float) -> float:
    """How likely so many of each are among these answers."""
    parts = ((promoters, p), (answers - promoters - detractors, 1 - p - d), (detractors, d))
    weight = lgamma(answers + 1)
    for count, chance in parts:
        weight += count * log(chance) - lgamma(count + 1)
    return exp(weight)


def covered(answers: int, p: float, d: float, *, plain: bool) -> float:
    """The chance that the interval holds the true score, summed over everything that can be answered."""
    chance = 0.0
    for promoters in range(answers + 1):
        for detractors in range(answers - promoters + 1):
            found = nps({9: promoters, 7: answers - promoters - detractors, 0: detractors})
            assert found is not None
            low, high = found.score.low, found.score.high
            if plain:
                a, b = promoters / answers, detractors / answers
                half = 100 * Z * sqrt(max(0.0, a + b - (a - b) ** 2) / answers)
                low, high = found.score.value - half, found.score.value + half
            if low - 1e-9 <= 100 * (p - d) <= high + 1e-9:
                chance += likelihood(promoters, detractors, answers, p, d)
    return chance


TRUTHS = [(0.5, 0.2), (0.8, 0.05), (0.3, 0.5), (0.9, 0.02), (0.1, 0.1), (0.05, 0.8)]


@pytest.mark.parametrize("answers", [10, 20, 50])
@pytest.mark.parametrize(("p", "d"), TRUTHS)
def test_the_interval_holds_the_true_score_as_often_as_it_says(answers: int, p: float, d: float) -> None:
    """Between 92% and 100% at few answers and at extremes, for what is called 95%."""
    assert covered(answers, p, d, plain=False) >= 0.92


def test_the_plain_interval_would_not() -> None:
    """The control: without the three added answers, ten who nearly all agree are held 65 times in 100."""
    assert covered(10, 0.9, 0.02, plain=True) < 0.7
