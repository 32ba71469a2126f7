"""What messaging does when something was announced, and by the clock.

What the ledger announces is told here; a room above has its own events told by `commands.announcing` in its handlers.
"""

import contextlib
from collections.abc import Awaitable, Callable
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.ledger import events as ledger
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.events import MessageQueued
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment

DUE_EVERY_SECONDS = 2.0
CAMPAIGNS_EVERY_SECONDS = 2.0

LEDGER_EVENTS: tuple[type[ledger.LedgerEvent], ...] = (
    ledger.PointsEarned,
    ledger.PointsSettled,
    ledger.PointsBurned,
    ledger.PointsRestored,
    ledger.PointsClawedBack,
    ledger.PointsExpired,
    ledger.PointsAdjusted,
)


def handlers(delivery: Delivery) -> tuple[Handler, ...]:
    """Everything messaging listens to."""
    database, programme_at, clock = delivery.database, delivery.programme_at, delivery.clock
    return (
        *(commands.announcing(kind, ledger_values, database, programme_at, clock) for kind in LEDGER_EVENTS),
        Handler("messaging.send_pushes", MessageQueued, _sending(delivery)),
        Handler("messaging.forget_member", MemberErased, _forgetting(database)),
    )


def schedules(delivery: Delivery) -> tuple[Schedule, ...]:
    """Pushes and letters that were put off, asked to wait, or left behind by a worker that died."""

    async def send_due(moment: Moment) -> None:
        await delivery.send_due()

    async def send_letters_due(moment: Moment) -> None:
        await delivery.send_letters_due()

    async def campaigns(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment: nothing to send yet
            await commands.run_campaigns(delivery.database, delivery.programme_at, moment)

    return (
        Schedule("messaging.run_campaigns", CAMPAIGNS_EVERY_SECONDS, campaigns),
        Schedule("messaging.send_due_pushes", DUE_EVERY_SECONDS, send_due),
        Schedule("messaging.send_due_letters", DUE_EVERY_SECONDS, send_letters_due),
    )


def ledger_values(event: ledger.LedgerEvent, programme: Programme) -> dict[str, Value]:
    """`{amount}` and `{balance}`: what moved, without its sign, and what the member can spend after it."""
    return {
        "amount": AmountValue(event.currency, abs(event.units)),
        "balance": AmountValue(event.currency, event.spendable),
        "transaction": str(event.transaction_id),
    }


def _sending(delivery: Delivery) -> Callable[[MessageQueued, UUID], Awaitable[None]]:
    async def send(event: MessageQueued, outbox_id: UUID) -> None:
        # Waiting for a Retry-After or the end of quiet hours is not this job's: the schedule picks those up.
        if event.pushes_count:
            await delivery.send_due()
        if event.letters_count:
            await delivery.send_letters_due()

    return send


def _forgetting(database: Database) -> Callable[[MemberErased, UUID], Awaitable[None]]:
    async def forget(event: MemberErased, outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return forget
