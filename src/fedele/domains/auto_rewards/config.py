"""Section `auto_rewards` of the programme file: units that become rewards by themselves.

auto_rewards:
  - key: five-back
    currency: points
    every: 100
    reward: five-off
    windows: [{from: {month: 2, day: 1}, until: {month: 5, day: 31}}]
    issue: window_end
    limits: [{per: window, times_max: 5}, {per: year, times_max: 15}]
"""

import calendar
from datetime import date
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.programme.types import (
    CurrencyRef,
    Dates,
    Items,
    Key,
    Period,
    Positive,
    RewardRef,
    Section,
    Text,
)
from fedele.kernel.vocabulary import MemberCondition

IssueLimitPeriod: TypeAlias = Literal["window", "day", "month", "year", "lifetime"]


class DayOfYear(Section):
    """A day that comes every year: `{month: 2, day: 29}` is the 28th in a common year."""

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)

    @model_validator(mode="after")
    def _exists(self) -> "DayOfYear":
        date(2024, self.month, self.day)  # a leap year: 29 February is allowed
        return self

    def in_year(self, year: int) -> date:
        """That day of this year."""
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


class YearlyWindow(Section):
    """A part of every year, both days included; it may run over New Year: `{from: {…}, until: {…}}`."""

    starts: DayOfYear = Field(alias="from")
    until: DayOfYear


class IssueLimit(Section):
    """How many one member may be issued in a period of the calendar. What is over stays, as units."""

    per: IssueLimitPeriod
    times_max: int = Field(ge=1)


class Mode(Section):
    """One way in which a member may have it: `{every: 200, reward: ten-off, name: Save for $10}`."""

    name: Text | None = None
    every: Positive | None = None
    """Units of the currency. Unset (with `reward`): nothing is issued by itself; the member saves."""
    reward: RewardRef | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Mode":
        if (self.every is None) != (self.reward is None):
            raise ValueError("every and reward belong together; a mode with neither saves and issues nothing")
        return self


class Choice(Section):
    """The member's choice between modes."""

    default: Key
    """The mode of members who have not chosen."""
    modes: dict[Key, Mode] = Field(min_length=1)

    @model_validator(mode="after")
    def _default_exists(self) -> "Choice":
        if self.default not in self.modes:
            raise ValueError(f"default '{self.default}' is none of the modes: {', '.join(self.modes)}")
        return self


class AutoReward(Section):
    """So many units become a reward, as often as they suffice."""

    key: Key
    name: Text | None = None
    currency: CurrencyRef
    every: Positive | None = None
    """Units of the currency for one reward. Left out where there is a choice of modes."""
    reward: RewardRef | None = None
    choice: Choice | None = None
    issue: Literal["at_once", "close", "window_end"] = "at_once"
    """`at_once` when units come in, `close` at the end of the day, `window_end` on the day after a window's last."""
    windows: tuple[YearlyWindow, ...] = ()
    """With `at_once` and `close`: only within one of them, if there are any."""
    dates: Dates = Dates()
    """Days on which it is issued at all."""
    when: MemberCondition | None = None
    """CEL over member and now: who has it."""
    limits: tuple[IssueLimit, ...] = ()
    usable_for: Period | None = None
    """How long an issued reward can be used; unset: as the reward says."""
    on_return: Literal["revoke_unused", "keep"] = "revoke_unused"
    """When a return leaves the member owing units: unused rewards become units again, or stay."""

    @model_validator(mode="after")
    def _says_what(self) -> "AutoReward":
        if self.choice is None and (self.every is None or self.reward is None):
            raise ValueError("needs every and reward, or a choice of modes")
        if self.choice is not None and (self.every is not None or self.reward is not None):
            raise ValueError("every and reward belong into the modes of its choice")
        if self.issue == "window_end" and not self.windows:
            raise ValueError("issue: window_end needs windows")
        if not self.windows and any(limit.per == "window" for limit in self.limits):
            raise ValueError("a limit per window needs windows")
        return self

    def mode(self, chosen: str | None) -> tuple[str, Mode]:
        """The mode that a member who chose this has, and its key; a mode that is gone is the default's."""
        if self.choice is None:
            return "", Mode(every=self.every, reward=self.reward)
        key = chosen if chosen in self.choice.modes else self.choice.default
        return key, self.choice.modes[key]


class AutoRewardsConfig(Items[AutoReward]):
    """Section `auto_rewards`."""

    def find(self, key: str) -> AutoReward | None:
        """The automatic reward of this key, or None."""
        return next((one for one in self.root if one.key == key), None)

    @model_validator(mode="after")
    def _keys_once(self) -> "AutoRewardsConfig":
        keys = [one.key for one in self.root]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"defined twice: {', '.join(twice)}")
        return self
