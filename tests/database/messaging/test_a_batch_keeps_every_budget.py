"""Decisions of many members recorded in one call: each member's budget holds in itself, in the order of the rulings."""

from typing import Any

from fedele.db.database import Database
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.commands.asking import Named, write_down
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import Ask, ContactFacts, rule
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.database.messaging.test_letters_and_budget import NOON, programme, reachable, template, told

STALE = ContactFacts(
    True, "Europe/Rome", frozenset({(Purpose.MARKETING, Channel.EMAIL)}), reachable=frozenset({Channel.EMAIL})
)  # as if nothing had been said yet, however often it is ruled


async def test_rows_of_one_batch_see_those_before_them(admin: Any, database: Database) -> None:
    """Three messages each to two members, ruled on facts that know of none: two fit, the third is held back."""
    words = programme(*(template(name, ["email"]) for name in ("one", "two", "three")), budget={"per_day": 2})
    config = words.section(MessagesConfig)
    members = [await reachable(admin, database) for _ in range(2)]
    ask = Ask(Purpose.MARKETING, (Channel.EMAIL,))
    ruled = [
        (Named(member_id, new_id(), name), ask, STALE, rule(ask, STALE, config, NOON))
        for name in ("one", "two", "three")
        for member_id in members
    ]
    async with database.transaction() as tx:
        written = await write_down(tx, config, ruled, Moment(NOON))
    assert [told(decisions)["email"] for decisions in written] == [
        "sent allowed", "sent allowed", "sent allowed", "sent allowed", "suppressed daily_cap", "suppressed daily_cap",
    ]  # fmt: skip
    async with database.transaction() as tx:
        again = await write_down(tx, config, ruled, Moment(NOON))
    assert again == written, "what was decided is the answer to who asks again"
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 6


async def test_the_same_message_twice_in_a_batch_is_decided_once(admin: Any, database: Database) -> None:
    """And both are answered with the one decision; an urgent one takes its place before a normal one is judged."""
    words = programme(template("news", ["email"]), template("alarm", ["email"]), budget={"per_day": 1})
    config = words.section(MessagesConfig)
    member_id: MemberId = await reachable(admin, database)
    source_id = new_id()
    normal, urgent = Ask(Purpose.MARKETING, (Channel.EMAIL,)), Ask(Purpose.MARKETING, (Channel.EMAIL,), "urgent")
    ruled = [
        (Named(member_id, source_id, name), ask, STALE, rule(ask, STALE, config, NOON))
        for name, ask in (("alarm", urgent), ("alarm", urgent), ("news", normal))
    ]
    async with database.transaction() as tx:
        first, same, held = await write_down(tx, config, ruled, Moment(NOON))
    assert first[0].contact_id == same[0].contact_id
    assert (told(first), told(held)) == ({"email": "sent allowed"}, {"email": "suppressed daily_cap"})
    assert await admin.fetchval("SELECT count(*) FROM message_decision") == 2
