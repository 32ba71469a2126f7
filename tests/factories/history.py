"""A generated history of a shop: sales of several lines, rides, returns, late reports, two programme versions."""

import dataclasses
import random
from datetime import datetime, timedelta
from decimal import Decimal

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import Line, ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return, Settlement
from fedele.domains.programme.commands import apply
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal
from tests.factories.members import enrolled
from tests.factories.till import NOON, PROGRAMME, STORE, basket, line, open_till, paid_with_points

# Caps that bite, in the day, the month and the purchase; a group; a cooldown; a rule that lapses.
FIRST = PROGRAMME.replace("amount: 1000, over: partial", "amount: 60, over: partial").replace(
    "    - {key: ride,",
    """    - {key: small, type: purchase_multiplier, name: Small, currency: stars, minimum_spend: 20,
       caps: [{per: month, amount: 15, over: partial}, {per: transaction, amount: 7, over: reject}]}
    - {key: checkin, type: event_award, name: Visit, currency: points, event: checkin, amount: 5, cooldown_hours: 20}
    - {key: ride,""",
)
SECOND = FIRST.replace("multiplier: 2, group", "multiplier: 3, group").replace("threshold: 300", "threshold: 150")
CHANGE_AFTER = timedelta(days=20)
DAYS = 40


async def live_through(database: Database, seed: int, members: int = 4, steps: int = 45) -> tuple[Till, list[MemberId]]:
    """Let so many members live through forty days; a second version begins after half of them."""
    chance = random.Random(seed)
    till = await open_till(database, FIRST)
    people = [await enrolled(database, joined_at=NOON - timedelta(days=chance.randrange(3))) for _ in range(members)]
    changed = False
    settled: list[Settlement] = []
    for step in range(steps * members):
        now = NOON + timedelta(days=DAYS * step / (steps * members))
        if not changed and now >= NOON + CHANGE_AFTER:
            async with database.transaction() as tx:
                await apply(tx, SECOND, Moment(now), sections=PROGRAMME_SECTIONS, actor="test")
            # A source that is not told may be out of date for almost a second: here, for half of the forty days.
            till = dataclasses.replace(till, programmes=ProgrammeSource(database, PROGRAMME_SECTIONS))
            changed = True
        try:
            await _step(till, chance, people, settled, now, f"step-{step}")
        except Refusal:
            continue  # more came back than was bought, or too few points to pay: as at any till
    return till, people


async def _step(
    till: Till, chance: random.Random, people: list[MemberId], settled: list[Settlement], now: datetime, key: str
) -> None:
    late = timedelta(days=chance.choice((0, 0, 0, 0, 2, 9)), hours=chance.randrange(5))
    happened = now - late if late else now
    member_id, what = chance.choice(people), chance.random()
    if what < 0.55:
        lines = [_line(chance, number) for number in range(1, chance.randrange(2, 6))]
        total, tenders = sum(one.amount_minor for one in lines), paid_with_points(0, 0)
        if chance.random() < 0.2:
            points = min(total, chance.randrange(1, 60))
            tenders = paid_with_points(points, total - points)
        sold = basket(*lines, member_id=member_id, occurred_at=happened, tenders=tenders, confirmation="test")
        settled.append(await commands.settle(till, sold, key, Moment(now)))
    elif what < 0.8:
        name = chance.choice(("ride", "checkin", "checkin", "signup"))
        properties = {"minutes": chance.randrange(30, 120)}
        await commands.record_event(till, member_id, name, properties, key, Moment(now), occurred_at=happened)
    elif settled:
        sale = chance.choice(settled)
        back = tuple(ReturnedLine(n, Decimal(1)) for n in chance.sample(range(1, 5), chance.randrange(1, 3)))
        asked = Return(store_id=STORE, lines=back, member_id=sale.member_id, purchase_id=sale.purchase_id)
        await commands.return_lines(till, asked, key, Moment(now))


def _line(chance: random.Random, number: int) -> Line:
    return line(
        number,
        chance.randrange(50, 4000),
        category=chance.choice(("FRESH", "DRY", None)),
        quantity=Decimal(chance.randrange(1, 4)),
        kind=chance.choice(("goods",) * 5 + ("gift_card", "delivery")),
    )
