"""Discounts: which stand together, and what each takes off each line, to the minor unit."""

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.activity.types import Line
from fedele.domains.checkout.pricing import Candidate, Priced, Taken, price
from fedele.domains.checkout.pricing.stacking import _apply, _combinations, _fits
from fedele.domains.till.config import DiscountsConfig
from fedele.kernel.apportion import apportion

BEST = DiscountsConfig()


def lines(*amounts: int, tax: int = 0) -> tuple[Line, ...]:
    """Lines of so many cents, numbered from 1."""
    return tuple(Line(n, Decimal(1), amount, min(tax, amount)) for n, amount in enumerate(amounts, 1))


def off_all(basket: tuple[Line, ...], share: Callable[[int], int]) -> Callable[[Mapping[int, int]], Taken]:
    """A discount on all lines: `share` of what is left in all."""

    def off(already: Mapping[int, int]) -> Taken:
        left = [line.amount_minor - already.get(line.number, 0) for line in basket]
        total = min(share(sum(left)), sum(left))
        if total <= 0:
            return Taken(stopped="NOTHING_TO_DISCOUNT")
        return Taken(dict(zip((line.number for line in basket), apportion(total, left), strict=True)))

    return off


def amount(basket: tuple[Line, ...], minor: int, key: str, **more: Any) -> Candidate:
    """So many cents off."""
    return candidate(key, "amount", off_all(basket, lambda _: minor), **more)


