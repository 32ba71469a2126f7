"""The catalogue from a file: an article that is known by its sku takes the file's words."""

from fedele.db.database import Database
from fedele.domains.activity.commands import save_products
from fedele.domains.activity.queries import products_by_sku
from fedele.domains.activity.types import Product
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import Run, quiet_transaction
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, Summary, no_progress
from fedele.kernel.clock import Moment


async def import_products(
    database: Database, file: ImportFile, moment: Moment, *, progress: Progress = no_progress, dry_run: bool = False
) -> Summary:
    """Put the file's articles into the catalogue. Raises ImportFileUnreadable."""
    with Run("products", file, progress, dry_run=dry_run).finishing() as run:
        for batch in run.batches(_parse):
            products = [product for _, product in batch]
            known = await products_by_sku(database.reader, [product.sku for product in products])
            changed = [product for product in products if known.get(product.sku) != product]
            async with quiet_transaction(database, dry_run=dry_run) as tx:
                await save_products(tx, changed, moment)
            run.summary.written += len(changed)
            run.summary.unchanged += len(products) - len(changed)
    return run.summary


def _parse(row: InputRow) -> Product:
    values = row.values
    return Product(
        sku=columns.needed(values, "sku"),
        name=columns.needed(values, "name"),
        category=values.get("category") or None,
        department=values.get("department") or None,
        brand=values.get("brand") or None,
    )
