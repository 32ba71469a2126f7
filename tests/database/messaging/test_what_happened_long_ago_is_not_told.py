"""What happened long ago is not told as if it were news, and the log says that it came too late."""

from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.events import PointsEarned
from fedele.domains.messaging import commands, queries
from fedele.domains.messaging.handlers import ledger_values
from fedele.domains.messaging.types import MessageAsked
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import NOON, make_device, make_member, make_messages, make_programme, make_template

HOUR = timedelta(hours=1)


async def hear(database: Database, programme: Programme, member_id: MemberId, age: timedelta) -> None:
    """Points were earned so long ago, and the worker hears of it now."""

    async def programme_at(when: Any) -> Programme:
        return programme

    handler = commands.announcing(PointsEarned, ledger_values, database, programme_at, lambda: Moment(NOON))
    event = PointsEarned(
        member_id=member_id, occurred_at=NOON - age, transaction_id=new_id(), currency="points", units=10,
        spendable=90, source="purchase",
    )  # fmt: skip
    await handler.run(event, new_id())


async def said(database: Database, member_id: MemberId) -> set[str]:
    """Channel, outcome and reason of each decision."""
    decisions = await queries.list_decisions(database.reader, member_id)
    return {f"{one.channel} {one.outcome} {one.reason}" for one in decisions}


TOLD = {"push sent allowed", "in_app sent allowed"}
LATE = {"push suppressed too_late", "in_app suppressed too_late"}


@pytest.mark.parametrize(
    ("section", "template", "age", "expected"),
    [
        ({}, {}, 48 * HOUR, TOLD),
        ({}, {}, 48 * HOUR + timedelta(seconds=1), LATE),
        ({"told_within_hours": 2}, {}, 3 * HOUR, LATE),
        ({"told_within_hours": 2}, {"told_within_hours": 240}, 3 * HOUR, TOLD),
        ({}, {"told_within_hours": 1}, 2 * HOUR, LATE),
        ({}, {"priority": "urgent"}, 72 * HOUR, LATE),
        ({}, {}, -HOUR, TOLD),
    ],
)
async def test_news_is_told_while_it_is_news(
    admin: Any, database: Database, section: dict[str, Any], template: dict[str, Any], age: timedelta,
    expected: set[str],
) -> None:  # fmt: skip
    """Two days unless the section or the template says otherwise; then no channel says anything."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    programme = make_programme(make_messages(make_template(**template), **section))
    await hear(database, programme, member_id, age)
    assert await said(database, member_id) == expected
    assert await admin.fetchval("SELECT count(*) FROM push_send") == (1 if expected == TOLD else 0)
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == (1 if expected == TOLD else 0)


async def test_what_a_rule_sends_by_name_has_no_age(admin: Any, database: Database) -> None:
    """The control: campaigns and journeys decide themselves when they speak."""
    member_id = await make_member(admin)
    await make_device(database, member_id, "token-phone-1")
    asked = MessageAsked(member_id=member_id, template="points-earned", source_id=new_id())
    async with database.transaction() as tx:
        await commands.send(tx, make_programme(), asked, Moment(NOON))
    assert await said(database, member_id) == TOLD
