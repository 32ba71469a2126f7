"""What a member who cancels gets back. Pure, in minor units."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from fedele.domains.memberships.config import Membership
from fedele.domains.memberships.types import Term


def refund_of(membership: Membership, term: Term, at: datetime, time_zone: str) -> int:
    """The minor units of a term that go back when the member cancels at this instant, less what went back before.

    A paid term that has not begun goes back whole. `full_if_unused`: the whole price if no benefit was used in the
    term. `unused_term`: price × unused days / days of the term, rounded down, in whole programme days: the day of
    cancelling counts as used. A lifetime and a trial have no unused days.
    """
    if term.state != "running" or term.kind == "trial":
        return 0
    if term.covered_until is not None and at >= term.covered_until:
        return 0
    return max(0, _owed(membership, term, at, time_zone) - term.refunded_minor)


def unused_days(term: Term, at: datetime, time_zone: str) -> tuple[int, int]:
    """(days of the term after the day of cancelling, days of the term), in whole days of the programme."""
    if term.ends_at is None:
        return 0, 0
    starts, ends = _day(term.starts_at, time_zone), _day(term.ends_at, time_zone)
    days = max(1, (ends - starts).days)
    left = (ends - max(_day(at, time_zone), starts)).days - 1
    return max(0, min(days, left)), days


def _owed(membership: Membership, term: Term, at: datetime, time_zone: str) -> int:
    if at < term.starts_at:
        return term.price_minor
    if membership.refund == "none":
        return 0
    if membership.refund == "full_if_unused":
        return term.price_minor if term.used_at is None else 0
    left, days = unused_days(term, at, time_zone)
    return term.price_minor * left // days if days else 0


def _day(at: datetime, time_zone: str) -> date:
    return at.astimezone(ZoneInfo(time_zone)).date()
