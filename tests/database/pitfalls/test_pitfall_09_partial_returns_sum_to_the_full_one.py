"""Pitfall 9: a refund keeps points, charges them twice, or comes to another sum in pieces than at once.

Two members buy the same with the same programme and history; one returns in one go, the other in pieces, in any order.
"""

import asyncio
import dataclasses
import importlib
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, connect, open_database
from fedele.domains.activity.types import Line, ReturnedLine
from fedele.domains.checkout import commands, reversal
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return, ReturnSettlement, Settlement
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.ledger.types import Burn
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points
from tests.fixtures.database import empty_tables

PROGRAMME = """
format: 1
programme: {{key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}}
currencies:
  - {{key: points, name: points, worth: 0.01, debt: {debt}}}
  - {{key: stars, name: stars, decimals: 1, rounding: half_up, debt: clamp}}
earning:
  groups: {{g: {conflict}}}
  caps: [{{currency: stars, per: month, amount: 7.5}}]
  rules:
    - {{key: fund, type: event_award, name: Fund, currency: points, event: fund, amount: 60}}
    - {{key: base, type: purchase_multiplier, name: Base, currency: points, group: g, multiplier: 1.3,
       rounding_point: {point}, pending_days: {pending}, caps: [{{per: day, amount: {cap}, over: {over}}}]}}
    - {{key: fresh, type: purchase_multiplier, name: Fresh, currency: points, group: g, multiplier: 2,
       when: "line.category == 'FRESH'", excludes: [paid_in_points]}}
    - {{key: piece, type: purchase_fixed, name: Piece, currency: stars, for: unit, amount: 0.7}}
    - {{key: once, type: purchase_fixed, name: Once, currency: stars, minimum_spend: 5}}
tiers:
  counter: {{type: {counter}}}
  levels: [{{key: blue, name: Blue, threshold: 0}}, {{key: gold, name: Gold, threshold: 20}}]
"""
COUNTERS = ("spend", "earned, currency: points", "visits")
PROGRAMMES = st.fixed_dictionaries(
    {
        "debt": st.sampled_from(["debt", "clamp", "pending"]),
        "conflict": st.sampled_from(["best", "sum", "first"]),
        "point": st.sampled_from(["line", "order", "balance"]),
        "pending": st.sampled_from([0, 5]),
        "cap": st.sampled_from([10, 25, 500]),
        "over": st.sampled_from(["partial", "reject"]),
        "counter": st.sampled_from(COUNTERS),
    }
)
GOODS = st.lists(
    st.tuples(
        st.sampled_from([99, 333, 1000, 1499]),
        st.integers(1, 4),
        st.sampled_from(["FRESH", "DRY"]),
        st.integers(0, 120),
    ),
    min_size=1,
    max_size=3,
)
Fates = list[list[int]]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for a test that is not asynchronous itself, since Hypothesis is not."""
    with asyncio.Runner() as opened:
        yield opened


class Twins:
    """A till, and two members who do the same."""

    def __init__(self, database: Database, text: str, goods: list[tuple[int, int, str, int]], paid: int, spent: int):
        self.database, self.text, self.paid, self.spent = database, text, paid, spent
        self.lines = [
            Line(number, Decimal(pieces), amount, min(tax, amount), category=category)
            for number, (amount, pieces, category, tax) in enumerate(goods, 1)
        ]

    async def compare(self, fates: Fates) -> None:
        """Both return the same pieces: one all at once, the other as the fates have it. What is left is the same."""
        connection = await connect(self.database.url)
        await empty_tables(connection)
        await connection.close()
        await apply_programme(self.database, self.text)

        async def nothing(*_: Any) -> Any:
            return ()

        self.till = Till(self.database, ProgrammeSource(self.database, PROGRAMME_SECTIONS), nothing)
        left = []
        for name, returns in (("whole", [[number for visit in fates for number in visit]]), ("pieces", fates)):
            member_id, settled = await self._bought(name)
            answers = [await self._returned(member_id, settled, f"{name}{n}", lines) for n, lines in enumerate(returns)]
            left.append(await self._left(member_id, [answer for answer in answers if answer]))
        assert left[0] == left[1]
        assert await verify(self.database.reader) == []

    async def _bought(self, name: str) -> tuple[MemberId, Settlement]:
        member_id = await enrolled(self.database)
        await commands.record_event(self.till, member_id, "fund", {}, f"fund-{name}", at(days=-2))
        total = sum(item.amount_minor for item in self.lines)
        paid = min(self.paid, total)
        sale = basket(
            *self.lines, member_id=member_id, tenders=paid_with_points(paid, total - paid) if paid else (),
            confirmation="known",
        )  # fmt: skip
        settled = await commands.settle(self.till, sale, f"sale-{name}", at())
        if spendable := min(self.spent, settled.spendable.get("points", 0)):
            burn = Burn(scope="test", key="burn", currency=CurrencyKey("points"), units=spendable)
            async with self.database.transaction() as tx:
                await post(tx, member_id, [burn], at())
        return member_id, settled

    async def _returned(
        self, member_id: MemberId, settled: Settlement, key: str, numbers: list[int]
    ) -> ReturnSettlement | None:
        """One piece for each number of a line."""
        if not numbers:
            return None
        lines = tuple(ReturnedLine(number, Decimal(numbers.count(number))) for number in sorted(set(numbers)))
        asked = Return(store_id=STORE, lines=lines, member_id=member_id, purchase_id=settled.purchase_id)
        first = await commands.return_lines(self.till, asked, key, at(hours=1))
        assert await commands.return_lines(self.till, asked, key, at(hours=1)) == first  # a retry changes nothing
        return first

    async def _left(self, member_id: MemberId, answers: list[ReturnSettlement]) -> Any:
        db = self.database.reader
        balances = (await balances_by_member(db, [member_id], at(hours=2).now))[member_id]
        counted = await db.fetch(
            "SELECT counter, sum(amount)::bigint FROM tier_counter WHERE member_id = $1 GROUP BY 1 ORDER BY 1",
            member_id,
        )
        usage = await db.fetch(
            "SELECT rule_key, period, units, times FROM rule_usage WHERE member_id = $1 ORDER BY 1, 2", member_id
        )
        tier = await db.fetch_value("SELECT tier_key FROM tier_standing WHERE member_id = $1", member_id)
        return (
            [(b.currency, b.available, b.pending, b.debt) for b in balances],
            [tuple(row) for row in counted],
            [tuple(row) for row in usage],
            tier or "blue",
            sum(answer.total_minor for answer in answers),
            {c: sum(a.restored.get(c, 0) for a in answers) for c in ("points",)},
            {c: sum(a.clawed_back.get(c, 0) for a in answers) for c in ("points", "stars")},
        )


@st.composite
def fates_of(draw: st.DrawFn, goods: list[tuple[int, int, str, int]]) -> Fates:
    """Some or all pieces of the goods, in any order, over any number of visits to the desk."""
    pieces = [number for number, (_, count, *_) in enumerate(goods, 1) for _ in range(count)]
    kept = draw(st.sampled_from([0, 0, 1, 2]))
    order = draw(st.permutations(pieces))[: max(1, len(pieces) - kept)]
    visits: Fates = [[]]
    for piece in order:
        if draw(st.booleans()):
            visits.append([])
        visits[-1].append(piece)
    return [visit for visit in visits if visit]


EXAMPLES = settings(
    max_examples=300 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 20,
    deadline=None,
    database=None,
    derandomize=os.environ.get("HYPOTHESIS_PROFILE") != "fuzz",
    suppress_health_check=list(HealthCheck),
)


def test_property_any_sequence_of_returns_ends_like_the_one_at_once(database_url: str, runner: asyncio.Runner) -> None:
    """Every rounding point, conflict, cap, wait, debt, counter and payment with points: to the unit and the cent."""
    database = open_database(database_url, size=2, role="fedele_app")

    @EXAMPLES
    @given(PROGRAMMES, GOODS, st.sampled_from([0, 0, 40, 60]), st.sampled_from([0, 15, 1000]), st.data())
    def returned(programme: dict[str, Any], goods: Any, paid: int, spent: int, data: st.DataObject) -> None:
        text = PROGRAMME.format(**programme)
        runner.run(Twins(database, text, goods, paid, spent).compare(data.draw(fates_of(goods))))

    try:
        returned()
    finally:
        runner.run(database.close())


def test_the_property_sees_a_return_that_takes_before_it_gives_back(
    database_url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the two steps the other way round, what is forgiven depends on the order, and that is found."""
    right = reversal.decide_return

    def wrong(*given: Any) -> Any:

        decision = right(*given)
        return dataclasses.replace(decision, operations=tuple(reversed(decision.operations)))

    desk = importlib.import_module("fedele.domains.checkout.commands.return_lines")
    monkeypatch.setattr(desk, "decide_return", wrong)
    text = PROGRAMME.format(
        debt="pending", conflict="sum", point="order", pending=0, cap=500, over="partial", counter="spend"
    ).replace("debt: pending", "debt: clamp")
    database = open_database(database_url, size=2, role="fedele_app")
    try:
        twins = Twins(database, text, [(1000, 4, "DRY", 0)], 60, 1000)
        with pytest.raises(AssertionError):
            runner.run(twins.compare([[1], [1], [1], [1]]))
    finally:
        runner.run(database.close())


async def test_partial_returns_of_weighed_goods_leave_nothing(database: Database, admin: Any) -> None:
    """1.5 kg come back as 0.7 and 0.8: no unit, no cent and no qualifying spend is left."""
    till, member_id = await open_till(database), await enrolled(database)
    sale = basket(line(1, 999, quantity=Decimal("1.5")), line(2, 101, category="FRESH"), member_id=member_id)
    settled = await commands.settle(till, sale, "sale", at())
    for key, number, quantity in (("a", 1, "0.7"), ("b", 2, "1"), ("c", 1, "0.8")):
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(number, Decimal(quantity)),), member_id=member_id,
            purchase_id=settled.purchase_id,
        )  # fmt: skip
        await commands.return_lines(till, asked, key, at(hours=1))
    balances = (await balances_by_member(database.reader, [member_id], at(1).now))[member_id]
    assert [b.available - b.debt for b in balances] == [0, 0]
    assert await admin.fetchval("SELECT amount FROM tier_counter WHERE counter = 'spend'") == 0
    whole = await admin.fetch(
        "SELECT payload -> 'whole' AS whole FROM outbox WHERE kind = 'activity.purchase_returned'"
    )
    assert sorted(row["whole"] for row in whole) == [False, False, True]
