"""A till, members who buy and return, and everything that challenges and referrals do after it, in one process."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import Line, ReturnedLine
from fedele.domains.challenges import handlers as challenges
from fedele.domains.checkout import commands as checkout
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket, Return, Settlement
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import commands as referring
from fedele.domains.referrals import handlers as referrals
from fedele.jobs.inline import run_what_follows
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId
from tests.factories.members import PEPPERS, enrolled
from tests.factories.programme import apply_programme

BEGINNING = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)  # a Monday, noon in Rome
STORE = StoreId("store-1")

BASE = """
format: 1
programme: {key: club, name: Club, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, debt: debt}
rewards:
  - {key: coffee, type: free_product, name: Coffee, cost: {currency: points, amount: 100}, skus: [coffee], stock: 1}
badges:
  - {key: explorer, name: Explorer}
"""

_receipts = count(1)


@dataclasses.dataclass(slots=True)
class Club:
    """The stage. `now` is turned by the test."""

    database: Database
    till: Till
    now: datetime = BEGINNING

    @property
    def handlers(self) -> tuple[Handler, ...]:
        """What challenges and referrals listen with."""
        at = self.till.programmes.at
        return (
            *challenges.handlers(self.database, at, self.moment),
            *referrals.handlers(self.database, at, PEPPERS, self.moment),
        )

    def moment(self) -> Moment:
        """Now."""
        return Moment(self.now)

    async def programme(self) -> Programme:
        """The version in force now."""
        return await self.till.programmes.at(self.now)

    async def follow(self) -> None:
        """Let everything follow that was announced."""
        await run_what_follows(self.database, self.handlers)

    async def member(self, **given: Any) -> MemberId:
        """Somebody who joins now."""
        member_id = await enrolled(self.database, **({"joined_at": self.now} | given))
        await self.follow()
        return member_id

    async def buys(
        self, member_id: MemberId, *lines: Line, at: datetime | None = None, follow: bool = True, **given: Any
    ) -> Settlement:
        """A sale, at its own time if that is another."""
        receipt = f"R{next(_receipts)}"
        values: dict[str, Any] = {"store_id": STORE, "receipt": receipt, "currency": "EUR"}
        values |= {"lines": lines or (line(),), "member_id": member_id, "occurred_at": at} | given
        settled = await checkout.settle(self.till, Basket(**values), receipt, self.moment())
        if follow:
            await self.follow()
        return settled

    async def returns(self, settled: Settlement, *lines: tuple[int, str], follow: bool = True) -> None:
        """So much of these lines comes back."""
        wanted = tuple(ReturnedLine(number, Decimal(quantity)) for number, quantity in lines)
        asked = Return(store_id=STORE, lines=wanted, member_id=settled.member_id, purchase_id=settled.purchase_id)
        await checkout.return_lines(self.till, asked, f"back-{next(_receipts)}", self.moment())
        if follow:
            await self.follow()

    async def does(self, member_id: MemberId, name: str, at: datetime | None = None, **properties: Any) -> None:
        """Something that is no purchase."""
        key = f"E{next(_receipts)}"
        await checkout.record_event(self.till, member_id, name, properties, key, self.moment(), occurred_at=at)
        await self.follow()

    async def pays_due(self) -> int:
        """The referrals' clock work, and what follows from it."""
        tended = await referring.pay_due(self.database, self.till.programmes.at, self.moment())
        await self.follow()
        return tended

    async def points(self, member_id: MemberId) -> int:
        """What the member has: available, less debt. The books are checked on the way."""
        assert await verify(self.database.reader) == []
        balances = (await balances_by_member(self.database.reader, [member_id], self.now))[member_id]
        return sum(balance.available + balance.pending - balance.debt for balance in balances)

    async def applies(self, *parts: str) -> None:
        """Another version of the programme, from now on."""
        await apply_programme(self.database, BASE + "".join(parts), self.now)
        # A source of its own, as another process has: it need not wait until the first one asks again.
        self.till = Till(self.database, ProgrammeSource(self.database, PROGRAMME_SECTIONS))

    def turn(self, **by: float) -> None:
        """Turn the clock on."""
        self.now += timedelta(**by)


async def open_club(database: Database, *parts: str) -> Club:
    """A programme of the base and these parts, in force since long ago."""
    await apply_programme(database, BASE + "".join(parts))
    return Club(database, Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS)))


def line(amount: int = 1000, number: int = 1, **given: Any) -> Line:
    """A line of so many cents."""
    return Line(number, given.pop("quantity", Decimal(1)), amount, **given)


def departments(*names: str) -> Sequence[Line]:
    """A line of ten euros from each."""
    return [line(number=number, department=name) for number, name in enumerate(names, 1)]
