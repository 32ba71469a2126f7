"""What fraud hears: every sale and return, after it was settled; and that a member was erased."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import structlog

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded, PurchaseReturned
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import PurchaseId
from fedele.domains.fraud import commands
from fedele.domains.fraud.config import FraudConfig
from fedele.domains.fraud.events import FraudSuspected
from fedele.domains.members.events import MemberErased
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment

ProgrammeAt: TypeAlias = Callable[[datetime], Awaitable[Programme]]
Clock: TypeAlias = Callable[[], Moment]

DAY_SECONDS = 24 * 3600
log = structlog.get_logger("fedele.fraud")


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Fraud's handlers, for bootstrap's list."""

    async def inspect_purchase(event: PurchaseRecorded, _outbox_id: UUID) -> None:
        """Judge a sale."""
        programme = await programme_at(event.occurred_at)
        if not programme.section(FraudConfig).root:
            return
        async with database.transaction() as tx:
            sold = await find_purchase(tx, event.member_id, PurchaseId(event.purchase_id))
            if sold is not None:
                await commands.inspect_purchase(
                    tx, programme, event.member_id, sold.id, sold.occurred_at, sold.store_id, sold.attributes, clock()
                )

    async def inspect_return(event: PurchaseReturned, _outbox_id: UUID) -> None:
        """Judge a return."""
        programme = await programme_at(event.occurred_at)
        if not programme.section(FraudConfig).root:
            return
        async with database.transaction() as tx:
            await commands.inspect_return(tx, programme, event.member_id, event.return_id, event.occurred_at, clock())

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        """Clear the words about an erased member, and what their cards were recognised by."""
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    async def tell(event: FraudSuspected, _outbox_id: UUID) -> None:
        """A line for whoever watches the logs."""
        log.warning("fraud_suspected", case=str(event.case_id), rule=event.rule, blocks=event.blocks)

    return (
        Handler("fraud.inspect_purchase", PurchaseRecorded, inspect_purchase),
        Handler("fraud.inspect_return", PurchaseReturned, inspect_return),
        Handler("fraud.tell", FraudSuspected, tell),
        Handler("fraud.forget_member", MemberErased, forget),
    )


def schedules(database: Database) -> tuple[Schedule, ...]:
    """Old sightings are forgotten once a day."""

    async def trim(moment: Moment) -> None:
        async with database.transaction() as tx:
            await commands.trim_sightings(tx, moment)

    return (Schedule("fraud.trim_sightings", DAY_SECONDS, trim),)
