"""What segments does when something happened: the members' facts are made again, many members in one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.members.events import MemberErased
from fedele.domains.programme.types import Programme
from fedele.domains.segments.commands import follow_members, forget_member, has_conditions
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId

ProgrammeAt: TypeAlias = Callable[[datetime], Awaitable[Programme]]
Clock: TypeAlias = Callable[[], Moment]


class Follower:
    """Gathers members while a statement runs, and follows all of them with the next one.

    A job ends when the statement that holds its member has committed: nothing is lost if the process dies before.
    """

    def __init__(self, database: Database, programme_at: ProgrammeAt, clock: Clock) -> None:
        self._database, self._programme_at, self._clock = database, programme_at, clock
        self._waiting: dict[MemberId, asyncio.Future[None]] = {}
        self._lock = asyncio.Lock()

    async def follow(self, event: Event, _outbox_id: UUID) -> None:
        """Wait until this member's facts and segments are as the event left them."""
        if not has_conditions(await self._programme_at(self._clock().now)):
            return
        done = self._waiting.setdefault(event.member_id, asyncio.get_running_loop().create_future())
        async with self._lock:
            if not done.done():
                await self._follow_all()
        await done

    async def _follow_all(self) -> None:
        """Follow whoever waits. Who comes from now on waits for the next statement: ours may not see their event."""
        waiting, self._waiting = self._waiting, {}
        try:
            moment = self._clock()
            programme = await self._programme_at(moment.now)
            async with self._database.transaction() as tx:
                await follow_members(tx, programme, sorted(waiting), moment)
        except BaseException as error:
            for future in waiting.values():
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
                    future.exception()  # read once, so that a waiter that is gone leaves no complaint
            raise
        for future in waiting.values():
            if not future.done():
                future.set_result(None)


def handlers(
    database: Database, programme_at: ProgrammeAt, clock: Clock, changing: Sequence[type[Event]]
) -> tuple[Handler, ...]:
    """Segments' handlers, for bootstrap's list. `changing`: the events after which a member's facts are others."""
    follower = Follower(database, programme_at, clock)

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await forget_member(tx, event.member_id)

    return (
        *(Handler(f"segments.after_{event.kind.replace('.', '_')}", event, follower.follow) for event in changing),
        Handler("segments.forget_member", MemberErased, forget),
    )
