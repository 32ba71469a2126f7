"""What goods cost: imported with the catalogue, known from a date on, never rewritten."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fedele.db.database import Database
from fedele.domains.activity.queries import costs_by_sku
from fedele.domains.exchange.commands.import_products import import_products
from fedele.domains.exchange.types import ImportFile, Summary
from fedele.kernel.clock import Moment

MARCH, MAY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, 12, tzinfo=UTC)


async def brought(database: Database, folder: Path, text: str, now: datetime) -> Summary:
    """Import these articles."""
    file = folder / "products.csv"
    file.write_text(text)
    return await import_products(database, ImportFile(file), Moment(now))


async def test_a_cost_holds_from_its_date_on(database: Database, admin: Any, tmp_path: Path) -> None:
    """A sale in April is judged by March's cost, one in June by May's; importing the same again adds nothing."""
    await brought(database, tmp_path, "sku,name,cost,cost_from\ntea,Tea,2.00,2026-03-01\nmilk,Milk,,\n", MAY)
    for _ in range(2):
        await brought(database, tmp_path, "sku,name,cost\ntea,Tea,2.345\n", MAY)
    found = {
        month: await costs_by_sku(database.reader, ["tea", "milk", "none"], datetime(2026, month, 2, tzinfo=UTC))
        for month in (2, 4, 6)
    }
    assert found == {2: {}, 4: {"tea": Decimal("2.00")}, 6: {"tea": Decimal("2.345")}}
    assert await admin.fetchval("SELECT count(*) FROM product_cost") == 2


async def test_a_cost_that_is_none_is_left_out_with_its_reason(database: Database, admin: Any, tmp_path: Path) -> None:
    """The row is told, the rest comes in."""
    summary = await brought(database, tmp_path, "sku,name,cost\ntea,Tea,-1\nmilk,Milk,0.9999999\njam,Jam,1.20\n", MAY)
    assert (summary.written, summary.errors) == (1, 2)
    assert [row["sku"] for row in await admin.fetch("SELECT sku FROM product_cost")] == ["jam"]
