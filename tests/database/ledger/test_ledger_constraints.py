"""The database itself refuses broken books: each constraint and trigger is seen to fire, for a superuser too."""

from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database
from fedele.domains.ledger import queries
from fedele.kernel.ids import MemberId, new_id
from tests.factories.ledger import adjust, burn, clawback, day, earn, move_expiry, new_member, post, post_one

TABLES = ("ledger_transaction", "entry", "lot_use", "lot_expiry_change", "lot")


async def history(database: Database) -> MemberId:
    """A member with rows in every table of the ledger, the available account at version 4 with 55 units."""
    member_id = new_member()
    earned = await post_one(database, member_id, earn(100, expires_at=day(30)))
    await post(database, member_id, burn(40), clawback(earned, "debt", 10), adjust(5))
    await post_one(database, member_id, move_expiry((earned.lots[0].id, day(60))))
    return member_id


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET transaction_id = member_id", "DELETE FROM {}"])
async def test_history_cannot_be_changed_even_by_a_superuser(
    database: Database, admin: Any, table: str, change: str
) -> None:
    """Rows of the ledger are neither updated nor deleted, whoever asks."""
    await history(database)
    statement = change.format(table)
    if table == "ledger_transaction":
        statement = statement.replace("transaction_id = member_id", "currency = 'stars'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(statement)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET currency = currency", "DELETE FROM {}"])
async def test_the_processes_role_is_not_even_allowed_to_try(database: Database, table: str, change: str) -> None:
    """The role that the processes act as has no right to update or delete history."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction() as tx:
            await tx.execute(change.format(table).replace("SET currency = currency", "SET member_id = member_id"))


@pytest.mark.parametrize(
    "column", ["original = original + 1", "earned_at = now()", "source = 'x'", "state = 'pending'"]
)
async def test_where_a_lot_came_from_is_fixed(database: Database, admin: Any, column: str) -> None:
    """Of a lot only what is left, held, its activation and its expiry change."""
    await history(database)
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(f"UPDATE lot SET {column}, activates_at = now()")


ENTRY = """
INSERT INTO entry (member_id, transaction_id, id, currency, account, amount, account_version, previous_version,
    balance_before, balance_after, recorded_at)
VALUES ($1, $2, $3, 'points', $4, $5, $6, $7, $8, $9, now())
"""
TRANSACTION = """
INSERT INTO ledger_transaction (member_id, id, scope, key, input_hash, kind, currency, requested, occurred_at,
    recorded_at, reason, response)
