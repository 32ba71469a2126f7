"""The books' own proof, from the rows alone: it trusts no trigger, no cached balance and no reply."""

from fedele.db.database import Queryable
from fedele.domains.ledger.types import Fault
from fedele.kernel.ids import MemberId

# Each check answers one row a fault: whose, and what was seen.
CHECKS = {
    "entries of a transaction sum to zero": """
        SELECT member_id, format('transaction %s: %s %s', transaction_id, sum(amount), currency) AS found
        FROM entry GROUP BY member_id, transaction_id, currency HAVING sum(amount) <> 0
    """,
    "versions are gapless and each balance builds on the last": """
        SELECT member_id, format('%s %s: version %s is entry %s, on %s', currency, account, account_version,
                                 place, earlier)
        FROM (SELECT *, row_number() OVER chain AS place, coalesce(lag(balance_after) OVER chain, 0) AS earlier
              FROM entry WINDOW chain AS (PARTITION BY member_id, currency, account ORDER BY account_version)) AS entry
        WHERE account_version <> place OR balance_before <> earlier OR balance_after <> earlier + amount
    """,
    "lots hold what the accounts say": """
        SELECT member_id, format('%s %s: lots %s, entries %s', currency, account, coalesce(lots.units, 0),
                                 coalesce(books.units, 0))
        FROM (SELECT member_id, currency, account, sum(amount) AS units FROM entry
              WHERE account IN ('available', 'pending', 'reserved') GROUP BY member_id, currency, account) AS books
        FULL JOIN (SELECT member_id, currency, account, sum(units) AS units
                   FROM lot, LATERAL (VALUES (CASE state WHEN 'active' THEN 'available' ELSE 'pending' END, remaining),
                                             ('reserved', reserved)) AS part (account, units)
                   GROUP BY member_id, currency, account) AS lots USING (member_id, currency, account)
        WHERE coalesce(lots.units, 0) <> coalesce(books.units, 0)
    """,
    "uses of a lot account for what left it": """
        SELECT lot.member_id, format('lot %s: %s of %s left, %s held; uses %s, holds %s', lot.id, remaining, original,
                                     reserved, uses.amount, uses.held)
        FROM lot LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount), 0) AS amount, coalesce(sum(amount) FILTER (WHERE kind = 'hold'), 0) AS held
            FROM lot_use WHERE lot_use.member_id = lot.member_id AND lot_use.lot_id = lot.id) AS uses ON true
        WHERE original - remaining <> uses.amount OR reserved <> uses.held
    """,
    "a transaction's uses account for its legs": """
        SELECT cause.member_id, format('transaction %s: legs %s/%s/%s, lots %s/%s/%s', cause.id, legs.own,
                                       legs.redeemed, legs.expired, lots.made - uses.own, uses.redeemed, uses.expired)
        FROM ledger_transaction AS cause
        JOIN LATERAL (
            SELECT coalesce(sum(amount) FILTER (WHERE account IN ('available', 'pending', 'reserved')), 0) AS own,
                coalesce(sum(amount) FILTER (WHERE account = 'redeemed'), 0) AS redeemed,
                coalesce(sum(amount) FILTER (WHERE account = 'expired'), 0) AS expired
            FROM entry WHERE entry.member_id = cause.member_id AND entry.transaction_id = cause.id) AS legs ON true
        JOIN LATERAL (
            SELECT coalesce(sum(amount) FILTER (WHERE kind <> 'hold'), 0) AS own,
                coalesce(sum(amount) FILTER (WHERE kind IN ('burn', 'restore')), 0) AS redeemed,
                coalesce(sum(amount) FILTER (WHERE kind = 'expire'), 0) AS expired
            FROM lot_use
            WHERE lot_use.member_id = cause.member_id AND lot_use.transaction_id = cause.id) AS uses ON true
        JOIN LATERAL (
            SELECT coalesce(sum(original), 0) AS made FROM lot
            WHERE lot.member_id = cause.member_id AND lot.transaction_id = cause.id) AS lots ON true
        WHERE legs.own <> lots.made - uses.own OR legs.redeemed <> uses.redeemed OR legs.expired <> uses.expired
    """,
    "reversals ask for no more than the original": """
        SELECT original.member_id, format('transaction %s: %s asked, %s reversed', original.id, original.requested,
                                          sum(reversal.requested))
        FROM ledger_transaction AS original
        JOIN ledger_transaction AS reversal
            ON reversal.member_id = original.member_id AND reversal.reverses = original.id
        GROUP BY original.member_id, original.id HAVING sum(reversal.requested) > original.requested
    """,
    "a lot expires when its last change says": """
        SELECT lot.member_id, format('lot %s: expires %s, last change %s', lot.id, lot.expires_at, change.expires_at)
        FROM lot JOIN LATERAL (
            SELECT expires_at FROM lot_expiry_change AS change
            WHERE change.member_id = lot.member_id AND change.lot_id = lot.id
            ORDER BY transaction_id DESC LIMIT 1) AS change ON lot.expires_at IS DISTINCT FROM change.expires_at
    """,
}


async def verify(q: Queryable) -> list[Fault]:
    """Prove the books over all members. An empty list means sound; it reads everything, so it is no page's business."""
    faults = []
    for check, sql in CHECKS.items():
        for row in await q.fetch(sql):
            member_id, found = tuple(row.values())
            faults.append(Fault(check, MemberId(member_id), found))
    return faults
