"""Refresh tokens: one-time, in families, with a minute's grace for a reply that got lost on the way.

A token is `fdr_` + base32(member, family, 32 secret bytes). Its successor's secret is HMAC(its own secret, a salt that
the database keeps): whoever repeats an exchange gets the same successor, and the database alone reveals no token.
"""

import base64
import binascii
import dataclasses
import enum
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr

from fedele.kernel.ids import MemberId

PREFIX = "fdr_"
GENERATIONS_KEPT = 100
_SECRET_BYTES = 32
_BYTES = 16 + 16 + _SECRET_BYTES


@dataclasses.dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token taken apart. The secret stays out of its repr."""

    member_id: MemberId
    family_id: UUID
    secret: bytes = dataclasses.field(repr=False)

    @classmethod
    def fresh(cls, member_id: MemberId, family_id: UUID) -> "RefreshToken":
        """The first token of a family."""
        return cls(member_id, family_id, secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: SecretStr) -> "RefreshToken | None":
        """Read a token's text; None for anything else."""
        value = text.get_secret_value()
        if len(value) > 200 or not value.startswith(PREFIX):
            return None
        body = value.removeprefix(PREFIX).upper()
        try:
            raw = base64.b32decode(body + "=" * (-len(body) % 8))
        except (binascii.Error, ValueError):
            return None
        if len(raw) != _BYTES:
            return None
        return cls(MemberId(UUID(bytes=raw[:16])), UUID(bytes=raw[16:32]), raw[32:])

    @property
    def text(self) -> SecretStr:
        """What the client keeps."""
        raw = self.member_id.bytes + self.family_id.bytes + self.secret
        return SecretStr(PREFIX + base64.b32encode(raw).decode().rstrip("=").lower())

    @property
    def digest(self) -> bytes:
        """What the database keeps."""
        return hashlib.sha256(self.secret).digest()

    def successor(self, salt: bytes) -> "RefreshToken":
        """The token that this one is exchanged for, given the salt of the exchange."""
        return dataclasses.replace(self, secret=hmac.digest(self.secret, salt, "sha256"))


class Verdict(enum.Enum):
    """What to do with a token that was presented."""

    EXCHANGE = "exchange"  # current: give its successor
    REPEAT = "repeat"  # just exchanged, successor unused: the reply was lost, give the same successor
    REUSE = "reuse"  # exchanged before: two parties hold this family, so nobody may keep it
    REFUSE = "refuse"  # unknown, expired or revoked


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What the database knows of a presented token."""

    generation: int
    newest_generation: int
    exchanged_at: datetime | None
    expires_at: datetime
    revoked: bool


def judge(standing: Standing | None, now: datetime, grace: timedelta) -> Verdict:
    """Decide by the token's standing. The successor of a repeated exchange must still be the newest of its family."""
    if standing is None or standing.revoked or standing.expires_at <= now:
        return Verdict.REFUSE
    if standing.exchanged_at is None:
        return Verdict.EXCHANGE
    successor_unused = standing.generation + 1 == standing.newest_generation
    if successor_unused and now <= standing.exchanged_at + grace:
        return Verdict.REPEAT
    return Verdict.REUSE
