"""Claim a request key before doing its work, so that a retry is answered and never repeated."""

import dataclasses
import hashlib
from typing import Any

import orjson

from fedele.db.database import Transaction
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput, KeyReused

KEY_LENGTH_MAX = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """A key held by this transaction. `response` is what an earlier run answered; None: the work is still to do."""

    scope: str
    key: str
    response: Any
    member_id: MemberId | None

    async def answer(self, tx: Transaction, response: Any) -> None:
        """Keep the answer for retries, in the transaction of the effect. Ids and amounts only: no personal data."""
        await tx.execute(
            "UPDATE request SET response = $3 WHERE scope = $1 AND key = $2", self.scope, self.key, response
        )


def input_hash(body: Any) -> bytes:
    """A digest of the JSON-able input that does not depend on the order of its keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)).digest()


async def claim(tx: Transaction, scope: str, key: str, body: Any, member_id: MemberId | None = None) -> Claim:
    """Claim (scope, key) for this input. A concurrent holder is waited for; its answer is then ours.

    Raises KeyReused when the key was used with another body, InvalidInput for an empty or overlong key.
    """
    if not 1 <= len(key) <= KEY_LENGTH_MAX:
        raise InvalidInput(problem=f"An idempotency key has 1 to {KEY_LENGTH_MAX} characters.", field="idempotencyKey")
    digest = input_hash(body)
    inserted = await tx.fetch_row(
        """
        INSERT INTO request (scope, key, input_hash, member_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING scope
        """,
        scope, key, digest, member_id,
    )  # fmt: skip
    if inserted is not None:
        return Claim(scope, key, None, member_id)
    # A second statement: the first one's snapshot cannot see the row that won the race.
    row = await tx.fetch_row(
        "SELECT input_hash, member_id, response FROM request WHERE scope = $1 AND key = $2", scope, key
    )
    assert row is not None, "the key's holder vanished: request rows are only deleted long after their use"
    if row["input_hash"] != digest:
        raise KeyReused(field="idempotencyKey")
    return Claim(scope, key, row["response"], row["member_id"])
