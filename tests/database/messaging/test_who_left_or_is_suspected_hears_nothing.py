"""Who left or was blocked hears nothing: not even what was queued while they were a member like any other."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretBytes

from fedele.adapters.mail.smtp import SmtpMail, SmtpServer
from fedele.db.database import Database
from fedele.domains.members.types import Channel
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.delivery import Delivery, Post
from fedele.domains.messaging.ports import MessageLinks
from fedele.domains.messaging.types import Decision, MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template
from tests.fakes.mail import serve_smtp
from tests.fakes.push import FakePush

LINKS = MessageLinks("https://shop.example", SecretBytes(b"links of tests, thirty-two bytes"))
CHANNELS = ("push", "email", "wallet")
LATER = Moment(NOON + timedelta(minutes=1))
ERASED = "UPDATE member SET status = 'erased', erased_at = recorded_at WHERE member_id = $1"
CASE = """
INSERT INTO fraud_case (member_id, case_id, rule, subject, state, blocks, evidence, source_id, opened_at,
                        decided_at, actor)
SELECT $1, gen_random_uuid(), 'rule', 'subject', '{state}', {blocks}, '{{}}', gen_random_uuid(), now(),
       CASE WHEN '{state}' <> 'open' THEN now() END, CASE WHEN '{state}' <> 'open' THEN 'anna' END
"""
LEAVES = [CASE.format(state="open", blocks=False), CASE.format(state="cleared", blocks=True)]


def words(purpose: str = "marketing") -> Programme:
    """One message by three channels, at any hour."""
    news = make_template(key="news", on=None, channels=[*CHANNELS, "in_app"], purpose=purpose)
    return make_programme(make_messages(news, quiet_hours=None))


async def reachable(admin: Any, database: Database) -> MemberId:
    """A member with a phone, an address and a card, who agreed to be told news by each."""
    member_id = await make_member(admin, consents=[("marketing", channel) for channel in CHANNELS])
    await make_device(database, member_id, f"token-{member_id.hex}")
    await admin.execute("INSERT INTO member_contact VALUES ($1, 'email', 'giulia@example.com', $2)", member_id, NOON)
    await admin.execute(
        "INSERT INTO pass (member_id, serial, kind, authentication_token, content_digest, issued_at, updated_at) "
        "VALUES ($1, 's', 'card', 'tokentokentokentoken', '', $2, $2)", member_id, NOON,
    )  # fmt: skip
    return member_id


async def say(database: Database, programme: Programme, member_id: MemberId) -> list[Decision]:
    """Send the news."""
    async with database.transaction() as tx:
        asked = MessageAsked(member_id=member_id, template="news", source_id=new_id())
        return await commands.send(tx, programme, asked, Moment(NOON))


async def leave(database: Database, programme: Programme) -> tuple[int, int]:
    """Let what is due leave; how many pushes and e-mails did."""

    async def programme_at(when: Any) -> Programme:
        return programme

    async with serve_smtp() as smtp:
        mail = SmtpMail(SmtpServer.parse(smtp.url), "Shop <hello@shop.example>", timeout_seconds=30)
        push = FakePush()
        post = Post(database, programme_at, {Channel.EMAIL: mail}, LINKS, lambda: LATER)
        delivery = Delivery(database, programme_at, push, lambda: LATER, post)
        await delivery.send_due()
        await delivery.send_letters_due()
        return len(push.sent), len(smtp.taken)


async def ends(admin: Any) -> set[tuple[str, str | None]]:
    """How each push and letter ended, and why."""
    rows = await admin.fetch(
        "SELECT state, last_reason FROM push_send UNION ALL SELECT state, last_reason FROM message_letter"
    )
    assert len(rows) == 3
    return {(row["state"], row["last_reason"]) for row in rows}


@pytest.mark.parametrize(
    ("happens", "reason", "purpose"),
    [
        (ERASED, "member_gone", "marketing"),
        (ERASED, "member_gone", "service"),
        (CASE.format(state="open", blocks=True), "member_blocked", "marketing"),
        (CASE.format(state="confirmed", blocks=True), "member_blocked", "marketing"),
    ],
)
async def test_what_was_queued_before_does_not_leave(
    admin: Any, database: Database, happens: str, reason: str, purpose: str
) -> None:
    """By no channel, to those who left for no purpose at all; each delivery keeps the reason."""
    programme, member_id = words(purpose), await reachable(admin, database)
    assert all(decision.allowed for decision in await say(database, programme, member_id))
    await admin.execute(happens, member_id)
    assert await leave(database, programme) == (0, 0)
    assert await ends(admin) == {("withdrawn", reason)}
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'message.wallet_message_set'") == 0
    [push] = await queries.list_pushes(database.reader, member_id)
    assert push.last_reason == reason
    told = {
        one.channel.value: f"{one.outcome} {one.reason}"
        for one in await queries.list_decisions(database.reader, member_id)
    }
    assert told == dict.fromkeys(CHANNELS, f"suppressed {reason}") | {"in_app": "sent allowed"}


async def test_what_serves_a_blocked_member_still_leaves(admin: Any, database: Database) -> None:
    """A suspicion is no reason to keep a renewal's notice from anybody."""
    programme, member_id = words("service"), await reachable(admin, database)
    await admin.execute(CASE.format(state="open", blocks=True), member_id)
    assert all(decision.allowed for decision in await say(database, programme, member_id))
    assert await leave(database, programme) == (1, 1)


@pytest.mark.parametrize("happens", LEAVES)
async def test_a_case_that_blocks_nothing_stops_nothing(admin: Any, database: Database, happens: str) -> None:
    """The control: a suspicion without a block, or one that was cleared, and somebody else's block."""
    programme, member_id = words(), await reachable(admin, database)
    other = await make_member(admin)
    await say(database, programme, member_id)
    await admin.execute(happens, member_id)
    await admin.execute(CASE.format(state="open", blocks=True), other)
    assert await leave(database, programme) == (1, 1)
    assert {state for state, _ in await ends(admin)} == {"sent"}


async def test_a_blocked_member_is_not_reached_out_to_and_the_log_says_why(admin: Any, database: Database) -> None:
    """What waits in the app goes on waiting; nothing takes a place in the budget."""
    programme, member_id = words(), await reachable(admin, database)
    await admin.execute(CASE.format(state="open", blocks=True), member_id)
    decided = {one.channel.value: f"{one.outcome} {one.reason}" for one in await say(database, programme, member_id)}
    assert decided == dict.fromkeys(CHANNELS, "suppressed member_blocked") | {"in_app": "sent allowed"}
    assert await admin.fetchval("SELECT count(*) FROM push_send") == 0
    assert await admin.fetchval("SELECT count(*) FROM message_letter") == 0
