"""How an award came to its units, as an addition: what was counted at the rule's rate, the rounding, the caps. Pure.

Every list of terms adds up to the award exactly: what a line brings is shown to four decimals more than the currency
has, and the term `rounding` is what is left between that and the whole units.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fedele.domains.activity.types import Line, Purchase
from fedele.domains.earning.config import EarningConfig, EventAward, PurchaseFixed, PurchaseMultiplier, Rule
from fedele.domains.earning.types import LineShare, RuleTrace
from fedele.domains.explaining.types import Term
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.kernel.money import Money, from_units

MORE_DIGITS = 4


def award_terms(
    programme: Programme, told: RuleTrace, shares: Sequence[LineShare], purchase: Purchase | None
) -> tuple[Term, ...]:
    """The terms of what a rule gave; () for nothing. `programme` is the version that decided."""
    decimals = decimals_of(programme, told.currency)
    if not told.units and "carried" not in told.details:
        return ()
    lines = {line.number: line for line in purchase.lines} if purchase else {}
    terms = [*_counted(programme, told, lines, purchase)] or [*_shared(told, shares, lines, decimals)]
    details = told.details
    if "carried" in details:
        before, after = (Decimal(str(details[name])).scaleb(-decimals) for name in ("carried_before", "carried"))
        terms.append(Term("carried", before - after, {"before": before, "after": after}))
    before_caps = from_units(int(details.get("before_caps", told.units)), decimals)
    rounding = before_caps - sum((term.amount for term in terms), Decimal(0))
    if rounding:
        terms.append(Term("rounding", rounding))
    kept_back = from_units(told.units, decimals) - before_caps
    if kept_back:
        terms.append(Term("cap", kept_back, {name: details.get(name) for name in ("per", "cap", "over")}))
    return tuple(terms)


def decimals_of(programme: Programme, currency: str | None) -> int:
    """How many decimals the ledger keeps of this currency; 0 for one that the programme does not have."""
    return next((found.decimals for found in programme.section(Currencies) if found.key == currency), 0)


def rule_of(programme: Programme, key: str) -> Rule | None:
    """The rule of this key in this version, or None."""
    return next((rule for rule in programme.section(EarningConfig).rules if rule.key == key), None)


def _counted(
    programme: Programme, told: RuleTrace, lines: Mapping[int, Line], purchase: Purchase | None
) -> Iterator[Term]:
    """What was counted, at the rule's own rate; nothing where either is not known."""
    rule, details = rule_of(programme, told.rule), told.details
    decimals = decimals_of(programme, told.currency)
    tier: dict[str, Any] = {name: details[name] for name in ("tier", "tier_multiplier") if name in details}
    times = Fraction(str(details.get("tier_multiplier", 1)))
    match rule:
        case PurchaseMultiplier() if purchase and "money" in details:
            rate = Fraction(rule.amount) / Fraction(rule.per) * Fraction(rule.multiplier) * times
            for number, minor in details["money"]:
                money = Money(minor, purchase.currency)
                values = {"money": money, "amount": rule.amount, "per": rule.per, "multiplier": rule.multiplier, **tier}
                yield Term("line", _shown(Fraction(money.decimal) * rate, decimals), _line(number, lines) | values)
        case PurchaseFixed() if "counts" in details:
            for number, count in details["counts"]:
                values = {"count": Decimal(str(count)), "amount": rule.amount, **tier}
                exact = Fraction(str(count)) * Fraction(rule.amount) * times
                yield Term("count", _shown(exact, decimals), _line(number, lines) | values)
        case EventAward() if "amount" in details:
            amount = Decimal(str(details["amount"]))
            yield Term("event", _shown(Fraction(amount) * times, decimals), {"amount": amount, **tier})


def _shared(told: RuleTrace, shares: Sequence[LineShare], lines: Mapping[int, Line], decimals: int) -> Iterator[Term]:
    """What each line brought in the end; or the whole, if no line did."""
    for share in shares:
        yield Term("share", from_units(share.units, decimals), _line(share.number, lines))
    if not shares:
        yield Term("award", from_units(told.units, decimals), {"rule": told.rule})


def _line(number: int, lines: Mapping[int, Line]) -> dict[str, Any]:
    line = lines.get(number)
    return {"number": number, "name": (line.name or line.sku or "") if line else ""}


def _shown(exact: Fraction, decimals: int) -> Decimal:
    """An exact amount, to four decimals more than its currency has."""
    digits = decimals + MORE_DIGITS
    return Decimal(round(exact * 10**digits)).scaleb(-digits).normalize() + Decimal(0)
