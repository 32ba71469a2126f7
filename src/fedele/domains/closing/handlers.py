"""What follows from the close's events."""

from fedele.db.database import Database
from fedele.domains.closing.announcing import told_of_expiry
from fedele.domains.closing.events import ExpiryAnnounced
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.jobs.types import Handler


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """The close's handlers, for bootstrap's list."""
    return (messaging.announcing(ExpiryAnnounced, told_of_expiry, database, programme_at, clock),)
