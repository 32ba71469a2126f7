"""A member's PIN."""

from pydantic import SecretStr

from fedele.db.database import Database, Transaction
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.till.config import TillConfig
from fedele.domains.till.pin import check_pin, hash_pin
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def set_pin(database: Database, config: TillConfig, member_id: MemberId, pin: SecretStr, moment: Moment) -> None:
    """Set the member's PIN, or another one in its place; wrong attempts and a lock are forgotten. Raises PinInvalid."""
    check_pin(pin, config.pin.length_min)
    hashed = await hash_pin(pin)
    async with database.transaction() as tx:
        await tx.lock_member(member_id)
        if await tx.fetch_value("SELECT status FROM member WHERE member_id = $1", member_id) != "active":
            raise MemberNotFound()
        await tx.execute(
            """
            INSERT INTO member_pin (member_id, hash, set_at) VALUES ($1, $2, $3)
            ON CONFLICT (member_id) DO UPDATE
               SET hash = excluded.hash, set_at = excluded.set_at, failures = 0, locked_until = NULL,
                   wrong_request = NULL, wrong_hash = NULL
            """,
            member_id, hashed, moment.now,
        )  # fmt: skip
        await tx.touch(member_id)


async def remove_pin(tx: Transaction, member_id: MemberId) -> None:
    """Forget the member's PIN, as a lost card asks for: whoever has the card may have seen it."""
    await tx.execute("DELETE FROM member_pin WHERE member_id = $1", member_id)
