"""Jobs that failed too often and wait for the operator: which they are, and how they go on."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from fedele.db.database import Queryable, Transaction

_HELD = """
SELECT j.id, j.entrypoint, j.attempts, j.updated, last.reason
  FROM pgqueuer j
  LEFT JOIN LATERAL (
        SELECT l.traceback->>'exception_message' AS reason FROM pgqueuer_log l
         WHERE l.job_id = j.id AND l.traceback IS NOT NULL ORDER BY l.created DESC LIMIT 1
       ) last ON true
 WHERE j.status = 'failed' ORDER BY j.id LIMIT $1
"""

# The library's own words for it, with no list of ids to be built first.
_RELEASE = """
WITH released AS (
    UPDATE pgqueuer SET status = 'queued', attempts = 0, execute_after = now(), updated = now(), queue_manager_id = NULL
     WHERE status = 'failed' AND ($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR entrypoint = $2)
    RETURNING id, entrypoint, priority
), noted AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM released
)
SELECT count(*) FROM released
"""


@dataclasses.dataclass(frozen=True, slots=True)
class HeldJob:
    """`reason` is the kind of error and its place in the code, without its words (they may be somebody's address)."""

    id: int
    handler: str
    attempts: int
    held_at: datetime
    reason: str | None


async def list_held_jobs(db: Queryable, limit: int = 100) -> tuple[HeldJob, ...]:
    """The oldest held jobs."""
    rows = await db.fetch(_HELD, limit)
    return tuple(HeldJob(r["id"], r["entrypoint"], r["attempts"], r["updated"], r["reason"]) for r in rows)


async def release_held_jobs(tx: Transaction, ids: Sequence[int] | None = None, handler: str | None = None) -> int:
    """Queue held jobs again, with all their attempts before them; answers how many. None: every one of them."""
    released: int = await tx.fetch_value(_RELEASE, list(ids) if ids is not None else None, handler)
    return released


_RESUME = """
UPDATE pgqueuer SET status = 'queued', execute_after = now(), updated = now(), queue_manager_id = NULL
 WHERE status = 'failed' AND attempts < $1
"""


async def resume_unexhausted(tx: Transaction, attempts_max: int) -> None:
    """Queue again what is held although it has attempts left.

    The library holds a job when it could not write down that it is to be tried again: a full disk, a server that went
    away in that very moment. That is no verdict on the job, and nobody should have to come and release it.
    """
    await tx.execute(_RESUME, attempts_max)
