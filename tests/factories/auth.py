"""Logins, keys and principals for tests: real objects with fixed secrets."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretBytes, SecretStr

from fedele.db.database import Database
from fedele.domains.auth.commands import Authenticator, ForeignTokens, Login, SigningKeys
from fedele.domains.auth.types import AuthPolicy
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.types import Identity, Peppers
from fedele.kernel.clock import Moment

NOON = Moment(datetime(2026, 11, 21, 12, tzinfo=UTC))
PEPPERS = Peppers(1, {1: SecretBytes(b"the pepper of the tests of auth")})
KEYS = SigningKeys.generate()
POLICY = AuthPolicy(issuer="https://loyalty.example")
ADA = Identity.parse("email", "ada@example.org")
BO = Identity.parse("phone", "+393471234567")


def later(**difference: float) -> Moment:
    """NOON plus a timedelta's arguments."""
    return Moment(NOON.now + timedelta(**difference))


def make_login(database: Database, policy: AuthPolicy = POLICY, config: MembersConfig | None = None) -> Login:
    """A login on this database; by default everybody may enrol."""
    section = config or MembersConfig()

    async def members_config(_when: datetime) -> MembersConfig:
        return section

    return Login(database, policy, PEPPERS, KEYS, members_config)


def make_authenticator(
    database: Database, policy: AuthPolicy = POLICY, foreign: ForeignTokens | None = None
) -> Authenticator:
    """The entry point that a process would make."""
    return Authenticator(database, policy, PEPPERS, KEYS, foreign)


def wrong_code(right: SecretStr) -> SecretStr:
    """Six digits that are not the code."""
    return SecretStr(f"{(int(right.get_secret_value()) + 1) % 1_000_000:06d}")
