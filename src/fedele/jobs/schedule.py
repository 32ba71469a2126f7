"""Time-driven work: each Schedule has a row that says when it is next due; claiming it is one UPDATE."""

from collections.abc import Iterable

import structlog

from fedele.db.database import DATABASE_LOST, Database
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import Refusal

log = structlog.get_logger(__name__)

CLAIM = """
INSERT INTO schedule (name, next_run_at) VALUES ($1, $2::timestamptz + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET next_run_at = excluded.next_run_at WHERE schedule.next_run_at <= $2
RETURNING name
"""


async def run_due(database: Database, schedules: Iterable[Schedule], moment: Moment) -> list[str]:
    """Run what is due at this moment and nobody else has claimed; answers the names that ran.

    A schedule that fails is logged and tried again when next due: its work must be restartable in the middle.
    """
    ran = []
    for schedule in schedules:
        async with database.transaction() as tx:
            claimed = await tx.fetch_value(CLAIM, schedule.name, moment.now, schedule.every_seconds)
        if claimed is None:
            continue
        try:
            await schedule.run(moment)
            ran.append(schedule.name)
        except DATABASE_LOST as error:  # an outage is one line, and the next round tries again
            log.warning("schedule_waits_for_database", schedule=schedule.name, error=str(error))
        except Refusal as refusal:  # a state of the programme, no bug: none is in force yet
            log.warning("schedule_refused", schedule=schedule.name, code=refusal.code, reason=str(refusal))
        except Exception:
            log.exception("schedule_failed", schedule=schedule.name)
    return ran
