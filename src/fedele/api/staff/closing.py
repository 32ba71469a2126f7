"""The day's close in the staff schema: which days are closed, what each step did, and whose step failed."""

from datetime import date, datetime
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.permissions import query_field
from fedele.domains.auth.types import Scope
from fedele.domains.closing import queries
from fedele.domains.closing import types as records

DAYS_MAX = 400


@strawberry.type
class ClosingStep:
    """What one step of a day's close did."""

    key: str = strawberry.field(description="settle, auto_rewards, tiers, expiry, tiers_after_expiry, announce_expiry.")
    members: int = strawberry.field(description="How many members it looked at.")
    changed: int = strawberry.field(description="How much it changed.")


@strawberry.type
class ClosingFailure:
    """A member whose step failed; the others' days were closed all the same, and the next close tries again."""

    member_id: strawberry.ID
    step: str
    error: str


@strawberry.type
class ClosedDay:
    """The close of a programme day."""

    day: date
    ends_at: datetime = strawberry.field(description="The midnight that ends the day, in the programme's time zone.")
    programme_version: int = strawberry.field(description="The version in force when the day ended.")
    started_at: datetime
    finished_at: datetime | None = strawberry.field(description="Null while it goes on, or waits for a worker.")
    steps: list[ClosingStep]
    failures: list[ClosingFailure]

    @classmethod
    def of(cls, record: records.DayRecord) -> Self:
        """From the record."""
        return cls(
            day=record.day,
            ends_at=record.ends_at,
            programme_version=record.programme_version,
            started_at=record.started_at,
            finished_at=record.finished_at,
            steps=[
                ClosingStep(key=step.key, members=step.members_count, changed=step.changed_count)
                for step in record.steps
            ],
            failures=[
                ClosingFailure(member_id=ids.member_id(one.member_id), step=one.step, error=one.error)
                for one in record.failures
            ],
        )


@strawberry.type
class ClosingQuery:
    """What an operator asks of the nights."""

    @query_field(requires=Scope.LEDGER_READ)
    async def closed_days(self, info: Info, last: int = 14) -> list[ClosedDay] | None:
        """The last days that were closed or are being closed, the newest first; at most 400."""
        found = await queries.list_days(info.context.reader, max(0, min(last, DAYS_MAX)))
        return [ClosedDay.of(record) for record in found]
