"""Journeys for tests: a programme of them, members inside, and a clock that is turned."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.journeys.commands import Engine, enter_by_clock, hear, wake_changed
from fedele.domains.journeys.config import Journey
from fedele.domains.journeys.jobs import advance_all
from fedele.domains.journeys.queries import trace
from fedele.domains.journeys.types import Trace
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id
from tests.factories.programme import apply_programme

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # 12:00 in Rome
HEAD = """
format: 1
programme: {key: rome, name: Rome, time_zone: Europe/Rome, home_currency: EUR, locales: [en]}
members:
  preferences: {"track": {type: text}, "vip": {type: flag}}
currencies:
  - {key: points, name: points, worth: 0.01, expiry: {type: rolling, period: {months: 12}}}
rewards:
  - {key: coffee, type: free_product, name: Coffee, cost: {currency: points, amount: 50}}
messages:
  templates:
    - {key: hello, channels: [in_app], purpose: service, title: Hello, body: Welcome}
    - {key: miss-you, channels: [in_app], purpose: service, title: We miss you, body: Come back}
"""


def programme_text(*journeys: str, head: str = HEAD) -> str:
    """A programme with these journeys, each a YAML mapping written from its first key on, unindented."""
    items = ["  - " + "\n    ".join(text.strip().splitlines()) for text in journeys]
    return head + "journeys:\n" + "\n".join(items) + "\n" if items else head


def journey(**given: Any) -> Journey:
    """A checked journey."""
    plain: dict[str, Any] = {"key": "trip", "name": "Trip", "trigger": {"type": "event", "event": "check_in"}}
    return Journey.model_validate(plain | given)


@dataclasses.dataclass
class Tour:
    """An engine on a database, with the programme in force and a clock."""

    database: Database
    now: datetime
    engine: Engine

    @classmethod
    async def of(cls, database: Database, *journeys: str, head: str = HEAD) -> "Tour":
        """With these journeys in force."""
        await apply_programme(database, programme_text(*journeys, head=head))
        return cls(database, NOON, Engine(database, ProgrammeSource(database, PROGRAMME_SECTIONS)))

    async def change(self, *journeys: str) -> None:
        """Another version of the programme, from now on."""
        await apply_programme(self.database, programme_text(*journeys), self.now)
        self.engine.programmes.forget()
        async with self.database.transaction() as tx:
            await wake_changed(tx, await self.programme())

    async def programme(self) -> Programme:
        """What is in force now."""
        return await self.engine.programmes.at(self.now)

    async def turn(self, **by: float) -> None:
        """Turn the clock on and do what is due then."""
        self.now += timedelta(**by)
        await self.work()

    async def work(self) -> None:
        """What the schedules do."""
        await enter_by_clock(self.database, await self.programme(), Moment(self.now))
        await advance_all(self.engine, Moment(self.now))

    async def hears(self, event: Event, outbox_id: Any = None) -> None:
        """Something happens to a member."""
        await hear(self.engine, event, outbox_id or new_id(), Moment(self.now))

    async def path(self, member_id: MemberId, journey_key: str | None = None) -> list[str]:
        """The newest run of the member in words: 'hello send sent'."""
        found = await self.traces(member_id, journey_key)
        if not found:
            return []
        return [f"{line.visit.step_key} {line.visit.kind} {line.visit.outcome}".strip() for line in found[0].lines]

    async def traces(self, member_id: MemberId, journey_key: str | None = None) -> list[Trace]:
        """All runs of the member."""
        return await trace(self.database.reader, member_id, journey_key)
