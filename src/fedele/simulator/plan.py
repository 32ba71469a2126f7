"""What happens at a till, decided from a seed: the same seed, the same day, whatever the server answers."""

import dataclasses
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["scan", "quote", "sale", "again", "return", "offline"]

# A morning at a grocer's: mostly sales; some cashiers ask first, some receipts come back, some networks go.
WEIGHTS: dict[Kind, int] = {"scan": 20, "quote": 12, "sale": 50, "again": 6, "return": 10, "offline": 2}
ARTICLES = (
    ("PRODUCE", "Apples", "1.20", "6.80"), ("GROCERY", "Coffee", "3.50", "14.00"), ("DELI", "Cheese", "2.10", "19.90"),
    ("PASTRY", "Bread", "0.90", "4.40"), ("MEAT", "Chicken", "4.00", "22.00"), ("DRUG GM", "Soap", "1.00", "9.00"),
)  # fmt: skip
OFFLINE_SALES_MAX = 8
PIECES_MAX = 4
CENT = Decimal("0.01")


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One thing a cashier does. `member` is a place in the list of members; None is a guest. `sales` of a burst."""

    kind: Kind
    member: int | None = None
    lines: tuple[dict[str, Any], ...] = ()
    pays_points: Decimal | None = None  # the part of the basket that units pay, if the member has them
    share: float = 1.0  # of a return: how much of each line comes back
    sales: tuple["Action", ...] = ()  # of an offline burst, in the order they happened
    shuffled: tuple[int, ...] = ()  # the order in which they are sent


def actions(seed: str, members_count: int) -> Iterator[Action]:
    """An endless day at one till."""
    dice = random.Random(seed)  # noqa: S311 - a made-up day, no secret
    kinds, weights = tuple(WEIGHTS), tuple(WEIGHTS.values())
    while True:
        kind = dice.choices(kinds, weights)[0]
        if kind == "offline":
            yield _burst(dice, members_count)
        elif kind == "return":
            yield Action("return", share=dice.choice((0.34, 0.5, 1.0)))
        else:
            yield _sale(dice, members_count, kind)


def _sale(dice: random.Random, members_count: int, kind: Kind) -> Action:
    # A few members come often: contention for one member is part of a real day.
    regular = dice.random() < 0.3
    member = dice.randrange(max(1, members_count // 20) if regular else members_count)
    guest = kind == "sale" and dice.random() < 0.08
    lines = tuple(_line(dice) for _ in range(dice.randint(1, 8)))
    pays = Decimal(dice.randint(1, 5)) if not guest and dice.random() < 0.12 else None
    return Action(kind, None if guest else member, lines, pays)


def _line(dice: random.Random) -> dict[str, Any]:
    department, name, low, high = dice.choice(ARTICLES)
    cents = dice.randint(int(Decimal(low) * 100), int(Decimal(high) * 100))
    pieces = dice.randint(1, PIECES_MAX)
    amount = (Decimal(cents * pieces) * CENT).quantize(CENT)
    return {"amount": str(amount), "quantity": str(pieces), "name": name, "department": department}


def _burst(dice: random.Random, members_count: int) -> Action:
    count = dice.randint(2, OFFLINE_SALES_MAX)
    sales = tuple(dataclasses.replace(_sale(dice, members_count, "sale"), pays_points=None) for _ in range(count))
    order = list(range(count))
    dice.shuffle(order)
    return Action("offline", sales=sales, shuffled=tuple(order))
