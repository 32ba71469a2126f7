"""Reading what members did. Every statement is keyed by the member, except the look-up by receipt."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.activity.history import in_order_of_record, returns_of
from fedele.domains.activity.types import (
    ActivityEvent,
    ActivityEventId,
    ActivityItem,
    Burned,
    Favourite,
    Happening,
    Line,
    Product,
    Purchase,
    PurchaseId,
    Tender,
)
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.money import Money
from fedele.kernel.pages import Page, decode_position, encode_cursor

# A purchase with its lines as one row: the lines travel as a JSON array in line order.
_PURCHASE = """
    SELECT p.*, (
        SELECT jsonb_agg(jsonb_build_array(l.line_number, l.quantity::text, l.amount_minor, l.tax_minor,
                         l.discount_minor, l.kind, l.sku, l.name, l.category, l.department, l.brand,
                         l.returned_quantity::text, l.attributes) ORDER BY l.line_number)
          FROM purchase_line l
         WHERE l.member_id = p.member_id AND l.purchase_id = p.purchase_id
    ) AS lines
      FROM purchase p
"""

# Purchases, returns and events of one member, newest first, each with its lines and what it did to the balances. Every
# branch stops at the page's length by its own index, so a page costs the same however long the history is.
_PAGE = """
WITH page AS (
    (SELECT 'purchase' AS kind, purchase_id AS id, occurred_at, '' AS name, store_id, receipt, currency, total_minor,
            discount_minor, purchase_id, points
       FROM purchase WHERE member_id = $1 AND (occurred_at, purchase_id) < ($2, $3)
      ORDER BY occurred_at DESC, purchase_id DESC LIMIT $4)
    UNION ALL
    (SELECT 'return', return_id, occurred_at, '', store_id, NULL, currency, total_minor, 0, purchase_id, points
       FROM purchase_return WHERE member_id = $1 AND (occurred_at, return_id) < ($2, $3)
      ORDER BY occurred_at DESC, return_id DESC LIMIT $4)
    UNION ALL
    (SELECT 'event', event_id, occurred_at, name, store_id, NULL, NULL, NULL, 0, NULL, points
       FROM activity_event WHERE member_id = $1 AND (occurred_at, event_id) < ($2, $3)
      ORDER BY occurred_at DESC, event_id DESC LIMIT $4)
    ORDER BY occurred_at DESC, id DESC LIMIT $4
)
SELECT page.*, (
    SELECT jsonb_agg(jsonb_build_array(l.line_number, coalesce(r.quantity, l.quantity)::text,
                     coalesce(r.amount_minor, l.amount_minor), l.tax_minor, l.discount_minor, l.kind, l.sku, l.name,
                     l.category, l.department, l.brand, '0', l.attributes) ORDER BY l.line_number)
      FROM purchase_line l
      LEFT JOIN purchase_return_line r
        ON page.kind = 'return' AND r.member_id = $1 AND r.return_id = page.id AND r.line_number = l.line_number
     WHERE l.member_id = $1 AND l.purchase_id = page.purchase_id
       AND (page.kind = 'purchase' OR r.return_id IS NOT NULL)
) AS lines
  FROM page ORDER BY page.occurred_at DESC, page.id DESC
"""
_END_OF_TIME = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)


async def list_activity(db: Queryable, member_id: MemberId, first: int, after: str | None = None) -> Page[ActivityItem]:
    """What the member did, newest first, in one statement. Raises MalformedCursor."""
    at, last_id = _END_OF_TIME, UUID(int=(1 << 128) - 1)
    if after is not None:
        at, last_id = _position(after)
    rows = await db.fetch(_PAGE, member_id, at, last_id, first + 1)
    shown = rows[:first]
    return Page(
        items=tuple(_item(row) for row in shown),
        cursors=tuple(encode_cursor(row["occurred_at"].isoformat(), str(row["id"])) for row in shown),
        has_next=len(rows) > first,
    )


async def find_purchase(db: Queryable, member_id: MemberId, purchase_id: PurchaseId) -> Purchase | None:
    """The member's purchase with its lines and what came back of them, or None."""
    row = await db.fetch_row(_PURCHASE + " WHERE p.member_id = $1 AND p.purchase_id = $2", member_id, purchase_id)
    return purchase_from_row(row) if row else None


async def usual_stores(db: Queryable, member_id: MemberId, count_max: int) -> tuple[StoreId, ...]:
    """The stores of the member's latest purchases, the most frequent first."""
    rows = await db.fetch(
        """
        SELECT store_id FROM (
            SELECT store_id FROM purchase WHERE member_id = $1 ORDER BY occurred_at DESC, purchase_id DESC LIMIT 30
        ) AS latest
        GROUP BY store_id ORDER BY count(*) DESC, store_id LIMIT $2
        """,
        member_id,
        count_max,
    )
    return tuple(StoreId(row["store_id"]) for row in rows)


