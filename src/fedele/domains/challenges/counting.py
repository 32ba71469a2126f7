"""Decide what a purchase or an event counts for under a goal, and what is left of that when lines come back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from fedele.domains.activity.types import ActivityEvent, Purchase
from fedele.domains.challenges.config import (
    NOT_SPEND,
    Distinct,
    Events,
    EventTotal,
    Goal,
    Purchases,
    Spend,
    Units,
    Visits,
)
from fedele.domains.challenges.periods import local_day
from fedele.domains.challenges.types import Contribution, Counted, Piece
from fedele.domains.earning.queries import eligible_minor
from fedele.domains.earning.types import Sale
from fedele.kernel.expressions import Bindings, Expression
from fedele.kernel.money import minor_digits, to_units

QUANTITY_DECIMALS = 3
WHOLE = 0  # the number of the piece that stands for all lines


def decimals_of(goal: Goal, home_currency: str) -> int:
    """How many decimals progress towards the goal is counted with."""
    match goal:
        case Spend():
            return minor_digits(home_currency)
        case Units() | EventTotal():
            return QUANTITY_DECIMALS
        case _:
            return 0


def counts_values(goal: Goal) -> bool:
    """Whether the goal counts different values once each, rather than adding up amounts."""
    return isinstance(goal, Distinct | Visits)


def count_purchase(
    goal: Goal, purchase: Purchase, lines: Sequence[Bindings], whole: Bindings, home_currency: str, time_zone: str
) -> Counted | None:
    """What the purchase counts for; None for nothing.

    `lines` are the values of each line in order, `whole` those of the purchase.
    """
    match goal:
        case Purchases():
            return _count_purchases(goal, purchase, whole, home_currency)
        case Spend():
            return _count_spend(goal, purchase, lines, home_currency)
        case Units() | Distinct():
            return _count_lines(goal, purchase, lines)
        case Visits() if goal.purchases:
            day = local_day(purchase.occurred_at, time_zone).isoformat()
            return Counted("values", tuple(Piece(line.number, 0, day) for line in purchase.lines) or _whole(0, day))
        case _:
            return None


def count_event(goal: Goal, event: ActivityEvent, bindings: Bindings, time_zone: str) -> Counted | None:
    """What the event counts for; None for nothing."""
    match goal:
        case Visits() if event.name in goal.events:
            return Counted("values", _whole(0, local_day(event.occurred_at, time_zone).isoformat()))
        case Events() if event.name == goal.event and _holds(goal.when, bindings):
            return Counted("amounts", _whole(1))
        case EventTotal() if event.name == goal.event and _holds(goal.when, bindings):
            amount = goal.amount.evaluate(bindings)
            units = to_units(amount, QUANTITY_DECIMALS) if isinstance(amount, Decimal) else 0
            return Counted("amounts", _whole(units)) if units > 0 else None
        case _:
            return None


def standing(counted: Counted, purchase: Purchase | None) -> Contribution:
    """What a source counts for as it stands: `purchase` with what came back of it; None for an event, which stays."""
    left = remaining(purchase) if purchase else {}
    kept = [(piece, left.get(piece.number, Fraction(1))) for piece in counted.pieces]
    match counted.measure:
        case "values":
            values = dict.fromkeys(piece.value for piece, share in kept if share > 0 and piece.value is not None)
            return Contribution(0, tuple(values))
        case "times":
            money = sum(_part(piece.amount, share) for piece, share in kept)
            counts = money >= counted.minimum and any(share > 0 for _, share in kept)
            return Contribution(int(counts))
        case _:
            return Contribution(sum(_part(piece.amount, share) for piece, share in kept))


def remaining(purchase: Purchase) -> Mapping[int, Fraction]:
    """The share of each line that was not given back; 0 for the whole once every line is back."""
    left = {
        line.number: 1 - Fraction(purchase.returned.get(line.number, Decimal(0))) / Fraction(line.quantity)
        for line in purchase.lines
        if line.quantity > 0
    }
    whole = Fraction(int(not left or any(left.values())))
    # A line without a quantity cannot come back by itself: it goes with the rest.
    return {line.number: left.get(line.number, whole) for line in purchase.lines} | {WHOLE: whole}


def _count_purchases(goal: Purchases, purchase: Purchase, whole: Bindings, home_currency: str) -> Counted | None:
    if not _holds(goal.when, whole):
        return None
    if goal.minimum_spend and purchase.currency != home_currency:
        return None
    money = eligible_minor(_sale(purchase), NOT_SPEND)
    pieces = tuple(Piece(line.number, amount) for line, amount in zip(purchase.lines, money, strict=True))
    minimum = to_units(goal.minimum_spend, minor_digits(home_currency), "up")
    counted = Counted("times", pieces or _whole(0), minimum)
    return counted if sum(money) >= minimum else None


def _count_spend(goal: Spend, purchase: Purchase, lines: Sequence[Bindings], home_currency: str) -> Counted | None:
    if purchase.currency != home_currency:
        return None
    money = eligible_minor(_sale(purchase), goal.excludes)
    pieces = tuple(
        Piece(line.number, amount)
        for line, amount, bindings in zip(purchase.lines, money, lines, strict=True)
        if amount > 0 and _holds(goal.when, bindings)
    )
    return Counted("amounts", pieces) if pieces else None


def _count_lines(goal: Units | Distinct, purchase: Purchase, lines: Sequence[Bindings]) -> Counted | None:
    pieces = []
    for line, bindings in zip(purchase.lines, lines, strict=True):
        if line.quantity <= 0 or not _holds(goal.when, bindings):
            continue
        if isinstance(goal, Units):
            pieces.append(Piece(line.number, to_units(line.quantity, QUANTITY_DECIMALS)))
        elif value := purchase.store_id if goal.of == "store" else getattr(line, goal.of):
            pieces.append(Piece(line.number, 0, value))
    measure = "amounts" if isinstance(goal, Units) else "values"
    return Counted(measure, tuple(pieces)) if pieces else None


def _whole(amount: int, value: str | None = None) -> tuple[Piece, ...]:
    return (Piece(WHOLE, amount, value),)


def _part(amount: int, share: Fraction) -> int:
    """The part of an amount that stays, half a unit rounded up: all of it at first, nothing in the end."""
    return int(amount * share + Fraction(1, 2))


def _holds(when: Expression | None, bindings: Bindings) -> bool:
    return when is None or when.holds(bindings)


def _sale(purchase: Purchase) -> Sale:
    return Sale(
        purchase.store_id,
        purchase.occurred_at,
        purchase.currency,
        purchase.lines,
        purchase.tenders,
        purchase.channel,
        purchase.attributes,
    )


def in_time(occurred_at: datetime, joined_at: datetime | None, counts_from_start: bool) -> bool:
    """Whether something counts for a member who joined then; None: they need not join."""
    return joined_at is None or counts_from_start or occurred_at >= joined_at
