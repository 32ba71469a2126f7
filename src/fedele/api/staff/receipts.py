"""A receipt for the returns desk: its lines and what of each can still come back. It does not say whose it is."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.permissions import query_field
from fedele.api.scalars import Money
from fedele.api.staff.till_inputs import store_of
from fedele.domains.activity import types as records
from fedele.domains.activity.queries import find_purchase_by_receipt
from fedele.domains.auth.types import Scope
from fedele.kernel import money


@strawberry.type
class ReceiptLine:
    """One line of a receipt."""

    number: int
    name: str | None
    sku: str | None
    quantity: Decimal
    returnable: Decimal = strawberry.field(description="How many of it have not come back yet.")
    amount: Money = strawberry.field(description="Paid for the whole line.")


@strawberry.type
class Receipt:
    """A settled sale as its receipt shows it."""

    purchase_id: strawberry.ID
    receipt: str
    store: str
    occurred_at: datetime
    total: Money
    lines: list[ReceiptLine]

    @classmethod
    def of(cls, record: records.Purchase) -> Self:
        """From the record."""
        return cls(
            purchase_id=ids.row_id("purchase", record.member_id, record.id),
            receipt=record.receipt,
            store=record.store_id,
            occurred_at=record.occurred_at,
            total=Money.of(money.Money(record.total_minor, record.currency)),
            lines=[
                ReceiptLine(
                    number=line.number,
                    name=line.name,
                    sku=line.sku,
                    quantity=line.quantity,
                    returnable=line.quantity - record.returned.get(line.number, Decimal(0)),
                    amount=Money.of(money.Money(line.amount_minor, record.currency)),
                )
                for line in record.lines
            ],
        )


@strawberry.type
class ReceiptQuery:
    """What the returns desk asks."""

    @query_field(requires=Scope.TILL)
    async def receipt(self, info: Info, receipt: str, store: str | None = None) -> Receipt | None:
        """The latest sale with this receipt number at the key's store; null when there is none."""
        found = await find_purchase_by_receipt(info.context.reader, store_of(info.context, store), receipt)
        return Receipt.of(found) if found else None
