"""Times as a scenario writes them: in the programme's own time zone, a day alone meaning its noon."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema

from fedele.domains.programme.types import Period

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NOON = time(12)


def _local(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if _DAY.fullmatch(value) else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"must be a day like 2026-03-01 or a time like 2026-03-01T08:30, not '{value}'") from None
    return value


LocalTime = Annotated[
    date | datetime,
    BeforeValidator(_local),
    WithJsonSchema({"type": "string", "description": "2026-03-01 (its noon) or 2026-03-01T08:30, programme's time."}),
]


class Span(Period):
    """A length of time: calendar years, months and days on the programme's clock, then hours and minutes."""

    hours: int = Field(default=0, ge=0, le=100_000)
    minutes: int = Field(default=0, ge=0, le=1_000_000)

    def from_instant(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The instant that much later."""
        local = instant.astimezone(zone)
        moved = datetime.combine(self.after(local.date()), local.time(), zone)
        return moved.astimezone(instant.tzinfo) + timedelta(hours=self.hours, minutes=self.minutes)


def instant_of(value: date | datetime, zone: ZoneInfo, alone: time = NOON) -> datetime:
    """The instant that a local time means; a day without a time is its noon (or `alone`)."""
    if not isinstance(value, datetime):
        return datetime.combine(value, alone, zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def last_day_before(instant: datetime | None, zone: ZoneInfo) -> date | None:
    """The last local day on which something lives that ends at this instant; None: it does not end."""
    return None if instant is None else (instant - timedelta(microseconds=1)).astimezone(zone).date()
