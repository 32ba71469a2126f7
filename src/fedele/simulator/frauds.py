"""Frauds among the customers, so that one can count how many are seen and how many honest people are suspected."""

import dataclasses
from typing import Literal, TypeAlias

from fedele.simulator.plan import Action
from fedele.simulator.tills import Link, Till

Pattern: TypeAlias = Literal["collecting", "two_places", "returning"]
PATTERNS: tuple[Pattern, ...] = ("collecting", "two_places", "returning")

SALES_COLLECTED = 16
RETURNS_COUNT = 10
LINES = ({"amount": "11.00", "quantity": "1", "name": "Coffee", "department": "GROCERY"},)


@dataclasses.dataclass(frozen=True, slots=True)
class Fraudster:
    """Somebody who cheats, and how. `far` are two places that nobody goes between within a minute."""

    member: tuple[str, str]
    pattern: Pattern
    home: str
    far: tuple[str, str] | None

    async def cheat(self, link: Link, currency: str) -> None:
        """Do it, at tills of their own."""
        here = Till(link, self.home, currency, [self.member], prefix=f"F{self.pattern[:2]}{self.member[0][-6:]}")
        sale = Action("sale", 0, LINES)
        match self.pattern:
            case "collecting":  # a cashier's own card, held before the reader for customers who have none
                for _ in range(SALES_COLLECTED):
                    await here.do(sale)
            case "two_places":  # one code, photographed, used in two towns
                for store in self.far or ():
                    there = dataclasses.replace(here, store=store, prefix=f"{here.prefix}{store}")
                    await there.do(sale)
            case "returning":
                for _ in range(RETURNS_COUNT):
                    await here.do(sale)
                    await here.do(Action("return"))
