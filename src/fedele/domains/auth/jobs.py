"""What auth does by the clock."""

from datetime import timedelta

from fedele.db.database import Database
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

SWEEP_SECONDS = 600
KEPT_AFTER_EXPIRY = timedelta(hours=1)


def schedules(database: Database) -> tuple[Schedule, ...]:
    """All of them, for `bootstrap`."""
    return (sweep(database),)


def sweep(database: Database) -> Schedule:
    """Delete codes and sessions that expired, and counters that have drained."""

    async def run(moment: Moment) -> None:
        before = moment.now - KEPT_AFTER_EXPIRY
        async with database.transaction() as tx:
            await tx.execute("DELETE FROM otp_challenge WHERE expires_at < $1", before)
            await tx.execute("DELETE FROM refresh_family WHERE expires_at < $1", before)
            await tx.execute("DELETE FROM rate_limit WHERE drains_at < $1", before)

    return Schedule(name="auth.sweep", every_seconds=SWEEP_SECONDS, run=run)
