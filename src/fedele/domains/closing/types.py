"""The words of the day's close: its steps, and what became of a day."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta

from fedele.db.database import Queryable, Transaction
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


@dataclasses.dataclass(frozen=True, slots=True)
class DayEnd:
    """The end of a programme day: `at` is the midnight that ends `day`; `moment` is when we do the work."""

    day: date
    at: datetime
    moment: Moment
    programme: Programme
    is_new_version: bool = False
    """Whether another version was in force at the close before: everybody is to be judged by it."""

    @property
    def last_instant(self) -> Moment:
        """The end of the day as seen from within: what ends with the day has not ended yet."""
        return Moment(self.at - timedelta(microseconds=1))


Due = Callable[[Queryable, DayEnd, MemberId | None, int], Awaitable[Sequence[MemberId]]]
"""Members whom the step concerns, ascending, after the given one, at most so many. May name too many, never too few."""
Run = Callable[[Transaction, DayEnd, Sequence[MemberId]], Awaitable[int]]
"""Do the step for these members, whose locks are held; how many it changed. Repeating it changes nothing."""
NextDue = Callable[[Queryable, Programme, datetime], Awaitable[datetime | None]]
"""The first instant after the given one at which the step has something to do. May be too early, never too late."""


@dataclasses.dataclass(frozen=True, slots=True)
class ClosingStep:
    """One step of the close. The order of the steps is the order of the registry."""

    key: str
    due: Due
    run: Run
    next_due: NextDue | None = None
    batch_count: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class ClosedStep:
    """What one step of a day's close did."""

    key: str
    members_count: int
    changed_count: int


@dataclasses.dataclass(frozen=True, slots=True)
class ClosedDay:
    """What closing a day did in this run. `finished` is False while another worker still holds a batch of it."""

    day: date
    steps: tuple[ClosedStep, ...] = ()
    finished: bool = True
    failed_count: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A member whose step failed by itself. What was due stays due: the next close finds it again."""

    member_id: MemberId
    step: str
    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class DayRecord:
    """A day's close as it was recorded. `finished_at` is None while it goes on, or waits for a worker."""

    day: date
    ends_at: datetime
    programme_version: int
    started_at: datetime
    finished_at: datetime | None
    steps: tuple[ClosedStep, ...]
    failures: tuple[Failure, ...]
