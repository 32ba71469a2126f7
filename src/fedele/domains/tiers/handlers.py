"""What follows from tiers' events."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import Value
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.commands import forget_member
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.queries import times_reached
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Tiers' handlers, for bootstrap's list."""
    return (
        Handler("messaging.announce_tiers_tier_changed", TierChanged, _telling(database, programme_at, clock)),
        Handler("tiers.forget_member", MemberErased, _forgetting(database)),
    )


def _forgetting(database: Database) -> Callable[[MemberErased, UUID], Awaitable[None]]:
    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await forget_member(tx, event.member_id)

    return forget


def _telling(
    database: Database, programme_at: ProgrammeAt, clock: Clock
) -> Callable[[TierChanged, UUID], Awaitable[None]]:
    """Tell of a tier reached, once a year for each: who falls by a return and rises again is not welcomed twice."""

    async def tell(event: TierChanged, outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        values = told_of_tier(event, programme)
        if values is None or event.to_tier is None:
            return
        async with database.transaction() as tx:
            if await times_reached(tx, event.member_id, event.to_tier, event.occurred_at) <= 1:
                await messaging.announce(
                    tx, programme, event.member_id, TierChanged.kind, values, outbox_id, moment,
                    happened_at=event.occurred_at,
                )  # fmt: skip

    return tell


def told_of_tier(event: TierChanged, programme: Programme) -> Mapping[str, Value] | None:
    """`{tier}` for a message about a tier reached. None for everybody's first tier and for one that was lost: a
    "welcome to" would be wrong there.
    """
    levels = programme.section(TiersConfig).levels
    ranks = {tier.key: rank for rank, tier in enumerate(levels)}
    reached = ranks.get(event.to_tier or "", 0)
    if reached <= ranks.get(event.from_tier or "", 0):
        return None
    return {"tier": levels[reached].name}
