"""Members for database tests."""

from datetime import UTC, datetime
from typing import Any

from pydantic import SecretBytes

from fedele.db.database import Database
from fedele.domains.members.commands import enrol
from fedele.domains.members.types import Identity, NewMember, Peppers
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

PEPPERS = Peppers(1, {1: SecretBytes(b"a pepper for tests only")})
JOINED_AT = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)


async def enrolled(database: Database, **given: Any) -> MemberId:
    """A member with an e-mail address nobody else has."""
    identity = Identity.parse("email", f"{new_id().hex}@example.org")
    new = NewMember(**{"identities": (identity,), "locale": "en-US", "time_zone": "Europe/Rome"} | given)
    async with database.transaction() as tx:
        return (await enrol(tx, new, PEPPERS, Moment(given.get("joined_at") or JOINED_AT))).member_id
