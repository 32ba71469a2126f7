"""Counting what a member did before, or while, they joined."""

from datetime import datetime, timedelta

from fedele.db.database import Database
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.challenges import queries
from fedele.domains.challenges.commands.count import count_event, count_purchase
from fedele.domains.challenges.commands.source import countables
from fedele.domains.challenges.types import CountableKind
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

REACH = timedelta(days=400)  # how far back `counts_from: start` looks


async def catch_up(
    database: Database,
    programme: Programme,
    member_id: MemberId,
    named: tuple[CountableKind, str],
    joined_at: datetime,
    moment: Moment,
) -> None:
    """Count what the member did since they joined (a sale may have been counted while they did), or within the last
    400 days where the challenge counts from its start. A transaction a purchase; again: nothing changes.
    """
    what = countables(programme).get(named)
    if what is None:
        return
    since = joined_at - REACH if what.counts_from == "start" else joined_at
    for source_kind, source_id in await queries.sources_since(database.reader, member_id, since):
        async with database.transaction() as tx:
            if source_kind == "purchase":
                await count_purchase(tx, programme, member_id, PurchaseId(source_id), moment, only=(named,))
            else:
                await count_event(tx, programme, member_id, ActivityEventId(source_id), moment, only=(named,))
