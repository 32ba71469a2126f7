"""Tokens of foreign OIDC issuers: their keys, fetched when needed and no oftener, and what their tokens say."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import Key
from pydantic import SecretStr

from fedele.domains.auth.errors import TokenInvalid
from fedele.domains.auth.ports import JwksFetch, JwksUnavailable
from fedele.domains.auth.tokens import check_claims, parse_public_keys, read_unverified, verify
from fedele.domains.auth.types import ForeignIssuer
from fedele.domains.members.types import Identity
from fedele.kernel.clock import Moment

# Access tokens of OIDC providers come with any of these types, or none.
TYPES: tuple[str | None, ...] = ("jwt", "at+jwt", None)
KEYS_FRESH = timedelta(hours=1)  # so that a key withdrawn by its issuer stops working here
FETCH_PAUSE = timedelta(seconds=60)  # an attacker's invented kids must not make us hammer the issuer


@dataclasses.dataclass(slots=True)
class _Cached:
    keys: dict[str, Key] = dataclasses.field(default_factory=dict)
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignSubject:
    """Whom a verified foreign token speaks of."""

    issuer: ForeignIssuer
    identity: Identity
    expires_at: datetime


class ForeignTokens:
    """Reads tokens of the configured issuers. Keys are cached for each process."""

    def __init__(self, issuers: Sequence[ForeignIssuer], jwks: JwksFetch, skew: timedelta) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._jwks = jwks
        self._skew = skew
        self._cache = {issuer.issuer: _Cached() for issuer in issuers}

    async def read(self, token: SecretStr, moment: Moment) -> ForeignSubject:
        """The subject of a token of a configured issuer. Raises TokenInvalid, TokenExpired."""
        peeked = read_unverified(token)
        issuer = self._issuers.get(peeked.issuer or "")
        if issuer is None or peeked.kid is None:
            raise TokenInvalid()
        key = await self._key(issuer, peeked.kid, moment.now)
        if key is None:
            raise TokenInvalid()
        claims: Any = verify(token, key, issuer.algorithms, TYPES)
        check_claims(claims, issuer.issuer, issuer.audience, moment.now, self._skew)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.strip() or len(subject) > 255:
            raise TokenInvalid()
        identity = Identity.parse(issuer.identity_kind, subject)
        return ForeignSubject(issuer, identity, datetime.fromtimestamp(claims["exp"], moment.now.tzinfo))

    async def _key(self, issuer: ForeignIssuer, kid: str, now: datetime) -> Key | None:
        cached = self._cache[issuer.issuer]
        if _fresh(cached, now) and kid in cached.keys:
            return cached.keys[kid]
        async with cached.lock:
            # Whoever waited for the lock may find that the work is done.
            if not (_fresh(cached, now) and kid in cached.keys) and _may_fetch(cached, now):
                await self._fetch(issuer, cached, now)
        return cached.keys.get(kid) if _fresh(cached, now) else None

    async def _fetch(self, issuer: ForeignIssuer, cached: _Cached, now: datetime) -> None:
        cached.tried_at = now
        try:
            document = await self._jwks.fetch(issuer.jwks_url)
        except JwksUnavailable:
            return  # the keys we have stay good until they are an hour old; after that nobody logs in by this issuer
        cached.keys = parse_public_keys(document)
        cached.fetched_at = now


def _fresh(cached: _Cached, now: datetime) -> bool:
    return cached.fetched_at is not None and now - cached.fetched_at < KEYS_FRESH


def _may_fetch(cached: _Cached, now: datetime) -> bool:
    return cached.tried_at is None or now - cached.tried_at >= FETCH_PAUSE
