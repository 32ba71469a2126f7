"""Purchases as rows, for tests that need a history and no till."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.kernel.ids import MemberId, new_id


async def bought(admin: Any, member_id: MemberId, at: datetime, skus: Sequence[str], category: str = "FOOD") -> UUID:
    """One receipt with a line for each sku; a sku given twice stands on two lines."""
    purchase_id = new_id()
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, 'store-367', $3, 'store', $4, $4, 'USD', $5, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), at, 500 * len(skus),
    )  # fmt: skip
    await admin.executemany(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, category, quantity,
                                   amount_minor, tax_minor, discount_minor)
        VALUES ($1, $2, $3, 'goods', $4, $4, $5, 1, 500, 0, 0)
        """,
        [(member_id, purchase_id, number, sku, category) for number, sku in enumerate(skus, 1)],
    )
    return purchase_id
