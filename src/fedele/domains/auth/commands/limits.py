"""Counting attempts in PostgreSQL, so that all processes count together."""

from fedele.db.database import Database
from fedele.domains.auth.errors import RateLimited
from fedele.domains.members.types import Peppers
from fedele.kernel.clock import Moment


async def take(
    database: Database, peppers: Peppers, bucket: str, subject: str, *,
    burst: int, seconds: int, moment: Moment,
) -> None:  # fmt: skip
    """Take one from the bucket of this subject, which holds `burst` and drains wholly in `seconds`.

    Commits by itself: what follows may be refused and rolled back, the attempt still counts. The subject (an address, a
    client) is stored as a keyed digest. Raises RateLimited with `retry_after_seconds`.
    """
    digest = peppers.mac("limit", f"{bucket}\0{subject}")
    async with database.transaction() as tx:
        wait = await tx.fetch_value("SELECT rate_limit_take_v1($1, $2, $3, $4)", digest, burst, seconds, moment.now)
    if wait:
        raise RateLimited(retry_after_seconds=wait)
