"""The catalogue from a file: an article known by its sku takes the file's words, and its cost if there is one."""

import dataclasses
from datetime import UTC, date, datetime, time
from decimal import Decimal

from fedele.db.database import Database, Transaction
from fedele.domains.activity.commands import save_costs, save_products
from fedele.domains.activity.queries import products_by_sku
from fedele.domains.activity.types import Product
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import Run, quiet_transaction
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, Summary, no_progress
from fedele.kernel.clock import Moment

COST_MAX = Decimal(10) ** 12


@dataclasses.dataclass(frozen=True, slots=True)
class _Article:
    """A row: the article, and what one of it costs us from a day on (None: from now)."""

    product: Product
    cost: Decimal | None
    cost_from: date | None


async def import_products(
    database: Database, file: ImportFile, moment: Moment, *, progress: Progress = no_progress, dry_run: bool = False
) -> Summary:
    """Put the file's articles into the catalogue. Raises ImportFileUnreadable."""
    with Run("products", file, progress, dry_run=dry_run).finishing() as run:
        for batch in run.batches(_parse):
            articles = [article for _, article in batch]
            known = await products_by_sku(database.reader, [article.product.sku for article in articles])
            changed = [one.product for one in articles if known.get(one.product.sku) != one.product]
            async with quiet_transaction(database, dry_run=dry_run) as tx:
                await save_products(tx, changed, moment)
                await _save_costs(tx, articles, moment)
            run.summary.written += len(changed)
            run.summary.unchanged += len(articles) - len(changed)
    return run.summary


async def _save_costs(tx: Transaction, articles: list[_Article], moment: Moment) -> None:
    by_day: dict[date | None, dict[str, Decimal]] = {}
    for article in articles:
        if article.cost is not None:
            by_day.setdefault(article.cost_from, {})[article.product.sku] = article.cost
    for day, costs in by_day.items():
        await save_costs(tx, costs, datetime.combine(day, time(0), UTC) if day else moment.now)


def _parse(row: InputRow) -> _Article:
    values = row.values
    product = Product(
        sku=columns.needed(values, "sku"),
        name=columns.needed(values, "name"),
        category=values.get("category") or None,
        department=values.get("department") or None,
        brand=values.get("brand") or None,
    )
    return _Article(product, _cost(row), columns.day(values, "cost_from"))


def _cost(row: InputRow) -> Decimal | None:
    if not row.values.get("cost"):
        return None
    cost = columns.number(row.values, "cost")
    if not 0 <= cost < COST_MAX or cost != round(cost, 6):
        raise RowInvalid("cost", f"{cost} is not a cost: it is not negative and has at most 6 decimals")
    return cost
