"""Hypothesis plays a member's life with a programme on the real thing and on a plain model of it: till, ledger, tiers.

The control: the same machine, on databases and decisions that were broken on purpose, must find each fault.
"""

import asyncio
import dataclasses
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database, connect, open_database
from fedele.domains.activity.types import Line, ReturnedLine, Tender
from fedele.domains.checkout import commands, decision, reversal
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return, Settlement
from fedele.domains.earning.commands import follow_tier
from fedele.domains.earning.queries import evaluate_purchase
from fedele.domains.ledger import commands as ledger
from fedele.domains.ledger import queries
from fedele.domains.ledger.types import Burn
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import Refusal
from tests.factories.ledger_model import Refused
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.programme_model import PROGRAMME, START, Bought, ProgrammeModel
from tests.factories.till import STORE, basket
from tests.fixtures.database import create_database, drop_database, empty_tables, on_database

FUNCTIONS = Path(__file__).parents[3] / "src" / "fedele" / "migrations" / "functions"
FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
CI = settings(
    max_examples=300 if FUZZ else 20,
    stateful_step_count=30 if FUZZ else 15,
    deadline=None,
    derandomize=not FUZZ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
HUNT = settings(CI, max_examples=150, stateful_step_count=15, derandomize=True, phases=[Phase.generate])

LINES = st.lists(
    st.builds(Bought, st.integers(1, 3), st.sampled_from([99, 150, 1000, 2501, 7000])), min_size=1, max_size=2
)
INDEX = st.integers(0, 2)


class ProgrammeMachine(RuleBasedStateMachine):
    """One member of one programme, a clock that only moves forward."""

    runner: asyncio.Runner
    database: Database

    @initialize(debt=st.sampled_from(["debt", "clamp"]))
    def begin(self, debt: str) -> None:
        """Somebody new, in a programme that nets what is owed, or forgives it."""
        self.model, self.now, self.settled = ProgrammeModel(debt), START, list[Settlement]()
        self.member_id, self.programme, self.till = self.run(self._begin(debt))

    async def _begin(self, debt: str) -> Any:
        connection = await connect(self.database.url)
        await empty_tables(connection)
        await connection.close()
        programme = await apply_programme(self.database, PROGRAMME.replace("DEBT", debt))

        async def nothing(*_: Any) -> Any:
            return ()

        till = Till(self.database, ProgrammeSource(self.database, PROGRAMME_SECTIONS), nothing)
        return await enrolled(self.database), programme, till

    def run(self, coroutine: Any) -> Any:
        """Wait for it."""
        return self.runner.run(coroutine)

    @property
    def moment(self) -> Moment:
        """The machine's moment."""
        return Moment(self.now)

    def both(self, real: Callable[[], Any], model: Callable[[], None]) -> Any:
        """Do it to both; where the model refuses, the real thing must too, with the same code."""
        refused = ""
        try:
            model()
        except Refused as no:
            refused = str(no)
        if refused:
            with pytest.raises(Refusal) as answered:
                self.run(real())
            assert answered.value.code == refused
            return None
        done = self.run(real())
        self.run(self._follow())
        return done

    async def _follow(self) -> None:
        async with self.database.transaction(quiet=True) as tx:
            await follow_tier(tx, self.programme, self.member_id, self.moment)

    @rule(lines=LINES, points=st.sampled_from([0, 0, 5, 40, 10_000]))
    def buys(self, lines: list[Bought], points: int) -> None:
        """A sale, part of it paid with points."""
        total = sum(line.cents for line in lines)
        points = min(points, total)
        tenders = tuple(t for t in (Tender("points", points), Tender("card", total - points)) if t.amount_minor)
        goods = [Line(number, Decimal(line.pieces), line.cents) for number, line in enumerate(lines, 1)]
        sale = basket(*goods, member_id=self.member_id, tenders=tenders, confirmation="known", occurred_at=self.now)
        done = self.both(
            lambda: commands.settle(self.till, sale, sale.receipt, self.moment),
            lambda: self.model.buy(self.now, tuple(lines), points),
        )
        if done is not None:
            self.settled.append(done)

    @precondition(lambda self: self.settled)
    @rule(back=INDEX, line=st.integers(0, 1), pieces=st.integers(1, 3))
    def returns(self, back: int, line: int, pieces: int) -> None:
        """Pieces of a line of an earlier sale come back."""
        number = len(self.settled) - 1 - back % len(self.settled)
        sold = self.model.sold[number]
        line %= len(sold.lines)
        pieces = min(pieces, sold.lines[line].pieces - sold.back[line])
        if not pieces:
            return
        asked = Return(
            store_id=STORE,
            lines=(ReturnedLine(line + 1, Decimal(pieces)),),
            member_id=self.member_id,
            purchase_id=self.settled[number].purchase_id,
        )
        key = f"{number}-{line}-{sold.back[line]}-{pieces}"
        self.both(
            lambda: commands.return_lines(self.till, asked, key, self.moment),
            lambda: self.model.give_back(self.now, number, line, pieces),
        )

    @rule()
    def rides(self) -> None:
        """Something that is no purchase."""
        self.rides_count = getattr(self, "rides_count", 0) + 1
        key = f"ride-{self.rides_count}"
        self.both(
            lambda: commands.record_event(
                self.till, self.member_id, "ride", {}, key, self.moment, occurred_at=self.now
            ),
            lambda: self.model.ride(self.now),
        )

    @rule(units=st.sampled_from([1, 6, 30]))
    def redeems(self, units: int) -> None:
        """Points are spent on something that is not sold at the till."""
        self.burns_count = getattr(self, "burns_count", 0) + 1
        burn = Burn(scope="machine", key=f"{self.burns_count}", currency=CurrencyKey("points"), units=units)
        self.both(lambda: self._post(burn), lambda: self.model.redeem(self.now, units))

    async def _post(self, burn: Burn) -> None:
        async with self.database.transaction() as tx:
            await ledger.post(tx, self.member_id, [burn], self.moment)

    @rule(hours=st.sampled_from([1, 20, 49, 24 * 6, 24 * 12]))
    def waits(self, hours: int) -> None:
        """Time passes."""
        self.now += timedelta(hours=hours)

    @rule()
    def sweeps(self) -> None:
        """The clock's work: pending units settle, expired ones go."""
        self.run(self._sweep())
        self.model.sweep(self.now)

    async def _sweep(self) -> None:
        async with self.database.transaction() as tx:
            for key in ("points", "stars"):
                await ledger.settle_pending(tx, self.member_id, CurrencyKey(key), self.moment)
                await ledger.expire(tx, self.member_id, CurrencyKey(key), self.moment)

    @invariant()
    def agrees(self) -> None:
        """Balances, lots with their ends, what counts for the tier, and the tier itself."""
        if hasattr(self, "model"):
            self.run(self._agrees())

    async def _agrees(self) -> None:
        model, db, now = self.model, self.database.reader, self.now
        found = {b.currency: b for b in (await queries.balances_by_member(db, [self.member_id], now))[self.member_id]}
        lots = await queries.list_lots(db, self.member_id)
        for key, book in model.books.items():
            if balance := found.get(CurrencyKey(key)):
                real = (balance.available, balance.pending, balance.debt)
                assert real == (book.spendable(now), book.pending, book.debt), key
            live = sorted((lot for lot in book.lots if lot.remaining), key=lambda lot: lot.order)
            held = [(lot.remaining, lot.expires_at, lot.state) for lot in lots if lot.currency == key]
            assert held == [(m.remaining, m.expires_at, "active" if m.active else "pending") for m in live], key
        counted = await db.fetch_value(
            "SELECT coalesce(sum(amount), 0)::bigint FROM tier_counter WHERE counter = 'spend'"
        )
        assert counted == model.spent
        tier = await db.fetch_value("SELECT tier_key FROM tier_standing WHERE member_id = $1", self.member_id)
        assert (tier == "gold") == model.gold


def machine_on(url: str, runner: asyncio.Runner) -> tuple[type[ProgrammeMachine], Database]:
    """The machine, bound to a database."""
    database = open_database(url, size=2, role="fedele_app")
    return type("BoundProgrammeMachine", (ProgrammeMachine,), {"runner": runner, "database": database}), database


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for a test that is not asynchronous itself, since Hypothesis is not."""
    with asyncio.Runner() as opened:
        yield opened


def test_any_life_with_the_programme_agrees_with_the_model(database_url: str, runner: asyncio.Runner) -> None:
    """Bought, returned, redeemed, ridden, waited and swept in any order: the model agrees, and the books are sound."""
    machine, database = machine_on(database_url, runner)
    try:
        run_state_machine_as_test(machine, settings=CI)
        assert runner.run(queries.verify(database.reader)) == []
    finally:
        runner.run(database.close())


# A fault in the database: the function's file, what stands there, what is put in its place.
SEEDED_SQL: dict[str, tuple[str, str, str]] = {
    "burns first what ends last": ("ledger_take_v1", "ORDER BY expires_at, id", "ORDER BY expires_at DESC, id DESC"),
    "forgets what earlier returns took": ("ledger_clawback_v2", "- coalesce(sum(reversal.requested), 0)", ""),
    "lets activity shorten a life": ("ledger_move_expiry_v2", "NOT v_later_only OR", "v_later_only OR"),
    "counts a cap anew with every sale": (
        "checkout_end_v2",
        "units = u.units + excluded.units",
        "units = excluded.units",
    ),
    "counts a return as spending": (
        "checkout_end_v2",
        "amount = c.amount + excluded.amount",
        "amount = c.amount + abs(excluded.amount)",
    ),
}


async def _break(url: str, file: str, old: str, new: str) -> None:
    source = (FUNCTIONS / f"{file}.sql").read_text()
    assert old in source, "the seeded fault no longer fits the function"
    connection = await connect(url)
    await connection.execute(source.replace(old, new).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    await connection.close()


def _hunt(url: str, runner: asyncio.Runner) -> None:
    machine, database = machine_on(url, runner)
    try:
        with pytest.raises((AssertionError, asyncpg.PostgresError, Refusal, pytest.fail.Exception)):
            run_state_machine_as_test(machine, settings=HUNT)
    finally:
        runner.run(database.close())


# The machine needs a hundred lives to meet this one: others prove in CI that it finds faults, `make fuzz` hunts all.
RARE = "counts a cap anew with every sale"


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[pytest.mark.long] if fault == RARE else []) for fault in SEEDED_SQL]
)
def test_the_machine_finds_a_fault_in_the_database(
    fault: str, postgres_url: str, template_name: str, runner: asyncio.Runner
) -> None:
    """On a database whose function was broken on purpose the machine fails."""
    name = f"fedele_seeded_programme_{os.getpid()}"
    url = on_database(postgres_url, name)
    runner.run(create_database(postgres_url, template_name, name))
    try:
        runner.run(_break(url, *SEEDED_SQL[fault]))
        _hunt(url, runner)
    finally:
        runner.run(drop_database(postgres_url, name))


def _each_return_by_itself(award: Any, quantities: Any, returned: Any) -> int:
    """What a return that rounds its own piece, instead of all pieces together, would take."""
    left = award.units - award.clawed_back_units
    return min(left, sum(int(s.units * returned.get(s.number, 0) // quantities[s.number]) for s in award.lines))


def _from_now(_expiry: Any, _active_from: datetime, _zone: str) -> datetime:
    return _active_from + timedelta(days=12)


# A fault in a decision: where, what, and what is put in its place.
SEEDED_DECISIONS: dict[str, tuple[Any, str, Any]] = {
    "judges the tier before the sale counts": (decision, "_own", lambda counters, counter: {}),
    "rounds every piece of a return by itself": (reversal, "clawback_units", _each_return_by_itself),
    "lets what points paid earn": (
        decision, "evaluate_purchase",
        lambda book, sale, earner: _evaluate(book, sale, earner),
    ),
    "forgets that units wait": (decision, "expires_at", _from_now),
    "takes before it gives back": (reversal, "_restores", lambda *given: []),
}  # fmt: skip


def _evaluate(book: Any, sale: Any, earner: Any) -> Any:
    return evaluate_purchase(book, dataclasses.replace(sale, tenders=()), earner)


@pytest.mark.parametrize("fault", SEEDED_DECISIONS)
def test_the_machine_finds_a_fault_in_a_decision(
    fault: str, database_url: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a decision that was broken on purpose the machine fails."""
    module, name, wrong = SEEDED_DECISIONS[fault]
    monkeypatch.setattr(module, name, wrong)
    _hunt(database_url, runner)
