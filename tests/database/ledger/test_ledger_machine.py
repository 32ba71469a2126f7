"""Hypothesis plays any sequence of operations on the ledger and on a plain model of it, and looks for a difference.

The control: the same machine, on databases whose functions were broken on purpose, must find each fault.
"""

import asyncio
import dataclasses
import os
from collections.abc import Iterator
from datetime import datetime
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

from fedele.db.database import Database, connect, open_database
from fedele.domains.ledger import queries
from fedele.domains.ledger.types import LotId, Operation, Posting, TransactionId
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import KeyReused, Refusal
from tests.factories import ledger as make
from tests.factories.ledger_model import Done, LedgerModel, ModelLot, Outcome, Refused
from tests.fixtures.database import create_database, drop_database, empty_tables, on_database

FUNCTIONS = Path(__file__).parents[3] / "src" / "fedele" / "migrations" / "functions"
FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"  # `make fuzz`: many more examples, other ones each time
CI = settings(
    max_examples=1000 if FUZZ else 60,
    stateful_step_count=30,
    deadline=None,
    derandomize=not FUZZ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
HUNT = settings(CI, max_examples=200, derandomize=True, phases=[Phase.generate])

# Small numbers, so that amounts, instants and reversals meet each other often.
UNITS = st.integers(1, 6)
DAYS = st.none() | st.integers(1, 4)
PART = st.none() | st.integers(1, 6)
INDEX = st.integers(0, 3)  # the last, the one before …


class LedgerMachine(RuleBasedStateMachine):
    """One member, one currency, a clock that only moves forward."""

    runner: asyncio.Runner
    database: Database

    @initialize()
    def begin(self) -> None:
        """A member nobody has seen."""
        self.member_id: MemberId = make.new_member()
        self.model = LedgerModel()
        self.now_days = 0
        self.done: list[tuple[Done, TransactionId]] = []
        self.lot_ids: list[LotId] = []
        self.sent: list[tuple[Operation, Posting]] = []

    @property
    def now(self) -> datetime:
        """The machine's moment."""
        return make.day(self.now_days)

    def later(self, days: int | None) -> datetime | None:
        """So many days from now; None stays None."""
        return None if days is None else make.day(self.now_days + days)

    def post(self, operation: Operation) -> Posting:
        """Post to the database."""
        return self.runner.run(make.post_one(self.database, self.member_id, operation, at=self.now_days))

    def both(self, operation: Operation, outcome: Outcome | Refused) -> None:
        """Post, and compare what the ledger says with what the model says."""
        if isinstance(outcome, Refused):
            with pytest.raises(Refusal) as refused:
                self.post(operation)
            assert refused.value.code == str(outcome)
            return
        posting = self.post(operation)
        if operation.op in ("earn", "adjust") and posting.lots and outcome.done:
            self.lot_ids.append(posting.lots[0].id)
        said = Outcome(
            posting.units,
            posting.waived,
            posting.debt_paid,
            posting.debt_incurred,
            tuple((self.lot_ids.index(lot.id), lot.units) for lot in posting.lots),
        )
        assert said == dataclasses.replace(outcome, done=None)
        assert posting.spendable == self.model.spendable(self.now)
        if posting.transaction_id:
            self.sent.append((operation, posting))
            if outcome.done:
                self.done.append((outcome.done, posting.transaction_id))

    def wait_for(self, instants: list[datetime | None]) -> None:
        """Let time pass until the first of these that is still to come."""
        coming = [instant for instant in instants if instant and instant > self.now]
        if coming:
            self.now_days = (min(coming) - make.START).days

    def expected(self, decide: Any) -> Outcome | Refused:
        """The model's answer or its no."""
        try:
            return decide()  # type: ignore[no-any-return]
        except Refused as refused:
            return refused

    def originals(self, *kinds: str) -> list[tuple[Done, TransactionId]]:
        """Operations of these kinds that something may reverse."""
        return [item for item in self.done if item[0].kind in kinds]

    def gain(self, units: int, activates: int | None, expires: int | None) -> None:
        """Earn, at once or pending."""
        instants = {"activates_at": self.later(activates), "expires_at": self.later(expires)}
        outcome = self.expected(lambda: self.model.issue("earn", units, self.now, **instants))
        self.both(make.earn(units, **instants), outcome)

    def claw(self, done: Done, transaction_id: TransactionId, units: int | None, mode: str) -> None:
        """Take an earn back."""
        outcome = self.expected(lambda: self.model.clawback(done, units, mode, self.now))
        common = make.common(transaction_id=transaction_id, units=units, mode=mode)
        self.both(make.Clawback(**common), outcome)

    def give_back(self, done: Done, transaction_id: TransactionId, units: int | None, keep: int | None) -> None:
        """Restore a burn."""
        keep_until = self.later(keep)
        outcome = self.expected(lambda: self.model.restore(done, units, self.now, keep_until))
        common = make.common(transaction_id=transaction_id, units=units, keep_until=keep_until)
        self.both(make.Restore(**common), outcome)

    @rule(units=UNITS, activates=DAYS, expires=DAYS)
    def earn(self, units: int, activates: int | None, expires: int | None) -> None:
        """One purchase."""
        self.gain(units, activates, expires)

    def pay(self, units: int, hold: bool) -> None:
        """Burn, or reserve."""
        operation = make.hold(units) if hold else make.burn(units)
        self.both(operation, self.expected(lambda: self.model.burn(operation.op, units, self.now)))

    @rule(units=UNITS, first=DAYS, second=DAYS, used=st.integers(1, 9), hold=st.booleans())
    def shop(self, units: int, first: int | None, second: int | None, used: int, hold: bool) -> None:
        """Pay all debts, have several lots, and use up some of them: where most stories begin."""
        self.gain(units + self.model.debt, None, first)
        self.gain(units + 1, None, second)
        self.gain(units + 2, None, None)
        self.pay(used, hold)

    @precondition(lambda self: self.model.debt == 0)
    @rule(units=UNITS, really=st.sampled_from([False, False, True]))
    def fall_into_debt(self, units: int, really: bool) -> None:
        """Earn, spend all there is, bring the purchase back; not too often, since debt swallows what comes."""
        if not really:
            return
        self.gain(units, 1, None)
        self.gain(units, None, None)
        done, transaction_id = self.done[-1]
        self.pay(self.model.spendable(self.now), False)
        self.claw(done, transaction_id, None, "debt")

    @precondition(lambda self: self.model.debt == 0)
    @rule(units=UNITS, keep=DAYS)
    def return_late(self, units: int, keep: int | None) -> None:
        """Spend a part of a lot, and bring that purchase back when the lot has just expired."""
        self.gain(units + 2, None, 1)
        self.pay(1, False)
        done, transaction_id = self.done[-1]
        self.now_days += 1
        self.give_back(done, transaction_id, None, keep)

    @rule(units=UNITS, much=st.sampled_from(["some", "some", "all", "too much"]), hold=st.booleans())
    def spend(self, units: int, much: str, hold: bool) -> None:
        """Burn or reserve some, all, or more than there is."""
        there = self.model.spendable(self.now)
        units = {"some": 1 + units % max(there, 1), "all": max(there, 1), "too much": there + units}[much]
        self.pay(units, hold)

    @precondition(lambda self: self.originals("burn", "capture"))
    @rule(index=INDEX, units=PART, keep=DAYS, wait=st.booleans())
    def restore(self, index: int, units: int | None, keep: int | None, wait: bool) -> None:
        """Give a burn back; half of the time when a lot that it took from has just expired."""
        burns = self.originals("burn", "capture")
        done, transaction_id = burns[-1 - index % len(burns)]
        if wait:
            self.wait_for([self.model.lots[number].expires_at for number in done.uses])
        self.give_back(done, transaction_id, units, keep)

    @precondition(lambda self: self.originals("hold"))
    @rule(index=INDEX, units=PART, capture=st.booleans())
    def end_hold(self, index: int, units: int | None, capture: bool) -> None:
        """Spend or give back what is held."""
        holds = self.originals("hold")
        done, transaction_id = holds[-1 - index % len(holds)]
        common = make.common(transaction_id=transaction_id, units=units)
        if capture:
            self.both(make.Capture(**common), self.expected(lambda: self.model.capture(done, units)))
        else:
            self.both(make.Release(**common), self.expected(lambda: self.model.release(done, units, self.now)))

    @precondition(lambda self: self.originals("earn", "adjust"))
    @rule(index=INDEX, units=PART, mode=st.sampled_from(["clamp", "debt", "pending"]))
    def clawback(self, index: int, units: int | None, mode: str) -> None:
        """Bring a purchase back, or undo a correction."""
        earns = self.originals("earn", "adjust")
        self.claw(*earns[-1 - index % len(earns)], units, mode)

    @rule(job=st.sampled_from(["settle", "expire", "none"]), wait=st.booleans())
    def close_the_day(self, job: str, wait: bool) -> None:
        """A day passes, or just the time until something is due; then perhaps a sweep."""
        instants = {
            "settle": [lot.activates_at for lot in self.model.lots if not lot.active and lot.remaining],
            "expire": [lot.expires_at for lot in self.model.lots if lot.active and lot.remaining],
        }
        if wait:
            self.wait_for(instants.get(job, []))
        else:
            self.now_days += 1
        if job == "settle":
            self.both(make.settle(), self.model.settle(self.now))
        elif job == "expire":
            self.both(make.expire(), self.model.expire(self.now))

    @rule(units=UNITS, up=st.booleans(), expires=DAYS, mode=st.sampled_from(["refuse", "clamp", "debt"]))
    def adjust(self, units: int, up: bool, expires: int | None, mode: str) -> None:
        """A person's correction."""
        if up:
            expires_at = self.later(expires)
            outcome = self.expected(lambda: self.model.issue("adjust", units, self.now, None, expires_at))
            self.both(make.adjust(units, expires_at=expires_at), outcome)
        else:
            outcome = self.expected(lambda: self.model.adjust_down(units, mode, self.now))
            self.both(make.adjust(-units, mode=mode), outcome)

    @precondition(lambda self: self.lot_ids)
    @rule(index=INDEX, expires=DAYS, wait=st.booleans())
    def move_expiry(self, index: int, expires: int | None, wait: bool) -> None:
        """Give a lot another expiry; half of the time when it has just expired."""
        lot: ModelLot = self.model.lots[-1 - index % len(self.lot_ids)]
        if wait:
            self.wait_for([lot.expires_at])
        expires_at = self.later(expires)
        operation = make.move_expiry((self.lot_ids[lot.number], expires_at))
        self.both(operation, self.model.move_expiry(lot, expires_at, self.now))

    @precondition(lambda self: self.sent)
    @rule(index=INDEX, other=st.booleans())
    def repeat(self, index: int, other: bool) -> None:
        """Send an earlier operation again: the same answer; under the same key another one: refused."""
        operation, posting = self.sent[-1 - index % len(self.sent)]
        if other:
            with pytest.raises(KeyReused):
                self.post(make.earn(41, key=operation.key))
        else:
            assert self.post(operation) == posting

    @invariant()
    def books_agree(self) -> None:
        """Balances and lots are the model's after every step."""
        if not hasattr(self, "model"):
            return
        model, now = self.model, self.now
        found = self.runner.run(queries.balances_by_member(self.database.reader, [self.member_id], now))
        for balance in found[self.member_id]:
            assert (balance.available, balance.pending) == (model.spendable(now), model.pending)
            assert (balance.reserved, balance.debt) == (model.held, model.debt)
            assert balance.lifetime == model.lifetime
        lots = self.runner.run(queries.list_lots(self.database.reader, self.member_id))
        live = sorted((lot for lot in model.lots if lot.remaining or lot.held), key=lambda lot: lot.order)
        assert [(lot.remaining, lot.reserved, lot.expires_at) for lot in lots] == [
            (lot.remaining, lot.held, lot.expires_at) for lot in live
        ]


def machine_on(url: str, runner: asyncio.Runner) -> tuple[type[LedgerMachine], Database]:
    """The machine, bound to a database."""
    database = open_database(url, size=2, role="fedele_app")
    return type("BoundLedgerMachine", (LedgerMachine,), {"runner": runner, "database": database}), database


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for a test that is not asynchronous itself, since Hypothesis is not."""
    with asyncio.Runner() as opened:
        yield opened


def test_any_sequence_of_operations_agrees_with_the_model(database_url: str, runner: asyncio.Runner) -> None:
    """Whatever is earned, spent, returned, swept, corrected, held or repeated, in any order: the model agrees."""
    runner.run(_empty(database_url))
    machine, database = machine_on(database_url, runner)
    try:
        run_state_machine_as_test(machine, settings=CI)
        assert runner.run(queries.verify(database.reader)) == []
    finally:
        runner.run(database.close())


async def _empty(url: str) -> None:
    connection = await connect(url)
    await empty_tables(connection)
    await connection.close()


# a fault → the function's file, what stands there, what is put in its place
SEEDED: dict[str, tuple[str, str, str]] = {
    "burns the newest lot first": ("ledger_take_v1", "ORDER BY expires_at, id", "ORDER BY id"),
    "spends what has expired": (
        "ledger_take_v1",
        "AND (expires_at IS NULL OR expires_at > p_as_of)",
        "AND (expires_at IS NULL OR expires_at >= p_as_of)",
    ),
    "counts what has expired as spendable": (
        "ledger_parts_v1",
        "AND (expires_at IS NULL OR expires_at > p_at)",
        "",
    ),
    "restores more than was burned": ("ledger_parts_v1", "units > v_left OR", "units > v_left + 1 OR"),
    "restores into the wrong lot first": (
        "ledger_restore_v1",
        "ORDER BY lot.expires_at DESC, lot.id DESC",
        "ORDER BY lot.expires_at, lot.id",
    ),
    "revives a whole lot with the grace of a part": (
        "ledger_restore_v1",
        "v_swept := v_lot.remaining;",
        "v_swept := 0;",
    ),
    "forgets the debt when pending units settle": (
        "ledger_settle_v1",
        "v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);",
        "v_debt_paid := 0;",
    ),
    "takes expired units back twice": ("ledger_clawback_v1", "v_gone := least(p_units", "v_gone := least(0 * p_units"),
    "claws back pending units in no mode": ("ledger_clawback_v1", "p_pending_only AND", "NOT p_pending_only AND"),
    "sweeps a day late": ("ledger_expire_v1", "expires_at <= v_as_of", "expires_at <= v_as_of - interval '1 day'"),
    "answers any repetition": ("ledger_post_v2", "v_earlier.input_hash <> ledger_intent_v1(p_operation)", "false"),
    "never finds a repetition": ("ledger_post_v2", "AND key = p_operation ->> 'key'", "AND key = 'no such key'"),
    "releases the wrong lot first": ("ledger_hold_v1", "ELSE -row_number()", "ELSE row_number()"),
    "moves the expiry of what is gone": (
        "ledger_move_expiry_v2",
        "CONTINUE WHEN v_lot.expires_at <= p_now OR",
        "CONTINUE WHEN",
    ),
}


async def _break(url: str, file: str, old: str, new: str) -> None:
    source = (FUNCTIONS / f"{file}.sql").read_text()
    assert old in source, "the seeded fault no longer fits the function"
    connection = await connect(url)
    await connection.execute(source.replace(old, new).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    await connection.close()


@pytest.mark.parametrize("fault", SEEDED)
def test_the_machine_finds_a_seeded_fault(
    fault: str, postgres_url: str, template_name: str, runner: asyncio.Runner
) -> None:
    """On a database whose function was broken on purpose the machine fails."""
    name = f"fedele_seeded_{os.getpid()}"
    url = on_database(postgres_url, name)
    runner.run(create_database(postgres_url, template_name, name))
    runner.run(_break(url, *SEEDED[fault]))
    machine, database = machine_on(url, runner)
    try:
        with pytest.raises((AssertionError, asyncpg.PostgresError, pytest.fail.Exception)):
            run_state_machine_as_test(machine, settings=HUNT)
    finally:
        runner.run(database.close())
        runner.run(drop_database(postgres_url, name))
