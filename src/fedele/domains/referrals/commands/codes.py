"""A member's own code, and what two members are compared by."""

import secrets
from collections.abc import Collection

from fedele.db.database import Transaction
from fedele.domains.referrals import queries
from fedele.domains.referrals.types import Mark
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks alike
LENGTH = 8  # 39 bits: with ten wrong codes an hour nobody guesses one
TRIES_MAX = 20


async def issue_code(tx: Transaction, member_id: MemberId, moment: Moment) -> str:
    """The member's code; made when they have none. Repeating the call answers the same."""
    await tx.lock_member(member_id)
    if (code := await queries.find_code(tx, member_id)) is not None:
        return code
    code = await _free_code(tx, member_id)
    await tx.execute(
        "INSERT INTO referral_code (member_id, code, issued_at) VALUES ($1, $2, $3)", member_id, code, moment.now
    )
    await tx.touch(member_id)
    return code


def normalise(code: str) -> str:
    """A code as it is stored, however it was typed: "ab2c-d3ef" is "AB2CD3EF"."""
    return "".join(character for character in code.upper() if character.isalnum())


async def remember_marks(tx: Transaction, member_id: MemberId, marks: Collection[Mark], moment: Moment) -> None:
    """Keep digests of the member, to compare others with. Known ones change nothing."""
    await tx.execute(
        """
        INSERT INTO referral_mark (member_id, kind, digest, seen_at)
        SELECT $1, kind, digest, $4 FROM unnest($2::text[], $3::bytea[]) AS given (kind, digest)
        ON CONFLICT DO NOTHING
        """,
        member_id, [mark.kind for mark in marks], [mark.digest for mark in marks], moment.now,
    )  # fmt: skip


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: code and marks go, and what people wrote. Both sides of referrals stay: ids that lead to nobody."""
    await tx.execute("DELETE FROM referral_code_owner WHERE member_id = $1", member_id)
    for table in ("referral_code", "referral_mark"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)
    await tx.execute(
        "UPDATE referral_check SET reason = '' WHERE member_id = $1 AND outcome IN ('approved', 'rejected')", member_id
    )


async def _free_code(tx: Transaction, member_id: MemberId) -> str:
    for _ in range(TRIES_MAX):
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        taken = await tx.fetch_value(
            """
            INSERT INTO referral_code_owner (code, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING code
            """,
            code, member_id,
        )  # fmt: skip
        if taken is not None:
            return code
    raise AssertionError("twenty random codes were all taken: the code space is full")
