"""A till for tests: a programme of every mechanic that the checkout has, members with cards, baskets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import Line, Tender
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket, Benefit
from fedele.domains.members.queries import find_rotating_code
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId
from tests.factories.members import PEPPERS
from tests.factories.programme import apply_programme

NOON = datetime(2026, 5, 20, 10, 0, tzinfo=UTC)  # 12:00 in Rome
STORE = StoreId("store-1")
_receipts = count(1)

PROGRAMME = """
format: 1
programme: {key: till, name: Till, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, expiry: {type: rolling, period: {months: 12}, end_of: month}}
  - {key: stars, name: stars, decimals: 1, rounding: half_up, debt: clamp}
earning:
  groups: {shopping: best}
  caps: [{currency: points, per: day, amount: 1000, over: partial}]
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, group: shopping}
    - {key: fresh, type: purchase_multiplier, name: Fresh, currency: points, multiplier: 2, group: shopping,
       when: "line.category == 'FRESH'"}
    - {key: stars, type: purchase_multiplier, name: Stars, currency: stars, amount: 1, per: 10, rounding_point: line,
       tier_multiplier: false}
    - {key: ride, type: event_award, name: Ride, currency: points, event: ride,
       when: event.properties.minutes > 60, amount: 50}
    - {key: once, type: event_award, name: Once, currency: points, event: signup, amount: 100, times_max: 1}
tiers:
  counter: {type: spend}
  window: {type: rolling, months: 12}
  grace: {months: 1}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: gold, name: Gold, threshold: 300, multiplier: 1.5}
"""


async def open_till(database: Database, text: str = PROGRAMME, benefits: Sequence[Benefit] = ()) -> Till:
    """A till on a programme that is in force since long ago."""
    await apply_programme(database, text)

    async def held(*_: Any) -> Sequence[Benefit]:
        return benefits

    return Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS), held, peppers=PEPPERS)


async def rotating_code_of(database: Database, member_id: MemberId, moment: Moment) -> str:
    """What the member's app shows at this moment."""
    shown = await find_rotating_code(database.reader, member_id, PEPPERS, moment)
    assert shown is not None
    return shown.code


def line(number: int = 1, amount: int = 1000, **given: Any) -> Line:
    """A line of so many cents."""
    return Line(number, given.pop("quantity", Decimal(1)), amount, **given)


def basket(*lines: Line, **given: Any) -> Basket:
    """A basket in the test store with a receipt of its own."""
    values: dict[str, Any] = {"store_id": STORE, "receipt": f"R{next(_receipts)}", "currency": "EUR"}
    return Basket(**(values | {"lines": lines or (line(),)} | given))


def paid_with_points(amount: int, rest: int) -> tuple[Tender, ...]:
    """So many cents by points, the rest by card."""
    return tuple(t for t in (Tender("points", amount), Tender("card", rest)) if t.amount_minor)


def at(days: float = 0, hours: float = 0) -> Moment:
    """The moment so much after noon of the test's day."""
    return Moment(NOON + timedelta(days=days, hours=hours))
