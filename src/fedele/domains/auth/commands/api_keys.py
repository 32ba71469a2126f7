"""Staff keys: made, revoked, and the first one of a new installation."""

from collections.abc import Collection
from datetime import datetime

from pydantic import SecretStr

from fedele.db.database import Transaction
from fedele.domains.auth.api_key import KeyText
from fedele.domains.auth.known_keys import CHANNEL
from fedele.domains.auth.queries import get_api_key
from fedele.domains.auth.types import ALL_SCOPES, ApiKey, CreatedKey, KeyKind, Scope
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import InvalidInput, NotFound

NAME_LENGTH_MAX = 100


async def create_key(
    tx: Transaction, name: str, scopes: Collection[Scope], moment: Moment, *,
    kind: KeyKind = KeyKind.STAFF, store: StoreId | None = None, expires_at: datetime | None = None,
) -> CreatedKey:  # fmt: skip
    """Make a key. Its text is in the answer and nowhere else. `store` None: every store. Raises InvalidInput."""
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInput(problem=f"Give the key a name of 1 to {NAME_LENGTH_MAX} characters.", field="name")
    if not scopes:
        raise InvalidInput(problem="A key without a scope may do nothing; name at least one.", field="scopes")
    if kind is KeyKind.TILL and store is None:
        raise InvalidInput(problem="A till's key is bound to its store; name the store.", field="store")
    if expires_at is not None and expires_at <= moment.now:
        raise InvalidInput(problem="The key would have expired already.", field="expiresAt")
    text = KeyText.fresh(kind)
    await _insert(tx, text, name.strip(), scopes, store, expires_at, moment)
    return CreatedKey(await get_api_key(tx, text.key_id), text.text)


def generate_staff_key() -> SecretStr:
    """The text of a fresh staff key, which means nothing until `ensure_bootstrap_key` is given it."""
    return KeyText.fresh(KeyKind.STAFF).text


async def revoke_key(tx: Transaction, key_id: str, moment: Moment) -> ApiKey:
    """Revoke a key from now on; repeating it keeps the first date. Raises NotFound."""
    found = await tx.fetch_value(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1 RETURNING true",
        key_id, moment.now,
    )  # fmt: skip
    if not found:
        raise NotFound(what="key", field="id")
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, key_id)  # heard when this commits
    return await get_api_key(tx, key_id)


async def ensure_bootstrap_key(tx: Transaction, text: SecretStr, moment: Moment) -> ApiKey:
    """The administrator's first key, as the environment gives it: every scope, every store. Known already: unchanged,
    also when it was revoked since. Raises InvalidInput when the text is no staff key."""
    parsed = KeyText.parse(text)
    if parsed is None or parsed.kind is not KeyKind.STAFF:
        raise InvalidInput(
            problem="FEDELE_BOOTSTRAP_STAFF_KEY is not a staff key; make one with `fedele keys generate`."
        )
    await _insert(tx, parsed, "bootstrap", ALL_SCOPES, None, None, moment)
    key = await get_api_key(tx, parsed.key_id)
    digest = await tx.fetch_value("SELECT secret_digest FROM api_key WHERE key_id = $1", parsed.key_id)
    if not parsed.matches(digest):
        raise InvalidInput(problem="FEDELE_BOOTSTRAP_STAFF_KEY has the id of another key; generate a new one.")
    return key


async def _insert(
    tx: Transaction, text: KeyText, name: str, scopes: Collection[Scope], store: StoreId | None,
    expires_at: datetime | None, moment: Moment,
) -> None:  # fmt: skip
    await tx.execute(
        """
        INSERT INTO api_key (key_id, kind, name, secret_digest, scopes, store_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key_id) DO NOTHING
        """,
        text.key_id, text.kind.value, name, text.digest, sorted(scope.value for scope in scopes), store, moment.now,
        expires_at,
    )  # fmt: skip