VALUES ($1, $2, 'raw', md5(random()::text), '', 'earn', 'points', 1, now(), now(), '{}', '{}')
"""
Legs = list[tuple[str, int, int, int | None, int, int]]

# what is broken → the legs (account, amount, version, previous version, before, after) and the constraint that fires
BROKEN: dict[str, tuple[Legs, str]] = {
    "legs that do not sum to zero": ([("adjusted", 7, 2, 1, -5, 2)], "zero_sum_v1"),
    "a gap": ([("adjusted", 7, 3, 1, -5, 2), ("issued", -7, 2, 1, -100, -107)], "ck_entry_version"),
    "a version that nobody had": ([("adjusted", 7, 4, 3, -5, 2), ("issued", -7, 2, 1, -100, -107)], "fk_entry_chain"),
    "a second first": (
        [("adjusted", 7, 1, None, 0, 7), ("issued", -7, 2, 1, -100, -107)],
        "uq_entry_member_id_currency_account_account_version",
    ),
    "a balance that nobody had": (
        [("adjusted", 7, 2, 1, 0, 7), ("issued", -7, 2, 1, -100, -107)],
        "fk_entry_chain",
    ),
    "wrong arithmetic": ([("adjusted", 7, 2, 1, -5, 3), ("issued", -7, 2, 1, -100, -107)], "ck_entry_balance"),
    "a first entry out of nothing": (
        [("debt", -7, 1, None, -3, -10), ("issued", 7, 2, 1, -100, -93)],
        "ck_entry_version",
    ),
    "a negative balance": ([("available", -60, 5, 4, 55, -5), ("redeemed", 60, 2, 1, 40, 100)], "ck_entry_sign"),
    "a debt in the member's favour": ([("debt", 7, 1, None, 0, 7), ("issued", -7, 2, 1, -100, -107)], "ck_entry_sign"),
    "an unknown account": ([("gift", 7, 1, None, 0, 7), ("issued", -7, 2, 1, -100, -107)], "ck_entry_account"),
    "an entry of nothing": ([("adjusted", 0, 2, 1, -5, -5)], "ck_entry_amount"),
    "entries without their lots": ([("available", 7, 5, 4, 55, 62), ("issued", -7, 2, 1, -100, -107)], "lots_match_v1"),
}


async def _insert(admin: Any, member_id: MemberId, legs: Legs) -> None:
    transaction_id = new_id()
    async with admin.transaction():
        await admin.execute(TRANSACTION, member_id, transaction_id)
        for leg in legs:
            await admin.execute(ENTRY, member_id, transaction_id, new_id(), *leg)


@pytest.mark.parametrize("broken", BROKEN)
async def test_broken_entries_are_refused(database: Database, admin: Any, broken: str) -> None:
    """Entries that do not belong to sound books do not commit, and the constraint meant for it says so."""
    member_id = await history(database)
    before = await admin.fetchval("SELECT count(*) FROM entry")
    legs, constraint = BROKEN[broken]
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await _insert(admin, member_id, legs)
    assert refused.value.constraint_name == constraint
    assert await admin.fetchval("SELECT count(*) FROM entry") == before


async def test_sound_entries_by_hand_are_accepted(database: Database, admin: Any) -> None:
    """The control of the test above: legs that are right in every way do commit."""
    member_id = await history(database)
    await _insert(admin, member_id, [("adjusted", 7, 2, 1, -5, 2), ("issued", -7, 2, 1, -100, -107)])


async def test_an_entry_of_another_transaction_is_refused(database: Database, admin: Any) -> None:
    """An entry names a transaction of the same member."""
    member_id = await history(database)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await admin.execute(ENTRY, member_id, new_id(), new_id(), "adjusted", 7, 2, 1, -5, 2)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE lot SET remaining = remaining - 1 WHERE remaining > 0",
        "UPDATE lot SET reserved = reserved + 1",
        "UPDATE lot SET remaining = original",
    ],
)
async def test_lots_cannot_leave_the_books(database: Database, admin: Any, change: str) -> None:
    """A lot that changes without its entries does not commit."""
    await history(database)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await admin.execute(change)


# what verify says → how to break it behind the triggers' back
TAMPERED: dict[str, str] = {
    "entries of a transaction sum to zero": (
        "UPDATE entry SET amount = amount + 1, balance_after = balance_after + 1 WHERE account = 'redeemed'"
    ),
    "versions are gapless and each balance builds on the last": (
        "DELETE FROM entry WHERE account = 'available' AND account_version = 2"
    ),
    "lots hold what the accounts say": "UPDATE lot SET remaining = remaining - 1 WHERE remaining > 10",
    "uses of a lot account for what left it": "UPDATE lot_use SET amount = amount + 1 WHERE kind = 'burn'",
    "a transaction's uses account for its legs": "UPDATE lot_use SET amount = amount + 1 WHERE kind = 'burn'",
    "reversals ask for no more than the original": (
        "UPDATE ledger_transaction SET requested = 101 WHERE kind = 'clawback'"
    ),
    "a lot expires when its last change says": "UPDATE lot SET expires_at = now() WHERE expires_at IS NOT NULL",
}


@pytest.mark.parametrize("check", TAMPERED)
async def test_verify_sees_what_was_tampered_with(database: Database, admin: Any, check: str) -> None:
    """With triggers off, rows changed by hand are found by the check meant for them; before that, nothing is."""
    member_id = await history(database)
    assert await queries.verify(database.reader) == []
    async with admin.transaction():
        await admin.execute("SET LOCAL session_replication_role = replica")
        await admin.execute(TAMPERED[check])
    faults = await queries.verify(database.reader)
    assert check in {fault.check for fault in faults}
    assert {fault.member_id for fault in faults} == {member_id}
