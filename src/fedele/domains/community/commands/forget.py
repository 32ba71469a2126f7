"""Erasure: pictures and words go; stars, votes and places stay as figures, and name nobody."""

from fedele.db.database import Transaction
from fedele.kernel.ids import MemberId


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete everything personal of an erased member. Repeating it changes nothing."""
    await tx.execute(
        "UPDATE review SET body = NULL, picture_id = NULL, locale = NULL, reason = NULL WHERE member_id = $1",
        member_id,
    )
    await tx.execute(
        "UPDATE contest_entry SET caption = NULL, picture_id = NULL, reason = NULL WHERE member_id = $1", member_id
    )
    await tx.execute("DELETE FROM member_picture WHERE member_id = $1", member_id)
