"""A refund that the provider declines: asked again each day, given up after a month, and then told to people."""

from datetime import timedelta

import structlog

from fedele.db.database import Database
from fedele.domains.memberships import queries
from fedele.kernel.money import Money
from tests.factories.members import enrolled
from tests.factories.memberships import at, open_shop


async def test_a_refund_is_given_up_after_a_month_and_staff_are_told_once(database: Database) -> None:
    """Asked each day for thirty days, then never again; its last state says so, and one line of the log."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    shop.payments.refund_declines = 1_000
    with structlog.testing.capture_logs() as lines:
        told = await shop.cancels(member_id, "club", at(1))
        for day in range(2, 45):
            await shop.runs(at(day))
    payments = [paid for paid in await queries.list_payments(database.reader, member_id) if paid.kind == "refund"]
    assert told.refund == Money(payments[0].amount_minor, "USD")
    assert [paid.state for paid in payments] == ["given_up", *["declined"] * 30]
    assert (payments[0].problem, payments[0].requested_at) == ("account_closed", at(1).now)
    finished = payments[0].finished_at
    assert finished is not None
    assert finished - payments[0].requested_at == timedelta(days=30)
    assert await queries.due_payments(database.reader, at(1_000).now, 10) == []
    assert [line["payment"] for line in lines if line["event"] == "membership_refund_given_up"] == [str(payments[0].id)]


async def test_a_refund_that_the_provider_takes_in_the_end_is_made_once(database: Database) -> None:
    """Declined for three weeks, then taken: the money went back once, and nothing is given up."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    shop.payments.refund_declines = 21
    told = await shop.cancels(member_id, "club", at(1))
    for day in range(2, 45):
        await shop.runs(at(day))
    states = [paid.state for paid in await queries.list_payments(database.reader, member_id) if paid.kind == "refund"]
    assert states == ["succeeded", *["declined"] * 21]
    assert shop.payments.balance_minor == 1_000 - told.refund.minor
