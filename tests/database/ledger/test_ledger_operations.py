"""Each operation of the ledger, on a real PostgreSQL: what it moves, what it answers, what it refuses."""

import dataclasses
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.ledger import errors, queries
from fedele.domains.ledger.types import Balance, Earn, ExpiringUnits, Operation, Posting, TransactionId
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, KeyReused, Refusal
from tests.factories.ledger import (
    POINTS,
    STARS,
    adjust,
    burn,
    capture,
    clawback,
    common,
    day,
    earn,
    expire,
    hold,
    move_expiry,
    new_member,
    post,
    post_one,
    release,
    restore,
    settle,
)


async def balance(database: Database, member_id: MemberId, at: float = 0, currency: str = POINTS) -> Balance:
    """The member's balance, so many days after START."""
    found = await queries.balances_by_member(database.reader, [member_id], day(at), 5)
    return next(item for item in found[member_id] if item.currency == currency)


async def remaining(database: Database, member_id: MemberId) -> list[int]:
    """What is left in the live lots, in burning order."""
    return [lot.remaining for lot in await queries.list_lots(database.reader, member_id)]


async def counts(admin: Any) -> dict[str, int]:
    """How many rows every table that a posting writes has."""
    tables = ("ledger_transaction", "entry", "lot", "lot_use", "lot_expiry_change", "outbox")
    return {table: await admin.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


def legs(posting: Posting) -> dict[str, int]:
    """The posting's legs by account."""
    return {entry.account: entry.amount for entry in posting.entries}


async def test_an_earn_is_available_at_once(database: Database) -> None:
    """An earn issues its units into one lot that the balance and the posting show."""
    member_id = new_member()
    posting = await post_one(database, member_id, earn(120, expires_at=day(30)))
    assert legs(posting) == {"issued": -120, "available": 120}
    assert (posting.units, posting.spendable) == (120, 120)
    found = await balance(database, member_id)
    assert found == Balance(POINTS, 120, 0, 0, 0, 120, (ExpiringUnits(120, day(30)),))


async def test_pending_units_settle_once_when_due(database: Database) -> None:
    """Units that activate later are pending, settle when due, not before, and only once."""
    member_id = new_member()
    await post_one(database, member_id, earn(50, activates_at=day(14), expires_at=day(44)))
    assert (await balance(database, member_id)).pending == 50
    early = await post_one(database, member_id, settle(), at=13.9)
    assert (early.transaction_id, early.units) == (None, 0)
    posting = await post_one(database, member_id, settle(), at=14)
    assert legs(posting) == {"pending": -50, "available": 50}
    again = await post_one(database, member_id, settle(), at=15)
    assert again.units == 0
    found = await balance(database, member_id, at=15)
    assert (found.available, found.pending, found.lifetime) == (50, 0, 50)


async def test_one_earn_can_settle_before_its_time(database: Database) -> None:
    """Naming the earn settles that one at once, and leaves the others pending."""
    member_id = new_member()
    first = await post_one(database, member_id, earn(10, activates_at=day(14)))
    await post_one(database, member_id, earn(20, activates_at=day(14)))
    await post_one(database, member_id, settle(transaction_id=first.transaction_id), at=1)
    found = await balance(database, member_id, at=1)
    assert (found.available, found.pending) == (10, 20)


async def test_a_burn_takes_the_oldest_expiry_first(database: Database) -> None:
    """Lots burn by expiry; what never expires burns last; then by age."""
    member_id = new_member()
    await post(database, member_id, earn(10), earn(20, expires_at=day(60)), earn(30, expires_at=day(30)), earn(40))
    posting = await post_one(database, member_id, burn(55))
    assert [lot.units for lot in posting.lots] == [30, 20, 5]
    assert await remaining(database, member_id) == [5, 40]
    assert posting.spendable == 45


@pytest.mark.parametrize("asked", [101, 10**15])
async def test_a_burn_of_more_than_there_is_writes_nothing(database: Database, admin: Any, asked: int) -> None:
    """Too large a burn is refused with what was asked and what there is, and leaves no trace."""
    member_id = new_member()
    await post_one(database, member_id, earn(100))
    before = await counts(admin)
    with pytest.raises(errors.InsufficientPoints) as refused:
        await post_one(database, member_id, burn(asked))
    assert refused.value.details == {"currency": "points", "requested": asked, "spendable": 100}
    assert await counts(admin) == before


async def test_expired_units_are_neither_shown_nor_spent_before_the_sweep(database: Database) -> None:
    """At the very instant of expiry the units are gone, although no sweep has run."""
    member_id = new_member()
    await post(database, member_id, earn(100, expires_at=day(30)), earn(5))
    assert (await balance(database, member_id, at=29.999)).available == 105
    assert (await balance(database, member_id, at=30)).available == 5
    with pytest.raises(errors.InsufficientPoints):
        await post_one(database, member_id, burn(6), at=30)
    assert (await post_one(database, member_id, burn(5), at=30)).spendable == 0


async def test_a_sweep_expires_what_is_due_and_repeats_nothing(database: Database, admin: Any) -> None:
    """A sweep takes exactly the expired lots; a second one writes nothing."""
    member_id = new_member()
    await post(database, member_id, earn(100, expires_at=day(30)), earn(5, expires_at=day(31)))
    posting = await post_one(database, member_id, expire(), at=30)
    assert legs(posting) == {"available": -100, "expired": 100}
    before = await counts(admin)
    assert (await post_one(database, member_id, expire(), at=30.5)).transaction_id is None
    assert await counts(admin) == before
    assert (await balance(database, member_id, at=30)).available == 5


async def test_a_restored_burn_returns_to_its_own_lots(database: Database) -> None:
    """Partial restores give back, last taken first, into the lots and expiries that the burn took from."""
    member_id = new_member()
    await post(database, member_id, earn(30, expires_at=day(30)), earn(20, expires_at=day(60)))
    burned = await post_one(database, member_id, burn(45))
    part = await post_one(database, member_id, restore(burned, 20), at=5)
    assert [(lot.units, lot.expires_at) for lot in part.lots] == [(15, day(60)), (5, day(30))]
    rest = await post_one(database, member_id, restore(burned), at=6)
    assert rest.units == 25
    lots = await queries.list_lots(database.reader, member_id)
    assert [(lot.remaining, lot.expires_at) for lot in lots] == [(30, day(30)), (20, day(60))]


async def test_a_burn_cannot_be_restored_twice(database: Database, admin: Any) -> None:
    """All restores of a burn together give back no more than it took."""
    member_id = new_member()
    await post_one(database, member_id, earn(30))
    burned = await post_one(database, member_id, burn(30))
    await post_one(database, member_id, restore(burned, 20))
    before = await counts(admin)
    with pytest.raises(errors.LedgerExceedsOriginal) as refused:
        await post_one(database, member_id, restore(burned, 11))
    assert refused.value.details == {"requested": 11, "left": 10}
    await post_one(database, member_id, restore(burned, 10))
    with pytest.raises(errors.LedgerExceedsOriginal):
        await post_one(database, member_id, restore(burned))
    after = await counts(admin)
    assert after["ledger_transaction"] == before["ledger_transaction"] + 1


async def test_a_burn_restored_after_expiry_keeps_it_or_gets_declared_grace(database: Database) -> None:
    """Without grace the units come back expired; with it only what is given back lives on, until then."""
    member_id = new_member()
    await post_one(database, member_id, earn(30, expires_at=day(30)))
    burned = await post_one(database, member_id, burn(20))
    plain = await post_one(database, member_id, restore(burned, 5), at=40)
    assert (plain.spendable, plain.lots[0].expires_at) == (0, day(30))
    graced = await post_one(database, member_id, restore(burned, keep_until=day(47)), at=40)
    assert (graced.spendable, graced.lots[0].expires_at) == (15, day(47))
    assert legs(graced) == {"redeemed": -15, "expired": 15}
    assert (await balance(database, member_id, at=46.9)).available == 15
    assert (await balance(database, member_id, at=47)).available == 0
    assert await queries.verify(database.reader) == []


async def test_a_clawback_takes_that_earns_own_lots_first(database: Database) -> None:
    """A returned purchase's own units go first, even when other units expire sooner."""
    member_id = new_member()
    await post_one(database, member_id, earn(50, expires_at=day(10)))
    earned = await post_one(database, member_id, earn(30, expires_at=day(90)))
    posting = await post_one(database, member_id, clawback(earned, "debt", 20))
    assert legs(posting) == {"available": -20, "revoked": 20}
    assert await remaining(database, member_id) == [50, 10]
    pending = await post_one(database, member_id, earn(7, activates_at=day(14)))
    posting = await post_one(database, member_id, clawback(pending, "debt"))
    assert legs(posting) == {"pending": -7, "revoked": 7}


@pytest.mark.parametrize(
    ("mode", "expected", "debt", "waived"),
    [
        ("debt", {"available": -20, "debt": -60, "revoked": 80}, 60, 0),
        ("clamp", {"available": -20, "revoked": 20}, 0, 60),
        ("pending", {}, 0, 80),
    ],
)
async def test_a_clawback_of_spent_units_follows_its_mode(
    database: Database, mode: str, expected: dict[str, int], debt: int, waived: int
) -> None:
    """Spent units become debt, are given up, or are left alone, as declared; other lots pay before that."""
    member_id = new_member()
    earned = await post_one(database, member_id, earn(80, expires_at=day(5)))
    await post_one(database, member_id, burn(80))
    await post_one(database, member_id, earn(20))
    posting = await post_one(database, member_id, clawback(earned, mode))
    assert legs(posting) == expected
    assert (posting.requested, posting.waived, posting.debt_incurred) == (80, waived, debt)
    found = await balance(database, member_id)
    assert (found.debt, found.available) == (debt, 20 if mode == "pending" else 0)
    with pytest.raises(errors.LedgerExceedsOriginal):
        await post_one(database, member_id, clawback(earned, mode, 1))


async def test_later_inflows_pay_the_debt_first(database: Database) -> None:
    """Earned, settled, restored and adjusted units pay what is owed before they can be spent."""
    member_id = new_member()
    earned = await post_one(database, member_id, earn(100))
    burned = await post_one(database, member_id, burn(100))
    await post_one(database, member_id, clawback(earned, "debt"))
    posting = await post_one(database, member_id, earn(30))
    assert (legs(posting), posting.debt_paid) == ({"issued": -30, "debt": 30}, 30)
    await post_one(database, member_id, earn(20, activates_at=day(1)))
    assert (await balance(database, member_id)).debt == 70
    assert (await post_one(database, member_id, settle(), at=1)).debt_paid == 20
    assert (await post_one(database, member_id, restore(burned, 40), at=1)).debt_paid == 40
    posting = await post_one(database, member_id, adjust(25), at=1)
    assert (legs(posting), posting.debt_paid) == ({"adjusted": -25, "available": 15, "debt": 10}, 10)
    found = await balance(database, member_id, at=1)
    assert (found.available, found.debt) == (15, 0)
    assert await queries.verify(database.reader) == []


@pytest.mark.parametrize("swept", [True, False])
async def test_a_clawback_does_not_take_what_expired_a_second_time(database: Database, swept: bool) -> None:
    """Units that expired count as given back already, swept or not; only what was spent is taken elsewhere."""
    member_id = new_member()
    earned = await post_one(database, member_id, earn(100, expires_at=day(10)))
    await post_one(database, member_id, burn(60))
    await post_one(database, member_id, earn(500))
    if swept:
        await post_one(database, member_id, expire(), at=10)
    first = await post_one(database, member_id, clawback(earned, "debt", 50), at=11)
    second = await post_one(database, member_id, clawback(earned, "debt"), at=11)
    assert (first.units + second.units, first.waived + second.waived) == (60, 40)
    assert (await balance(database, member_id, at=11)).available == 440
    totals = (await queries.programme_totals(database.reader))[0]
    assert (totals.expired, totals.revoked, totals.outstanding) == (0, 100, 440)
    assert await queries.verify(database.reader) == []


async def test_adjustments_need_a_person_and_a_reason(database: Database, admin: Any) -> None:
    """An adjustment without actor or reason, or of nothing, is refused and writes nothing."""
    member_id = new_member()
    for bad in (adjust(5, actor=""), adjust(5, reason={}), adjust(0), adjust(5, mode="maybe")):
        with pytest.raises(InvalidInput):
            await post_one(database, member_id, bad)
    assert set((await counts(admin)).values()) == {0}


async def test_a_downward_adjustment_follows_its_mode(database: Database) -> None:
    """Down beyond the balance: refused by default, clamped or owed when declared."""
    member_id = new_member()
    await post_one(database, member_id, earn(10))
    with pytest.raises(errors.InsufficientPoints):
        await post_one(database, member_id, adjust(-11))
    clamped = await post_one(database, member_id, adjust(-11, mode="clamp"))
    assert (clamped.units, clamped.waived) == (-10, 1)
    owed = await post_one(database, member_id, adjust(-5, mode="debt"))
    assert (owed.units, owed.debt_incurred) == (-5, 5)
    assert (await balance(database, member_id)).debt == 5


async def test_expiry_moves_leave_a_trace_and_revive_nothing(database: Database, admin: Any) -> None:
    """A live lot moves, its change is recorded; an expired one stays expired; a foreign lot is refused."""
    member_id, other = new_member(), new_member()
    live = await post_one(database, member_id, earn(10, expires_at=day(30)))
    gone = await post_one(database, member_id, earn(20, expires_at=day(5)))
    theirs = await post_one(database, other, earn(1))
    posting = await post_one(
        database, member_id, move_expiry((live.lots[0].id, day(90)), (gone.lots[0].id, day(90))), at=6
    )
    assert [(lot.id, lot.expires_at) for lot in posting.lots] == [(live.lots[0].id, day(90))]
    assert (await balance(database, member_id, at=31)).next_expiries == (ExpiringUnits(10, day(90)),)
    changes = await admin.fetch("SELECT lot_id, previous_expires_at, expires_at FROM lot_expiry_change")
    assert [tuple(row) for row in changes] == [(live.lots[0].id, day(30), day(90))]
    with pytest.raises(InvalidInput):
        await post_one(database, member_id, move_expiry((theirs.lots[0].id, None)))
    assert await queries.verify(database.reader) == []


async def test_held_units_are_spent_or_come_back(database: Database) -> None:
    """A hold reserves; captured units count as a burn that can be restored; released ones return to their lots."""
    member_id = new_member()
    await post(database, member_id, earn(30, expires_at=day(30)), earn(20, expires_at=day(60)))
    held = await post_one(database, member_id, hold(40))
    found = await balance(database, member_id)
    assert (found.available, found.reserved) == (10, 40)
    with pytest.raises(errors.InsufficientPoints):
        await post_one(database, member_id, burn(11))
    captured = await post_one(database, member_id, capture(held, 25))
    assert legs(captured) == {"reserved": -25, "redeemed": 25}
    released = await post_one(database, member_id, release(held))
    assert released.units == 15
    with pytest.raises(errors.LedgerExceedsOriginal):
        await post_one(database, member_id, release(held))
    assert await remaining(database, member_id) == [5, 20]
    await post_one(database, member_id, restore(captured))
    assert await remaining(database, member_id) == [30, 20]
    assert await queries.verify(database.reader) == []


async def test_held_units_survive_a_sweep(database: Database) -> None:
    """Units on hold do not expire under the customer's hand; released after their time, they do."""
    member_id = new_member()
    await post_one(database, member_id, earn(30, expires_at=day(10)))
    held = await post_one(database, member_id, hold(20))
    swept = await post_one(database, member_id, expire(), at=11)
    assert swept.units == 10
    assert (await post_one(database, member_id, release(held), at=12)).spendable == 0
    assert (await post_one(database, member_id, expire(), at=12)).units == 20


async def test_several_currencies_move_in_one_call_or_not_at_all(database: Database, admin: Any) -> None:
    """A call over two currencies is one: when its last operation is refused, nothing of it stays."""
    member_id = new_member()
    operations = [earn(100), earn(12, currency=STARS), burn(50)]
    await post(database, member_id, *operations)
    assert (await balance(database, member_id)).available == 50
    assert (await balance(database, member_id, currency=STARS)).available == 12
    before = await counts(admin)
    with pytest.raises(errors.InsufficientPoints):
        await post(database, member_id, earn(1), burn(13, currency=STARS))
    assert await counts(admin) == before


REPEATED = {
    "earn": lambda made: earn(5, key="k", expires_at=day(9)),
    "burn": lambda made: burn(5, key="k"),
    "restore": lambda made: restore(made["burn"], 3, key="k"),
    "clawback": lambda made: clawback(made["earn"], "debt", 90, key="k"),
    "settle": lambda made: settle(key="k"),
    "expire": lambda made: expire(key="k"),
    "adjust": lambda made: adjust(-3, key="k"),
    "move_expiry": lambda made: move_expiry((made["earn"].lots[0].id, day(50)), key="k"),
    "hold": lambda made: hold(2, key="k"),
    "release": lambda made: release(made["hold"], 2, key="k"),
    "capture": lambda made: capture(made["hold"], 2, key="k"),
}


async def _history(database: Database, member_id: MemberId) -> dict[str, Posting]:
    made = {"earn": await post_one(database, member_id, earn(100, expires_at=day(40)))}
    made["burn"] = await post_one(database, member_id, burn(10))
    made["hold"] = await post_one(database, member_id, hold(10))
    await post(database, member_id, earn(9, activates_at=day(1)), earn(8, expires_at=day(2)))
    return made


@pytest.mark.parametrize("op", REPEATED)
async def test_a_repetition_answers_the_same_and_writes_nothing(database: Database, admin: Any, op: str) -> None:
    """Every operation, sent again later under its key, gives the first posting; another intent is refused."""
    member_id = new_member()
    made = await _history(database, member_id)
    operation: Operation = REPEATED[op](made)
    first = await post_one(database, member_id, operation, at=3)
    assert first.transaction_id is not None
    before = await counts(admin)
    assert await post_one(database, member_id, operation, at=4) == first
    assert await counts(admin) == before
    with pytest.raises(KeyReused):
        await post_one(database, member_id, burn(6, key="k"), at=4)
    with pytest.raises(KeyReused):
        await post_one(database, member_id, earn(6, key="k"), at=4)
    assert await counts(admin) == before
    assert await queries.verify(database.reader) == []


async def test_another_expiry_computed_by_a_retry_is_still_the_same_request(database: Database) -> None:
    """What a retry computes anew from the clock does not make it another request."""
    member_id = new_member()
    first = await post_one(database, member_id, earn(5, key="k", expires_at=day(30), programme_version=1))
    again = await post_one(database, member_id, earn(5, key="k", expires_at=day(31), programme_version=2), at=1)
    assert again == first


@pytest.mark.parametrize(
    "bad",
    [
        earn(0),
        earn(-5),
        earn(10**19),
        burn(0),
        earn(5, activates_at=day(9), expires_at=day(8)),
        expire(as_of=day(1)),
        burn(1, as_of=day(1)),
        earn(5, scope=""),
        Earn(**common(units="many", source="purchase")),
        Earn(**common(units=5, source=None)),
    ],
)
async def test_bad_input_is_refused_and_writes_nothing(database: Database, admin: Any, bad: Operation) -> None:
    """Input that cannot mean anything gets a clear refusal and leaves no row."""
    with pytest.raises(InvalidInput):
        await post_one(database, new_member(), bad)
    assert set((await counts(admin)).values()) == {0}


async def test_reversals_find_only_this_members_own_originals(database: Database) -> None:
    """Another member's, another currency's, another kind's and an unknown transaction cannot be reversed."""
    member_id, other = new_member(), new_member()
    earned = await post_one(database, member_id, earn(10))
    burned = await post_one(database, member_id, burn(5))
    refused: list[tuple[MemberId, Operation]] = [
        (other, clawback(earned, "debt")),
        (other, restore(burned)),
        (member_id, clawback(burned, "debt")),
        (member_id, restore(earned)),
        (member_id, clawback(earned, "debt", currency=STARS)),
        (member_id, release(burned)),
        (member_id, restore(dataclasses.replace(burned, transaction_id=TransactionId(new_id())))),
    ]
    for whose, operation in refused:
        with pytest.raises(errors.LedgerTransactionUnknown):
            await post_one(database, whose, operation)


async def test_every_refusal_of_the_sql_is_known_here(database: Database, admin: Any) -> None:
    """Each code that the functions can answer with maps to a Refusal."""
    sources = await admin.fetchval("SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE proname LIKE 'ledger_%'")
    codes = {word.split("'")[0] for word in sources.split("ledger_refuse_v1('")[1:]}
    assert codes >= {"INSUFFICIENT_POINTS", "INVALID_INPUT"}
    details = {"currency": "points", "requested": 1, "spendable": 0, "left": 0, "problem": "x"}
    assert all(isinstance(errors.refusal(code, details), Refusal) for code in codes)
