"""What the ledger answers. Every function returns records; several members or currencies cost one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.ledger.integrity import verify
from fedele.domains.ledger.types import (
    Balance,
    DueMember,
    EntryId,
    EntryRecord,
    ExpiringUnits,
    LotId,
    LotRecord,
    LotUse,
    ProgrammeTotal,
    TransactionId,
    TransactionRecord,
)
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from fedele.kernel.pages import MalformedCursor, Page, decode_cursor, encode_cursor

__all__ = [
    "balances_by_member",
    "find_transaction",
    "find_transaction_of_entry",
    "list_due",
    "list_entries",
    "list_lots",
    "lots_by_id",
    "programme_totals",
    "transactions_by_purchase",
    "verify",
]

# The newest entry of each account, found by stepping down the chain's index from account to account: the cost depends
# on how many accounts a member has, not on how long their history is.
_BALANCES = """
WITH RECURSIVE head AS (
    SELECT newest.* FROM unnest($1::uuid[]) AS asked (member_id), LATERAL (
        SELECT member_id, currency, account, balance_after FROM entry WHERE entry.member_id = asked.member_id
        ORDER BY currency DESC, account DESC, account_version DESC LIMIT 1) AS newest
    UNION ALL
    SELECT newest.* FROM head, LATERAL (
        SELECT member_id, currency, account, balance_after FROM entry
        WHERE entry.member_id = head.member_id AND (entry.currency, entry.account) < (head.currency, head.account)
        ORDER BY currency DESC, account DESC, account_version DESC LIMIT 1) AS newest
), accounts AS (
    SELECT member_id, currency,
        coalesce(sum(balance_after) FILTER (WHERE account = 'pending'), 0)::bigint AS pending,
        coalesce(sum(balance_after) FILTER (WHERE account = 'reserved'), 0)::bigint AS reserved,
        coalesce(-sum(balance_after) FILTER (WHERE account = 'debt'), 0)::bigint AS debt,
        coalesce(-sum(balance_after) FILTER (WHERE account IN ('issued', 'revoked', 'pending')), 0)::bigint AS lifetime
    FROM head GROUP BY member_id, currency
), expiries AS (
    SELECT member_id, currency, expires_at, sum(remaining) AS units,
        row_number() OVER (PARTITION BY member_id, currency ORDER BY expires_at) AS place
    FROM lot
    WHERE member_id = ANY ($1) AND remaining > 0 AND state = 'active' AND (expires_at IS NULL OR expires_at > $2)
    GROUP BY member_id, currency, expires_at
), spendable AS (
    SELECT member_id, currency, sum(units)::bigint AS available,
        array_agg(units::bigint ORDER BY expires_at) FILTER (WHERE expires_at IS NOT NULL AND place <= $3) AS units,
        array_agg(expires_at ORDER BY expires_at) FILTER (WHERE expires_at IS NOT NULL AND place <= $3) AS instants
    FROM expiries GROUP BY member_id, currency
)
SELECT member_id, currency, coalesce(available, 0) AS available, pending, reserved, debt, lifetime, units, instants
FROM accounts LEFT JOIN spendable USING (member_id, currency) ORDER BY member_id, currency
"""


async def balances_by_member(
    q: Queryable, member_ids: Sequence[MemberId], at: datetime, expiries_count: int = 3
) -> Mapping[MemberId, tuple[Balance, ...]]:
    """Balances of many members, one statement; every member asked has a key, with () if nothing was ever posted.

    `at` decides what has expired, swept or not; `expiries_count` is how many of the next expiries each balance lists.
    """
    found: dict[MemberId, list[Balance]] = {member_id: [] for member_id in member_ids}
    for row in await q.fetch(_BALANCES, list(found), at, expiries_count):
        expiries = zip(row["units"] or (), row["instants"] or (), strict=True)
        balance = Balance(
            currency=CurrencyKey(row["currency"]),
            available=row["available"],
            pending=row["pending"],
            reserved=row["reserved"],
            debt=row["debt"],
            lifetime=row["lifetime"],
            next_expiries=tuple(ExpiringUnits(units, expires_at) for units, expires_at in expiries),
        )
        found[row["member_id"]].append(balance)
    return {member_id: tuple(balances) for member_id, balances in found.items()}


_ENTRIES = """
SELECT entry.id, entry.member_id, transaction_id, kind, entry.currency, account, amount, balance_after, occurred_at,
    entry.recorded_at, reason
