"""The one way from a bearer text to a principal."""

import dataclasses
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from pydantic import SecretStr

from fedele.db.database import Database
from fedele.domains.auth.api_key import PREFIX as KEY_PREFIX
from fedele.domains.auth.api_key import KeyText
from fedele.domains.auth.commands.foreign import ForeignTokens
from fedele.domains.auth.errors import KeyInvalid, KeyRevoked, MemberUnknown
from fedele.domains.auth.known_keys import KnownKeys
from fedele.domains.auth.queries import find_api_key_with_digest
from fedele.domains.auth.tokens import ReadTokens, SigningKeys, read_access_token, read_unverified
from fedele.domains.auth.types import Anonymous, ApiKey, AuthPolicy, MemberPrincipal, Principal, StaffPrincipal
from fedele.domains.members.commands import enrol
from fedele.domains.members.queries import find_by_identity
from fedele.domains.members.types import NewMember, Peppers
from fedele.kernel.clock import Moment

LAST_USED_EVERY = timedelta(minutes=5)


@dataclasses.dataclass(frozen=True, slots=True)
class Authenticator:
    """Says who is asking. `foreign` None: no OIDC issuer is configured."""

    database: Database
    policy: AuthPolicy
    peppers: Peppers
    keys: SigningKeys
    foreign: ForeignTokens | None = None
    _read: ReadTokens = dataclasses.field(default_factory=ReadTokens, repr=False)
    _known: KnownKeys = dataclasses.field(default_factory=KnownKeys, repr=False)

    async def principal(self, bearer: SecretStr | None, moment: Moment) -> Principal:
        """Whoever presents this: a staff key by its prefix, otherwise a member's token; nothing is Anonymous.

        Raises a subclass of Unauthenticated: a credential that is wrong is never the same as none.
        """
        if bearer is None:
            return Anonymous()
        if bearer.get_secret_value().startswith(KEY_PREFIX):
            return await self.staff(bearer, moment)
        return await self.member(bearer, moment)

    async def member(self, bearer: SecretStr, moment: Moment) -> MemberPrincipal:
        """The member of an access token of ours (checked without the database) or of a configured issuer.

        Raises TokenInvalid, TokenExpired, MemberUnknown.
        """
        if (known := self._read.find(bearer, moment.now)) is not None:
            return known
        if self.foreign is None or self.keys.find(read_unverified(bearer).kid or "") is not None:
            principal = read_access_token(self.keys, self.policy, bearer, moment.now)
            self._read.keep(bearer, principal)
            return principal
        subject = await self.foreign.read(bearer, moment)
        member_id = await find_by_identity(self.database.reader, subject.identity, self.peppers)
        if member_id is None:
            if not subject.issuer.enrol:
                raise MemberUnknown()
            async with self.database.transaction() as tx:
                new = NewMember(identities=(subject.identity,), source="oidc")
                member_id = (await enrol(tx, new, self.peppers, moment)).member_id
        return MemberPrincipal(member_id, None, subject.expires_at)

    async def staff(self, bearer: SecretStr, moment: Moment) -> StaffPrincipal:
        """The staff key's principal. Raises KeyInvalid, KeyRevoked."""
        presented = KeyText.parse(bearer)
        found = await self._find_key(presented.key_id) if presented else None
        if presented is None or found is None or not presented.matches(found[1]):
            raise KeyInvalid()
        key = found[0]
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= moment.now):
            raise KeyRevoked()
        if key.last_used_at is None or moment.now - key.last_used_at >= LAST_USED_EVERY:
            await self._note_use(key.key_id, moment)
            self._known.forget(key.key_id)  # it says when it was last used, which has changed
        return StaffPrincipal(key.key_id, key.scopes, key.store, key.name, key.kind)

    def listening(self) -> AbstractAsyncContextManager[None]:
        """While the block runs, keys are kept for moments and dropped when one is revoked: for serving processes."""
        return self._known.listening(self.database)

    async def _find_key(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        if (kept := self._known.find(key_id)) is not None:
            return kept
        generation = self._known.generation
        found = await find_api_key_with_digest(self.database.reader, key_id)
        if found is not None:
            self._known.keep(*found, generation)
        return found

    async def _note_use(self, key_id: str, moment: Moment) -> None:
        """Keep when the key was last used, to five minutes: a busy till must not write a row at every scan."""
        async with self.database.transaction() as tx:
            await tx.execute(
                """
                UPDATE api_key SET last_used_at = $2
                WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)
                """,
                key_id, moment.now, moment.now - LAST_USED_EVERY,
            )  # fmt: skip