async def find_purchase_by_receipt(db: Queryable, store_id: StoreId, receipt: str) -> Purchase | None:
    """The latest purchase with this receipt number at this store, whoever bought it: for the returns desk."""
    sql = _PURCHASE + " WHERE p.store_id = $1 AND p.receipt = $2 ORDER BY p.purchase_id DESC LIMIT 1"
    row = await db.fetch_row(sql, store_id, receipt)
    return purchase_from_row(row) if row else None


async def find_event(db: Queryable, member_id: MemberId, event_id: ActivityEventId) -> ActivityEvent | None:
    """The member's event, or None."""
    sql = "SELECT * FROM activity_event WHERE member_id = $1 AND event_id = $2"
    row = await db.fetch_row(sql, member_id, event_id)
    return _event(row) if row else None


async def history_of(db: Queryable, member_id: MemberId) -> list[Happening]:
    """All that the member bought, returned and did, in the order in which it was recorded."""
    purchases = await db.fetch(_PURCHASE + " WHERE p.member_id = $1", member_id)
    events = await db.fetch("SELECT * FROM activity_event WHERE member_id = $1", member_id)
    return in_order_of_record(
        [purchase_from_row(row) for row in purchases],
        await returns_of(db, member_id),
        [_event(row) for row in events],
    )


def _event(row: Row) -> ActivityEvent:
    return ActivityEvent(
        id=ActivityEventId(row["event_id"]),
        member_id=MemberId(row["member_id"]),
        name=row["name"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        store_id=StoreId(row["store_id"]) if row["store_id"] else None,
        properties=row["properties"],
    )


async def products_by_sku(db: Queryable, skus: Sequence[str]) -> dict[str, Product]:
    """The catalogue's rows for these skus; unknown ones are left out."""
    sql = "SELECT sku, name, category, department, brand FROM product WHERE sku = ANY($1::text[])"
    return {row["sku"]: Product(**dict(row)) for row in await db.fetch(sql, list(skus))}


async def costs_by_sku(db: Queryable, skus: Sequence[str], at: dt.datetime) -> dict[str, Decimal]:
    """What one of each of these articles cost us at that time, in the home currency; unknown ones are left out."""
    sql = """
        SELECT asked.sku, known.cost FROM unnest($1::text[]) AS asked (sku), LATERAL (
            SELECT cost FROM product_cost AS c WHERE c.sku = asked.sku AND c.valid_from <= $2
             ORDER BY c.valid_from DESC LIMIT 1) AS known
        """
    return {row["sku"]: row["cost"] for row in await db.fetch(sql, list(skus), at)}


async def count_events(db: Queryable, member_id: MemberId, name: str, since: dt.datetime) -> int:
    """How often the member did this since then (by the event's own time): what sequence rules ask."""
    sql = "SELECT count(*) FROM activity_event WHERE member_id = $1 AND name = $2 AND occurred_at >= $3"
    count: int = await db.fetch_value(sql, member_id, name, since)
    return count


async def count_purchases(db: Queryable, member_id: MemberId, since: dt.datetime) -> int:
    """How often the member bought since then (by the sale's own time)."""
    sql = "SELECT count(*) FROM purchase WHERE member_id = $1 AND occurred_at >= $2"
    count: int = await db.fetch_value(sql, member_id, since)
    return count


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """All that the member bought, returned and did, as JSON-able values, oldest first (GDPR articles 15 and 20)."""
    purchases = await db.fetch(_PURCHASE + " WHERE p.member_id = $1 ORDER BY p.occurred_at, p.purchase_id", member_id)
    returns = await db.fetch("SELECT * FROM purchase_return WHERE member_id = $1 ORDER BY occurred_at", member_id)
    events = await db.fetch("SELECT * FROM activity_event WHERE member_id = $1 ORDER BY occurred_at", member_id)
    return {
        "purchases": [_exported_purchase(purchase_from_row(row)) for row in purchases],
        "returns": [
            {
                "purchase": str(row["purchase_id"]),
                "store": row["store_id"],
                "occurredAt": row["occurred_at"].isoformat(),
                "total": str(Money(row["total_minor"], row["currency"])),
            }
            for row in returns
        ],
        "events": [
            {"name": row["name"], "occurredAt": row["occurred_at"].isoformat(), "properties": row["properties"]}
            for row in events
        ],
    }


def _exported_purchase(purchase: Purchase) -> dict[str, Any]:
    return {
        "id": str(purchase.id),
        "store": purchase.store_id,
        "receipt": purchase.receipt,
        "occurredAt": purchase.occurred_at.isoformat(),
        "total": str(Money(purchase.total_minor, purchase.currency)),
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": str(line.quantity),
                "amount": str(Money(line.amount_minor, purchase.currency)),
                "returned": str(purchase.returned.get(line.number, 0)),
            }
            for line in purchase.lines
        ],
    }


