"""Delivery: what is due leaves once, and every answer of the push service has its consequence and no other."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.delivery import LEASE, Delivery, collapse_key
from fedele.domains.messaging.ports import PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import AmountValue, Permission
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import (
    NOON,
    make_device,
    make_member,
    make_messages,
    make_programme,
    make_template,
    set_consent,
)
from tests.fakes.push import FakePush

GONE = PushOutcome(PushOutcomeKind.UNREGISTERED_TARGET, reason="UNREGISTERED")
BAD = PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason="INVALID_ARGUMENT")
DOWN = PushOutcome(PushOutcomeKind.TRANSIENT, reason="UNAVAILABLE")


class Clock:
    """A clock that the test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> Moment:
        """The moment it shows."""
        return Moment(self.now)


class World:
    """A delivery over the fake service, with a programme and a clock to change."""

    def __init__(self, database: Database, programme: Programme | None = None) -> None:
        self.database, self.clock, self.push = database, Clock(), FakePush()
        self.programme = programme or make_programme()
        self.delivery = Delivery(database, self._programme_at, self.push, self.clock)

    async def _programme_at(self, when: datetime) -> Programme:
        return self.programme

    async def announce(self, member_id: MemberId) -> Any:
        """Points were earned; answers the source id."""
        source_id = new_id()
        async with self.database.transaction() as tx:
            await commands.announce(
                tx, self.programme, member_id, "points.earned",
                {"amount": AmountValue("points", 10), "balance": AmountValue("points", 90), "transaction": "0199"},
                source_id, self.clock(),
            )  # fmt: skip
        return source_id


@pytest.fixture
def world(database: Database) -> World:
    """The world of one test."""
    return World(database)


async def states(admin: Any) -> dict[str, str]:
    """Target's value (or '' if it is gone) → state."""
    rows = await admin.fetch(
        """
        SELECT coalesce(t.value, '') AS value, s.state
          FROM push_send s LEFT JOIN push_target t USING (member_id, target_id)
        """
    )
    return {row["value"]: row["state"] for row in rows}


async def test_a_push_has_the_exact_words_language_and_link(admin: Any, world: World) -> None:
    """Title, body, language, deep link, channel and collapse key, as the programme and the member have them."""
    member_id = await make_member(admin, locale="it")
    await make_device(world.database, member_id, "token-phone-1", locale="ru")
    source_id = await world.announce(member_id)
    await world.delivery.send_due()
    [sent] = world.push.sent
    assert (sent.title, sent.body, sent.locale) == ("10 punti per te", "Ora hai 90 punti, Giulia.", "it")
    assert (sent.deep_link, sent.image_url) == ("grocer://activity/0199", "https://grocer.example/points.png")
    assert (sent.android_channel, sent.ttl_seconds) == ("points", 86_400)
    assert sent.collapse_key == collapse_key(source_id, "points-earned")
    assert await states(admin) == {"token-phone-1": "sent"}


async def test_what_was_sent_is_not_sent_again(admin: Any, world: World) -> None:
    """Neither by the next call nor by ten at once."""
    member_id = await make_member(admin)
    for number in range(5):
        await make_device(world.database, member_id, f"token-phone-{number}")
    await world.announce(member_id)
    await asyncio.gather(*(world.delivery.send_due() for _ in range(10)))
    assert len(world.push.sent) == 5
    world.clock.now += timedelta(hours=1)
    assert await world.delivery.send_due() == 0


