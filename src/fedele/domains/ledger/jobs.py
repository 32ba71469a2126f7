"""Work of the clock: pending lots that are due become available. What expires is swept by the day's close."""

from fedele.db.database import Database
from fedele.domains.ledger import commands, queries
from fedele.domains.ledger.types import DueMember
from fedele.jobs.alone import each_alone
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

BATCH_COUNT = 5000  # each page looks at all that is due, so a midnight with a million lots wants few pages


def settle(database: Database, every_seconds: float = 60.0) -> Schedule:
    """Make pending units available that are due, whatever the hour; what has expired is swept by the day's close.

    Settling is the close's first step, too: to be early here is never out of order.
    """

    async def run(moment: Moment) -> None:
        await settle_due(database, moment)

    return Schedule("ledger.settle", every_seconds, run)


async def settle_due(database: Database, moment: Moment) -> int:
    """Settle for everybody who has something due, member by member, each in a transaction; how many were touched."""

    async def settle_one(member: DueMember) -> None:
        async with database.transaction() as tx:
            await commands.settle_pending(tx, member.member_id, member.currency, moment)

    count = 0
    after: DueMember | None = None
    while due := await queries.list_due(database.reader, moment.now, BATCH_COUNT, after):
        count += await each_alone("ledger.settle", due, settle_one)
        after = due[-1]
    return count


def checkpoint(database: Database, every_seconds: float = 6 * 3600.0) -> Schedule:
    """Fold older entries into the programme's checkpoint, so that its totals stay a short sum."""

    async def run(_moment: Moment) -> None:
        # The server's clock, not the moment's: entry ids carry it, and two hours are longer than any transaction lives.
        async with database.transaction() as tx:
            await tx.fetch_value("SELECT ledger_checkpoint_v1(clock_timestamp() - interval '2 hours')")

    return Schedule("ledger.checkpoint", every_seconds, run)
