"""Erasure: findings about words and what staff wrote go; that a case was and what was given stays, and names nobody."""

from fedele.db.database import Transaction
from fedele.kernel.ids import MemberId


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete everything personal of an erased member. Repeating it changes nothing."""
    await tx.execute("DELETE FROM text_reading WHERE member_id = $1", member_id)
    await tx.execute("DELETE FROM support_case_note WHERE member_id = $1", member_id)
    await tx.execute("UPDATE support_case SET evidence = '{}' WHERE member_id = $1 AND evidence <> '{}'", member_id)