async def test_unregistered_removes_exactly_that_target(admin: Any, world: World) -> None:
    """The phone that is gone goes; the member's other phone, and everybody else's, stays and got its push."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    for member_id, value in ((giulia, "token-gone-1"), (giulia, "token-here-1"), (marco, "token-here-2")):
        await make_device(world.database, member_id, value)
    world.push.script("token-gone-1", GONE)
    await world.announce(giulia)
    await world.announce(marco)
    await world.delivery.send_due()
    assert await states(admin) == {"": "unregistered", "token-here-1": "sent", "token-here-2": "sent"}
    values = [row["value"] for row in await admin.fetch("SELECT value FROM push_target ORDER BY value")]
    assert values == ["token-here-1", "token-here-2"]
    assert await admin.fetchval("SELECT count(*) FROM push_target_owner") == 2


async def test_a_bad_payload_removes_nobody(admin: Any, world: World) -> None:
    """Control of the above: a template that FCM refuses costs the push, never the phones."""
    member_id = await make_member(admin)
    for number in range(3):
        await make_device(world.database, member_id, f"token-phone-{number}")
        world.push.script(f"token-phone-{number}", BAD)
    await world.announce(member_id)
    await world.delivery.send_due()
    assert set((await states(admin)).values()) == {"rejected"}
    assert await admin.fetchval("SELECT count(*) FROM push_target") == 3
    world.clock.now += timedelta(hours=1)
    assert await world.delivery.send_due() == 0


async def test_retry_after_is_waited_for_to_the_second(admin: Any, world: World) -> None:
    """Not a second before the service's time, and then it leaves; waiting is not a failed attempt."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    world.push.script("token-phone-1", PushOutcome(PushOutcomeKind.RETRY_AFTER, retry_after_seconds=37))
    await world.announce(member_id)
    await world.delivery.send_due()
    world.clock.now += timedelta(seconds=36)
    assert await world.delivery.send_due() == 0
    world.clock.now += timedelta(seconds=1)
    await world.delivery.send_due()
    assert len(world.push.sent) == 1
    [record] = await queries.list_pushes(world.database.reader, member_id)
    assert (record.state, record.attempts_count) == ("sent", 1)


async def test_faults_are_tried_again_and_then_given_up(admin: Any, world: World) -> None:
    """Down for a while: sent when it is back. Down for good: abandoned after eight faults, and the target stays."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-late-1")
    await make_device(world.database, member_id, "token-never-1")
    world.push.script("token-late-1", DOWN, DOWN)
    world.push.script("token-never-1", *[DOWN] * 50)
    await world.announce(member_id)
    for _ in range(20):
        await world.delivery.send_due()
        world.clock.now += timedelta(minutes=15)
    assert await states(admin) == {"token-late-1": "sent", "token-never-1": "abandoned"}
    assert await admin.fetchval("SELECT count(*) FROM push_target") == 2


async def test_consent_withdrawn_while_waiting_stops_the_push(admin: Any, world: World) -> None:
    """Between the decision and the sending the member may say no: then nothing leaves."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await make_device(world.database, giulia, "token-phone-1")
    await make_device(world.database, marco, "token-phone-2")
    await world.announce(giulia)
    await world.announce(marco)
    await set_consent(admin, giulia, "marketing", "push", granted=False)
    await world.delivery.send_due()
    assert [sent.value for sent in world.push.sent] == ["token-phone-2"]
    assert await states(admin) == {"token-phone-1": "withdrawn", "token-phone-2": "sent"}


@pytest.mark.parametrize("how", ["moved", "forbidden", "unregistered"])
async def test_a_phone_that_left_meanwhile_gets_nothing(admin: Any, world: World, how: str) -> None:
    """It changed hands, its owner forbade notifications, or the member logged out: the push is withdrawn."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    device = await make_device(world.database, giulia, "token-phone-1")
    await world.announce(giulia)
    if how == "moved":
        await make_device(world.database, marco, "token-phone-1")
    elif how == "forbidden":
        await make_device(world.database, giulia, "token-phone-1", permission=Permission.DENIED)
    else:
        async with world.database.transaction() as tx:
            await commands.unregister_device(tx, giulia, device.device_id)
    await world.delivery.send_due()
    assert world.push.sent == []
    assert list((await states(admin)).values()) == ["withdrawn"]


async def test_put_off_till_morning_it_leaves_in_the_morning(admin: Any, world: World) -> None:
    """Decided at eleven at night in Rome: nothing until eight, then one."""
    world.clock.now = NOON + timedelta(hours=11)
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    await world.announce(member_id)
    world.clock.now = NOON + timedelta(hours=19, minutes=59)
    assert await world.delivery.send_due() == 0
    world.clock.now = NOON + timedelta(hours=20)
    await world.delivery.send_due()
    assert len(world.push.sent) == 1


async def test_a_retry_does_not_break_the_night(admin: Any, world: World) -> None:
    """A push that the service put off into the quiet hours waits for their end."""
    world.clock.now = NOON + timedelta(hours=8, minutes=59)  # 20:59 in Rome
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    world.push.script("token-phone-1", PushOutcome(PushOutcomeKind.RETRY_AFTER, retry_after_seconds=120))
    await world.announce(member_id)
    await world.delivery.send_due()
    world.clock.now += timedelta(minutes=5)
    await world.delivery.send_due()
    assert world.push.sent == []
    world.clock.now = NOON + timedelta(hours=20)
    await world.delivery.send_due()
    assert len(world.push.sent) == 1


async def test_what_stopped_to_matter_is_not_sent(admin: Any, world: World) -> None:
    """A worker that was down for two days sends no news of the day before yesterday."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    await world.announce(member_id)
    world.clock.now += timedelta(days=2)
    await world.delivery.send_due()
    assert world.push.sent == []
    assert await states(admin) == {"token-phone-1": "expired"}


