"""Pitfall 10: a restored burn gets a fresh expiry, or expires at once. Here it keeps its own, or a stated grace."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.queries import list_lots, verify
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, expiry: {type: rolling, period: {days: 30}}, restore_grace: {days: 7}}
earning:
  rules: [{key: base, type: purchase_multiplier, name: Base, currency: points}]
"""


@pytest.mark.parametrize(
    ("after_days", "ends"),
    [
        (10, "2026-06-19T22:00+00:00"),  # its own: 30 days from 20 May
        (29, "2026-06-19T22:00+00:00"),
        (40, "2026-07-06T22:00+00:00"),  # over since 20 June: a week from the return of 29 June
    ],
)
async def test_restored_units_keep_their_own_end_or_a_stated_grace(
    database: Database, admin: Any, after_days: int, ends: str
) -> None:
    """Two returns of one purchase that points paid: the same lot gets them back, and lives as long as it should."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await commands.settle(till, basket(line(amount=10_000), member_id=member_id), "earn", at())
    paying = basket(
        line(1, 100, quantity=Decimal(2)), member_id=member_id, tenders=paid_with_points(100, 0), confirmation="known"
    )
    settled = await commands.settle(till, paying, "spend", at(days=1))
    for number in range(2):
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=settled.purchase_id
        )
        back = await commands.return_lines(till, asked, f"back{number}", at(days=after_days))
        assert back.restored == {"points": 50}
    (lot,) = await list_lots(database.reader, member_id)
    assert (lot.remaining, lot.expires_at) == (100, datetime.fromisoformat(ends).astimezone(UTC))
    assert not await verify(database.reader)
