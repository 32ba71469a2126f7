"""When an offer is open: windows of local time become stretches of instants, so that no change of clocks can surprise.

A stretch begins at the first instant whose wall clock shows the opening time and ends at the last that shows the
closing time: where the clock shows an hour twice, one long stretch; where it leaves an hour out, the end of the gap.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, Field, model_validator

from fedele.domains.programme.config import Place
from fedele.domains.programme.types import WEEKDAYS, ClockTime, Dates, Section, WeeklyWindow

_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY", "BYWEEKNO",
          "BYEASTER", "WKST"}  # fmt: skip
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_DAY = timedelta(days=1)


def _rrule(value: str) -> str:
    text = value.upper().removeprefix("RRULE:").strip()
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    if unknown := sorted(set(parts) - _PARTS):
        raise ValueError(f"{', '.join(unknown)} cannot be used: days come from the rule, hours from opens and closes")
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError(f"FREQ must be one of {', '.join(sorted(_FREQUENCIES))}")
    try:
        rrulestr(text, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - local days have no zone
    except (ValueError, TypeError) as error:
        raise ValueError(f"is not a recurrence rule of RFC 5545: {error}") from None
    return text


class Recurrence(Section):
    """Local days by a recurrence rule, and the hours on them: `{rrule: FREQ=MONTHLY;BYDAY=1FR, starts: 2026-01-01}`."""

    rrule: Annotated[str, AfterValidator(_rrule), Field(max_length=200)]
    """RFC 5545, days only: FREQ (daily to yearly), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS…"""
    starts: date
    """The first day to count from."""
    opens: ClockTime = time(0)
    closes: ClockTime = time.max


class Schedule(Section):
    """When it is open: between two dates, and within one of the weekly windows or recurrences if there are any."""

    dates: Dates = Dates()
    windows: tuple[WeeklyWindow, ...] = ()
    recurrences: tuple[Recurrence, ...] = Field(default=(), max_length=20)
    local_to: Literal["place", "member", "programme"] = "place"
    """Whose clock the windows follow; `place` falls back to the programme's where there is no place."""
    opening_hours: bool = False
    """Only while the place is open, its special days included."""

    @model_validator(mode="after")
    def _rules_can_occur(self) -> "Schedule":
        for recurrence in self.recurrences:
            if next(iter(_rule_of(recurrence.rrule, recurrence.starts)), None) is None:
                raise ValueError(f"the recurrence {recurrence.rrule} never occurs")
        return self

    @property
    def always(self) -> bool:
        """Whether neither windows nor recurrences limit the hours."""
        return not self.windows and not self.recurrences


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From one instant up to another (not included), in UTC."""

    starts_at: datetime
    ends_at: datetime

    def contains(self, instant: datetime) -> bool:
        """Whether the instant lies within."""
        return self.starts_at <= instant < self.ends_at


def open_stretch(schedule: Schedule, instant: datetime, time_zone: str) -> Stretch | None:
    """The stretch of its windows and recurrences in which an instant lies, the one that lasts longest if several.

    Not to be asked of a schedule that is `always` open.
    """
    today = instant.astimezone(ZoneInfo(time_zone)).date()
    near = (stretch for stretch in _stretches(schedule, today - _DAY, today, time_zone) if stretch.contains(instant))
    return max(near, key=lambda stretch: (stretch.ends_at, -stretch.starts_at.timestamp()), default=None)


def next_stretches(schedule: Schedule, since: datetime, until: datetime, time_zone: str) -> list[Stretch]:
    """The stretches of windows and recurrences that begin from `since` up to `until`, the first first."""
    zone = ZoneInfo(time_zone)
    first, last = since.astimezone(zone).date() - _DAY, until.astimezone(zone).date()
    found = {s for s in _stretches(schedule, first, last, time_zone) if since <= s.starts_at < until}
    return sorted(found)


def place_stretch(place: Place, instant: datetime, time_zone: str) -> Stretch | Literal["always"] | None:
    """The opening hours of the place in which an instant lies; None: it is closed; `always`: it tells no hours."""
    if not place.hours and not place.special_days:
        return "always"
    today = instant.astimezone(ZoneInfo(time_zone)).date()
    found = []
    for day in (today - _DAY, today):
        special = next((special for special in place.special_days if special.falls_on(day)), None)
        if special is None and not place.hours:
            windows: Sequence[WeeklyWindow] = (WeeklyWindow(),)
        else:
            windows = place.hours if special is None else special.hours
        found += [stretch for window in windows for stretch in _on_day(window, day, time_zone, special is not None)]
    inside = [stretch for stretch in found if stretch.contains(instant)]
    return max(inside, key=lambda stretch: stretch.ends_at, default=None)


def instant_of(day: date, clock: time, time_zone: str, *, last: bool = False) -> datetime:
    """The first (or last) instant at which a wall clock shows this time; in a gap, the instant at which it ends."""
    zone = ZoneInfo(time_zone)
    early, late = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    if early <= late:
        return late if last else early
    # A gap: the clock went from before `clock` to after it between `late` and `early`. Find that instant.
    low, high = late, early
    offset = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, high)
    return high.replace(microsecond=0)


def stretch_of(day: date, opens: time, closes: time, time_zone: str) -> Stretch | None:
    """The hours from `opens` to `closes` of a local day, over midnight if they close before they open; None: none."""
    overnight = closes <= opens or closes == time.max
    end_clock = time(0) if closes == time.max else closes
    starts_at = instant_of(day, opens, time_zone)
    ends_at = instant_of(day + _DAY if overnight else day, end_clock, time_zone, last=closes != time.max)
    return Stretch(starts_at, ends_at) if starts_at < ends_at else None


def _stretches(schedule: Schedule, first: date, last: date, time_zone: str) -> Iterator[Stretch]:
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for window in schedule.windows:
            yield from _on_day(window, day, time_zone)
        for recurrence in schedule.recurrences:
            if day in _days_of(recurrence.rrule, recurrence.starts, day.year):
                stretch = stretch_of(day, recurrence.opens, recurrence.closes, time_zone)
                yield from () if stretch is None else (stretch,)


def _on_day(window: WeeklyWindow, day: date, time_zone: str, any_day: bool = False) -> Iterable[Stretch]:
    if not any_day and WEEKDAYS[day.weekday()] not in window.days:
        return ()
    stretch = stretch_of(day, window.opens, window.closes, time_zone)
    return () if stretch is None else (stretch,)


@functools.lru_cache(maxsize=512)
def _days_of(rrule: str, starts: date, year: int) -> frozenset[date]:
    """The days of one year on which a rule falls."""
    rule = _rule_of(rrule, starts)
    days = rule.between(datetime(year, 1, 1), datetime(year, 12, 31), inc=True)  # noqa: DTZ001 - local days
    return frozenset(day.date() for day in days)


@functools.lru_cache(maxsize=512)
def _rule_of(rrule: str, starts: date) -> "_Rule":
    return _Rule(rrule, starts)


class _Rule:
    """A recurrence rule over naive local days, its days remembered: dateutil counts from the first day each time."""

    def __init__(self, rrule: str, starts: date) -> None:
        begins = datetime.combine(starts, time(0))
        text = rrule.replace("Z", "") if "UNTIL=" in rrule else rrule  # days have no zone
        self._rule = rrulestr(text, dtstart=begins, cache=True)

    def __iter__(self) -> Iterator[datetime]:
        return iter(self._rule)

    def between(self, after: datetime, before: datetime, inc: bool) -> list[datetime]:
        """The days from one to another."""
        found: list[datetime] = self._rule.between(after, before, inc=inc)
        return found
