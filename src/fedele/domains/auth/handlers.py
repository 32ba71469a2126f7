"""What auth does when others announce."""

from uuid import UUID

from fedele.db.database import Database
from fedele.domains.auth.commands.sessions import forget_sessions
from fedele.domains.members.events import MemberErased
from fedele.jobs.types import Handler


def handlers(database: Database) -> tuple[Handler, ...]:
    """All of them, for `bootstrap`."""
    return (forget_erased_members(database),)


def forget_erased_members(database: Database) -> Handler:
    """Delete the sessions of a member who was erased."""

    async def run(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await forget_sessions(tx, event.member_id)

    return Handler(name="auth.forget_erased_members", event=MemberErased, run=run)
