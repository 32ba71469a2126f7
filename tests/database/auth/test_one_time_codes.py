"""One-time codes on a real database: guessed rarely, used once, telling nothing."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from fedele.db.database import Database
from fedele.domains.auth.commands import Login
from fedele.domains.auth.errors import CodeInvalid, RateLimited
from fedele.domains.auth.jobs import sweep
from fedele.domains.auth.types import AuthPolicy, OtpChallenge
from fedele.domains.members import commands as members
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import ProfileInvalid
from fedele.domains.members.types import Identity, NewMember
from fedele.kernel.clock import Moment
from tests.factories.auth import ADA, BO, NOON, PEPPERS, POLICY, later, make_authenticator, make_login, wrong_code

CLOSED = MembersConfig(enrolment="closed")


async def ask(login: Login, identity: Identity = ADA, moment: Moment = NOON, client: str = "192.0.2.1") -> OtpChallenge:
    """Ask for a code."""
    return await login.request_code(identity, client, moment)


async def redeem(
    login: Login, challenge: OtpChallenge, code: SecretStr | None = None, moment: Moment = NOON,
    identity: Identity = ADA, client: str = "192.0.2.1", **more: Any,
) -> Any:  # fmt: skip
    """Bring a code; the right one by default."""
    right = code or challenge.code
    assert right is not None
    return await login.redeem_code(challenge.challenge_id, identity, right, client, moment, **more)


async def test_the_first_login_enrols_and_the_second_does_not(database: Database) -> None:
    """A code for a new address makes a member in the app's locale; the next login finds them again."""
    login = make_login(database)
    first = await redeem(login, await ask(login), locale="it", time_zone="Europe/Rome")
    second = await redeem(login, await ask(login))
    assert (first.enrolled, second.enrolled) == (True, False)
    assert first.member_id == second.member_id
    assert await database.reader.fetch_value("SELECT locale FROM member_profile") == "it"
    principal = await make_authenticator(database).member(first.access_token, NOON)
    assert principal.member_id == first.member_id


async def test_a_code_opens_once(database: Database) -> None:
    """The second use is refused and starts no session."""
    login = make_login(database)
    challenge = await ask(login)
    await redeem(login, challenge)
    with pytest.raises(CodeInvalid):
        await redeem(login, challenge)
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_family") == 1


async def test_twenty_with_the_same_code_at_once_let_one_in(database: Database) -> None:
    """A race of twenty right answers: one session, one member."""
    login = make_login(database)
    challenge = await ask(login)
    results = await asyncio.gather(*(redeem(login, challenge) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, CodeInvalid) for result in results) == 19
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_family") == 1
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 1


async def test_five_wrong_tries_close_a_challenge(database: Database) -> None:
    """Wrong tries are counted although they are refused; after the fifth even the right code is too late."""
    login = make_login(database)
    challenge = await ask(login)
    assert challenge.code is not None
    for _ in range(POLICY.otp_attempts_max):
        with pytest.raises(CodeInvalid):
            await redeem(login, challenge, wrong_code(challenge.code))
    with pytest.raises(CodeInvalid):
        await redeem(login, challenge)


async def test_four_wrong_tries_leave_the_fifth(database: Database) -> None:
    """The control of the test above: the limit is five, not fewer."""
    login = make_login(database)
    challenge = await ask(login)
    assert challenge.code is not None
    for _ in range(POLICY.otp_attempts_max - 1):
        with pytest.raises(CodeInvalid):
            await redeem(login, challenge, wrong_code(challenge.code))
    assert (await redeem(login, challenge)).enrolled


async def test_parallel_guesses_get_no_more_tries(database: Database) -> None:
    """Twenty different guesses at once take five attempts, not twenty."""
    login = make_login(database)
    challenge = await ask(login)
    assert challenge.code is not None
    right = int(challenge.code.get_secret_value())
    guesses = [SecretStr(f"{(right + offset) % 1_000_000:06d}") for offset in range(1, 21)]
    results = await asyncio.gather(*(redeem(login, challenge, guess) for guess in guesses), return_exceptions=True)
    assert all(isinstance(result, CodeInvalid) for result in results)
    assert await database.reader.fetch_value("SELECT attempts_left FROM otp_challenge") == 0
    with pytest.raises(CodeInvalid):
        await redeem(login, challenge)


async def test_many_challenges_are_no_way_around(database: Database) -> None:
    """However many codes are asked for from however many clients, an address has 30 tries a day."""
    policy = AuthPolicy(issuer=POLICY.issuer, otp_requests_per_identity_per_hour=1000)
    login = make_login(database, policy)
    tries = 0
    with pytest.raises(RateLimited) as refusal:
        for number in range(20):
            client = f"192.0.2.{number}"
            challenge = await ask(login, client=client)
            assert challenge.code is not None
            for _ in range(4):
                with pytest.raises(CodeInvalid):
                    await redeem(login, challenge, wrong_code(challenge.code), client=client)
                tries += 1
    assert tries == policy.otp_attempts_per_identity_per_day
    assert refusal.value.details["retry_after_seconds"] == 24 * 3600 / 30
    assert (await redeem(login, await ask(login, BO), identity=BO)).enrolled  # nobody else is hindered


