"""Staff keys are read once in five seconds, not with every sale; a revoked one is refused as soon as that is heard."""

from typing import Any

import pytest
from pydantic import SecretStr

from fedele.db.database import Database, counting
from fedele.domains.auth.commands import Authenticator, create_key, revoke_key
from fedele.domains.auth.errors import KeyRevoked
from fedele.domains.auth.types import TILL_SCOPES, CreatedKey, KeyKind
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import StoreId
from tests.factories.auth import make_authenticator
from tests.fixtures.processes import until


async def a_till(database: Database) -> tuple[Authenticator, CreatedKey]:
    """A key that was used a moment ago, and who reads it."""
    asked = make_authenticator(database)
    async with database.transaction() as tx:
        key = await create_key(tx, "till", TILL_SCOPES, moment_now(), kind=KeyKind.TILL, store=StoreId("store-1"))
    await asked.principal(key.text, moment_now())
    return asked, key


async def statements_of(asked: Authenticator, text: SecretStr) -> int:
    """How many statements it takes to say who this is."""
    with counting() as statements:
        await asked.principal(text, moment_now())
    return len(statements)


async def test_a_key_is_read_once_while_somebody_listens(database: Database) -> None:
    """One statement for the first, none for the next fifty; and a key with another secret is still nobody's."""
    asked, key = await a_till(database)
    async with asked.listening():
        assert await statements_of(asked, key.text) == 1
        assert [await statements_of(asked, key.text) for _ in range(50)] == [0] * 50
        text = key.text.get_secret_value()
        forged = SecretStr(text[:-1] + ("a" if text[-1] != "a" else "b"))
        with pytest.raises(Exception, match="key"):
            await asked.principal(forged, moment_now())
    assert await statements_of(asked, key.text) == 1


async def test_without_a_listener_it_is_read_each_time(database: Database) -> None:
    """Control: what cannot hear of a revocation keeps nothing."""
    asked, key = await a_till(database)
    assert [await statements_of(asked, key.text) for _ in range(3)] == [1, 1, 1]


async def test_a_revoked_key_is_refused_as_soon_as_it_is_heard(database: Database) -> None:
    """Kept or not: once the notice has come, the next request is refused."""
    asked, key = await a_till(database)
    async with asked.listening():
        assert await statements_of(asked, key.text) == 1
        assert await statements_of(asked, key.text) == 0
        async with database.transaction() as tx:
            await revoke_key(tx, key.key.key_id, moment_now())

        async def refused() -> bool:
            try:
                await asked.principal(key.text, moment_now())
            except KeyRevoked:
                return True
            return False

        await until(refused, 2)  # well below the five seconds after which it is read again anyhow


async def test_a_lost_listener_forgets_what_it_kept(database: Database, admin: Any) -> None:
    """While the notices' connection is cut a revocation could be missed: what was kept is read again."""
    asked, key = await a_till(database)
    async with asked.listening():
        await statements_of(asked, key.text)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )

        async def read_again() -> bool:
            return await statements_of(asked, key.text) == 1

        await until(read_again, 4)
