"""What goes out: members, the ledger and what members did, as streams of flat rows; never a whole table in memory.

Each stream pages by its primary key, so that it holds no transaction open however long the reader takes. Rows that are
written while it runs may or may not be in it; what was there before it began is.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.surveys import queries as surveys

PAGE_ROWS = 1_000
ExportRow = Mapping[str, Any]
_FIRST = UUID(int=0)

HEADS: Mapping[str, tuple[str, ...]] = {
    "members": (
        "member_id", "status", "source", "joined_at", "name", "locale", "time_zone", "birthday", "home_store",
        "preferences", "email", "phone", "consents", "tier", "card",
    ),
    "ledger": (
        "member_id", "transaction_id", "entry_id", "kind", "currency", "account", "amount", "balance", "occurred_at",
        "recorded_at", "programme_version", "purchase_id", "reason",
    ),
    "events": (
        "member_id", "kind", "id", "occurred_at", "recorded_at", "store", "receipt", "currency", "total_minor",
        "discount_minor", "points", "details",
    ),
    "answers": (
        "member_id", "answer_id", "survey", "occasion", "answered_at", "edited_at", "programme_version", "store",
        "tier", "segments", "answers",
    ),
}  # fmt: skip

_MEMBERS = """
SELECT m.member_id, m.status, m.source, m.joined_at, p.display_name AS name, p.locale, p.time_zone,
       CASE WHEN p.birthday_month IS NOT NULL
            THEN lpad(p.birthday_month::text, 2, '0') || '-' || lpad(p.birthday_day::text, 2, '0') END AS birthday,
       p.home_store, p.preferences,
       (SELECT min(c.value) FROM member_contact c WHERE c.member_id = m.member_id AND c.kind = 'email') AS email,
       (SELECT min(c.value) FROM member_contact c WHERE c.member_id = m.member_id AND c.kind = 'phone') AS phone,
       (SELECT string_agg(c.purpose || ':' || c.channel, ' ' ORDER BY c.purpose, c.channel) FROM member_consent c
         WHERE c.member_id = m.member_id AND c.granted) AS consents,
       s.tier_key AS tier,
       (SELECT c.code FROM card_code c
         WHERE c.member_id = m.member_id AND c.kind = 'static' AND c.revoked_at IS NULL) AS card
  FROM member m LEFT JOIN member_profile p USING (member_id) LEFT JOIN tier_standing s USING (member_id)
 WHERE m.member_id > $1 ORDER BY m.member_id LIMIT $2
"""

_LEDGER = """
SELECT e.member_id, e.transaction_id, e.id AS entry_id, t.kind, e.currency, e.account, e.amount,
       e.balance_after AS balance, t.occurred_at, e.recorded_at, t.programme_version, t.purchase_id, t.reason
  FROM entry e JOIN ledger_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id
 WHERE (e.member_id, e.transaction_id, e.id) > ($1, $2, $3)
 ORDER BY e.member_id, e.transaction_id, e.id LIMIT $4
"""

# Each of the three kinds is walked to its end before the next: one primary key is one order.
_EVENTS = (
    """
    SELECT member_id, 'purchase' AS kind, purchase_id AS id, occurred_at, recorded_at, store_id AS store, receipt,
           currency, total_minor, discount_minor, points, (
               SELECT jsonb_agg(jsonb_build_object('line', l.line_number, 'sku', l.sku, 'quantity', l.quantity::text,
                                'amount_minor', l.amount_minor) ORDER BY l.line_number)
                 FROM purchase_line l WHERE l.member_id = p.member_id AND l.purchase_id = p.purchase_id) AS details
      FROM purchase p WHERE (member_id, purchase_id) > ($1, $2) ORDER BY member_id, purchase_id LIMIT $3
    """,
    """
    SELECT member_id, 'return' AS kind, return_id AS id, occurred_at, recorded_at, store_id AS store, NULL AS receipt,
           currency, total_minor, NULL AS discount_minor, points, (
               SELECT jsonb_agg(jsonb_build_object('line', l.line_number, 'quantity', l.quantity::text,
                                'amount_minor', l.amount_minor) ORDER BY l.line_number)
                 FROM purchase_return_line l
                WHERE l.member_id = r.member_id AND l.return_id = r.return_id) AS details
      FROM purchase_return r WHERE (member_id, return_id) > ($1, $2) ORDER BY member_id, return_id LIMIT $3
    """,
    """
    SELECT member_id, name AS kind, event_id AS id, occurred_at, recorded_at, store_id AS store, NULL AS receipt,
           NULL AS currency, NULL AS total_minor, NULL AS discount_minor, points, properties AS details
      FROM activity_event WHERE (member_id, event_id) > ($1, $2) ORDER BY member_id, event_id LIMIT $3
    """,
)


async def export_members(db: Queryable) -> AsyncIterator[ExportRow]:
    """Every member, guests and erased ones too (whose personal fields are empty)."""
    after = _FIRST
    while rows := await db.fetch(_MEMBERS, after, PAGE_ROWS):
        for row in rows:
            yield dict(row)
        after = rows[-1]["member_id"]


async def export_ledger(db: Queryable) -> AsyncIterator[ExportRow]:
    """Every leg of every transaction; the legs of one stand together and sum to zero."""
    after = (_FIRST, _FIRST, _FIRST)
    while rows := await db.fetch(_LEDGER, *after, PAGE_ROWS):
        for row in rows:
            yield dict(row)
        last = rows[-1]
        after = (last["member_id"], last["transaction_id"], last["entry_id"])


async def export_events(db: Queryable) -> AsyncIterator[ExportRow]:
    """Purchases with their lines, then returns, then events."""
    for sql in _EVENTS:
        after = (_FIRST, _FIRST)
        while rows := await db.fetch(sql, *after, PAGE_ROWS):
            for row in rows:
                yield dict(row)
            after = (rows[-1]["member_id"], rows[-1]["id"])


async def export_answers(db: Queryable) -> AsyncIterator[ExportRow]:
    """Complete answers to surveys, oldest first, with what was known of the member when they were asked."""
    async for row in surveys.responses(db):
        yield row
