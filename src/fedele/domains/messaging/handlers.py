"""What messaging does when something was announced, and by the clock.

A room above has its events spoken by a function from event and programme to the values that words may name; bootstrap
lists (event, function), and the programme's templates say for which kinds there are words.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.ledger import events as ledger
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands
from fedele.domains.messaging.delivery import Clock, Delivery, ProgrammeAt
from fedele.domains.messaging.events import MessageQueued
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event

DUE_EVERY_SECONDS = 2.0
E = TypeVar("E", bound=Event)
Spoken: TypeAlias = tuple[type[Any], Callable[[Any, Programme], Mapping[str, Value] | None]]

LEDGER_EVENTS: tuple[type[ledger.LedgerEvent], ...] = (
    ledger.PointsEarned,
    ledger.PointsSettled,
    ledger.PointsBurned,
    ledger.PointsRestored,
    ledger.PointsClawedBack,
    ledger.PointsExpired,
    ledger.PointsAdjusted,
)


def handlers(delivery: Delivery, spoken: Sequence[Spoken] = ()) -> tuple[Handler, ...]:
    """Everything messaging listens to; `spoken` are the events of rooms above that members may hear of."""
    database, programme_at, clock = delivery.database, delivery.programme_at, delivery.clock
    return (
        *(announcing(kind, ledger_values, database, programme_at, clock) for kind in LEDGER_EVENTS),
        *(announcing(kind, values_of, database, programme_at, clock) for kind, values_of in spoken),
        Handler("messaging.send_pushes", MessageQueued, _sending(delivery)),
        Handler("messaging.forget_member", MemberErased, _forgetting(database)),
    )


def schedules(delivery: Delivery) -> tuple[Schedule, ...]:
    """Pushes that were put off, asked to wait, or left behind by a worker that died."""

    async def send_due(moment: Moment) -> None:
        await delivery.send_due()

    return (Schedule("messaging.send_due_pushes", DUE_EVERY_SECONDS, send_due),)


def announcing(
    event_type: type[E],
    values_of: Callable[[E, Programme], Mapping[str, Value] | None],
    database: Database,
    programme_at: ProgrammeAt,
    clock: Clock,
) -> Handler:
    """A handler that tells the member of events of this kind, in the programme's words for it if it has any.

    `values_of(event, programme)` gives what the words may name, or None where there is nothing to tell.
    """

    async def announce(event: E, outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        values = values_of(event, programme)
        if values is None:
            return
        async with database.transaction() as tx:
            await commands.announce(tx, programme, event.member_id, event_type.kind, values, outbox_id, moment)

    return Handler(f"messaging.announce_{event_type.kind.replace('.', '_')}", event_type, announce)


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

    return send


def _forgetting(database: Database) -> Callable[[MemberErased, UUID], Awaitable[None]]:
    async def forget(event: MemberErased, outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return forget
