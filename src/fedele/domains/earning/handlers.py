"""What earning does when something happened elsewhere: lots follow the tier, and spending may keep them alive."""

from collections.abc import Callable
from uuid import UUID

from fedele.db.database import Database, Transaction
from fedele.domains.earning.commands import follow_tier
from fedele.domains.earning.expiry import activity_moves
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.events import PointsBurned
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.queries import status_of
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment


def handlers(database: Database, programmes: ProgrammeSource, clock: Callable[[], Moment]) -> tuple[Handler, ...]:
    """Earning's handlers, for bootstrap's list."""

    async def follow(event: TierChanged, outbox_id: UUID) -> None:
        moment = clock()
        programme = await programmes.at(moment.now)
        async with database.transaction() as tx:
            await follow_tier(tx, programme, event.member_id, moment)

    async def keep_alive(event: PointsBurned, outbox_id: UUID) -> None:
        # A purchase paid with units moved them already; this is for rewards and all that is spent elsewhere.
        moment = clock()
        programme = await programmes.at(event.occurred_at)
        if not burning_is_activity(programme):
            return
        async with database.transaction() as tx:
            await _keep_alive(tx, programme, event, moment)

    return (
        Handler("earning.follow_tier", TierChanged, follow),
        Handler("earning.keep_alive", PointsBurned, keep_alive),
    )


def burning_is_activity(programme: Programme) -> bool:
    """Whether spending moves any expiry of this programme."""
    return any(
        "burn" in getattr(expiry, "activity", ())
        for currency in programme.section(Currencies)
        for expiry in (currency.expiry, *currency.expiry_by_tier.values())
    )


async def _keep_alive(tx: Transaction, programme: Programme, event: PointsBurned, moment: Moment) -> None:
    await tx.lock_member(event.member_id)
    status = await status_of(tx, programme, event.member_id, Moment(event.occurred_at))
    moves = activity_moves(
        programme.section(Currencies),
        status.current if status else None,
        {"burn"},
        event.occurred_at,
        programme.section(ProgrammeConfig).time_zone,
        f"burn:{event.transaction_id}",
        {"transaction_id": str(event.transaction_id)},
    )
    if moves:
        await post(tx, event.member_id, moves, moment)
