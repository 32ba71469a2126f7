"""All that a member did, in the order in which it became known: what replaying history needs."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.activity.types import Happening, PurchaseId, RecordedReturn, ReturnedLine, ReturnId
from fedele.kernel.ids import MemberId, StoreId

# Returns with their lines, as one row each.
_RETURNS = """
    SELECT r.return_id, r.purchase_id, r.store_id, r.occurred_at, r.recorded_at, (
        SELECT jsonb_agg(jsonb_build_array(l.line_number, l.quantity::text) ORDER BY l.line_number)
          FROM purchase_return_line l WHERE l.member_id = r.member_id AND l.return_id = r.return_id
    ) AS lines
      FROM purchase_return r WHERE r.member_id = $1
"""


async def returns_of(db: Queryable, member_id: MemberId) -> list[RecordedReturn]:
    """Everything that the member brought back."""
    return [
        RecordedReturn(
            id=ReturnId(row["return_id"]),
            purchase_id=PurchaseId(row["purchase_id"]),
            store_id=StoreId(row["store_id"]),
            occurred_at=row["occurred_at"],
            recorded_at=row["recorded_at"],
            lines=tuple(ReturnedLine(number, Decimal(quantity)) for number, quantity in row["lines"] or ()),
        )
        for row in await db.fetch(_RETURNS, member_id)
    ]


def in_order_of_record(*kinds: Sequence[Happening]) -> list[Happening]:
    """What happened, in the order in which we learned of it: ids are in order of time within one instant."""
    return sorted((one for kind in kinds for one in kind), key=_recorded)


def _recorded(happening: Happening) -> tuple[dt.datetime, UUID]:
    return happening.recorded_at, happening.id
