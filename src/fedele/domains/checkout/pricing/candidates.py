"""The discounts that a member holds, as candidates for one basket: claimed offers' money off, and held rewards'."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from fedele.domains.activity.types import Line
from fedele.domains.budgets.queries import keeps_margin
from fedele.domains.checkout.pricing.stacking import Candidate, Kind, Taken
from fedele.domains.checkout.state import Rules
from fedele.domains.checkout.types import Benefit
from fedele.domains.earning.queries import line_bindings
from fedele.domains.earning.types import Earner, Sale
from fedele.domains.offers.config import AmountBenefit, OffersConfig, PercentBenefit
from fedele.domains.rewards.queries import discount_of
from fedele.domains.rewards.types import HeldReward
from fedele.kernel.apportion import apportion
from fedele.kernel.expressions import Expression
from fedele.kernel.money import Money, minor_digits

# Value that is not the shop's to discount, or nobody's price.
UNTOUCHED_KINDS = frozenset({"gift_card", "tax", "fee", "donation", "delivery"})
_REWARD_KINDS: Mapping[str, Kind] = {
    "free_product": "free_product",
    "free_shipping": "free_shipping",
    "discount_percent": "percent",
    "discount_amount": "amount",
}


def candidates_of(
    rules: Rules,
    sale: Sale,
    earner: Earner,
    benefits: Sequence[Benefit],
    rewards: Sequence[HeldReward],
    costs: Mapping[str, Decimal] | None = None,
) -> list[Candidate]:
    """Offers in the programme's order, then rewards, the first to end first. What is no money off is left out.

    `costs`: what one of each article costs us, for offers that keep a margin; None: margins are not judged.
    """
    offers = rules.programme.section(OffersConfig)
    home = rules.earning.home_currency
    found = []
    for benefit in sorted(benefits, key=lambda held: [offer.key for offer in offers].index(held.key)):
        offer = offers.find(benefit.key)
        if offer is None or not isinstance(offer.benefit, AmountBenefit | PercentBenefit):
            continue
        counted = _counted(offer.benefit.when, sale, earner, rules)
        off = _offer_off(offer.benefit, counted, sale.currency, home)
        if offer.margin_floor is not None and costs is not None:
            off = _keeping_margin(off, counted, costs, sale.currency, offer.margin_floor)
        found.append(
            Candidate(
                source="offer", id=benefit.claim_id, key=benefit.key, title=benefit.title,
                kind="amount" if isinstance(offer.benefit, AmountBenefit) else "percent",
                off=off, group=offer.stacking_group, combinable=offer.combinable,
            )
        )  # fmt: skip
    return found + [
        Candidate(
            source="reward",
            id=held.redemption_id,
            key=held.reward.key,
            title=held.title,
            kind=_REWARD_KINDS[held.reward.type],
            off=_reward_off(held, sale, home),
            group=held.reward.stacking_group,
            combinable=held.reward.combinable,
        )
        for held in rewards
        if held.reward.type in _REWARD_KINDS
    ]


def _counted(when: Expression | None, sale: Sale, earner: Earner, rules: Rules) -> tuple[Line, ...]:
    """The lines that an offer counts."""
    lines = [line for line in sale.lines if line.kind not in UNTOUCHED_KINDS]
    if when is None:
        return tuple(lines)
    bindings = line_bindings(sale, earner, rules.tiers.time_zone, when.names)
    held = {line.number for line, values in zip(sale.lines, bindings, strict=True) if when.holds(values)}
    return tuple(line for line in lines if line.number in held)


def _offer_off(
    benefit: AmountBenefit | PercentBenefit, lines: Sequence[Line], currency: str, home: str
) -> Callable[[Mapping[int, int]], Taken]:
    def off(already: Mapping[int, int]) -> Taken:
        left = {line.number: line.amount_minor - already.get(line.number, 0) for line in lines}
        left = {number: minor for number, minor in left.items() if minor > 0}
        whole = sum(left.values())
        if isinstance(benefit, AmountBenefit):
            if currency != home:
                return Taken(stopped="OTHER_MONEY")
            # The minimum is of the price before discounts: one discount must not spoil another's.
            if sum(line.amount_minor for line in lines) < Money.parse(benefit.minimum_spend, currency).minor:
                return Taken(stopped="MINIMUM_SPEND")
            total = min(Money.parse(benefit.value, currency).minor, whole)
        else:
            total = int((Decimal(whole) * benefit.percent / 100).to_integral_value(ROUND_HALF_UP))
            if benefit.discount_max is not None:
                if currency != home:
                    return Taken(stopped="OTHER_MONEY")
                total = min(total, Money.parse(benefit.discount_max, currency).minor)
        if total <= 0:
            return Taken(stopped="NOTHING_TO_DISCOUNT")
        return Taken(dict(zip(left, apportion(total, list(left.values())), strict=True)))

    return off


def _keeping_margin(
    off: Callable[[Mapping[int, int]], Taken],
    lines: Sequence[Line],
    costs: Mapping[str, Decimal],
    currency: str,
    floor: Decimal,
) -> Callable[[Mapping[int, int]], Taken]:
    """The same discount, but none where too little of the lines' price would be left after the goods' cost."""
    digits = minor_digits(currency)
    goods = [
        (costs[line.sku] * line.quantity).scaleb(digits) if line.sku and line.sku in costs else None for line in lines
    ]

    def kept(already: Mapping[int, int]) -> Taken:
        taken = off(already)
        if taken.stopped is not None:
            return taken
        paid = [
            line.amount_minor - line.tax_minor - already.get(line.number, 0) - taken.lines.get(line.number, 0)
            for line in lines
        ]
        return taken if keeps_margin(paid, goods, 0, floor) else Taken(stopped="MARGIN_FLOOR")

    return kept


def _reward_off(held: HeldReward, sale: Sale, home: str) -> Callable[[Mapping[int, int]], Taken]:
    def off(already: Mapping[int, int]) -> Taken:
        discount = discount_of(held.reward, sale.lines, sale.currency, home, already)
        if discount.stopped is not None or not discount.total_minor:
            return Taken(stopped="NOTHING_TO_DISCOUNT")
        return Taken(dict(discount.lines))

    return off
