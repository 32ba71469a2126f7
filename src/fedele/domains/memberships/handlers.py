"""What memberships do when something was announced."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded
from fedele.domains.members.events import MemberErased
from fedele.domains.memberships import commands, queries
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.events import (
    MembershipEnded,
    MembershipEvent,
    MembershipRenewed,
    MembershipStarted,
    PaymentFailed,
    PaymentRequested,
)
from fedele.domains.memberships.ports import PaymentProvider, PaymentUnknown
from fedele.domains.memberships.types import PaymentId
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock
from fedele.domains.messaging.types import Value
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler
from fedele.kernel.event import Event

TOLD: tuple[type[MembershipEvent], ...] = (MembershipStarted, MembershipRenewed, MembershipEnded, PaymentFailed)


def handlers(
    database: Database, programmes: ProgrammeSource, provider: PaymentProvider, clock: Clock
) -> tuple[Handler, ...]:
    """Memberships' handlers, for bootstrap's list."""

    async def pay(event: PaymentRequested, _outbox_id: UUID) -> None:
        with contextlib.suppress(PaymentUnknown):  # the clock asks again, with the same key
            await commands.pay(database, programmes, provider, event.member_id, PaymentId(event.payment_id), clock())

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programmes.at(moment.now)
        async with database.transaction() as tx:
            await commands.forget_member(tx, programme, event.member_id, moment)

    return (
        Handler("memberships.pay", PaymentRequested, pay),
        Handler("memberships.forget_member", MemberErased, forget),
        Handler("memberships.used_by_purchase", PurchaseRecorded, _using(database, programmes)),
        Handler("memberships.used_by_event", ActivityRecorded, _using(database, programmes)),
        *(messaging.announcing(kind, told_of_membership, database, programmes.at, clock) for kind in TOLD),
    )


def told_of_membership(event: MembershipEvent, programme: Programme) -> Mapping[str, Value] | None:
    """`{membership}` for the programme's words. None for one that the programme no longer has."""
    membership = programme.section(MembershipsConfig).find(event.membership)
    return {"membership": membership.name} if membership else None


def _using(database: Database, programmes: ProgrammeSource) -> Callable[[Event, UUID], Awaitable[None]]:
    """Note the use of every membership that this kind of activity counts for, in the term of its own time."""

    async def use(event: Event, _outbox_id: UUID) -> None:
        name = event.name if isinstance(event, ActivityRecorded) else "purchase"
        programme = await programmes.at(event.occurred_at)
        keys = {held.key for held in programme.section(MembershipsConfig) if name in held.used_by}
        if not keys:
            return
        async with database.transaction() as tx:
            for key in keys & set(await queries.active_keys(tx, event.member_id, event.occurred_at)):
                await commands.use_benefit(tx, event.member_id, key, event.occurred_at)

    return use