def percent(basket: tuple[Line, ...], share: int, key: str, **more: Any) -> Candidate:
    """So many percent off."""
    return candidate(key, "percent", off_all(basket, lambda whole: whole * share // 100), **more)


def candidate(key: str, kind: Any, off: Callable[[Mapping[int, int]], Taken], **more: Any) -> Candidate:
    """A discount in hand under a key, whose id follows from it."""
    number = sum(ord(letter) * 31**place for place, letter in enumerate(key))
    return Candidate(source="offer", id=UUID(int=number), key=key, title=key, kind=kind, off=off, **more)


def keys(priced: Priced) -> list[str]:
    """What was taken, in the order of application."""
    return [one.candidate.key for one in priced.applied]


def test_of_one_group_the_one_that_saves_most_is_taken() -> None:
    """Five euro off beat ten percent of thirty; ten percent beat them on a hundred."""
    for total, taken in ((3_000, "five"), (10_000, "ten")):
        basket = lines(total)
        priced = price(basket, [amount(basket, 500, "five"), percent(basket, 10, "ten")], BEST)
        assert keys(priced) == [taken]
        assert [left.code for left in priced.left_out] == ["GROUP_TAKEN"]


def test_groups_combine_shares_before_amounts() -> None:
    """Ten percent of 100.00, then 5.00 of the rest: 85.00; the other order would be 85.50."""
    basket = lines(10_000)
    both = [amount(basket, 500, "five", group="coupons"), percent(basket, 10, "ten")]
    priced = price(basket, both, BEST)
    assert keys(priced) == ["ten", "five"]
    assert priced.saved_minor == 1_500
    assert priced.lines[0].amount_minor == 8_500
    assert priced.lines[0].discount_minor == 1_500


def test_what_stands_alone_is_taken_only_if_it_saves_more_than_the_others_together() -> None:
    """20 % alone against 10 % and 5.00: on 100.00 alone, on 40.00 together."""
    for total, taken in ((10_000, ["twenty"]), (4_000, ["ten", "five"])):
        basket = lines(total)
        found = [
            percent(basket, 20, "twenty", group="big", combinable=False),
            percent(basket, 10, "ten"),
            amount(basket, 500, "five", group="coupons"),
        ]
        assert keys(price(basket, found, BEST)) == taken


def test_the_declared_order_is_kept_even_if_it_saves_less() -> None:
    """`declared`: the first named of a group stands, whatever it saves."""
    basket = lines(10_000)
    found = [percent(basket, 50, "half"), amount(basket, 100, "one")]
    priced = price(basket, found, DiscountsConfig(choose="declared", order=("one",)))
    assert keys(priced) == ["one"]


def test_a_discount_that_adds_nothing_stays_in_hand() -> None:
    """A basket that is free already uses no second discount up."""
    basket = lines(400)
    found = [amount(basket, 500, "five"), amount(basket, 300, "three", group="coupons")]
    priced = price(basket, found, BEST)
    assert keys(priced) == ["five"]
    assert priced.lines[0].amount_minor == 0
    assert [(left.candidate.key, left.code) for left in priced.left_out] == [("three", "NOTHING_TO_DISCOUNT")]


def test_all_together_take_no_more_than_the_declared_share() -> None:
    """At most 30 %: of 20 % and 25.00 on 100.00, thirty euro are taken."""
    basket = lines(6_000, 4_000)
    found = [percent(basket, 20, "twenty"), amount(basket, 2_500, "more", group="coupons")]
    priced = price(basket, found, DiscountsConfig(share_max_percent=Decimal(30)))
    assert priced.saved_minor == 3_000


def test_no_more_than_so_many_at_once() -> None:
    """together_max bounds the combination; the rest says TOO_MANY."""
    basket = lines(10_000)
    found = [amount(basket, 100 * n, f"d{n}", group=f"g{n}") for n in range(1, 5)]
    priced = price(basket, found, DiscountsConfig(together_max=2))
    assert sorted(keys(priced)) == ["d3", "d4"]
    assert {left.code for left in priced.left_out} == {"TOO_MANY"}


def test_the_tax_within_a_line_shrinks_with_it() -> None:
    """A quarter off the line is a quarter off its tax."""
    basket = lines(1_220, tax=220)
    priced = price(basket, [percent(basket, 25, "quarter")], BEST)
    assert (priced.lines[0].amount_minor, priced.lines[0].tax_minor) == (915, 165)


def test_a_hundred_coupons_are_decided_at_once() -> None:
    """Very many groups are cut to the best of each: no basket makes the till wait."""
    basket = lines(1_000_000)
    found = [amount(basket, n, f"c{n:03}", group=f"g{n % 40}") for n in range(1, 201)]
    priced = price(basket, found, BEST)
    assert len(priced.applied) == BEST.together_max


amounts = st.lists(st.integers(0, 5_000), min_size=1, max_size=6)
groups = st.sampled_from(["standard", "coupons", "tier"])
offers = st.lists(
    st.tuples(st.sampled_from(["amount", "percent"]), st.integers(1, 3_000), groups, st.booleans()), max_size=5
)


@given(amounts, offers, st.integers(1, 100), st.sampled_from(["best", "declared"]))
def test_whatever_is_in_hand_the_sums_hold(
    sizes: list[int], found: list[tuple[str, int, str, bool]], share: int, choose: Any
) -> None:
    """Parts sum to the saving, no line falls below zero, groups and shares are kept, and asking again says the same."""
    basket = lines(*sizes, tax=200)
    config = DiscountsConfig(choose=choose, share_max_percent=Decimal(share))
    candidates = [
        amount(basket, size, f"k{place}", group=group, combinable=combinable)
        if kind == "amount"
        else percent(basket, size % 100 + 1, f"k{place}", group=group, combinable=combinable)
        for place, (kind, size, group, combinable) in enumerate(found)
    ]
    priced = price(basket, candidates, config)
    before, after = sum(sizes), sum(line.amount_minor for line in priced.lines)
    assert before - after == priced.saved_minor == sum(sum(one.lines.values()) for one in priced.applied)
    assert priced.saved_minor <= before * share // 100
    for old, new in zip(basket, priced.lines, strict=True):
        assert 0 <= new.tax_minor <= new.amount_minor <= old.amount_minor
        assert new.amount_minor + new.discount_minor == old.amount_minor
    taken = [one.candidate for one in priced.applied]
    assert len({one.group for one in taken}) == len(taken)
    assert len(taken) < 2 or all(one.combinable for one in taken)
    assert {one.id for one in candidates} == {one.id for one in taken} | {one.candidate.id for one in priced.left_out}
    assert price(basket, candidates, config) == priced


@given(amounts, offers)
def test_best_is_the_best_of_all_that_may_stand_together(
    sizes: list[int], found: list[tuple[str, int, str, bool]]
) -> None:
    """No permitted combination saves more than the one chosen."""
    basket = lines(*sizes)
    candidates = [
        amount(basket, size, f"k{place}", group=group, combinable=combinable)
        for place, (_, size, group, combinable) in enumerate(found)
    ]
    priced = price(basket, candidates, BEST)
    viable = [(one, one.off({}).minor) for one in candidates if one.off({}).minor]
    every = [
        sum(applied.minor for applied in _apply(combination, sum(sizes))[0])
        for combination in _combinations(viable)
        if _fits(combination, BEST)
    ]
    assert priced.saved_minor == max(every, default=0)


@pytest.mark.parametrize("minor", [0, 1])
def test_without_discounts_the_lines_are_as_they_were(minor: int) -> None:
    """Nothing in hand, nothing changed: the very same lines."""
    basket = lines(minor, 100)
    assert price(basket, [], BEST).lines == basket
    assert dataclasses.replace(price(basket, [], BEST), lines=()) == Priced(())