async def test_a_code_expires(database: Database) -> None:
    """Good for ten minutes, not for ten minutes and a second."""
    login = make_login(database)
    challenge = await ask(login)
    with pytest.raises(CodeInvalid):
        await redeem(login, challenge, moment=later(seconds=POLICY.otp_seconds))
    assert (await redeem(login, challenge, moment=later(seconds=POLICY.otp_seconds - 1))).enrolled


async def test_a_code_belongs_to_its_address(database: Database) -> None:
    """Brought with another address, the right code opens nothing: nobody enrols an address they do not read."""
    login = make_login(database)
    challenge = await ask(login, ADA)
    with pytest.raises(CodeInvalid):
        await redeem(login, challenge, identity=BO)
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 0


async def test_requests_are_limited_by_address_and_by_client(database: Database) -> None:
    """Six codes an hour to one address; sixty from one client; each says how long to wait, and waiting helps."""
    login = make_login(database)
    for number in range(POLICY.otp_requests_per_identity_per_hour):
        await ask(login, client=f"192.0.2.{number}")
    with pytest.raises(RateLimited) as refusal:
        await ask(login, client="198.51.100.1")
    wait = refusal.value.details["retry_after_seconds"]
    assert wait == 600
    with pytest.raises(RateLimited):
        await ask(login, moment=later(seconds=wait - 1))
    await ask(login, moment=later(seconds=wait))
    for number in range(POLICY.otp_requests_per_client_per_hour):
        await ask(login, Identity.parse("email", f"a{number}@example.org"), client="203.0.113.9")
    with pytest.raises(RateLimited):
        await ask(login, Identity.parse("email", "next@example.org"), client="203.0.113.9")


async def test_limits_hold_against_a_burst(database: Database) -> None:
    """Fifty requests at once for one address: exactly six pass."""
    login = make_login(database)
    results = await asyncio.gather(*(ask(login, client=f"192.0.2.{n}") for n in range(50)), return_exceptions=True)
    passed = [result for result in results if isinstance(result, OtpChallenge)]
    assert len(passed) == POLICY.otp_requests_per_identity_per_hour
    assert sum(isinstance(result, RateLimited) for result in results) == 44


async def test_strangers_and_members_get_the_same_answer(database: Database) -> None:
    """Where nobody may enrol, a stranger's challenge looks like a member's; but no code goes out and none opens it."""
    login = make_login(database, config=CLOSED)
    async with database.transaction() as tx:
        await members.enrol(tx, NewMember(identities=(ADA,)), PEPPERS, NOON)
    known, stranger = await ask(login, ADA), await ask(login, BO)
    assert known.code is not None
    assert stranger.code is None
    assert (known.expires_at, known.expires_in_seconds) == (stranger.expires_at, stranger.expires_in_seconds)
    with pytest.raises(CodeInvalid) as as_stranger:
        await redeem(login, stranger, SecretStr("123456"), identity=BO)
    with pytest.raises(CodeInvalid) as as_guesser:
        await redeem(login, known, wrong_code(known.code))
    assert str(as_stranger.value) == str(as_guesser.value)
    assert not (await redeem(login, known)).enrolled
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 1


async def test_an_erased_member_starts_anew(database: Database) -> None:
    """The address leads to nobody any more: logging in again makes another member."""
    login = make_login(database)
    first = await redeem(login, await ask(login))
    async with database.transaction() as tx:
        await members.erase(tx, first.member_id, NOON)
    second = await redeem(login, await ask(login))
    assert second.enrolled
    assert second.member_id != first.member_id


async def test_a_wrong_locale_leaves_the_code_good(database: Database) -> None:
    """An app's mistake is told, enrols nobody, and does not cost the member their code."""
    login = make_login(database)
    challenge = await ask(login)
    with pytest.raises(ProfileInvalid):
        await redeem(login, challenge, locale="klingon")
    assert await database.reader.fetch_value("SELECT count(*) FROM member") == 0
    assert (await redeem(login, challenge)).enrolled


async def test_neither_code_nor_address_is_stored(database: Database, admin: Any) -> None:
    """Nothing in the challenge or the counters shows the code, the address or the client."""
    login = make_login(database)
    challenge = await ask(login)
    assert challenge.code is not None
    rows = [
        *await admin.fetch("SELECT row_to_json(c)::text AS text FROM otp_challenge c"),
        *await admin.fetch("SELECT row_to_json(r)::text AS text FROM rate_limit r"),
    ]
    stored = " ".join(row["text"] for row in rows)
    assert len(rows) == 3
    for secret in (challenge.code.get_secret_value(), "ada@example.org", "192.0.2.1"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_the_sweep_takes_what_is_over_and_leaves_what_is_not(database: Database) -> None:
    """An hour after they expired, codes, sessions and counters go; live ones stay."""
    login = make_login(database)
    await redeem(login, await ask(login))
    await sweep(database).run(later(minutes=30))
    assert await database.reader.fetch_value("SELECT count(*) FROM otp_challenge") == 1
    await sweep(database).run(later(days=2))
    for table, rows in (("otp_challenge", 0), ("rate_limit", 0), ("refresh_family", 1), ("refresh_token", 1)):
        assert await database.reader.fetch_value(f"SELECT count(*) FROM {table}") == rows
    await sweep(database).run(later(days=91))
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_token") == 0
