"""Writing what members did. Purchases and returns are written by `settle_v2` and `return_v2` of the checkout."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fedele.db.database import Transaction
from fedele.domains.activity.events import ActivityRecorded
from fedele.domains.activity.types import ActivityEventId, Product
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id


async def save_products(tx: Transaction, products: Iterable[Product], moment: Moment) -> None:
    """Put these articles into the catalogue; a known sku is overwritten."""
    columns = list(zip(*((p.sku, p.name, p.category, p.department, p.brand) for p in products), strict=True))
    if not columns:
        return
    await tx.execute(
        """
        INSERT INTO product (sku, name, category, department, brand, updated_at)
        SELECT DISTINCT ON (sku) sku, name, category, department, brand, $6
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
               WITH ORDINALITY AS given (sku, name, category, department, brand, place)
         ORDER BY sku, place DESC
            ON CONFLICT (sku) DO UPDATE
           SET name = excluded.name, category = excluded.category, department = excluded.department,
               brand = excluded.brand, updated_at = excluded.updated_at
        """,
        *columns,
        moment.now,
    )


async def save_costs(tx: Transaction, costs: Mapping[str, Decimal], valid_from: datetime) -> int:
    """Note what one of each of these articles costs us from then on, in the home currency; how many differ from what
    was known. Earlier costs stay: a margin is judged by the cost at the time of the sale."""
    written = await tx.fetch(
        """
        INSERT INTO product_cost (sku, valid_from, cost)
        SELECT sku, $3, cost FROM unnest($1::text[], $2::numeric[]) AS given (sku, cost)
         WHERE cost IS DISTINCT FROM (SELECT known.cost FROM product_cost AS known
                                       WHERE known.sku = given.sku AND known.valid_from <= $3
                                       ORDER BY known.valid_from DESC LIMIT 1)
            ON CONFLICT (sku, valid_from) DO UPDATE SET cost = excluded.cost
        RETURNING sku
        """,
        list(costs),
        list(costs.values()),
        valid_from,
    )
    return len(written)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Empty what tills and apps wrote freely beside the member's purchases and events; amounts and dates stay.

    Repeating it changes nothing.
    """
    await tx.execute(
        "UPDATE activity_event SET properties = '{}' WHERE member_id = $1 AND properties <> '{}'", member_id
    )
    await tx.execute("UPDATE purchase SET attributes = '{}' WHERE member_id = $1 AND attributes <> '{}'", member_id)
    await tx.execute(
        "UPDATE purchase_line SET attributes = '{}' WHERE member_id = $1 AND attributes <> '{}'", member_id
    )


async def record_activity(
    tx: Transaction,
    member_id: MemberId,
    name: str,
    moment: Moment,
    *,
    occurred_at: datetime | None = None,
    store_id: StoreId | None = None,
    properties: Mapping[str, Any] | None = None,
) -> ActivityEventId:
    """Write down that the member did this and announce it; awards nothing (`checkout.record_event` does).

    The caller holds the member's lock and the idempotency key.
    """
    event_id = ActivityEventId(new_id())
    happened = occurred_at or moment.now
    await tx.execute(
        """
        INSERT INTO activity_event (member_id, event_id, name, store_id, occurred_at, recorded_at, properties)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        member_id,
        event_id,
        name,
        store_id,
        happened,
        moment.now,
        dict(properties or {}),
    )
    await tx.publish(
        ActivityRecorded(member_id=member_id, occurred_at=happened, event_id=event_id, name=name, store_id=store_id)
    )
    return event_id
