"""What surveys do when something happened elsewhere: an erased member's answers go."""

from uuid import UUID

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.surveys import commands
from fedele.jobs.types import Handler


def handlers(database: Database) -> tuple[Handler, ...]:
    """Surveys' handlers, for bootstrap's list."""

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    return (Handler("surveys.forget_member", MemberErased, forget),)
