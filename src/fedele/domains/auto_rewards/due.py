"""Decide how many rewards are due: from the units there are, the window, and what was issued before."""

from collections.abc import Iterable
from datetime import date

from fedele.domains.auto_rewards.config import AutoReward, IssueLimit, YearlyWindow
from fedele.domains.auto_rewards.types import Issued

# A guard against a programme whose `every` is a slip of the pen: the rest is issued by the next run.
ISSUES_MAX = 500


def last_day_of_window(windows: Iterable[YearlyWindow], day: date) -> date | None:
    """The last day of the window that this day lies in, which names the window; None outside all of them."""
    for window in windows:
        for year in (day.year - 1, day.year):
            first, last = window.starts.in_year(year), window.until.in_year(year)
            if last < first:
                last = window.until.in_year(year + 1)
            if first <= day <= last:
                return last
    return None


def next_window_end(windows: Iterable[YearlyWindow], day: date) -> date | None:
    """The first day on or after this one on which a window ends; None without windows."""
    ends = [window.until.in_year(year) for window in windows for year in (day.year, day.year + 1)]
    return min((end for end in ends if end >= day), default=None)


def is_open(auto: AutoReward, day: date, *, closing: bool, issued: Iterable[Issued]) -> bool:
    """Whether the automatic reward is issued on this day: when units come in, or (`closing`) at the end of the day.

    At a window's end it is issued once, however often that day is closed.
    """
    if (auto.dates.starts and day < auto.dates.starts) or (auto.dates.ends and day > auto.dates.ends):
        return False
    window = last_day_of_window(auto.windows, day)
    if auto.windows and window is None:
        return False
    if auto.issue == "window_end":
        done = any(one.auto_reward_key == auto.key and one.window_key == window for one in issued)
        return closing and window == day and not done
    return closing or auto.issue == "at_once"


def due_count(auto: AutoReward, every: int, available: int, day: date, issued: Iterable[Issued]) -> int:
    """How many are due on this day: as many as the units suffice for and the limits leave."""
    counted = [one for one in issued if one.auto_reward_key == auto.key and not one.is_revoked]
    window = last_day_of_window(auto.windows, day)
    left = [limit.times_max - sum(_within(one, limit, day, window) for one in counted) for limit in auto.limits]
    return max(0, min([available // every, ISSUES_MAX, *left]))


def _within(one: Issued, limit: IssueLimit, day: date, window: date | None) -> bool:
    match limit.per:
        case "window":
            return one.window_key == window
        case "day":
            return one.issued_on == day
        case "month":
            return (one.issued_on.year, one.issued_on.month) == (day.year, day.month)
        case "year":
            return one.issued_on.year == day.year
        case _:
            return True