FROM entry JOIN ledger_transaction AS cause ON cause.member_id = entry.member_id AND cause.id = entry.transaction_id
WHERE entry.member_id = $1 AND account IN ('available', 'pending', 'reserved', 'debt')
    AND ($2::text IS NULL OR entry.currency = $2)
    AND ($3::uuid IS NULL OR (transaction_id, entry.id) < ($3, $4::uuid))
ORDER BY transaction_id DESC, entry.id DESC LIMIT $5
"""


async def list_entries(
    q: Queryable, member_id: MemberId, first: int, after: str | None = None, currency: CurrencyKey | None = None
) -> Page[EntryRecord]:
    """Entries of the member's own accounts, newest first. Raises MalformedCursor."""
    rows = await q.fetch(_ENTRIES, member_id, currency, *_before(after), first + 1)
    records = tuple(_entry(row) for row in rows[:first])
    cursors = tuple(encode_cursor(str(record.transaction_id), str(record.id)) for record in records)
    return Page(records, cursors, len(rows) > first)


def _before(after: str | None) -> tuple[UUID | None, UUID | None]:
    if after is None:
        return None, None
    try:
        transaction_id, entry_id = (UUID(part) for part in decode_cursor(after, 2))
    except (ValueError, AttributeError, TypeError):
        raise MalformedCursor("this cursor belongs to another list") from None
    return transaction_id, entry_id


async def list_lots(q: Queryable, member_id: MemberId, currency: CurrencyKey | None = None) -> list[LotRecord]:
    """The member's live lots (something remains or is held), in the order in which they burn."""
    rows = await q.fetch(
        """
        SELECT * FROM lot
        WHERE member_id = $1 AND (remaining > 0 OR reserved > 0) AND ($2::text IS NULL OR currency = $2)
        ORDER BY currency, expires_at, id
        """,
        member_id,
        currency,
    )
    return [_lot(row) for row in rows]


async def lots_by_id(q: Queryable, member_id: MemberId, transaction_id: TransactionId) -> dict[LotId, LotRecord]:
    """The lots that this transaction made, took from or gave back to."""
    rows = await q.fetch(
        """
        SELECT * FROM lot WHERE member_id = $1 AND (transaction_id = $2 OR id IN (
            SELECT lot_id FROM lot_use WHERE member_id = $1 AND transaction_id = $2))
        """,
        member_id,
        transaction_id,
    )
    return {LotId(row["id"]): _lot(row) for row in rows}


# One statement for the transaction, its legs and what it did to lots.
_TRANSACTION = """
SELECT cause.*,
    (SELECT jsonb_agg(to_jsonb(entry) ORDER BY entry.id) FROM entry
     WHERE entry.member_id = cause.member_id AND entry.transaction_id = cause.id) AS entries,
    (SELECT jsonb_agg(to_jsonb(lot_use) ORDER BY lot_use.lot_id, lot_use.kind) FROM lot_use
     WHERE lot_use.member_id = cause.member_id AND lot_use.transaction_id = cause.id) AS uses
FROM ledger_transaction AS cause WHERE cause.member_id = $1 AND cause.id = $2
"""


async def find_transaction(
    q: Queryable, member_id: MemberId, transaction_id: TransactionId
) -> TransactionRecord | None:
    """A transaction of this member with all its legs and lot uses; None when unknown or another's."""
    row = await q.fetch_row(_TRANSACTION, member_id, transaction_id)
    return _transaction(row) if row else None


async def find_transaction_of_entry(q: Queryable, member_id: MemberId, entry_id: EntryId) -> TransactionRecord | None:
    """The transaction that an entry of this member belongs to: what `explain(entry)` tells."""
    row = await q.fetch_row(
        _TRANSACTION.replace(
            "cause.id = $2", "cause.id = (SELECT transaction_id FROM entry WHERE member_id = $1 AND id = $2)"
        ),
        member_id,
        entry_id,
    )
    return _transaction(row) if row else None


