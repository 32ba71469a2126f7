"""Principals and what they may do; tokens, challenges and keys as records. No field here ever holds a plain secret."""

import dataclasses
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from pydantic import SecretStr

from fedele.kernel.ids import MemberId, StoreId


class Scope(StrEnum):
    """What a staff key may do. Declared on every root field of the staff schema; deny by default."""

    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    LEDGER_READ = "ledger:read"
    LEDGER_ADJUST = "ledger:adjust"
    PROGRAMME_READ = "programme:read"
    PROGRAMME_WRITE = "programme:write"
    TILL = "till"  # scan, quote, settle, return, replay
    EVENTS_WRITE = "events:write"  # custom events of integrations
    MESSAGES_WRITE = "messages:write"
    EXCHANGE = "exchange"  # imports and exports
    REPORTS_READ = "reports:read"  # liability, campaigns
    KEYS_WRITE = "keys:write"


ALL_SCOPES: frozenset[Scope] = frozenset(Scope)
TILL_SCOPES: frozenset[Scope] = frozenset({Scope.TILL})


class KeyKind(StrEnum):
    """The word inside a key's text, so that a leaked one says what it was for."""

    STAFF = "staff"
    TILL = "till"
    SERVICE = "service"


@dataclasses.dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody has logged in. May call only fields that say so."""


@dataclasses.dataclass(frozen=True, slots=True)
class MemberPrincipal:
    """A member's own app. Every row the request may see belongs to `member_id`."""

    member_id: MemberId
    session_id: UUID | None = None  # the refresh family; None for a foreign issuer's token
    expires_at: datetime | None = None  # when the token stops; a subscription ends then


@dataclasses.dataclass(frozen=True, slots=True)
class StaffPrincipal:
    """A staff API key. `store` None means every store; otherwise the key speaks for that store alone."""

    key_id: str
    scopes: frozenset[Scope]
    store: StoreId | None = None
    name: str = ""
    kind: KeyKind = KeyKind.STAFF

    def may(self, scope: Scope) -> bool:
        """Whether the key carries this scope."""
        return scope in self.scopes

    def serves(self, store: StoreId) -> bool:
        """Whether the key may act for this store."""
        return self.store is None or self.store == store


Principal: TypeAlias = Anonymous | MemberPrincipal | StaffPrincipal


@dataclasses.dataclass(frozen=True, slots=True)
class TokenPair:
    """What a successful login or refresh returns. The texts show only through `get_secret_value()`."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_in_seconds: int
    member_id: MemberId
    enrolled: bool = False  # True when this login created the member


@dataclasses.dataclass(frozen=True, slots=True)
class OtpChallenge:
    """A one-time code was asked for. `code` is None when nothing is to be delivered (the answer looks the same)."""

    challenge_id: UUID
    expires_at: datetime
    expires_in_seconds: int
    code: SecretStr | None


@dataclasses.dataclass(frozen=True, slots=True)
class ApiKey:
    """A staff key as it is listed: everything but its secret."""

    key_id: str
    kind: KeyKind
    name: str
    scopes: frozenset[Scope]
    store: StoreId | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key just made: `text` is shown once and never again."""

    key: ApiKey
    text: SecretStr


# With a symmetric algorithm or none, whoever has the public key could sign.
ASYMMETRIC_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519"})


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignIssuer:
    """An OIDC issuer whose tokens we accept as a member's login. `algorithms` is a closed list of asymmetric ones."""

    issuer: str
    audience: str
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256",)
    enrol: bool = False

    def __post_init__(self) -> None:
        if not self.algorithms or set(self.algorithms) - ASYMMETRIC_ALGORITHMS:
            raise ValueError(f"{self.issuer}: algorithms must be among {', '.join(sorted(ASYMMETRIC_ALGORITHMS))}")
        if not self.audience:
            raise ValueError(f"{self.issuer}: say which audience its tokens must have, or anybody's token logs in here")

    @property
    def identity_kind(self) -> str:
        """The kind of identity under which its subjects are known."""
        return f"oidc:{self.issuer}"


@dataclasses.dataclass(frozen=True, slots=True)
class AuthPolicy:
    """The numbers of login. Lifetimes in seconds; the limits protect a code of six digits from being guessed."""

    issuer: str
    audience: str = "fedele:member"
    access_seconds: int = 15 * 60
    refresh_seconds: int = 90 * 24 * 3600
    refresh_grace_seconds: int = 60
    clock_skew_seconds: int = 30
    otp_seconds: int = 10 * 60
    otp_attempts_max: int = 5
    otp_requests_per_identity_per_hour: int = 6
    otp_requests_per_client_per_hour: int = 60
    otp_attempts_per_identity_per_day: int = 30
    token_requests_per_client_per_minute: int = 120
