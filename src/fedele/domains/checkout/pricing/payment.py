"""How much of a basket the programme's units may pay: `pay` of the currency."""

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from fedele.domains.activity.types import Line, Tender
from fedele.domains.checkout.decision import paying_currency, units_worth
from fedele.domains.checkout.errors import PayLimitExceeded
from fedele.domains.checkout.state import Rules
from fedele.domains.earning.types import Sale
from fedele.domains.programme.config import Currency
from fedele.kernel.money import Money, from_units, minor_digits, to_units

UNPAYABLE_KINDS = frozenset({"gift_card", "donation"})


@dataclasses.dataclass(frozen=True, slots=True)
class PayLimit:
    """The most that units of one currency may pay of a basket."""

    currency: Currency
    units_max: int
    units_min: int
    step: int

    def payable(self, spendable: int, to_pay_minor: int, money: str) -> int:
        """How many of so many units may pay: no more than is to pay, whole steps, and none below the minimum."""
        units = min(spendable, self.units_max, _units(self.currency, Decimal(to_pay_minor), money))
        units -= units % self.step if self.step else 0
        return units if units >= self.units_min else 0

    def worth_minor(self, units: int, money: str) -> int:
        """What so many units pay."""
        exact = Decimal(units).scaleb(-self.currency.decimals) * self.currency.worth
        return int(exact.scaleb(minor_digits(money)).to_integral_value(ROUND_FLOOR))


def original_minor(lines: Sequence[Line]) -> int:
    """The basket's price before any discount, without what units never pay."""
    return sum(line.amount_minor + line.discount_minor for line in lines if line.kind not in UNPAYABLE_KINDS)


def limit_of(currency: Currency, original: int, money: str) -> PayLimit:
    """How many units may pay of a basket of this original price."""
    pay = currency.pay
    share = Decimal(original) * pay.share_max_percent / 100
    units = _units(currency, share, money)
    step, least = to_units(pay.step, currency.decimals), to_units(pay.minimum, currency.decimals)
    units -= units % step if step else 0
    return PayLimit(currency, units if units >= least else 0, least, step)


def _units(currency: Currency, minor: Decimal, money: str) -> int:
    """The most whole units that are worth no more than this money."""
    if not currency.worth:
        return 0
    exact = minor.scaleb(-minor_digits(money)) / currency.worth
    return int(exact.scaleb(currency.decimals).to_integral_value(ROUND_FLOOR))


def check_payment(rules: Rules, sale: Sale, tenders: Sequence[Tender]) -> None:
    """Raise PayLimitExceeded if the points tenders pay more, less or otherwise than their currency's `pay` says."""
    minor: dict[str, int] = {}
    for tender in tenders:
        if tender.kind == "points":
            key = paying_currency(rules, tender.currency).key
            minor[key] = minor.get(key, 0) + tender.amount_minor
    for key, amount in minor.items():
        currency = rules.earning.currencies.get(key)
        units = units_worth(currency, Money(amount, sale.currency))
        limit = limit_of(currency, original_minor(sale.lines), sale.currency)
        if units > limit.units_max or units < limit.units_min or (limit.step and units % limit.step):
            smallest = from_units(1, currency.decimals)
            raise PayLimitExceeded(
                currency=key,
                units_max=from_units(limit.units_max, currency.decimals),
                minimum=max(currency.pay.minimum, smallest),
                step=max(currency.pay.step, smallest),
                field="tenders",
            )


def pay_options(rules: Rules, sale: Sale) -> tuple[PayLimit, ...]:
    """What each currency that has a worth may pay of this basket."""
    if sale.currency != rules.earning.home_currency:
        return ()
    original = original_minor(sale.lines)
    return tuple(
        limit_of(currency, original, sale.currency) for currency in rules.earning.currencies if currency.worth > 0
    )