async def test_a_template_that_left_the_programme_is_withdrawn(admin: Any, world: World) -> None:
    """Nobody stands by its words any more."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    await world.announce(member_id)
    world.programme = make_programme(make_messages(make_template(key="another")))
    await world.delivery.send_due()
    assert (world.push.sent, await states(admin)) == ([], {"token-phone-1": "withdrawn"})


async def test_one_unspeakable_push_does_not_hold_up_the_rest(admin: Any, world: World) -> None:
    """A push whose values are broken is tried again by itself; its neighbours leave."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await make_device(world.database, giulia, "token-phone-1")
    await make_device(world.database, marco, "token-phone-2")
    await world.announce(giulia)
    await world.announce(marco)
    broken = {"amount": {"currency": "a currency that is gone", "units": 1}}
    await admin.execute("UPDATE push_send SET template_values = $2 WHERE member_id = $1", giulia, broken)
    await world.delivery.send_due()
    assert [sent.value for sent in world.push.sent] == ["token-phone-2"]
    assert await states(admin) == {"token-phone-1": "queued", "token-phone-2": "sent"}


async def test_a_worker_that_slept_through_its_lease_changes_nothing(admin: Any, world: World) -> None:
    """It sends late; another has sent and settled meanwhile; the sleeper's outcome must not undo that."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    await world.announce(member_id)
    sleeping, woken = asyncio.Event(), asyncio.Event()

    class Sleeper(FakePush):
        async def send(self, messages: Any) -> list[PushOutcome]:
            sleeping.set()
            await woken.wait()
            return [DOWN for _ in messages]

    slept = asyncio.create_task(Delivery(world.database, world._programme_at, Sleeper(), Clock()).send_due())
    await sleeping.wait()
    world.clock.now += LEASE + timedelta(seconds=1)
    await world.delivery.send_due()
    woken.set()
    await slept
    assert await states(admin) == {"token-phone-1": "sent"}
    assert len(world.push.sent) == 1


async def test_the_lease_keeps_a_second_worker_away(admin: Any, world: World) -> None:
    """Control of the above: while the lease runs, nobody else sends."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-phone-1")
    await world.announce(member_id)
    await admin.execute("UPDATE push_send SET state = 'sending', next_at = $1", NOON + LEASE)
    world.clock.now += LEASE - timedelta(seconds=1)
    assert await world.delivery.send_due() == 0


async def test_a_crowd_is_sent_in_batches(admin: Any, world: World) -> None:
    """250 phones: three calls to the service, each phone once."""
    for number in range(25):
        member_id = await make_member(admin, name=f"Member {number}")
        for phone in range(10):
            await make_device(world.database, member_id, f"token-crowd-{number}-{phone}")
        await world.announce(member_id)
    await world.delivery.send_due()
    assert world.push.calls_count == 3
    assert len({sent.value for sent in world.push.sent}) == len(world.push.sent) == 250


async def test_no_secret_reaches_the_log(admin: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What is logged of a failed push names the device, not the address nor the member's name."""
    member_id = await make_member(admin)
    await make_device(world.database, member_id, "token-secret-1")
    world.push.script("token-secret-1", GONE)
    await world.announce(member_id)
    await world.delivery.send_due()
    logged = "".join(capsys.readouterr())
    assert "push_not_delivered" in logged
    assert "token-secret-1" not in logged
    assert "Giulia" not in logged
