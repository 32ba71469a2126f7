"""The scorer of products: each fact speaks for an article, its parts are its score, and what was just bought rests."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedele.domains.activity.types import Product
from fedele.domains.recommendations.likeness import likeness, nearest
from fedele.domains.recommendations.queries import columns_of, rank
from fedele.domains.recommendations.scoring import FACTS, Weights, facts_of
from fedele.domains.recommendations.types import Known

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def known(sku: str, times: int, every_days: float, last_days_ago: float, buyers: int = 0) -> Known:
    """A product bought so often, at these intervals, the last so long ago."""
    last = NOW - timedelta(days=last_days_ago)
    ages = [last_days_ago + every_days * number for number in range(times)]
    return Known(
        Product(sku, sku.title(), "FOOD"),
        times,
        sum(0.5 ** (age / 112) for age in ages),
        sum(0.5 ** (age / 28) for age in ages),
        last - timedelta(days=every_days * (times - 1)) if times else None,
        last if times else None,
        buyers,
    )


def test_what_is_bought_every_week_comes_before_what_was_bought_once_and_what_only_others_buy() -> None:
    """And what sells comes first for somebody of whom nothing is known."""
    order = rank([known("once", 1, 0, 40), known("weekly", 12, 7, 6), known("others", 0, 0, 0, 900)], NOW)
    assert order[0].product.sku == "weekly"
    cold = rank([known("rare", 0, 0, 0, 3), known("hit", 0, 0, 0, 900)], NOW)
    assert [one.product.sku for one in cold] == ["hit", "rare"]


def test_due_again_comes_before_the_same_habit_that_was_just_served() -> None:
    """Coffee bought every ten days: the packet of ten days ago before the one of yesterday, which rests."""
    due, served = rank([known("due", 6, 10, 10), known("served", 6, 10, 1)], NOW)
    assert (due.product.sku, due.resting, served.resting) == ("due", False, True)


def test_what_was_just_bought_rests_unless_it_is_due_again() -> None:
    """Bread of every day is due the day after; a television of yesterday is not offered again."""
    found = {one.product.sku: one.resting for one in rank([known("bread", 20, 1, 1), known("tv", 1, 0, 1)], NOW)}
    assert found == {"bread": False, "tv": True}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.floats(0.5, 60), st.floats(0.1, 300), st.integers(0, 2000))
def test_parts_sum_to_the_score_and_none_speaks_against(times: int, every: float, ago: float, buyers: int) -> None:
    """Whatever was bought: intercept and parts are the score, no part is below nothing, the chance is a chance."""
    one = rank([known("x", times, every, ago, buyers)], NOW)[0]
    weights = Weights.shipped("product")
    assert one.score == pytest.approx(weights.intercept + sum(one.parts.values()))
    assert all(part >= 0 for part in one.parts.values())
    assert 0 < one.chance < 1


def test_shipped_weights_name_known_facts_and_none_is_negative() -> None:
    """Three levels, each with weights of facts that the scorer knows."""
    for level in ("product", "category", "offer"):
        of = Weights.shipped(level).of
        assert set(of) <= set(FACTS)
        assert all(weight >= 0 for weight in of.values())
        assert any(of.values())


def test_time_makes_a_habit_fade() -> None:
    """The same twelve purchases are worth less every month, and the facts stay finite for ever."""
    habit = known("milk", 12, 7, 7)
    scores = [
        rank([dataclasses.replace(habit, **_aged(habit, days))], NOW + timedelta(days=days))[0].score
        for days in (0, 60, 120, 3000)
    ]
    assert scores == sorted(scores, reverse=True)
    assert all(
        np.isfinite(values).all() for values in facts_of(columns_of([habit], NOW + timedelta(days=9999))).values()
    )


def _aged(habit: Known, days: float) -> dict[str, float]:
    return {"slow": habit.slow * 0.5 ** (days / 112), "fast": habit.fast * 0.5 ** (days / 28)}


def test_likeness_joins_what_the_same_members_buy() -> None:
    """Pasta and sauce of the same thirty households are alike; the paint of ten others is not."""
    pairs = [(member, item) for member in range(30) for item in (0, 1)] + [(member, 2) for member in range(30, 40)]
    members, items = (np.array(column) for column in zip(*pairs, strict=True))
    found = nearest(likeness(members, items, np.ones(len(pairs)), 3))
    assert found[0, 1] > 0.5
    assert found[0, 1] == pytest.approx(found[1, 0])
    assert found[0, 2] == found[2, 1] == found[0, 0] == 0
