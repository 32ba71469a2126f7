"""The community's work by the clock: contests whose time is over are decided, and the line is looked after."""

from fedele.db.database import Database
from fedele.domains.community import commands, queries
from fedele.domains.community.config import ContestsConfig
from fedele.domains.messaging.ports import ProgrammeAt
from fedele.domains.programme.config import ProgrammeConfig
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

QUARTER_SECONDS = 900.0
RULES = "rules"


def deciding_schedule(database: Database, programme_at: ProgrammeAt) -> Schedule:
    """Decides contests that are over and by lot or votes have winners; each once.

    One that entries still wait in for a moderator is not decided before a person says so, or has moderated them.
    """

    async def decide(moment: Moment) -> None:
        programme = await programme_at(moment.now)
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

    return Schedule("community.decide_contests", QUARTER_SECONDS, decide)
