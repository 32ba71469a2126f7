"""How much money of each line a rule counts: without what the rule excludes, to the cent."""

from collections.abc import Collection

from fedele.domains.activity.types import Line
from fedele.domains.earning.config import Excluded
from fedele.domains.earning.types import Sale
from fedele.kernel.apportion import apportion


def eligible_minor(sale: Sale, excludes: Collection[Excluded]) -> list[int]:
    """Per line, the minor units that count. Never negative, never more than the line's amount.

    The part paid with points is spread over all lines by their amounts, so that it makes no difference which line the
    till rang up first; no cent of it is lost or counted twice.
    """
    amounts = [_counted(line, excludes) for line in sale.lines]
    if "paid_in_points" not in excludes:
        return amounts
    points_minor = sum(tender.amount_minor for tender in sale.tenders if tender.kind == "points")
    if points_minor <= 0:
        return amounts
    gross = [line.amount_minor for line in sale.lines]
    paid = apportion(min(points_minor, sum(gross)), gross)
    return [
        counted - _share(points, counted, amount) for counted, points, amount in zip(amounts, paid, gross, strict=True)
    ]


def _counted(line: Line, excludes: Collection[Excluded]) -> int:
    if line.kind in excludes:
        return 0
    return max(0, line.amount_minor - line.tax_minor) if "tax" in excludes else line.amount_minor


def _share(points: int, counted: int, amount: int) -> int:
    """The part of the points paid on a line that falls on its counted money, half a cent rounded up."""
    return (2 * points * counted + amount) // (2 * amount) if amount else 0
