"""Segments for database tests: a till whose programme has some, and a worker that hears what changes facts."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fedele.bootstrap import FACT_EVENTS, PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.checkout import commands as checkout
from fedele.domains.checkout.ports import Till
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Adjust
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.segments import commands
from fedele.domains.segments.events import SegmentEntered, SegmentLeft
from fedele.domains.segments.handlers import handlers
from fedele.domains.segments.queries import find_facts
from fedele.domains.segments.types import Refreshed
from fedele.jobs.inline import run_what_follows
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from tests.factories.programme import apply_programme
from tests.factories.till import NOON, PROGRAMME, basket, line, open_till

SEGMENTS = """
segments:
  - {key: regulars, name: Regulars, when: member.purchases_30_days >= 2, window_days: 7}
  - {key: lapsed, name: Lapsed, when: member.days_since_purchase > 30, window_days: 0}
  - {key: friends, name: Friends, list: true}
"""


@dataclasses.dataclass(slots=True)
class Neighbourhood:
    """A till, its members, and a clock to turn."""

    database: Database
    till: Till
    now: datetime = NOON
    adjusted: int = 0
    told: list[tuple[str, str, MemberId]] = dataclasses.field(default_factory=list)  # what was announced, in order

    @property
    def moment(self) -> Moment:
        """The clock's."""
        return Moment(self.now)

    async def programme(self) -> Programme:
        """What is in force."""
        return await self.till.programmes.at(self.now)

    async def sells(self, member_id: MemberId, key: str, *amounts: int, **given: Any) -> Any:
        """A sale now, and what follows from it."""
        lines = [line(number, amount) for number, amount in enumerate(amounts or (1000,), 1)]
        sold = await checkout.settle(self.till, basket(*lines, member_id=member_id, **given), key, self.moment)
        await self.follows()
        return sold

    async def adjusts(self, member_id: MemberId, points: int) -> None:
        """Somebody corrects the balance, and what follows."""
        self.adjusted += 1
        wanted = Adjust(
            scope="test", key=f"adjust-{self.adjusted}", currency=CurrencyKey("points"), units=points, actor="test",
            reason="test",
        )  # fmt: skip
        async with self.database.transaction() as tx:
            await post(tx, member_id, [wanted], self.moment)
        await self.follows()

    async def changes_to(self, text: str) -> None:
        """Another version of the programme, known to the till at once."""
        await self.changes_with(PROGRAMME + text)

    async def changes_with(self, text: str) -> None:
        """The same, of a whole file."""
        await apply_programme(self.database, text, self.now)
        self.till = dataclasses.replace(self.till, programmes=ProgrammeSource(self.database, PROGRAMME_SECTIONS))

    async def follows(self) -> None:
        """Let the handlers hear what was announced, and note what segments announce."""

        async def note(event: SegmentEntered | SegmentLeft, _outbox_id: UUID) -> None:
            self.told.append((event.kind.partition(".")[2], event.segment, event.member_id))

        heard = handlers(self.database, self.till.programmes.at, lambda: self.moment, FACT_EVENTS)
        noting = (Handler("test.entered", SegmentEntered, note), Handler("test.left", SegmentLeft, note))
        await run_what_follows(self.database, (*heard, *noting))

    async def refreshes(self, days: float = 0) -> list[Refreshed]:
        """Turn the clock, and do what the schedule does."""
        self.now += timedelta(days=days)
        done = await commands.refresh_due(self.database, await self.programme(), self.moment)
        await self.follows()
        return done

    async def segments_of(self, member_id: MemberId) -> list[str]:
        """What conditions of other rooms read as member.segments."""
        known = await find_facts(self.database.reader, await self.programme(), member_id, self.now)
        assert known is not None
        return list(known.values["member.segments"])


async def neighbourhood(database: Database, text: str = SEGMENTS) -> Neighbourhood:
    """The test programme with segments."""
    return Neighbourhood(database, await open_till(database, PROGRAMME + text))
