"""What a held reward takes off a basket: exact minor units, line by line, and never more than there is to pay."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fedele.domains.activity.types import Line
from fedele.domains.rewards.config import Reward
from fedele.domains.rewards.discount import apportioned, reopened_by
from fedele.domains.rewards.queries import discount_of
from fedele.domains.rewards.types import Discount, RedemptionId, Use
from fedele.kernel.ids import new_id

READ: TypeAdapter[Any] = TypeAdapter(Reward)
LINES = (
    Line(1, Decimal(3), 900, sku="espresso", category="COFFEE"),
    Line(2, Decimal(1), 450, sku="cake", category="PASTRY"),
    Line(3, Decimal(1), 1000, kind="gift_card"),
    Line(4, Decimal(1), 600, kind="delivery"),
)


def taken(lines: tuple[Line, ...] = LINES, already: dict[int, int] | None = None, **reward: Any) -> Discount:
    """What this reward takes off these lines, in EUR."""
    return discount_of(READ.validate_python({"key": "r", "name": "R"} | reward), lines, "EUR", "EUR", already)


def test_an_amount_is_spread_over_the_goods_in_proportion() -> None:
    """5.00 off 13.50 of goods: 3.33 and 1.67; gift cards and delivery are not discounted."""
    assert taken(type="discount_amount", value=5) == Discount(500, {1: 333, 2: 167})


def test_an_amount_never_exceeds_what_is_to_be_paid() -> None:
    """50.00 off 13.50 is 13.50; with 13.00 gone to an earlier discount, 0.50."""
    assert taken(type="discount_amount", value=50).total_minor == 1350
    assert taken(type="discount_amount", value=50, already={1: 900, 2: 400}) == Discount(50, {2: 50})


def test_an_amount_of_another_money_is_not_converted() -> None:
    """Five dollars take nothing off a basket in euros, and say so."""
    stopped = taken(type="discount_amount", value=5, money="USD").stopped
    assert stopped is not None
    assert (stopped.code, "USD" in str(stopped)) == ("REWARD_NOT_IN_BASKET", True)


def test_a_share_is_rounded_once_and_capped() -> None:
    """12.5 % of 13.50 is 1.69 (1.6875); at most one euro where the reward says so."""
    assert taken(type="discount_percent", percent="12.5").total_minor == 169
    assert taken(type="discount_percent", percent="12.5", discount_max=1).total_minor == 100


def test_a_minimum_spend_counts_goods_before_this_reward() -> None:
    """13.50 of goods reach 13.50 and not 13.51."""
    assert taken(type="discount_amount", value=1, minimum_spend="13.50").total_minor == 100
    assert taken(type="discount_amount", value=1, minimum_spend="13.51").stopped is not None


def test_a_free_product_is_one_piece_of_the_dearest_line_that_qualifies() -> None:
    """One of three espressos at 3.00; of any goods the cake at 4.50; nothing dearer than the reward allows."""
    assert taken(type="free_product", skus=["espresso"]) == Discount(300, {1: 300})
    assert taken(type="free_product") == Discount(450, {2: 450})
    assert taken(type="free_product", value_max=4) == Discount(300, {1: 300})
    assert taken(type="free_product", product_category="PASTRY") == Discount(450, {2: 450})
    assert taken(type="free_product", skus=["tea"]).stopped is not None


def test_a_free_product_needs_the_rest_of_the_basket() -> None:
    """With a minimum spend the free piece does not count: 9.00 of coffee and no more beside the cake."""
    assert taken(type="free_product", skus=["cake"], minimum_spend=9).total_minor == 450
    assert taken(type="free_product", skus=["cake"], minimum_spend="9.01").stopped is not None


def test_free_shipping_pays_the_delivery_alone() -> None:
    """6.00 of delivery, or 4.00 of it; nothing where there is none."""
    assert taken(type="free_shipping") == Discount(600, {4: 600})
    assert taken(type="free_shipping", discount_max=4) == Discount(400, {4: 400})
    assert taken(LINES[:2], type="free_shipping").stopped is not None


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "gift_card", "value": 5},
        {"type": "early_access", "access": "drop"},
        {"type": "custom", "fields": {}},
    ],
)
def test_what_is_not_money_off_takes_nothing_off(kind: dict[str, Any]) -> None:
    """A gift card's code is a tender of the shop, not a discount of ours."""
    assert taken(**kind) == Discount()


@given(st.integers(0, 10**9), st.dictionaries(st.integers(1, 99), st.integers(0, 10**7), max_size=12))
def test_parts_sum_to_the_total_and_fit_their_lines(total: int, weights: dict[int, int]) -> None:
    """Whatever is apportioned arrives whole, and no line gives more than a cent beyond its exact share."""
    parts = apportioned(total, weights)
    whole = sum(weights.values())
    assert sum(parts.values()) == (total if whole else 0)
    assert all(abs(part - Decimal(total) * weights[number] / whole) < 1 for number, part in parts.items())


@given(
    st.lists(st.integers(0, 50_000), min_size=1, max_size=8),
    st.lists(
        st.one_of(
            st.builds(lambda v: {"type": "discount_amount", "value": v}, st.integers(1, 400)),
            st.builds(lambda p: {"type": "discount_percent", "percent": p}, st.integers(1, 100)),
            st.just({"type": "free_product"}),
        ),
        max_size=4,
    ),
)
def test_rewards_one_after_the_other_never_make_a_line_negative(amounts: list[int], rewards: list[Any]) -> None:
    """However many are taken, no line is paid less than nothing, and each total is the sum of its lines."""
    lines = tuple(Line(number, Decimal(1), amount) for number, amount in enumerate(amounts, 1))
    already = dict.fromkeys(range(1, len(lines) + 1), 0)
    for reward in rewards:
        discount = taken(lines, already, **reward)
        assert sum(discount.lines.values()) == discount.total_minor
        for number, minor in discount.lines.items():
            already[number] += minor
    assert all(already[line.number] <= line.amount_minor for line in lines)


def _use(key: str, lines: dict[int, int], on_return: str = "give_back") -> Use:
    return Use(RedemptionId(new_id()), key, lines, on_return)


def test_a_reward_comes_back_when_all_it_touched_is_back() -> None:
    """The coffee's reward returns with the coffee, the basket's with both lines, `keep` never."""
    coffee, basket, kept = _use("coffee", {1: 300}), _use("basket", {1: 10, 2: 5}), _use("kept", {1: 1}, "keep")
    bought = {1: Decimal(2), 2: Decimal(1)}
    uses = [coffee, basket, kept]
    assert reopened_by(uses, bought, {1: Decimal(1)}) == []
    assert reopened_by(uses, bought, {1: Decimal(2)}) == [coffee]
    assert reopened_by(uses, bought, {1: Decimal(2), 2: Decimal(1)}) == [coffee, basket]
    untouched = _use("coffee", {})
    assert reopened_by([untouched], bought, {1: Decimal(2)}) == []
    assert reopened_by([untouched], bought, bought) == [untouched]
