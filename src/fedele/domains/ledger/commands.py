"""The ledger's commands: one server-side call each, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.ledger import errors
from fedele.domains.ledger.types import (
    EntryId,
    Expire,
    LotId,
    Operation,
    PostedEntry,
    PostedLot,
    Posting,
    Settle,
    TransactionId,
)
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import Refusal

_POST_MANY = """
SELECT n.member_id, ledger_post_v2(n.member_id, $2, n.asked -> 'operations', $4) AS reply
  FROM unnest($1::uuid[], $3::jsonb[]) WITH ORDINALITY AS n (member_id, asked, ordinal) ORDER BY n.ordinal
"""


async def post(
    tx: Transaction, member_id: MemberId, operations: Sequence[Operation], moment: Moment
) -> tuple[Posting, ...]:
    """Apply the operations to one member, in order, all or none, in one call. One Posting per operation.

    Repeating an operation (same scope and key) returns its first Posting and writes nothing. Raises InsufficientPoints,
    LedgerTransactionUnknown, LedgerExceedsOriginal, KeyReused or InvalidInput.
    """
    reply: dict[str, Any] = await tx.fetch_value(
        "SELECT ledger_post_v2($1, $2, $3, $4)",
        member_id,
        moment.now,
        [operation.as_json() for operation in operations],
        tx.quiet,
    )
    if reply["status"] == "refused":
        raise errors.refusal(reply["code"], reply["details"])
    return tuple(read_posting(result) for result in reply["results"])


async def post_many(
    tx: Transaction, operations: Mapping[MemberId, Sequence[Operation]], moment: Moment
) -> dict[MemberId, tuple[Posting, ...] | Refusal]:
    """The same for many members, in one statement: all or none for each member by themselves.

    What one member is refused, is their answer and stops nobody else. The caller holds the members' locks.
    """
    rows = await tx.fetch(
        _POST_MANY,
        list(operations),
        moment.now,
        [{"operations": [operation.as_json() for operation in each]} for each in operations.values()],
        tx.quiet,
    )
    answers: dict[MemberId, tuple[Posting, ...] | Refusal] = {}
    for row in rows:
        reply = row["reply"]
        answers[MemberId(row["member_id"])] = (
            errors.refusal(reply["code"], reply["details"])
            if reply["status"] == "refused"
            else tuple(read_posting(result) for result in reply["results"])
        )
    return answers


async def settle_pending(tx: Transaction, member_id: MemberId, currency: CurrencyKey, moment: Moment) -> Posting:
    """Make this member's pending lots available that are due at the moment. Repeating it changes nothing."""
    operation = Settle(scope="settle", key=_instant_key(currency, moment), currency=currency, as_of=moment.now)
    return (await post(tx, member_id, [operation], moment))[0]


async def expire(tx: Transaction, member_id: MemberId, currency: CurrencyKey, moment: Moment) -> Posting:
    """Sweep this member's lots that expired at or before the moment. Repeating it changes nothing."""
    operation = Expire(scope="expire", key=_instant_key(currency, moment), currency=currency, as_of=moment.now)
    return (await post(tx, member_id, [operation], moment))[0]


def read_posting(result: dict[str, Any]) -> Posting:
    """One element of `results` in `ledger_post_v2`'s reply; for callers of the SQL."""
    return Posting(
        op=result["op"],
        transaction_id=TransactionId(UUID(text)) if (text := result["transaction_id"]) else None,
        currency=CurrencyKey(result["currency"]),
        units=result["units"],
        requested=result["requested"],
        waived=result["waived"],
        debt_paid=result["debt_paid"],
        debt_incurred=result["debt_incurred"],
        spendable=result["spendable"],
        entries=tuple(_read_entry(entry) for entry in result["entries"]),
        lots=tuple(_read_lot(lot) for lot in result["lots"]),
    )


def _read_entry(entry: dict[str, Any]) -> PostedEntry:
    return PostedEntry(
        EntryId(UUID(entry["id"])), entry["account"], entry["amount"], entry["version"], entry["balance"]
    )


def _read_lot(lot: dict[str, Any]) -> PostedLot:
    expires_at = datetime.fromisoformat(lot["expires_at"]) if lot["expires_at"] else None
    return PostedLot(LotId(UUID(lot["id"])), lot["units"], expires_at, lot["state"])


def _instant_key(currency: CurrencyKey, moment: Moment) -> str:
    return f"{currency}@{moment.now.isoformat()}"
