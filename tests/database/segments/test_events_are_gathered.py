"""Many events at once: few statements make their members' facts, and no job ends before its member is followed."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from fedele.db.database import Database, counting
from fedele.domains.members.events import ProfileChanged
from fedele.domains.programme.types import Programme
from fedele.domains.segments.handlers import handlers
from fedele.jobs.types import Handler
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import enrolled
from tests.factories.segments import Neighbourhood, neighbourhood

MEMBERS = 25


@pytest.fixture
async def street(database: Database) -> Neighbourhood:
    """Segments that were looked at once."""
    made = await neighbourhood(database)
    await made.refreshes()
    return made


def handler_of(street: Neighbourhood, programme_at: Any = None) -> Handler:
    """The handler that hears of profiles."""
    heard = handlers(
        street.database, programme_at or street.till.programmes.at, lambda: street.moment, (ProfileChanged,)
    )
    return next(handler for handler in heard if handler.event is ProfileChanged)


def changed(street: Neighbourhood, member_id: MemberId) -> ProfileChanged:
    """A profile changed."""
    return ProfileChanged(member_id=member_id, occurred_at=street.now, fields=("locale",))


async def kept(street: Neighbourhood) -> set[MemberId]:
    """Whose facts there are."""
    return {row["member_id"] for row in await street.database.reader.fetch("SELECT member_id FROM member_facts")}


async def test_events_that_come_together_are_followed_together(street: Neighbourhood) -> None:
    """Twenty-five members, each told of four times: a few statements make all their facts."""
    members = [await enrolled(street.database) for _ in range(MEMBERS)]
    handler = handler_of(street)
    with counting() as statements:
        await asyncio.gather(*(handler.run(changed(street, one), new_id()) for one in members * 4))
    assert await kept(street) == set(members)
    assert sum("INSERT INTO member_facts" in sql for sql in statements) <= 3


async def test_no_job_succeeds_whose_statement_failed(street: Neighbourhood) -> None:
    """The database fails once: every waiting job fails with it and is tried again by the queue; nobody is forgotten."""
    members = [await enrolled(street.database) for _ in range(MEMBERS)]
    programme = await street.programme()
    asked = 0

    async def fails_once(_at: datetime) -> Programme:
        nonlocal asked
        asked += 1
        if asked == MEMBERS + 1:  # each handler asks whether there are segments; then the first one follows
            raise ConnectionError("the database is away")
        return programme

    handler = handler_of(street, fails_once)
    done = await asyncio.gather(
        *(handler.run(changed(street, one), new_id()) for one in members), return_exceptions=True
    )
    failed = {one for one, outcome in zip(members, done, strict=True) if isinstance(outcome, ConnectionError)}
    assert failed, "the fault was not seen"
    assert set(members) - failed == await kept(street), "who did not fail was followed, and nobody else"
    await asyncio.gather(*(handler.run(changed(street, one), new_id()) for one in failed))
    assert await kept(street) == set(members)
