"""Imports, one kind a file. All are quiet, re-runnable and streamed; each answers a Summary."""

from fedele.domains.exchange.commands.import_balances import import_balances
from fedele.domains.exchange.commands.import_codes import import_codes
from fedele.domains.exchange.commands.import_members import import_members
from fedele.domains.exchange.commands.import_products import import_products
from fedele.domains.exchange.commands.import_programme_items import import_coupons, import_places
from fedele.domains.exchange.commands.import_purchases import import_purchases

__all__ = [
    "import_balances",
    "import_codes",
    "import_coupons",
    "import_members",
    "import_places",
    "import_products",
    "import_purchases",
]
