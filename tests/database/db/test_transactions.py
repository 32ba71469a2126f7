"""What a transaction promises to the rooms above."""

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from fedele.db.database import Database
from fedele.db.idempotency import claim
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, KeyReused

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SomethingHappened(Event):
    """An event of the test."""

    kind: ClassVar[str] = "test.happened"
    amount: int


def happened(member_id: MemberId, amount: int = 1) -> SomethingHappened:
    """Such an event."""
    return SomethingHappened(member_id=member_id, occurred_at=WHEN, amount=amount)


async def test_events_reach_the_outbox_with_the_commit(database: Database, admin: Any) -> None:
    """A published event is an outbox row after the commit, and the member's version has risen."""
    member_id = MemberId(new_id())
    async with database.transaction() as tx:
        await tx.lock_member(member_id)
        await tx.publish(happened(member_id, 7))
    row = await admin.fetchrow("SELECT * FROM outbox")
    assert (row["member_id"], row["kind"], row["occurred_at"]) == (member_id, "test.happened", WHEN)
    assert SomethingHappened.from_payload(row["payload"]) == happened(member_id, 7)
    assert await admin.fetchval("SELECT version FROM member_version WHERE member_id = $1", member_id) == 1


async def test_a_rollback_announces_nothing(database: Database, admin: Any) -> None:
    """What is published in a transaction that fails leaves no row and no version behind."""
    member_id = MemberId(new_id())
    with pytest.raises(RuntimeError, match="no"):
        async with database.transaction() as tx:
            await tx.publish(happened(member_id))
            raise RuntimeError("no")
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0
    assert await admin.fetchval("SELECT count(*) FROM member_version") == 0


async def test_a_quiet_transaction_only_raises_the_version(database: Database, admin: Any) -> None:
    """Imports change members without pushes, journeys or webhooks: no outbox row, but caches must notice."""
    member_id = MemberId(new_id())
    async with database.transaction(quiet=True) as tx:
        await tx.publish(happened(member_id))
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0
    assert await admin.fetchval("SELECT version FROM member_version WHERE member_id = $1", member_id) == 1


async def test_the_member_lock_makes_operations_serial(database: Database, admin: Any) -> None:
    """Twenty concurrent read-then-write transactions on one member lose no update."""
    member_id = MemberId(new_id())

    async def bump() -> None:
        async with database.transaction() as tx:
            await tx.lock_member(member_id)
            await tx.publish(happened(member_id))

    await asyncio.gather(*(bump() for _ in range(20)))
    assert await admin.fetchval("SELECT version FROM member_version WHERE member_id = $1", member_id) == 20


async def test_the_processes_role_is_not_privileged(database: Database) -> None:
    """The role behind the API owns nothing and is no superuser, so append-only tables hold for it too."""
    row = await database.reader.fetch_row(
        "SELECT current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    assert row is not None
    assert (row["name"], row["rolsuper"]) == ("fedele_app", False)


async def test_a_retry_is_answered_and_not_repeated(database: Database, admin: Any) -> None:
    """Twenty concurrent requests under one key do the work once, and all get the same answer."""
    work_done = 0

    async def request() -> Any:
        nonlocal work_done
        async with database.transaction() as tx:
            held = await claim(tx, "test", "key-1", {"amount": 5})
            if held.response is None:
                work_done += 1
                await held.answer(tx, {"number": work_done})
                return {"number": work_done}
            return held.response

    answers = await asyncio.gather(*(request() for _ in range(20)))
    assert answers == [{"number": 1}] * 20
    assert work_done == 1


async def test_a_key_with_another_body_is_refused(database: Database, admin: Any) -> None:
    """The same key for a different request is refused and the first answer stays."""
    async with database.transaction() as tx:
        await (await claim(tx, "test", "key-1", {"amount": 5})).answer(tx, {"ok": True})
    with pytest.raises(KeyReused):
        async with database.transaction() as tx:
            await claim(tx, "test", "key-1", {"amount": 6})
    with pytest.raises(InvalidInput):
        async with database.transaction() as tx:
            await claim(tx, "test", "", {})
    assert await admin.fetchval("SELECT response FROM request") == {"ok": True}
