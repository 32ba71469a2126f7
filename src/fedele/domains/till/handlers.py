"""What the till does when something happened elsewhere: the erased are forgotten, a lost card takes its PIN along."""

from collections.abc import Callable
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.till.commands.holds import ProgrammeAt, release_hold
from fedele.domains.till.types import HoldId
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment


def handlers(database: Database, programme_at: ProgrammeAt, clock: Callable[[], Moment]) -> tuple[Handler, ...]:
    """The till's handlers, for bootstrap's list."""

    async def forget(event: MemberErased, outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        async with database.transaction() as tx:
            open_holds = await tx.fetch(
                "SELECT hold_id FROM till_hold WHERE member_id = $1 AND status = 'open'", event.member_id
            )
            for row in open_holds:
                await release_hold(tx, programme, event.member_id, HoldId(row["hold_id"]), moment)
            for table in ("member_pin", "spend_authorisation", "rotating_code_use"):
                await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", event.member_id)

    return (Handler("till.forget_member", MemberErased, forget),)
