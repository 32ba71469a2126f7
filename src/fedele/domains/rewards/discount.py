"""What a held reward takes off a basket, line by line, to the minor unit.

A line's price is what is to be paid for it; several rewards are taken one after the other, each from what the earlier
ones left (`already`). The parts of the lines sum to the total, so that a return of a line undoes its part and no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from fedele.domains.activity.types import Line
from fedele.domains.rewards.config import DiscountAmount, DiscountPercent, FreeProduct, FreeShipping, Reward
from fedele.domains.rewards.errors import RewardNotInBasket
from fedele.domains.rewards.types import Discount, Use
from fedele.kernel.money import Money, minor_digits

# Value that is not the shop's to discount, or that is nobody's price.
UNTOUCHED_KINDS = frozenset({"gift_card", "tax", "fee", "donation", "delivery"})


def discount_of(
    reward: Reward,
    lines: Sequence[Line],
    currency: str,
    home_currency: str,
    already: Mapping[int, int] | None = None,
) -> Discount:
    """What the reward takes off these lines, or what stops it. A reward that is not money off gives nothing.

    `currency` is the basket's; an amount of another money is not converted. `already`: minor units that earlier
    discounts of this basket took, by line number. Gift cards, fees, taxes and donations are never discounted.
    """
    to_pay = {line.number: line.amount_minor - (already or {}).get(line.number, 0) for line in lines}
    match reward:
        case DiscountAmount():
            return _amount(reward, lines, to_pay, currency, reward.money or home_currency)
        case DiscountPercent():
            return _percent(reward, lines, to_pay, currency)
        case FreeProduct():
            return _free_product(reward, lines, to_pay, currency)
        case FreeShipping():
            return _free_shipping(reward, lines, to_pay, currency)
        case _:
            return Discount()


def reopened_by(
    uses: Iterable[Use],
    bought: Mapping[int, Decimal],
    returned: Mapping[int, Decimal],
) -> list[Use]:
    """The uses whose rewards the member has again: every line they took money off is back, wholly.

    `bought` and `returned` are quantities by line number, the latter with the present return; a use that touched no
    line (nothing was taken off) comes back with the whole purchase.
    """

    def is_back(number: int) -> bool:
        return returned.get(number, Decimal(0)) >= bought[number]

    return [
        use
        for use in uses
        if use.on_return == "give_back" and all(is_back(number) for number in (use.lines or bought) if number in bought)
    ]


def apportioned(total: int, weights: Mapping[int, int]) -> dict[int, int]:
    """The total in parts in proportion to the weights, summing exactly: largest remainder, the lower number first."""
    whole = sum(weights.values())
    if whole <= 0 or total <= 0:
        return {}
    parts = {number: total * weight // whole for number, weight in weights.items()}
    order = sorted(weights, key=lambda number: (-(total * weights[number] % whole), number))
    for number in order[: total - sum(parts.values())]:
        parts[number] += 1
    return {number: part for number, part in parts.items() if part}


def _amount(
    reward: DiscountAmount, lines: Sequence[Line], to_pay: Mapping[int, int], currency: str, money: str
) -> Discount:
    if money != currency:
        return _stopped(f"It is {money}, and the basket is paid in {currency}.")
    weights = _discountable(lines, to_pay)
    if stopped := _too_small(weights.values(), reward.minimum_spend, currency):
        return stopped
    return _taken(min(_minor(reward.value, currency), sum(weights.values())), weights)


def _percent(reward: DiscountPercent, lines: Sequence[Line], to_pay: Mapping[int, int], currency: str) -> Discount:
    weights = _discountable(lines, to_pay)
    if stopped := _too_small(weights.values(), reward.minimum_spend, currency):
        return stopped
    exact = Decimal(sum(weights.values())) * reward.percent / 100
    total = int(exact.to_integral_value(ROUND_HALF_UP))
    if reward.discount_max is not None:
        total = min(total, _minor(reward.discount_max, currency))
    return _taken(total, weights)


def _free_product(reward: FreeProduct, lines: Sequence[Line], to_pay: Mapping[int, int], currency: str) -> Discount:
    """One piece of the dearest line that qualifies; goods by weight: the line, if it is less than one."""
    best: tuple[int, int] | None = None
    limit = None if reward.value_max is None else _minor(reward.value_max, currency)
    for line in lines:
        if not _is_product(reward, line) or to_pay[line.number] <= 0:
            continue
        piece = to_pay[line.number]
        if line.quantity > 1:
            piece = int((Decimal(piece) / line.quantity).to_integral_value(ROUND_HALF_UP))
        if limit is not None and piece > limit:
            continue
        if piece > 0 and (best is None or piece > best[0]):
            best = piece, line.number
    if best is None:
        return _stopped("Nothing in the basket is what this reward is for.")
    piece, number = best
    rest = [minor for other, minor in _discountable(lines, to_pay).items() if other != number]
    rest.append(to_pay[number] - piece)
    if stopped := _too_small(rest, reward.minimum_spend, currency):
        return stopped
    return Discount(piece, {number: piece})


def _free_shipping(reward: FreeShipping, lines: Sequence[Line], to_pay: Mapping[int, int], currency: str) -> Discount:
    weights = {
        line.number: to_pay[line.number] for line in lines if line.kind == "delivery" and to_pay[line.number] > 0
    }
    if not weights:
        return _stopped("The basket has no delivery to pay.")
    if stopped := _too_small(_discountable(lines, to_pay).values(), reward.minimum_spend, currency):
        return stopped
    total = sum(weights.values())
    if reward.discount_max is not None:
        total = min(total, _minor(reward.discount_max, currency))
    return _taken(total, weights)


def _is_product(reward: FreeProduct, line: Line) -> bool:
    if line.kind in UNTOUCHED_KINDS:
        return False
    if not reward.skus and reward.product_category is None:
        return True
    return line.sku in reward.skus or (reward.product_category is not None and line.category == reward.product_category)


def _discountable(lines: Sequence[Line], to_pay: Mapping[int, int]) -> dict[int, int]:
    return {
        line.number: to_pay[line.number]
        for line in lines
        if line.kind not in UNTOUCHED_KINDS and to_pay[line.number] > 0
    }


def _too_small(parts: Iterable[int], minimum: Decimal, currency: str) -> Discount | None:
    if sum(parts) >= _minor(minimum, currency):
        return None
    return _stopped(f"It needs a purchase of {Money(_minor(minimum, currency), currency)} at least.")


def _taken(total: int, weights: Mapping[int, int]) -> Discount:
    if total <= 0:
        return _stopped("Nothing in the basket can be discounted.")
    return Discount(total, apportioned(total, weights))


def _stopped(problem: str) -> Discount:
    return Discount(stopped=RewardNotInBasket(problem=problem))


def _minor(amount: Decimal, currency: str) -> int:
    """Money of the programme in the currency's minor units; what is finer than those is not given away."""
    return int(amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_DOWN))
