"""The journal of sales that a device made while it was alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fedele.db.database import Database
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import KeyReused


async def record_offline_sale(
    database: Database,
    store_id: StoreId,
    device: str,
    sequence: int,
    key: str,
    outcome: Literal["settled", "honoured", "refused"],
    problems: Sequence[str],
    occurred_at: datetime | None,
    moment: Moment,
) -> None:
    """Note what became of the device's sale of this number. Sent again, a refused one may be settled now.

    Raises KeyReused when the number already stands for another sale.
    """
    written = await database.call(
        """
        INSERT INTO offline_sale AS s (store_id, device, sequence, request_key, outcome, problems, occurred_at,
                                       recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (store_id, device, sequence) DO UPDATE
           SET outcome = CASE WHEN s.outcome = 'refused' THEN excluded.outcome ELSE s.outcome END,
               problems = CASE WHEN s.outcome = 'refused' THEN excluded.problems ELSE s.problems END
         WHERE s.request_key = excluded.request_key
        RETURNING sequence
        """,
        store_id, device, sequence, key, outcome, list(problems), occurred_at, moment.now,
    )  # fmt: skip
    if written is None:
        raise KeyReused(field="sequence")
