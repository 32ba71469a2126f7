"""What people decide about a journey: pausing and resuming it; and what follows from a new version and from erasure."""

from fedele.db.database import Transaction
from fedele.domains.journeys.config import JourneysConfig
from fedele.domains.journeys.errors import JourneyNotFound
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def pause_journey(
    tx: Transaction, programme: Programme, journey_key: str, actor: str, reason: str, moment: Moment
) -> None:
    """Nobody enters it and nobody in it moves until it is resumed; pausing it again changes nothing.

    What would have brought somebody in meanwhile is not made up for. Waits go on being measured, so that who is due
    when it is resumed goes on at once. Raises JourneyNotFound.
    """
    await _must_exist(tx, programme, journey_key)
    await tx.execute(
        """
        INSERT INTO journey_pause (journey_key, paused_at, actor, reason) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        journey_key, moment.now, actor, reason,
    )  # fmt: skip


async def resume_journey(tx: Transaction, programme: Programme, journey_key: str, moment: Moment) -> int:
    """Let it go on, and let members try again whose step was held; how many those were. Raises JourneyNotFound."""
    await _must_exist(tx, programme, journey_key)
    await tx.execute("DELETE FROM journey_pause WHERE journey_key = $1", journey_key)
    rows = await tx.fetch(
        """
        UPDATE journey_run SET state = 'active', attempts = 0, next_due = $2, reason = NULL
         WHERE journey_key = $1 AND state = 'held' RETURNING run_id
        """,
        journey_key, moment.now,
    )  # fmt: skip
    return len(rows)


async def wake_changed(tx: Transaction, programme: Programme) -> int:
    """Let members who wait in a journey that moves with its versions look at the newest one; how many were woken.

    A wait that is not over in it goes on: waking costs a look and changes nothing by itself.
    """
    moving = [one.key for one in programme.section(JourneysConfig) if one.on_change.members == "move"]
    if not moving:
        return 0
    rows = await tx.fetch(
        """
        UPDATE journey_run SET next_due = least(next_due, entered_at)
         WHERE (member_id, run_id) IN (
               SELECT member_id, run_id FROM journey_run
                WHERE journey_key = ANY($1::text[]) AND state = 'active' AND seen_version < $2 AND next_due > entered_at
                LIMIT 5000 FOR UPDATE SKIP LOCKED)
        RETURNING run_id
        """,
        moving, programme.version,
    )  # fmt: skip
    return len(rows)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete where an erased member stood and what they did there."""
    await tx.execute("DELETE FROM journey_visit WHERE member_id = $1", member_id)
    await tx.execute("DELETE FROM journey_run WHERE member_id = $1", member_id)


async def _must_exist(tx: Transaction, programme: Programme, journey_key: str) -> None:
    if programme.section(JourneysConfig).find(journey_key) is not None:
        return
    if not await tx.fetch_value("SELECT EXISTS (SELECT FROM journey_run WHERE journey_key = $1)", journey_key):
        raise JourneyNotFound(journey=journey_key, field="journeyKey")
