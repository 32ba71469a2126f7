"""Announcing: one decision for each message and channel, written down, and done in the same transaction."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from fedele.db.database import Database, counting
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.types import AmountValue, Decision, MessageId, Permission, TargetKind, Value
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound
from tests.factories.messaging import (
    NOON,
    make_device,
    make_member,
    make_messages,
    make_programme,
    make_template,
)

EARNED: dict[str, Value] = {
    "amount": AmountValue("points", 10),
    "balance": AmountValue("points", 1_234),
    "transaction": "0199",
}


async def announce(
    database: Database,
    member_id: MemberId,
    source_id: UUID | None = None,
    programme: Programme | None = None,
    now: datetime = NOON,
) -> list[Decision]:
    """Points were earned."""
    async with database.transaction() as tx:
        return await commands.announce(
            tx, programme or make_programme(), member_id, "points.earned", EARNED, source_id or new_id(), Moment(now)
        )


def told(decisions: list[Decision]) -> dict[str, str]:
    """Channel → outcome and reason."""
    return {decision.channel.value: f"{decision.outcome} {decision.reason}" for decision in decisions}


async def queued(admin: Any) -> int:
    """How many pushes wait."""
    count: int = await admin.fetchval("SELECT count(*) FROM push_send WHERE state = 'queued'")
    return count


async def test_with_consent_it_is_shown_and_pushed(admin: Any, database: Database) -> None:
    """The control: a member who agreed gets the message in the app and one push for each phone."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    await make_device(database, member_id, "token-phone-2", kind=TargetKind.FCM_FID)
    assert told(await announce(database, member_id)) == {"push": "sent allowed", "in_app": "sent allowed"}
    assert await queued(admin) == 2
    [message] = (await queries.list_messages(database.reader, make_programme(), member_id, Moment(NOON))).items
    assert (message.wording.title, message.wording.locale) == ("10 punti per te", "it")
    assert message.wording.body == "Ora hai 1.234 punti, Giulia."


@pytest.mark.parametrize("consents", [[], [("marketing", "email")], [("surveys", "push")]])
async def test_without_consent_nothing_is_pushed(
    admin: Any, database: Database, consents: list[tuple[str, str]]
) -> None:
    """Silence is no, and so is a yes to something else. The log says why."""
    member_id = await make_member(admin, consents=consents)
    await make_device(database, member_id, "token-phone-1")
    assert told(await announce(database, member_id))["push"] == "suppressed no_consent"
    assert await admin.fetchval("SELECT count(*) FROM push_send") == 0
    reasons = {decision.reason for decision in await queries.list_decisions(database.reader, member_id)}
    assert "no_consent" in reasons


async def test_the_queue_itself_refuses_a_push_without_consent(admin: Any, database: Database) -> None:
    """Consent stands in the statement: even a caller that decided wrongly queues nothing."""
    from fedele.domains.messaging.commands.sending import _PUSH

    member_id = await make_member(admin, consents=[])
    await make_device(database, member_id, "token-phone-1")
    async with database.transaction() as tx:
        rows = await tx.fetch(
            _PUSH, [member_id], [new_id()], ["points-earned"], ["marketing"], [{}], [NOON], [NOON + timedelta(days=1)],
            [new_id()], ["fcm_token", "fcm_fid"],
        )  # fmt: skip
    assert rows == []


async def test_a_refusal_keeps_the_app_silent_too(admin: Any, database: Database) -> None:
    """Who said no to messages in the app sees none there."""
    member_id = await make_member(admin, refusals=[("marketing", "in_app")])
    assert told(await announce(database, member_id))["in_app"] == "suppressed no_consent"
    page = await queries.list_messages(database.reader, make_programme(), member_id, Moment(NOON))
    assert page.items == ()


