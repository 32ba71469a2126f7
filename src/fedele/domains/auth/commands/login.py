"""Logging in: a one-time code, then tokens; refreshing; logging out."""

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from pydantic import SecretStr

from fedele.db.database import Database, Transaction
from fedele.domains.auth.commands.limits import take
from fedele.domains.auth.commands.sessions import Session, exchange, revoke_session, start_session
from fedele.domains.auth.errors import CodeInvalid, RefreshInvalid
from fedele.domains.auth.otp import code_digest, is_code, new_code
from fedele.domains.auth.refresh import RefreshToken
from fedele.domains.auth.tokens import SigningKeys, issue_access_token
from fedele.domains.auth.types import AuthPolicy, OtpChallenge, TokenPair
from fedele.domains.members.commands import enrol
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.queries import find_by_identity, find_member
from fedele.domains.members.types import Enrolment, Identity, NewMember, Peppers
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id

T = TypeVar("T")
HOUR = 3600
DAY = 24 * HOUR


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """Members' login. `members_config` gives the programme's `members` section in force at a time: who may enrol."""

    database: Database
    policy: AuthPolicy
    peppers: Peppers
    keys: SigningKeys
    members_config: Callable[[datetime], Awaitable[MembersConfig]]

    async def request_code(self, identity: Identity, client: str, moment: Moment) -> OtpChallenge:
        """Make a one-time code for this address or number. The answer is the same for strangers and members.

        `client` is the address that asks. The code is None when a stranger asks and the programme lets nobody enrol:
        then nothing is to be delivered. Raises RateLimited.
        """
        await self._take("otp-client", client, self.policy.otp_requests_per_client_per_hour, HOUR, moment)
        subject = _subject(identity)
        await self._take("otp-identity", subject, self.policy.otp_requests_per_identity_per_hour, HOUR, moment)
        challenge_id, code = new_id(), new_code()
        expires_at = moment.now + timedelta(seconds=self.policy.otp_seconds)
        async with self.database.transaction() as tx:
            known = await find_by_identity(tx, identity, self.peppers)
            await tx.execute(
                """
                INSERT INTO otp_challenge (challenge_id, kind, identity_digest, code_digest, attempts_left, created_at,
                                           expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                challenge_id, identity.kind, self.peppers.digest(identity),
                code_digest(self.peppers, challenge_id, code), self.policy.otp_attempts_max, moment.now, expires_at,
            )  # fmt: skip
        welcome = known is not None or await self._may_enrol(moment)
        return OtpChallenge(challenge_id, expires_at, self.policy.otp_seconds, code if welcome else None)

    async def redeem_code(
        self, challenge_id: UUID, identity: Identity, code: SecretStr, client: str, moment: Moment, *,
        locale: str = "en", time_zone: str = "UTC",
    ) -> TokenPair:  # fmt: skip
        """Exchange a one-time code for tokens; whoever is new is enrolled, if the programme allows.

        The identity must be the one that the code was asked for. Every try counts, also against the identity's day, so
        that many challenges are no way around. Raises CodeInvalid, RateLimited.
        """
        new = NewMember(identities=(identity,), locale=locale, time_zone=time_zone, source="app")

        async def start(tx: Transaction, enrolment: Enrolment) -> Session:
            return await start_session(tx, enrolment.member_id, self.policy, moment)

        enrolment, session = await self._admit(challenge_id, new, code, client, moment, start)
        if enrolment is None or session is None:
            raise CodeInvalid(field="code")
        return self._pair(session, moment, enrolled=enrolment.created)

    async def join_by_code(
        self, challenge_id: UUID, new: NewMember, code: SecretStr, client: str, moment: Moment,
        record: Callable[[Transaction, Enrolment], Awaitable[None]],
    ) -> Enrolment:  # fmt: skip
        """Let somebody join with a one-time code that was asked for `new`'s only identity. Nobody is logged in.

        `record` writes what they said while joining, in the same transaction. The same code again, while it lives, is
        the same joining: a form that is sent twice says once that it is done, and `record` runs once. Raises
        CodeInvalid, RateLimited.
        """
        enrolment, _ = await self._admit(challenge_id, new, code, client, moment, record)
        if enrolment is None:
            enrolment = await self._joined_before(challenge_id, new.identities[0], code, moment)
        if enrolment is None:
            raise CodeInvalid(field="code")
        return enrolment

    async def _admit(
        self, challenge_id: UUID, new: NewMember, code: SecretStr, client: str, moment: Moment,
        then: Callable[[Transaction, Enrolment], Awaitable[T]],
    ) -> tuple[Enrolment | None, T | None]:  # fmt: skip
        """Count the try, use the code up, enrol if new and allowed, and do what follows: all of it, or the count only.

        Refusing is the caller's, when the transaction is over: a wrong try must be counted, not rolled back.
        """
        identity = new.identities[0]
        await self._take("token-client", client, self.policy.token_requests_per_client_per_minute, 60, moment)
        await self._take("otp-attempts", _subject(identity), self.policy.otp_attempts_per_identity_per_day, DAY, moment)
        may_enrol = await self._may_enrol(moment)
        async with self.database.transaction() as tx:
            opened = await self._use_code(tx, challenge_id, identity, code, moment)
            enrolment = await self._member(tx, new, may_enrol, moment) if opened else None
            followed = await then(tx, enrolment) if enrolment else None
        return enrolment, followed

    async def _joined_before(
        self, challenge_id: UUID, identity: Identity, code: SecretStr, moment: Moment
    ) -> Enrolment | None:
        """Who used this very code up, while it would still be good."""
        reader = self.database.reader
        used = await reader.fetch_value(
            """
            SELECT true FROM otp_challenge WHERE challenge_id = $1 AND kind = $2 AND identity_digest = ANY($3::bytea[])
               AND code_digest = $4 AND used_at IS NOT NULL AND expires_at > $5
            """,
            challenge_id, identity.kind, self.peppers.digests(identity),
            code_digest(self.peppers, challenge_id, code), moment.now,
        )  # fmt: skip
        member_id = await find_by_identity(reader, identity, self.peppers) if used else None
        member = await find_member(reader, member_id) if member_id else None
        return Enrolment(member.id, created=False) if member is not None and member.active else None

    async def refresh(self, refresh_token: SecretStr, client: str, moment: Moment) -> TokenPair:
        """Exchange a refresh token. A reply lost on the way may be asked for again for a minute; an older token ends
        the session for whoever holds it. Raises RefreshInvalid, RateLimited."""
        await self._take("token-client", client, self.policy.token_requests_per_client_per_minute, 60, moment)
        presented = RefreshToken.parse(refresh_token)
        if presented is None:
            raise RefreshInvalid()
        async with self.database.transaction() as tx:
            session = await exchange(tx, presented, self.policy, moment)
            member = await find_member(tx, presented.member_id) if session else None
        if session is None or member is None or not member.active:
            raise RefreshInvalid()
        return self._pair(session, moment)

    async def log_out(self, refresh_token: SecretStr, moment: Moment) -> None:
        """End the session of this refresh token. Unknown tokens are no error: the caller is logged out either way."""
        presented = RefreshToken.parse(refresh_token)
        if presented is None:
            return
        async with self.database.transaction() as tx:
            held = await tx.fetch_value(
                "SELECT true FROM refresh_token WHERE member_id = $1 AND family_id = $2 AND token_digest = $3",
                presented.member_id, presented.family_id, presented.digest,
            )  # fmt: skip
            if held:
                await revoke_session(tx, presented.member_id, presented.family_id, "logout", moment)

    async def _use_code(
        self, tx: Transaction, challenge_id: UUID, identity: Identity, code: SecretStr, moment: Moment
    ) -> bool:
        """Whether the code opens its challenge. One statement takes the attempt and, if right, uses the challenge up:
        of two that bring the right code at once, the row lock lets one in."""
        used = await tx.fetch_value(
            """
            UPDATE otp_challenge SET attempts_left = attempts_left - 1,
                                     used_at = CASE WHEN code_digest = $4 AND $5 THEN $3::timestamptz END
            WHERE challenge_id = $1 AND kind = $6 AND identity_digest = ANY($2::bytea[]) AND used_at IS NULL
              AND attempts_left > 0 AND expires_at > $3
            RETURNING used_at IS NOT NULL
            """,
            challenge_id, self.peppers.digests(identity), moment.now, code_digest(self.peppers, challenge_id, code),
            is_code(code), identity.kind,
        )  # fmt: skip
        return bool(used)

    async def _member(self, tx: Transaction, new: NewMember, may_enrol: bool, moment: Moment) -> Enrolment | None:
        """The member behind the identity, enrolled now if new and allowed; None when they may not log in."""
        if may_enrol:
            enrolment = await enrol(tx, new, self.peppers, moment)
        else:
            member_id = await find_by_identity(tx, new.identities[0], self.peppers)
            if member_id is None:
                return None
            enrolment = Enrolment(member_id, created=False)
        member = await find_member(tx, enrolment.member_id)
        return enrolment if member is not None and member.active else None

    async def _may_enrol(self, moment: Moment) -> bool:
        return (await self.members_config(moment.now)).enrolment == "open"

    async def _take(self, bucket: str, subject: str, burst: int, seconds: int, moment: Moment) -> None:
        await take(self.database, self.peppers, bucket, subject, burst=burst, seconds=seconds, moment=moment)

    def _pair(self, session: Session, moment: Moment, *, enrolled: bool = False) -> TokenPair:
        access = issue_access_token(self.keys, self.policy, session.member_id, session.session_id, moment.now)
        return TokenPair(access, session.refresh_token, self.policy.access_seconds, session.member_id, enrolled)


def _subject(identity: Identity) -> str:
    return f"{identity.kind}\0{identity.value.get_secret_value()}"
