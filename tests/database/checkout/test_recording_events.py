"""Events that members live through earn once, under the rules of their own time."""

import asyncio
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.earning.queries import explain_source, explain_transaction
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.errors import MemberNotFound
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, KeyReused
from tests.factories.members import enrolled
from tests.factories.till import at, open_till


async def test_a_long_ride_earns_once_under_twenty_concurrent_retries(database: Database, admin: Any) -> None:
    """The Voucherify check: "ride > 60 min" credits 50 points once, and every retry hears the same."""
    till, member_id = await open_till(database), await enrolled(database)
    ride = [commands.record_event(till, member_id, "ride", {"minutes": 61}, "ride-1", at()) for _ in range(20)]
    replies = await asyncio.gather(*ride)
    assert all(reply == replies[0] for reply in replies)
    assert replies[0].spendable == {"points": 50}
    assert await admin.fetchval("SELECT count(*) FROM activity_event") == 1


async def test_a_short_ride_is_recorded_and_explained_but_earns_nothing(database: Database) -> None:
    """What does not earn is still known, with the condition that failed and the value it saw."""
    till, member_id = await open_till(database), await enrolled(database)
    properties = {"minutes": 60, "from": "the home of Anna"}
    recorded = await commands.record_event(till, member_id, "ride", properties, "ride-2", at())
    assert recorded.awards == ()
    (told,) = await explain_source(database.reader, member_id, recorded.event_id)
    assert (told.rule, told.outcome) == ("ride", "condition")
    assert told.details["condition"] == "event.properties.minutes > 60"
    assert told.details["values"] == {"event.properties": {"minutes": 60}}  # words may be personal and are not kept


async def test_every_credit_can_be_explained(database: Database, admin: Any) -> None:
    """From the ledger's transaction back to the rule, the units and the version of the programme."""
    till, member_id = await open_till(database), await enrolled(database)
    recorded = await commands.record_event(till, member_id, "ride", {"minutes": 90}, "ride-3", at())
    transaction_id = await admin.fetchval("SELECT ledger_transaction_id FROM award")
    (explained,) = await explain_transaction(database.reader, member_id, transaction_id)
    assert (explained.award.rule, explained.award.units) == ("ride", 50)
    assert explained.award.programme_version == recorded.programme_version
    assert [told.outcome for told in explained.trace] == ["awarded"]


async def test_an_award_of_a_lifetime_is_given_once_whatever_the_keys(database: Database) -> None:
    """Ten concurrent sign-ups under ten keys give the welcome points once."""
    till, member_id = await open_till(database), await enrolled(database)
    await asyncio.gather(*(commands.record_event(till, member_id, "signup", {}, f"k{n}", at()) for n in range(10)))
    (balance,) = (await balances_by_member(database.reader, [member_id], at(1).now))[member_id]
    assert balance.available == 100


async def test_bad_events_write_nothing(database: Database, admin: Any) -> None:
    """A stranger, a name that is none, and a key used for something else are refused."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.record_event(till, member_id, "ride", {"minutes": 1}, "k", at())
    with pytest.raises(KeyReused):
        await commands.record_event(till, member_id, "ride", {"minutes": 2}, "k", at())
    with pytest.raises(InvalidInput):
        await commands.record_event(till, member_id, "Ride!", {}, "k2", at())
    with pytest.raises(MemberNotFound):
        await commands.record_event(till, MemberId(new_id()), "ride", {}, "k3", at())
    assert await admin.fetchval("SELECT count(*) FROM activity_event") == 1
    assert await admin.fetchval("SELECT count(*) FROM request") == 1
