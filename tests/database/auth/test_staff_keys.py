"""Staff keys on a real database: found by id, proven by secret, limited by scope, store, time and revocation."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from fedele.db.database import Database, counting
from fedele.domains.auth.api_key import KeyText
from fedele.domains.auth.commands import create_key, ensure_bootstrap_key, revoke_key
from fedele.domains.auth.errors import KeyInvalid, KeyRevoked
from fedele.domains.auth.queries import list_api_keys
from fedele.domains.auth.types import ALL_SCOPES, TILL_SCOPES, Anonymous, CreatedKey, KeyKind, Scope, StaffPrincipal
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import InvalidInput, NotFound
from tests.factories.auth import NOON, later, make_authenticator


async def create(database: Database, **options: Any) -> CreatedKey:
    """A key with reading scope unless told otherwise."""
    async with database.transaction() as tx:
        return await create_key(
            tx, options.pop("name", "console"), options.pop("scopes", {Scope.MEMBERS_READ}), NOON, **options
        )


async def test_a_key_becomes_its_principal(database: Database) -> None:
    """Scopes, store, name and kind are those it was made with."""
    created = await create(database, name="till 7", kind=KeyKind.TILL, scopes=TILL_SCOPES, store=StoreId("store-1"))
    principal = await make_authenticator(database).principal(created.text, NOON)
    assert principal == StaffPrincipal(created.key.key_id, TILL_SCOPES, StoreId("store-1"), "till 7", KeyKind.TILL)
    assert principal.may(Scope.TILL)
    assert not principal.may(Scope.MEMBERS_WRITE)
    assert not principal.serves(StoreId("store-2"))


async def test_no_credentials_are_nobody(database: Database) -> None:
    """Anonymous, not an error: fields decide."""
    assert await make_authenticator(database).principal(None, NOON) == Anonymous()


async def test_a_wrong_secret_unknown_id_or_other_kind_look_alike(database: Database) -> None:
    """All are KEY_INVALID with the same words."""
    created = await create(database)
    right = created.text.get_secret_value()
    wrong = [
        right[:-1] + ("a" if right[-1] != "a" else "b"),
        KeyText.fresh(KeyKind.STAFF).text.get_secret_value(),
        right.replace("fdl_staff_", "fdl_service_"),
        "fdl_staff_",
    ]
    messages = set()
    for text in wrong:
        with pytest.raises(KeyInvalid) as refusal:
            await make_authenticator(database).principal(SecretStr(text), NOON)
        messages.add(str(refusal.value))
    assert len(messages) == 1


async def test_a_revoked_key_stops_at_once(database: Database) -> None:
    """Also in a process that has just accepted it; revoking again keeps the first date."""
    created, authenticator = await create(database), make_authenticator(database)
    await authenticator.principal(created.text, NOON)
    async with database.transaction() as tx:
        first = await revoke_key(tx, created.key.key_id, later(seconds=1))
        again = await revoke_key(tx, created.key.key_id, later(seconds=9))
    assert first.revoked_at == again.revoked_at == later(seconds=1).now
    with pytest.raises(KeyRevoked):
        await authenticator.principal(created.text, later(seconds=2))


async def test_a_key_expires(database: Database) -> None:
    """Good before its time, revoked from then on."""
    created = await create(database, expires_at=NOON.now + timedelta(hours=1))
    authenticator = make_authenticator(database)
    assert await authenticator.principal(created.text, later(minutes=59))
    with pytest.raises(KeyRevoked):
        await authenticator.principal(created.text, later(minutes=60))


@pytest.mark.parametrize(
    "options",
    [{"name": " "}, {"name": "x" * 101}, {"scopes": set()}, {"kind": KeyKind.TILL}, {"expires_at": NOON.now}],
)
async def test_a_key_that_makes_no_sense_is_not_made(database: Database, options: dict[str, Any]) -> None:
    """Nameless, powerless, a till without a store, already expired: refused, nothing written."""
    with pytest.raises(InvalidInput):
        await create(database, **options)
    assert await list_api_keys(database.reader) == ()


async def test_an_unknown_key_cannot_be_revoked(database: Database) -> None:
    """NOT_FOUND."""
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await revoke_key(tx, "aaaaaaaaaaaa", NOON)


async def test_use_is_noted_every_five_minutes(database: Database) -> None:
    """The first use writes; those of the next five minutes cost one read and nothing else."""
    created, authenticator = await create(database), make_authenticator(database)
    await authenticator.principal(created.text, NOON)
    with counting() as statements:
        await authenticator.principal(created.text, later(seconds=299))
    assert len(statements) == 1
    (key,) = await list_api_keys(database.reader)
    assert key.last_used_at == NOON.now
    await authenticator.principal(created.text, later(seconds=300))
    (key,) = await list_api_keys(database.reader)
    assert key.last_used_at == later(seconds=300).now


async def test_the_bootstrap_key_is_made_once_and_stays_revoked(database: Database) -> None:
    """Every start may ask for it; revoking it is final; another secret under its id is refused."""
    text = KeyText.fresh(KeyKind.STAFF).text
    for _ in range(2):
        async with database.transaction() as tx:
            key = await ensure_bootstrap_key(tx, text, NOON)
    principal = await make_authenticator(database).staff(text, NOON)
    assert (principal.scopes, principal.store) == (ALL_SCOPES, None)
    async with database.transaction() as tx:
        await revoke_key(tx, key.key_id, NOON)
        await ensure_bootstrap_key(tx, text, NOON)
    with pytest.raises(KeyRevoked):
        await make_authenticator(database).staff(text, NOON)
    other = KeyText(KeyKind.STAFF, key.key_id, "a" * 52).text
    with pytest.raises(InvalidInput):
        async with database.transaction() as tx:
            await ensure_bootstrap_key(tx, other, NOON)


@pytest.mark.parametrize("text", ["", "secret", "fdl_till_aaaaaaaaaaaa_" + "a" * 52])
async def test_a_bootstrap_key_of_another_form_is_refused_without_showing_it(database: Database, text: str) -> None:
    """The message names the variable, not its content."""
    with pytest.raises(InvalidInput) as refusal:
        async with database.transaction() as tx:
            await ensure_bootstrap_key(tx, SecretStr(text), NOON)
    assert "FEDELE_BOOTSTRAP_STAFF_KEY" in str(refusal.value)
    assert not text or text not in str(refusal.value)


async def test_the_table_holds_no_secret(database: Database, admin: Any) -> None:
    """Neither the text nor its secret is anywhere in the row."""
    created = await create(database)
    row = await admin.fetchval("SELECT row_to_json(k)::text FROM api_key k")
    assert created.text.get_secret_value().rpartition("_")[2] not in row
    assert created.text.get_secret_value() not in repr(created)
