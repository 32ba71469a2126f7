"""Refresh families on a real database: one-time tokens, a minute's grace, and an end for whoever stole one."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from fedele.db.database import Database
from fedele.domains.auth.commands import Login
from fedele.domains.auth.errors import RefreshInvalid
from fedele.domains.auth.handlers import forget_erased_members
from fedele.domains.auth.types import TokenPair
from fedele.domains.members import commands as members
from fedele.domains.members.events import MemberErased
from fedele.kernel.ids import new_id
from tests.factories.auth import ADA, NOON, POLICY, later, make_login


@pytest.fixture
def login(database: Database) -> Login:
    """The login."""
    return make_login(database)


@pytest.fixture
async def pair(login: Login) -> TokenPair:
    """A logged-in member."""
    challenge = await login.request_code(ADA, "192.0.2.1", NOON)
    assert challenge.code is not None
    return await login.redeem_code(challenge.challenge_id, ADA, challenge.code, "192.0.2.1", NOON)


async def refresh(login: Login, token: SecretStr, seconds: float = 0) -> TokenPair:
    """Refresh some seconds after noon."""
    return await login.refresh(token, "192.0.2.1", later(seconds=seconds))


async def test_a_refresh_token_is_exchanged_for_another(login: Login, pair: TokenPair) -> None:
    """Each exchange gives a new token of the same member, and the chain goes on."""
    second = await refresh(login, pair.refresh_token, 10)
    third = await refresh(login, second.refresh_token, 20)
    assert len({p.refresh_token.get_secret_value() for p in (pair, second, third)}) == 3
    assert third.member_id == pair.member_id


async def test_a_lost_reply_is_given_again(login: Login, pair: TokenPair) -> None:
    """Within a minute the same token gets the same successor, however often, and that successor works."""
    first = await refresh(login, pair.refresh_token, 10)
    again = await refresh(login, pair.refresh_token, 69)
    assert again.refresh_token == first.refresh_token
    await refresh(login, again.refresh_token, 80)


async def test_reuse_after_the_grace_ends_the_family(login: Login, pair: TokenPair, admin: Any) -> None:
    """A token used again after a minute ends the session for both who hold it, and the reason is kept."""
    successor = await refresh(login, pair.refresh_token, 0)
    with pytest.raises(RefreshInvalid):
        await refresh(login, pair.refresh_token, 61)
    with pytest.raises(RefreshInvalid):
        await refresh(login, successor.refresh_token, 62)
    assert await admin.fetchval("SELECT revoked_because FROM refresh_family") == "reuse"


async def test_reuse_within_the_grace_but_after_the_successor_ends_the_family(login: Login, pair: TokenPair) -> None:
    """Once the successor was used the reply was not lost: an older token is a thief's."""
    second = await refresh(login, pair.refresh_token, 1)
    third = await refresh(login, second.refresh_token, 2)
    with pytest.raises(RefreshInvalid):
        await refresh(login, pair.refresh_token, 3)
    with pytest.raises(RefreshInvalid):
        await refresh(login, third.refresh_token, 4)


async def test_twenty_refreshes_at_once_agree(login: Login, pair: TokenPair, database: Database) -> None:
    """An app that refreshes from twenty requests at once gets one successor, twenty times."""
    pairs = await asyncio.gather(*(refresh(login, pair.refresh_token, 5) for _ in range(20)))
    assert len({p.refresh_token.get_secret_value() for p in pairs}) == 1
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_token") == 2


async def test_a_revoked_family_leaves_other_sessions_alone(login: Login, pair: TokenPair) -> None:
    """Logging out on one phone, or losing it to a thief, does not log out the tablet."""
    challenge = await login.request_code(ADA, "192.0.2.2", NOON)
    assert challenge.code is not None
    tablet = await login.redeem_code(challenge.challenge_id, ADA, challenge.code, "192.0.2.2", NOON)
    await login.log_out(pair.refresh_token, NOON)
    with pytest.raises(RefreshInvalid):
        await refresh(login, pair.refresh_token)
    assert (await refresh(login, tablet.refresh_token)).member_id == pair.member_id


async def test_logging_out_twice_or_with_rubbish_is_no_error(login: Login, pair: TokenPair) -> None:
    """The caller is logged out either way, and a forged token ends nobody's session."""
    text = pair.refresh_token.get_secret_value()
    await login.log_out(SecretStr(text[:-4] + "aaaa"), NOON)
    await login.log_out(SecretStr("rubbish"), NOON)
    successor = await refresh(login, pair.refresh_token)
    await login.log_out(successor.refresh_token, NOON)
    await login.log_out(successor.refresh_token, NOON)
    with pytest.raises(RefreshInvalid):
        await refresh(login, successor.refresh_token)


async def test_a_family_lives_by_its_use(login: Login, pair: TokenPair) -> None:
    """Ninety days unused end it; use extends it."""
    near, long = POLICY.refresh_seconds - 1, POLICY.refresh_seconds
    second = await refresh(login, pair.refresh_token, near)
    third = await refresh(login, second.refresh_token, near + near)
    with pytest.raises(RefreshInvalid):
        await refresh(login, third.refresh_token, near + near + long)


async def test_a_guessed_token_of_a_known_family_changes_nothing(login: Login, pair: TokenPair) -> None:
    """Whoever knows member and family but not the secret is refused, and cannot end the session either."""
    text = pair.refresh_token.get_secret_value()
    with pytest.raises(RefreshInvalid):
        await refresh(login, SecretStr(text[:-20] + "a" * 20))
    assert await refresh(login, pair.refresh_token)


async def test_an_erased_member_is_logged_out(login: Login, pair: TokenPair, database: Database) -> None:
    """At once by status; and the handler deletes the sessions, twice without harm."""
    async with database.transaction() as tx:
        await members.erase(tx, pair.member_id, NOON)
    with pytest.raises(RefreshInvalid):
        await refresh(login, pair.refresh_token)
    handler = forget_erased_members(database)
    for _ in range(2):
        await handler.run(MemberErased(member_id=pair.member_id, occurred_at=NOON.now), new_id())
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_token") == 0


async def test_the_database_holds_no_token(login: Login, pair: TokenPair, admin: Any) -> None:
    """Digest and salt do not give the token, nor its successor: nothing stored is part of either text."""
    successor = await refresh(login, pair.refresh_token, 1)
    stored = await admin.fetch("SELECT token_digest, successor_salt FROM refresh_token")
    from fedele.domains.auth.refresh import RefreshToken

    for text in (pair.refresh_token, successor.refresh_token):
        token = RefreshToken.parse(text)
        assert token is not None
        assert token.secret not in {value for row in stored for value in row.values()}


async def test_old_generations_are_pruned(login: Login, pair: TokenPair, database: Database) -> None:
    """A phone that refreshes for years leaves a bounded trail."""
    from fedele.domains.auth.refresh import GENERATIONS_KEPT

    token = pair.refresh_token
    for number in range(GENERATIONS_KEPT + 20):
        token = (await login.refresh(token, f"192.0.2.{number % 7}", later(seconds=number * 60))).refresh_token
    assert await database.reader.fetch_value("SELECT count(*) FROM refresh_token") <= GENERATIONS_KEPT + 3
