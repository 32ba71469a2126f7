"""A worker is killed around the sending of a push: it is sent, and the phone shows it once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedele.adapters.push import local_fcm
from fedele.adapters.push.local_fcm import LocalFcm
from fedele.db.database import Database
from fedele.domains.ledger.events import PointsEarned
from fedele.domains.ledger.types import TransactionId
from fedele.kernel.clock import utc_now
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.messaging import make_device, make_member
from tests.fixtures.processes import Running, Start, until

WORKER = "tests.faults.processes.push_worker"
PHONE = "token-of-the-fault-test"


@pytest.fixture
def fcm() -> Iterator[LocalFcm]:
    """A local FCM that outlives the workers."""
    with local_fcm.serve() as running:
        yield running


@pytest.fixture
def start_worker(start_process: Start, fcm: LocalFcm, database_url: str, tmp_path: Path) -> Any:
    """`await start_worker("before_send")`: a worker process that dies there."""
    account = tmp_path / "service_account.json"
    account.write_text(json.dumps(fcm.service_account()))

    async def start(die: str) -> Running:
        return await start_process(WORKER, database_url, fcm.base_url, str(account), die)

    return start


async def earn(database: Database, member_id: MemberId) -> None:
    """Points were earned, as the ledger announces it."""
    async with database.transaction() as tx:
        await tx.publish(
            PointsEarned(
                member_id=member_id, occurred_at=utc_now(), currency=CurrencyKey("points"), units=10,
                transaction_id=TransactionId(new_id()), spendable=90, source="purchase",
            )
        )  # fmt: skip


async def let_leases_run_out(admin: Any) -> None:
    """The minutes after which others take over a dead worker's pushes and jobs, without waiting for them."""
    await admin.execute("UPDATE push_send SET next_at = next_at - interval '10 minutes' WHERE state = 'sending'")
    await admin.execute("UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute' WHERE status = 'picked'")


async def sent(admin: Any) -> bool:
    """Whether every push is settled as sent."""
    row = await admin.fetchrow("SELECT count(*) AS all, count(*) FILTER (WHERE state = 'sent') AS sent FROM push_send")
    return bool(row["all"] == row["sent"] > 0)


async def test_without_a_kill_it_is_sent_once(admin: Any, database: Database, fcm: LocalFcm, start_worker: Any) -> None:
    """The control: from the ledger's event to the phone, in the member's words, one copy."""
    member_id = await make_member(admin)
    await make_device(database, member_id, PHONE)
    worker = await start_worker("never")
    await earn(database, member_id)
    await until(lambda: sent(admin))
    await worker.stop()
    [message] = fcm.sent_to(PHONE)
    assert message["notification"]["title"] == "10 punti per te"
    assert message["data"]["locale"] == "it"
    assert message["data"]["deep_link"].startswith("grocer://activity/")


async def test_without_consent_none_is_sent(admin: Any, database: Database, fcm: LocalFcm, start_worker: Any) -> None:
    """Two members, two phones, the same event: the one who agreed is pushed, the other is not, and the log says why."""
    silent, agreed = await make_member(admin, consents=[]), await make_member(admin)
    await make_device(database, silent, "token-of-the-silent-one")
    await make_device(database, agreed, PHONE)
    worker = await start_worker("never")
    await earn(database, silent)
    await earn(database, agreed)

    async def both_decided() -> bool:
        decided: int = await admin.fetchval("SELECT count(*) FROM message_decision WHERE channel = 'push'")
        return decided == 2 and await sent(admin)

    await until(both_decided)
    await worker.stop()
    assert [len(fcm.sent_to(phone)) for phone in ("token-of-the-silent-one", PHONE)] == [0, 1]
    assert await admin.fetchval(
        "SELECT reason FROM message_decision WHERE member_id = $1 AND channel = 'push'", silent
    ) == ("no_consent")


async def test_killed_after_the_commit_before_the_sending(
    admin: Any, database: Database, fcm: LocalFcm, start_worker: Any
) -> None:
    """The claim is committed, the process dies, nothing left it: another sends it, one copy in all."""
    member_id = await make_member(admin)
    await make_device(database, member_id, PHONE)
    doomed = await start_worker("before_send")
    await earn(database, member_id)
    await doomed.wait_killed()
    assert await admin.fetchval("SELECT state FROM push_send") == "sending"
    assert fcm.sent_to(PHONE) == []
    await let_leases_run_out(admin)
    worker = await start_worker("never")
    await until(lambda: sent(admin))
    await worker.stop()
    assert len(fcm.sent_to(PHONE)) == 1


async def test_killed_after_the_sending_before_it_was_written_down(
    admin: Any, database: Database, fcm: LocalFcm, start_worker: Any
) -> None:
    """FCM has it, we do not know: it is sent again under the same key, so that the phone shows one notification."""
    member_id = await make_member(admin)
    await make_device(database, member_id, PHONE)
    doomed = await start_worker("after_send")
    await earn(database, member_id)
    await doomed.wait_killed()
    assert len(fcm.sent_to(PHONE)) == 1
    await let_leases_run_out(admin)
    worker = await start_worker("never")
    await until(lambda: sent(admin))
    await worker.stop()
    copies = fcm.sent_to(PHONE)
    assert len(copies) == 2
    assert len(fcm.shown_on(PHONE)) == 1
    for path in (("android", "collapse_key"), ("apns", "headers", "apns-collapse-id"), ("webpush", "headers", "Topic")):
        values = set()
        for copy in copies:
            value: Any = copy
            for name in path:
                value = value[name]
            values.add(value)
        assert len(values) == 1, path


async def test_two_messages_are_two_notifications(
    admin: Any, database: Database, fcm: LocalFcm, start_worker: Any
) -> None:
    """Control of the above: what is really two messages is not folded into one."""
    member_id = await make_member(admin)
    await make_device(database, member_id, PHONE)
    worker = await start_worker("never")
    await earn(database, member_id)
    await earn(database, member_id)

    async def both_sent() -> bool:
        return len(fcm.sent_to(PHONE)) == 2 and await sent(admin)

    await until(both_sent)
    await worker.stop()
    assert len(fcm.shown_on(PHONE)) == 2


async def test_a_storm_of_answers_ends_right(admin: Any, database: Database, fcm: LocalFcm, start_worker: Any) -> None:
    """30 phones: some gone, some refused, some over quota, some down, some fine. Each ends right."""
    plans = {
        "gone": [local_fcm.UNREGISTERED],
        "bad": [local_fcm.BAD_PAYLOAD],
        "quota": [local_fcm.quota_exceeded("1")],
        "down": [local_fcm.UNAVAILABLE],
        "fine": [],
    }
    for name, faults in plans.items():
        for number in range(6):
            phone = f"token-storm-{name}-{number}"
            member_id = await make_member(admin, name=f"{name} {number}")
            await make_device(database, member_id, phone)
            fcm.script(phone, *faults)
            await earn(database, member_id)
    worker = await start_worker("never")

    async def settled() -> bool:
        rows = await admin.fetch("SELECT state, count(*) AS n FROM push_send GROUP BY state")
        counts = {row["state"]: row["n"] for row in rows}
        return counts == {"sent": 18, "unregistered": 6, "rejected": 6}

    await until(settled)
    await worker.stop()
    left = {row["value"].split("-")[2] for row in await admin.fetch("SELECT value FROM push_target")}
    assert left == {"bad", "quota", "down", "fine"}
    for name in ("quota", "down", "fine"):
        assert all(len(fcm.sent_to(f"token-storm-{name}-{number}")) == 1 for number in range(6))
