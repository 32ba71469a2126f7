"""What the feed does when something happened elsewhere: what an erased member looked at goes."""

from uuid import UUID

from fedele.db.database import Database
from fedele.domains.feed import commands
from fedele.domains.members.events import MemberErased
from fedele.jobs.types import Handler


def handlers(database: Database) -> tuple[Handler, ...]:
    """The feed's handlers, for bootstrap's list."""

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return (Handler("feed.forget_member", MemberErased, forget),)
