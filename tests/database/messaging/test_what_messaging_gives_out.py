"""A member's data export tells what was said to them and why; after erasure what stays names nobody."""

import json
from datetime import datetime, timedelta
from typing import Any

from fedele.bootstrap import DATA_EXPORTS
from fedele.db.database import Database
from fedele.domains.members.commands import erase
from fedele.domains.messaging import commands, handlers, queries
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.types import MessageAsked
from fedele.domains.programme.types import Programme
from fedele.jobs.worker import Worker
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template
from tests.fakes.push import FakePush
from tests.fixtures.leaks import find_leaks

NAME, EMAIL, PUSH_TOKEN, SAID = "Giuliana Testa-778899", "giuliana-778899@example.org", "token-778899", "order-778899"
LATER = Moment(NOON + timedelta(minutes=5))
EVERY_CHANNEL = ["push", "in_app", "email"]
PROGRAMME = make_programme(
    make_messages(
        make_template(key="news", on=None, channels=EVERY_CHANNEL, deep_link="https://shop.example/offers"),
        quiet_hours=None,
        pushes_per_day_max=None,
    )
)


async def programme_at(when: datetime) -> Programme:
    """The same at any moment."""
    return PROGRAMME


async def told(admin: Any, database: Database, push: FakePush) -> MemberId:
    """A member who was told something on every channel, opened it, and has an address that does not exist."""
    consents = [("marketing", "push"), ("marketing", "email")]
    member_id = await make_member(admin, name=NAME, consents=consents)
    await admin.execute("INSERT INTO member_contact VALUES ($1, 'email', $2, $3)", member_id, EMAIL, NOON)
    await make_device(database, member_id, PUSH_TOKEN)
    asked = MessageAsked(member_id=member_id, template="news", source_id=new_id(), values={"balance": SAID})
    async with database.transaction() as tx:
        decided = await commands.send(tx, PROGRAMME, asked, Moment(NOON))
    assert {one.channel.value for one in decided if one.outcome.value == "sent"} == set(EVERY_CHANNEL)
    await Delivery(database, programme_at, push, lambda: Moment(NOON)).send_due()
    (contact_id,) = {one.contact_id for one in decided if one.channel.value == "push"}
    assert contact_id is not None
    async with database.transaction() as tx:
        assert await commands.report(tx, member_id, [(contact_id, "clicked", NOON)], LATER) == 3
    await admin.execute(
        "INSERT INTO message_address_block VALUES ($1, 'email', sha256(convert_to($2, 'UTF8')), 'bounced', $3)",
        member_id, EMAIL, NOON,
    )  # fmt: skip
    return member_id


async def test_the_export_says_what_was_said_and_why(admin: Any, database: Database) -> None:
    """Every part of it, as plain JSON, without what addresses a phone; of nobody else."""
    push = FakePush()
    member_id, other = await told(admin, database, push), await make_member(admin)
    found = await DATA_EXPORTS["messaging"](database.reader, member_id)
    text = json.dumps(found)
    assert (len(push.sent), PUSH_TOKEN in text, "provider" in text, "contact_id" in text) == (1, False, False, False)
    assert {part: len(rows) for part, rows in found.items()} == {
        "devices": 1, "messages": 1, "pushes": 1, "letters": 1, "decisions": 3, "blocked_addresses": 1, "reports": 3,
    }  # fmt: skip
    assert (found["messages"][0]["template"], found["messages"][0]["values"]) == ("news", {"balance": SAID})
    assert (found["pushes"][0]["state"], found["letters"][0]["channel"]) == ("sent", "email")
    assert {(one["channel"], one["outcome"]) for one in found["decisions"]} == {(c, "sent") for c in EVERY_CHANNEL}
    assert {(one["what"], one["template"], one["channel"]) for one in found["reports"]} == {
        (what, "news", "push") for what in ("clicked", "opened", "seen")
    }
    nothing = await queries.export_personal_data(database.reader, other)
    assert nothing == {part: [] for part in found}


async def test_after_erasure_the_log_stays_and_names_nobody(admin: Any, database: Database) -> None:
    """Before, each thing is somewhere; after, no table has any, while decisions and reports are all still there."""
    push, needles = FakePush(), (NAME, EMAIL, PUSH_TOKEN, SAID)
    member_id = await told(admin, database, push)
    assert {needle for _, needle in await find_leaks(admin, needles)} == set(needles)
    async with database.transaction() as tx:
        assert await erase(tx, member_id, LATER)
    delivery = Delivery(database, programme_at, push, lambda: LATER)
    await Worker(database, handlers.handlers(delivery), role="fedele_app").drain()
    assert await find_leaks(admin, needles) == []
    kept = await queries.export_personal_data(database.reader, member_id)
    assert {part: len(rows) for part, rows in kept.items() if rows} == {"decisions": 3, "reports": 3}
    figures = [value for one in kept["decisions"] for value in one["details"].values()]
    assert figures
    assert all(isinstance(value, int) for value in figures)
