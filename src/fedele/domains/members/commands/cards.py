"""The codes a till scans."""

from collections.abc import Sequence

from fedele.db.database import Transaction
from fedele.domains.members import card, events, queries
from fedele.domains.members.commands.hold import hold
from fedele.domains.members.types import (
    CardCode,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def replace_card_code(tx: Transaction, member_id: MemberId, moment: Moment) -> CardCode:
    """Revoke the member's static code (lost card, screenshot gone round) and issue another. Passes print it anew."""
    await hold(tx, member_id, must_be_active=True)
    await tx.execute(
        """
        UPDATE card_code SET revoked_at = $2, code = NULL
        WHERE member_id = $1 AND kind = 'static' AND revoked_at IS NULL
        """,
        member_id, moment.now,
    )  # fmt: skip
    await insert_cards(tx, [member_id], moment)
    await tx.publish(events.CardCodeReplaced(member_id=member_id, occurred_at=moment.now))
    code = await queries.find_card_code(tx, member_id)
    assert code is not None, "it was issued in this transaction"
    return code


async def ensure_rotating_code(tx: Transaction, member_id: MemberId, moment: Moment) -> str:
    """The rotating code of this moment; the first call makes the secret behind it."""
    await hold(tx, member_id, must_be_active=True)
    if code := await queries.find_rotating_code(tx, member_id, moment):
        return code
    handle, secret = card.new_handle(), card.new_secret()
    await tx.execute(
        """
        INSERT INTO card_code (digest, member_id, kind, code, secret, issued_at)
        VALUES ($1, $2, 'rotating', $3, $4, $5)
        """,
        card.lookup_digest(handle), member_id, handle, secret, moment.now,
    )  # fmt: skip
    return card.rotating_code(handle, secret, moment.now)


async def insert_cards(tx: Transaction, member_ids: Sequence[MemberId], moment: Moment) -> None:
    """Issue a fresh static code to each of these members."""
    codes = [card.new_static_code() for _ in member_ids]
    await tx.execute_many(
        "INSERT INTO card_code (digest, member_id, kind, code, issued_at) VALUES ($1, $2, 'static', $3, $4)",
        [
            (card.lookup_digest(code), member_id, code, moment.now)
            for code, member_id in zip(codes, member_ids, strict=True)
        ],
    )
