"""Reading staff keys. Sessions and challenges are read only where they are used, under their locks."""

from typing import Any

from fedele.db.database import Queryable, Row
from fedele.domains.auth.types import ApiKey, KeyKind, Scope
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import NotFound

_COLUMNS = "key_id, kind, name, scopes, store_id, created_at, expires_at, revoked_at, last_used_at"


async def list_api_keys(db: Queryable, *, with_revoked: bool = True) -> tuple[ApiKey, ...]:
    """Every key, the oldest first, without its secret."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM api_key WHERE $1 OR revoked_at IS NULL ORDER BY created_at, key_id", with_revoked
    )
    return tuple(map(_api_key, rows))


async def get_api_key(db: Queryable, key_id: str) -> ApiKey:
    """One key. Raises NotFound."""
    row = await db.fetch_row(f"SELECT {_COLUMNS} FROM api_key WHERE key_id = $1", key_id)
    if row is None:
        raise NotFound(what="key", field="id")
    return _api_key(row)


async def find_api_key_with_digest(db: Queryable, key_id: str) -> tuple[ApiKey, bytes] | None:
    """A key and the digest of its secret, to compare a presented one with."""
    row = await db.fetch_row(f"SELECT {_COLUMNS}, secret_digest FROM api_key WHERE key_id = $1", key_id)
    return (_api_key(row), row["secret_digest"]) if row else None


def _api_key(row: Row) -> ApiKey:
    known: set[Any] = {scope.value for scope in Scope}
    return ApiKey(
        key_id=row["key_id"],
        kind=KeyKind(row["kind"]),
        name=row["name"],
        # A scope of a newer version means nothing to this one.
        scopes=frozenset(Scope(scope) for scope in row["scopes"] if scope in known),
        store=StoreId(row["store_id"]) if row["store_id"] is not None else None,
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
