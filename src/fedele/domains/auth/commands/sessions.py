"""Sessions: families of refresh tokens, one a login."""

import dataclasses
import secrets
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr

from fedele.db.database import Transaction
from fedele.domains.auth.refresh import GENERATIONS_KEPT, RefreshToken, Standing, Verdict, judge
from fedele.domains.auth.types import AuthPolicy
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """A live session and the refresh token its client is to keep."""

    member_id: MemberId
    session_id: UUID
    refresh_token: SecretStr


async def start_session(tx: Transaction, member_id: MemberId, policy: AuthPolicy, moment: Moment) -> Session:
    """Begin a family of refresh tokens."""
    token = RefreshToken.fresh(member_id, new_id())
    await tx.execute(
        "INSERT INTO refresh_family (member_id, family_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        member_id, token.family_id, moment.now, moment.now + timedelta(seconds=policy.refresh_seconds),
    )  # fmt: skip
    await _insert_token(tx, token, 0, moment)
    return Session(member_id, token.family_id, token.text)


async def exchange(tx: Transaction, presented: RefreshToken, policy: AuthPolicy, moment: Moment) -> Session | None:
    """Exchange a refresh token for its successor; None when it must be refused.

    None is returned, not raised: finding a reused token revokes its family, and that must be committed.
    """
    standing, salt = await _standing(tx, presented)
    grace = timedelta(seconds=policy.refresh_grace_seconds)
    match judge(standing, moment.now, grace):
        case Verdict.REFUSE:
            return None
        case Verdict.REUSE:
            await revoke_session(tx, presented.member_id, presented.family_id, "reuse", moment)
            return None
        case Verdict.REPEAT:
            assert salt is not None, "an exchanged token has its salt: a check constraint says so"
            successor = presented.successor(salt)
        case Verdict.EXCHANGE:
            assert standing is not None
            successor = await _rotate(tx, presented, standing.generation, policy, moment)
    return Session(presented.member_id, presented.family_id, successor.text)


async def revoke_session(tx: Transaction, member_id: MemberId, family_id: UUID, because: str, moment: Moment) -> None:
    """End one session: no token of its family is exchanged again."""
    await tx.execute(
        """
        UPDATE refresh_family SET revoked_at = $3, revoked_because = $4
        WHERE member_id = $1 AND family_id = $2 AND revoked_at IS NULL
        """,
        member_id, family_id, moment.now, because,
    )  # fmt: skip


async def forget_sessions(tx: Transaction, member_id: MemberId) -> None:
    """Delete every session of a member who was erased."""
    await tx.execute("DELETE FROM refresh_family WHERE member_id = $1", member_id)


async def _standing(tx: Transaction, token: RefreshToken) -> tuple[Standing | None, bytes | None]:
    """What is known of the token. The family's row lock makes exchanges of one family serial."""
    family = await tx.fetch_row(
        "SELECT expires_at, revoked_at FROM refresh_family WHERE member_id = $1 AND family_id = $2 FOR UPDATE",
        token.member_id, token.family_id,
    )  # fmt: skip
    if family is None:
        return None, None
    # A second statement: its snapshot is younger than the wait for the lock.
    row = await tx.fetch_row(
        """
        SELECT t.generation, t.exchanged_at, t.successor_salt,
               (SELECT max(generation) FROM refresh_token WHERE member_id = $1 AND family_id = $2) AS newest
        FROM refresh_token t WHERE member_id = $1 AND family_id = $2 AND token_digest = $3
        """,
        token.member_id, token.family_id, token.digest,
    )  # fmt: skip
    if row is None:
        return None, None
    standing = Standing(
        row["generation"], row["newest"], row["exchanged_at"], family["expires_at"], family["revoked_at"] is not None
    )
    return standing, row["successor_salt"]


async def _rotate(
    tx: Transaction, token: RefreshToken, generation: int, policy: AuthPolicy, moment: Moment
) -> RefreshToken:
    salt = secrets.token_bytes(16)
    successor = token.successor(salt)
    await tx.execute(
        """
        UPDATE refresh_token SET exchanged_at = $4, successor_salt = $5
        WHERE member_id = $1 AND family_id = $2 AND token_digest = $3
        """,
        token.member_id, token.family_id, token.digest, moment.now, salt,
    )  # fmt: skip
    await _insert_token(tx, successor, generation + 1, moment)
    await tx.execute(
        "UPDATE refresh_family SET expires_at = $3 WHERE member_id = $1 AND family_id = $2",
        token.member_id, token.family_id, moment.now + timedelta(seconds=policy.refresh_seconds),
    )  # fmt: skip
    # A phone refreshes for years: tokens exchanged long ago are refused as unknown instead of kept for ever.
    await tx.execute(
        "DELETE FROM refresh_token WHERE member_id = $1 AND family_id = $2 AND generation < $3",
        token.member_id, token.family_id, generation - GENERATIONS_KEPT,
    )  # fmt: skip
    return successor


async def _insert_token(tx: Transaction, token: RefreshToken, generation: int, moment: Moment) -> None:
    await tx.execute(
        """
        INSERT INTO refresh_token (member_id, family_id, token_digest, generation, issued_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        token.member_id, token.family_id, token.digest, generation, moment.now,
    )  # fmt: skip