async def transactions_by_purchase(
    q: Queryable, member_id: MemberId, purchase_id: UUID
) -> list[tuple[TransactionId, str, CurrencyKey, int]]:
    """What a purchase earned and burned: (transaction, kind, currency, units asked), oldest first."""
    rows = await q.fetch(
        """
        SELECT id, kind, currency, requested FROM ledger_transaction
        WHERE member_id = $1 AND purchase_id = $2 ORDER BY id
        """,
        member_id,
        purchase_id,
    )
    return [(TransactionId(row["id"]), row["kind"], CurrencyKey(row["currency"]), row["requested"]) for row in rows]


async def list_due(q: Queryable, at: datetime, first: int, after: DueMember | None = None) -> list[DueMember]:
    """Members and currencies, in order, with a pending lot that is due at the moment."""
    rows = await q.fetch(
        """
        SELECT DISTINCT member_id, currency FROM lot WHERE remaining > 0 AND state = 'pending' AND activates_at <= $1
            AND ($2::uuid IS NULL OR (member_id, currency) > ($2, $3::text))
        ORDER BY member_id, currency LIMIT $4
        """,
        at,
        after.member_id if after else None,
        after.currency if after else None,
        first,
    )
    return [DueMember(MemberId(row["member_id"]), CurrencyKey(row["currency"])) for row in rows]


async def programme_totals(q: Queryable) -> list[ProgrammeTotal]:
    """Per currency over all members: the newest checkpoint plus what came since."""
    currencies: dict[str, dict[str, int]] = {}
    for row in await q.fetch("SELECT currency, account, total FROM ledger_programme_balance ORDER BY currency"):
        currencies.setdefault(row["currency"], {})[row["account"]] = row["total"]
    return [_total(CurrencyKey(currency), accounts) for currency, accounts in currencies.items()]


def _total(currency: CurrencyKey, accounts: Mapping[str, int]) -> ProgrammeTotal:
    balance = {
        name: accounts.get(name, 0) for name in ("available", "pending", "reserved", "redeemed", "expired", "revoked")
    }
    debt = -accounts.get("debt", 0)
    return ProgrammeTotal(
        currency=currency,
        **balance,
        issued=-accounts.get("issued", 0),
        adjusted=-accounts.get("adjusted", 0),
        debt=debt,
        outstanding=balance["available"] + balance["pending"] + balance["reserved"] - debt,
    )


def _entry(row: Row) -> EntryRecord:
    return EntryRecord(
        id=EntryId(row["id"]),
        member_id=MemberId(row["member_id"]),
        transaction_id=TransactionId(row["transaction_id"]),
        kind=row["kind"],
        currency=CurrencyKey(row["currency"]),
        account=row["account"],
        amount=row["amount"],
        balance=row["balance_after"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        reason=row["reason"],
    )


def _lot(row: Row) -> LotRecord:
    return LotRecord(
        id=LotId(row["id"]),
        member_id=MemberId(row["member_id"]),
        currency=CurrencyKey(row["currency"]),
        transaction_id=TransactionId(row["transaction_id"]),
        source=row["source"],
        purchase_id=row["purchase_id"],
        line=row["line"],
        original=row["original"],
        remaining=row["remaining"],
        reserved=row["reserved"],
        state=row["state"],
        earned_at=row["earned_at"],
        activates_at=row["activates_at"],
        expires_at=row["expires_at"],
    )


def _transaction(row: Row) -> TransactionRecord:
    shared: dict[str, Any] = {name: row[name] for name in ("kind", "occurred_at", "reason")}
    entries = [
        _entry(
            shared
            | entry
            | {name: UUID(entry[name]) for name in ("id", "member_id", "transaction_id")}
            | {"recorded_at": datetime.fromisoformat(entry["recorded_at"])}
        )
        for entry in row["entries"] or ()
    ]
    uses = [LotUse(LotId(UUID(use["lot_id"])), use["kind"], use["amount"]) for use in row["uses"] or ()]
    return TransactionRecord(
        id=TransactionId(row["id"]),
        member_id=MemberId(row["member_id"]),
        scope=row["scope"],
        key=row["key"],
        currency=CurrencyKey(row["currency"]),
        requested=row["requested"],
        recorded_at=row["recorded_at"],
        programme_version=row["programme_version"],
        actor=row["actor"],
        reverses=row["reverses"],
        purchase_id=row["purchase_id"],
        entries=tuple(entries),
        uses=tuple(uses),
        **shared,
    )
