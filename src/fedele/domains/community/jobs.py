"""The community's work by the clock: contests that are over are decided, lines move, unused pictures go."""

import contextlib

from fedele.db.database import Database
from fedele.domains.community import commands, queries
from fedele.domains.community.config import ContestsConfig, GatheringsConfig
from fedele.domains.messaging.ports import ProgrammeAt
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

QUARTER_SECONDS = 900.0
SEATS_MAX = 100  # that a line moves by at once
RULES = "rules"


def deciding_schedule(database: Database, programme_at: ProgrammeAt) -> Schedule:
    """Decides contests that are over and by lot or votes have winners, each once; then lets lines move.

    A contest that entries still wait in for a moderator is not decided before a person says so, or has moderated them.
    A line moves when somebody leaves; here it moves because the programme has more seats now. Last, pictures that were
    sent and are shown nowhere go.
    """

    async def look(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment
            programme = await programme_at(moment.now)
            await decide_contests(database, programme, moment)
            await move_lines(database, programme, moment)
        await commands.forget_unused(database, moment)

    return Schedule("community.decide_contests", QUARTER_SECONDS, look)


async def decide_contests(database: Database, programme: Programme, moment: Moment) -> None:
    """Decide every contest that is over and was not decided."""
    zone = programme.section(ProgrammeConfig).time_zone
    over = [
        one.key
        for one in programme.section(ContestsConfig)
        if (decided_from := one.decided_from(zone)) is not None and moment.now >= decided_from
    ]
    decided = await queries.results_of(database.reader, over)
    for key in over:
        if key in decided or await queries.has_pending_entries(database.reader, key):
            continue
        async with database.transaction() as tx:
            await commands.decide_contest(tx, programme, key, RULES, moment)


async def move_lines(database: Database, programme: Programme, moment: Moment) -> None:
    """Let the line of every coming gathering move as far as there are seats."""
    for one in programme.section(GatheringsConfig):
        if moment.now < one.starts_at:
            await move_line(database, programme, one.key, moment)


async def move_line(database: Database, programme: Programme, key: str, moment: Moment) -> None:
    """Give seats to those who wait, the first first, until nobody waits or the first of them needs more than there are.

    A transaction each.
    """
    for _ in range(SEATS_MAX):
        async with database.transaction() as tx:
            first: MemberId | None = await commands.find_guest(tx, key)
            if first is None or not await commands.fill_seats(tx, programme, first, key, moment):
                return
