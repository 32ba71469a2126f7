"""The codes a till scans: issued with the membership, replaced when a card is lost."""

from collections.abc import Sequence

from fedele.db.database import Transaction
from fedele.domains.members import card, events, queries
from fedele.domains.members.commands.hold import hold
from fedele.domains.members.types import CardCode, Revocation
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def replace_card_code(
    tx: Transaction, member_id: MemberId, moment: Moment, because: Revocation = "replaced"
) -> CardCode:
    """Revoke the member's codes, static and rotating, and issue others. Passes print them anew; the old are refused."""
    await hold(tx, member_id, must_be_active=True)
    await tx.execute(
        """
        UPDATE card_code SET revoked_at = $2, revoked_because = $3, code = NULL
        WHERE member_id = $1 AND revoked_at IS NULL
        """,
        member_id, moment.now, because,
    )  # fmt: skip
    await insert_cards(tx, [member_id], moment)
    await tx.publish(events.CardCodeReplaced(member_id=member_id, occurred_at=moment.now))
    code = await queries.find_card_code(tx, member_id)
    assert code is not None, "it was issued in this transaction"
    return code


async def insert_cards(tx: Transaction, member_ids: Sequence[MemberId], moment: Moment) -> None:
    """Issue a fresh static code, and the handle of rotating ones, to each of these members."""
    codes = [(member_id, "static", card.new_static_code()) for member_id in member_ids]
    codes += [(member_id, "rotating", card.new_handle()) for member_id in member_ids]
    await tx.execute_many(
        "INSERT INTO card_code (digest, member_id, kind, code, issued_at) VALUES ($1, $2, $3, $4, $5)",
        [(card.lookup_digest(code), member_id, kind, code, moment.now) for member_id, kind, code in codes],
    )
