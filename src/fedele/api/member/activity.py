"""Activity in the members' schema: what the member did, what it brought, and why."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Info
from fedele.api.explaining import Explanation, UnitAmount, find_explanation, unit_amount
from fedele.api.member.base import MemberBase
from fedele.api.scalars import Money
from fedele.domains.activity import queries
from fedele.domains.activity import types as records
from fedele.domains.programme.types import Programme
from fedele.kernel import money
from fedele.kernel.ids import MemberId


@strawberry.enum(description="What the member did.")
class ActivityKind(Enum):
    """The kinds of rows on the activity page."""

    PURCHASE = "purchase"
    RETURN = "return"
    EVENT = "event"


@strawberry.type
class ActivityLine:
    """A line of a receipt, or the part of it that came back."""

    number: int
    sku: str | None
    name: str | None
    category: str | None
    quantity: Decimal
    amount: Money


@strawberry.type
class Activity:
    """A purchase, a return, or something else the member did."""

    id: strawberry.ID = strawberry.field(description="Give it to `explain` to learn why it earned what it earned.")
    kind: ActivityKind
    occurred_at: datetime
    name: str | None = strawberry.field(description="For events: the programme's word for it.")
    store: str | None
    receipt: str | None
    total: Money | None
    saving: Money | None = strawberry.field(description="What the discounts took off.")
    lines: list[ActivityLine]
    points: list[UnitAmount] = strawberry.field(description="What it did to the balances.")

    @classmethod
    def of(cls, record: records.ActivityItem, member_id: MemberId, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(record.kind, member_id, record.id),
            kind=ActivityKind(record.kind),
            occurred_at=record.occurred_at,
            name=record.name or None,
            store=record.store_id,
            receipt=record.receipt,
            total=_money(record.total_minor, record.currency),
            saving=_money(record.saving_minor, record.currency),
            lines=[_line(line, record.currency or "") for line in record.lines],
            points=[unit_amount(programme, key, units, locale) for key, units in record.points.items()],
        )


@strawberry.type
class ActivityFields(MemberBase):
    """Activity's part of Member."""

    @strawberry.field
    async def activity(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Activity]:
        """Purchases with their lines, returns and other things the member did, newest first."""
        context = info.context
        page = await queries.list_activity(context.reader, self.member_id, page_size(first), after)
        programme, locale = await context.programme(), await context.language()
        return connection(page, lambda record: Activity.of(record, self.member_id, programme, locale))

    @strawberry.field
    async def explain(
        self, info: Info, entry: strawberry.ID | None = None, purchase: strawberry.ID | None = None
    ) -> Explanation | None:
        """Why these points, and why not others. `entry`: a ledger entry, or anything on the activity page; `purchase`:
        a purchase or an event. Null when unknown, or when neither is given."""
        context, asked = info.context, entry or purchase
        found = await find_explanation(context, self.member_id, asked) if asked else None
        return Explanation.of(found, await context.language()) if found else None


def _line(line: records.Line, currency: str) -> ActivityLine:
    return ActivityLine(
        number=line.number,
        sku=line.sku,
        name=line.name,
        category=line.category,
        quantity=line.quantity,
        amount=Money.of(money.Money(line.amount_minor, currency)),
    )


def _money(minor: int | None, currency: str | None) -> Money | None:
    return Money.of(money.Money(minor, currency)) if minor is not None and currency else None