@pytest.mark.parametrize("changes", [{"permission": Permission.DENIED}, {"kind": TargetKind.WEB_PUSH}])
async def test_a_phone_that_cannot_be_pushed_is_no_target(
    admin: Any, database: Database, changes: dict[str, Any]
) -> None:
    """Notifications forbidden by the owner, or a kind without a channel: no target, and the log says so."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1", **changes)
    assert told(await announce(database, member_id))["push"] == "suppressed no_target"
    assert await queued(admin) == 0


async def test_announcing_again_does_nothing(admin: Any, database: Database) -> None:
    """Jobs come twice: the second run decides nothing, shows nothing, queues nothing, announces nothing."""
    member_id, source_id = await make_member(admin), new_id()
    await make_device(database, member_id, "token-phone-1")
    await announce(database, member_id, source_id)
    before = await admin.fetchval("SELECT count(*) FROM outbox")
    assert await announce(database, member_id, source_id) == []
    assert await queued(admin) == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox") == before


async def test_ten_at_once_respect_the_daily_cap(admin: Any, database: Database) -> None:
    """Ten announcements in a race: three pushes, seven kept back, ten messages in the app."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    decided = await asyncio.gather(*(announce(database, member_id) for _ in range(10)))
    outcomes = sorted(told(decisions)["push"] for decisions in decided)
    assert outcomes == ["sent allowed"] * 3 + ["suppressed daily_cap"] * 7
    assert await queued(admin) == 3


async def test_the_same_job_ten_times_at_once_decides_once(admin: Any, database: Database) -> None:
    """At-least-once delivery of jobs, at worst at the same moment: one decision a channel."""
    member_id, source_id = await make_member(admin), new_id()
    await make_device(database, member_id, "token-phone-1")
    await asyncio.gather(*(announce(database, member_id, source_id) for _ in range(10)))
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 2
    assert await queued(admin) == 1


