"""Decide which purchase of a friend counts, and when it counts as kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from fedele.domains.activity.types import Purchase
from fedele.domains.earning.config import EarningConfig, Excluded
from fedele.domains.earning.queries import eligible_minor, start_of_day
from fedele.domains.earning.types import Sale
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.referrals.config import ReferralConfig
from fedele.kernel.money import minor_digits, to_units

NOT_COUNTED: tuple[Excluded, ...] = ("tax", "gift_card", "delivery", "fee", "donation")


def first_that_counts(purchases: Iterable[Purchase], programme: Programme) -> Purchase | None:
    """The first purchase, in the order of the sales, that what came back leaves at the minimum or above."""
    minimum = programme.section(ReferralConfig).minimum_spend
    home = programme.section(ProgrammeConfig).home_currency
    minimum_minor = to_units(minimum, minor_digits(home), "up")
    ordered = sorted(purchases, key=lambda purchase: (purchase.occurred_at, purchase.id))
    return next((one for one in ordered if _counts(one, home, minimum_minor)), None)


def due_at(purchase: Purchase, programme: Programme) -> datetime:
    """When the purchase counts as kept: after the return window, at a midnight of the programme, as pending units."""
    days = programme.section(ReferralConfig).settles_after_days
    if days is None:
        days = programme.section(EarningConfig).pending_days
    if days == 0:
        return purchase.occurred_at
    time_zone = programme.section(ProgrammeConfig).time_zone
    return start_of_day(purchase.occurred_at.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=days), time_zone)


def net_minor(purchase: Purchase) -> int:
    """What was paid for goods and services and has not come back."""
    sale = Sale(purchase.store_id, purchase.occurred_at, purchase.currency, purchase.lines, purchase.tenders)
    return sum(
        int(amount * _kept(purchase, line.number, line.quantity) + Fraction(1, 2))
        for line, amount in zip(purchase.lines, eligible_minor(sale, NOT_COUNTED), strict=True)
    )


def _counts(purchase: Purchase, home: str, minimum_minor: int) -> bool:
    net = net_minor(purchase)
    return purchase.currency == home and net > 0 and net >= minimum_minor


def _kept(purchase: Purchase, number: int, quantity: Decimal) -> Fraction:
    if quantity <= 0:
        return Fraction(1)
    return 1 - Fraction(purchase.returned.get(number, Decimal(0))) / Fraction(quantity)