def _position(cursor: str) -> tuple[dt.datetime, UUID]:
    at, last_id = decode_position(cursor, dt.datetime, UUID)
    return at, last_id


def _item(row: Row) -> ActivityItem:
    return ActivityItem(
        kind=row["kind"],
        id=row["id"],
        occurred_at=row["occurred_at"],
        name=row["name"],
        store_id=StoreId(row["store_id"]) if row["store_id"] else None,
        receipt=row["receipt"],
        currency=row["currency"],
        total_minor=row["total_minor"],
        saving_minor=row["discount_minor"],
        lines=tuple(line_from_json(values) for values in row["lines"] or ()),
        points=row["points"],
    )


def line_from_json(values: Sequence[Any]) -> Line:
    """A line out of the array that `_PURCHASE` makes of it."""
    number, quantity, amount, tax, discount, kind, sku, name, category, department, brand, _, attributes = values
    return Line(
        number, Decimal(quantity), amount, tax, discount, kind, sku, name, category, department, brand, attributes
    )


def purchase_from_row(row: Row) -> Purchase:
    """The record of a row of `_PURCHASE`."""
    lines = row["lines"] or []
    return Purchase(
        id=PurchaseId(UUID(str(row["purchase_id"]))),
        member_id=MemberId(row["member_id"]),
        store_id=StoreId(row["store_id"]),
        receipt=row["receipt"],
        channel=row["channel"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        currency=row["currency"],
        total_minor=row["total_minor"],
        tax_minor=row["tax_minor"],
        discount_minor=row["discount_minor"],
        lines=tuple(line_from_json(values) for values in lines),
        tenders=tuple(Tender(part["kind"], part["amount_minor"], part.get("currency")) for part in row["tenders"]),
        attributes=row["attributes"],
        burns=tuple(Burned(burn["currency"], burn["units"], UUID(burn["transaction_id"])) for burn in row["burns"]),
        returned={values[0]: Decimal(values[11]) for values in lines if Decimal(values[11])},
    )


async def favourite_products(
    db: Queryable, member_id: MemberId, at: dt.datetime, half_life_days: float, resting: dt.timedelta, count: int
) -> list[Favourite]:
    """What the member buys again and again, heaviest first: at least twice in a year, not within `resting`."""
    rows = await db.fetch(
        """
        -- What a purchase weighs is computed once for it, not again for each of its lines.
        WITH bought AS MATERIALIZED (
             SELECT purchase_id, occurred_at,
                    0.5::float8 ^ (extract(epoch FROM $2::timestamptz - occurred_at)::float8 / 86400 / $3::float8)
                        AS weight
               FROM purchase
              WHERE member_id = $1 AND occurred_at BETWEEN $2::timestamptz - interval '1 year' AND $2)
        SELECT l.sku, max(l.name) AS name, max(l.category) AS category, max(l.department) AS department,
               max(l.brand) AS brand, max(p.occurred_at) AS last_bought_at, sum(p.weight) AS weight
          FROM bought p JOIN purchase_line l ON l.member_id = $1 AND l.purchase_id = p.purchase_id
         WHERE l.sku IS NOT NULL AND l.name IS NOT NULL AND l.kind = 'goods' AND l.returned_quantity < l.quantity
         GROUP BY l.sku
        HAVING count(*) >= 2 AND max(p.occurred_at) < $2::timestamptz - $4::interval
         ORDER BY weight DESC, l.sku LIMIT $5
        """,
        member_id, at, half_life_days, resting, count,
    )  # fmt: skip
    return [
        Favourite(
            Product(row["sku"], row["name"], row["category"], row["department"], row["brand"]),
            row["weight"],
            row["last_bought_at"],
        )
        for row in rows
    ]


async def stored_totals(
    db: Queryable, member_id: MemberId, stores: Sequence[str], receipts: Sequence[str]
) -> dict[str, int]:
    """What the member's purchases under these (store, receipt) pairs cost together, by currency: to reconcile with."""
    rows = await db.fetch(
        """
        -- The ids as an array: then the lines are looked up by their key, whatever the planner knows of the tables.
        SELECT f.currency, (SELECT sum(l.amount_minor)::bigint FROM purchase_line l
                             WHERE l.member_id = $1 AND l.purchase_id = ANY (f.ids)) AS total
          FROM (SELECT currency, array_agg(purchase_id) AS ids FROM purchase
                 WHERE member_id = $1 AND (store_id, receipt) IN (SELECT * FROM unnest($2::text[], $3::text[]))
                 GROUP BY currency) AS f
        """,
        member_id,
        list(stores),
        list(receipts),
    )
    return {row["currency"]: row["total"] for row in rows}