async def test_at_night_the_push_waits_and_the_app_does_not(admin: Any, database: Database) -> None:
    """At eleven in the evening in Rome the message stands in the app, and the push is due at eight."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    decisions = await announce(database, member_id, now=datetime(2026, 11, 20, 22, 0, tzinfo=UTC))
    assert told(decisions) == {"push": "deferred quiet_hours", "in_app": "sent allowed"}
    assert await admin.fetchval("SELECT next_at FROM push_send") == datetime(2026, 11, 21, 7, 0, tzinfo=UTC)


async def test_the_night_is_the_members_own(admin: Any, database: Database) -> None:
    """The same instant is night in Tokyo and noon in Rome."""
    tokyo, rome = await make_member(admin, time_zone="Asia/Tokyo"), await make_member(admin)
    for number, member_id in enumerate((tokyo, rome)):
        await make_device(database, member_id, f"token-phone-{number}")
    now = NOON + timedelta(hours=2)
    assert told(await announce(database, tokyo, now=now))["push"] == "deferred quiet_hours"
    assert told(await announce(database, rome, now=now))["push"] == "sent allowed"


async def test_what_the_programme_has_no_words_for_costs_nothing(admin: Any, database: Database) -> None:
    """An event without a template: no statement at all."""
    member_id = await make_member(admin)
    with counting() as statements:
        async with database.transaction() as tx:
            decided = await commands.announce(
                tx, make_programme(), member_id, "points.expired", EARNED, new_id(), Moment(NOON)
            )
    assert (decided, statements) == ([], [])


async def test_a_rolled_back_command_said_nothing(admin: Any, database: Database) -> None:
    """A room above announces in its own transaction: if that fails, there is no message, decision or push."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    await admin.execute("DELETE FROM outbox")  # what the phone announced
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await commands.announce(tx, make_programme(), member_id, "points.earned", EARNED, new_id(), Moment(NOON))
            raise RuntimeError("the room above failed")
    for table in ("message_decision", "in_app_message", "push_send", "outbox"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_two_templates_for_one_event_are_two_messages(admin: Any, database: Database) -> None:
    """Each is decided for itself, and both count towards the cap."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    messages = make_messages(make_template(), make_template(key="again"), pushes_per_day_max=1)
    decisions = await announce(database, member_id, programme=make_programme(messages))
    assert [d.reason for d in decisions if d.channel == "push"] == ["allowed", "daily_cap"]


async def test_the_log_cannot_be_rewritten(admin: Any, database: Database) -> None:
    """Neither by the application's role nor by a statement that forgot: the decision log is append-only."""
    member_id = await make_member(admin)
    await announce(database, member_id)
    for statement in ("UPDATE message_decision SET reason = 'allowed'", "DELETE FROM message_decision"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as tx:
                await tx.execute(statement)


async def test_a_message_is_dismissed_once_and_only_by_its_reader(admin: Any, database: Database) -> None:
    """Dismissing hides it for good; again is harmless; somebody else's is NOT_FOUND."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    await announce(database, giulia)
    [message] = (await queries.list_messages(database.reader, make_programme(), giulia, Moment(NOON))).items
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await commands.dismiss_message(tx, marco, message.message_id, Moment(NOON))
    for _ in range(2):
        async with database.transaction() as tx:
            await commands.dismiss_message(tx, giulia, message.message_id, Moment(NOON))
    page = await queries.list_messages(database.reader, make_programme(), giulia, Moment(NOON))
    assert page.items == ()
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'message.dismissed'") == 1


async def test_messages_come_newest_first_in_pages(admin: Any, database: Database) -> None:
    """Five messages in pages of two: each once, none after its end, and seen is kept."""
    member_id = await make_member(admin)
    for _ in range(5):
        await announce(database, member_id)
    programme, seen, after = make_programme(), [], None
    while True:
        page = await queries.list_messages(database.reader, programme, member_id, Moment(NOON), first=2, after=after)
        seen += [item.message_id for item in page.items]
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    async with database.transaction() as tx:
        assert await commands.mark_seen(tx, member_id, [MessageId(seen[0])], Moment(NOON)) == 1
        assert await commands.mark_seen(tx, member_id, [MessageId(seen[0])], Moment(NOON)) == 0
    later = Moment(NOON + timedelta(hours=25))
    assert (await queries.list_messages(database.reader, programme, member_id, later)).items == ()


async def test_words_are_chosen_when_read(admin: Any, database: Database) -> None:
    """A reader who changes language reads old messages in the new one; a retired template's messages are gone."""
    member_id = await make_member(admin, locale="it")
    await announce(database, member_id)
    await admin.execute("UPDATE member_profile SET locale = 'ar' WHERE member_id = $1", member_id)
    [message] = (await queries.list_messages(database.reader, make_programme(), member_id, Moment(NOON))).items
    assert message.wording.title == "لك 10 نقطة"
    [message] = (
        await queries.list_messages(database.reader, make_programme(), member_id, Moment(NOON), locale="ru")
    ).items
    assert message.wording.title == "Вам 10 баллов"
    retired = make_programme(make_messages(make_template(key="another")))
    assert (await queries.list_messages(database.reader, retired, member_id, Moment(NOON))).items == ()


async def test_an_erased_member_leaves_only_the_log(admin: Any, database: Database) -> None:
    """Targets, messages and pushes go; decisions, which name nobody, stay."""
    giulia, marco = await make_member(admin), await make_member(admin, name="Marco")
    for number, member_id in enumerate((giulia, marco)):
        await make_device(database, member_id, f"token-phone-{number}")
        await announce(database, member_id)
    async with database.transaction() as tx:
        await commands.forget_member(tx, giulia)
    for table in ("push_target", "push_target_owner", "in_app_message", "push_send"):
        assert [row["member_id"] for row in await admin.fetch(f"SELECT member_id FROM {table}")] == [marco]
    assert await admin.fetchval("SELECT count(*) FROM message_decision WHERE member_id = $1", giulia) == 2
