"""Paid memberships for tests: a programme that sells four kinds, and somebody who joins."""

from datetime import UTC, datetime, timedelta

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.memberships import commands, queries
from fedele.domains.memberships.commands.joining import JoinAsked
from fedele.domains.memberships.commands.leaving import Cancelled
from fedele.domains.memberships.jobs import run_due
from fedele.domains.memberships.types import MembershipRecord
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.programme import apply_programme
from tests.fakes.payments import FakePayments

PROGRAMME = """
format: 1
programme: {key: shop, name: Shop, time_zone: America/New_York, home_currency: USD}
currencies: [{key: points, name: points}]
tiers:
  levels:
    - {key: basic, name: Basic, threshold: 0}
    - {key: gold, name: Gold, threshold: 1000}
    - {key: black, name: Black, threshold: 5000}
memberships:
  - key: prime
    name: Prime
    plans:
      - {key: monthly, price: 14.99, period: {months: 1}}
      - {key: yearly, price: 139.00, period: {years: 1}}
    trial: {days: 30}
    refund: full_if_unused
    used_by: [delivery]
  - key: coop
    name: Co-op
    plans: [{key: life, price: 30.00, lifetime: true}]
    grants_tier: gold
  - key: club
    name: Club
    plans:
      - {key: monthly, price: 10.00, period: {months: 1}}
      - {key: yearly, price: 100.00, period: {years: 1}}
    grace: {days: 5}
    refund: unused_term
    grants_tier: gold
"""
START = datetime(2026, 1, 31, 15, tzinfo=UTC)  # ten in the morning in New York


def at(days: float = 0, hours: float = 0) -> Moment:
    """So much after the start."""
    return Moment(START + timedelta(days=days, hours=hours))


class Shop:
    """The programme, a provider that can be told to misbehave, and the clock's work."""

    def __init__(self, database: Database, programmes: ProgrammeSource) -> None:
        self.database, self.programmes, self.payments = database, programmes, FakePayments()

    async def joins(
        self, member_id: MemberId, membership: str, plan: str, moment: Moment, key: str = "join", *, pays: bool = True
    ) -> MembershipRecord:
        """Join, and let the charge be made."""
        programme = await self.programmes.at(moment.now)
        async with self.database.transaction() as tx:
            asked = JoinAsked(membership, plan, "card-on-file")
            await commands.join(tx, programme, member_id, asked, key, moment)
        if pays:
            await self.runs(moment)
        return await self.has(member_id, membership)

    async def cancels(
        self, member_id: MemberId, membership: str, moment: Moment, key: str = "cancel", *, refund: bool = True
    ) -> Cancelled:
        """Cancel, and let the refund be made."""
        programme = await self.programmes.at(moment.now)
        async with self.database.transaction() as tx:
            told = await commands.cancel(tx, programme, member_id, membership, key, moment, wants_refund=refund)
        await self.runs(moment)
        return told

    async def runs(self, moment: Moment) -> int:
        """Do what is due."""
        return await run_due(self.database, self.programmes, self.payments, moment)

    async def runs_daily(self, days: int, first: float = 0) -> None:
        """Let so many days pass, looking at the clock's work every six hours."""
        for quarter in range(days * 4 + 1):
            await self.runs(at(first + quarter / 4))

    async def has(self, member_id: MemberId, membership: str) -> MembershipRecord:
        """The membership as it stands."""
        record = await queries.find_membership(self.database.reader, member_id, membership)
        assert record is not None
        return record

    async def active(self, member_id: MemberId, moment: Moment) -> list[str]:
        """What conditions see."""
        return await queries.active_keys(self.database.reader, member_id, moment.now)


async def open_shop(database: Database, text: str = PROGRAMME) -> Shop:
    """The programme in force since long ago."""
    await apply_programme(database, text)
    return Shop(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
