"""Forgetting a member without breaking the totals."""

from fedele.db.database import Transaction
from fedele.domains.members import events
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.members.types import MemberStatus
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def erase(tx: Transaction, member_id: MemberId, moment: Moment) -> bool:
    """Delete the member's personal data for good; False when it already was. Ledger totals stay as they are.

    Profile, contacts and identities are deleted, card codes revoked and cleared, consents withdrawn; the consent
    history stays, under a number that leads to nobody. Rooms above delete theirs on MemberErased. Raises
    MemberNotFound.
    """
    await tx.lock_member(member_id)
    status = await tx.fetch_value("SELECT status FROM member WHERE member_id = $1", member_id)
    if status is None:
        raise MemberNotFound()
    if status == MemberStatus.ERASED.value:
        return False
    for table in ("member_profile", "member_contact", "member_identity", "member_consent"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)
    await tx.execute(
        """
        UPDATE card_code SET revoked_at = $2, revoked_because = 'erased', code = NULL
        WHERE member_id = $1 AND revoked_at IS NULL
        """,
        member_id, moment.now,
    )  # fmt: skip
    await tx.execute(
        "UPDATE member SET status = 'erased', source = 'erased', erased_at = $2 WHERE member_id = $1",
        member_id, moment.now,
    )  # fmt: skip
    await tx.publish(events.MemberErased(member_id=member_id, occurred_at=moment.now))
    return True
