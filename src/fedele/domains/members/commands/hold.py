"""The way every command begins: the member's lock, and a look at their status."""

from fedele.db.database import Transaction
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.members.types import MemberStatus
from fedele.kernel.ids import MemberId


async def hold(tx: Transaction, member_id: MemberId, *, must_be_active: bool = False) -> None:
    """Lock the member; refuse one that is unknown or erased (or a guest, who has no card)."""
    await tx.lock_member(member_id)
    status = await tx.fetch_value("SELECT status FROM member WHERE member_id = $1", member_id)
    if status == MemberStatus.ERASED.value:
        raise MemberErased()
    if status is None or (must_be_active and status != MemberStatus.ACTIVE.value):
        raise MemberNotFound()
