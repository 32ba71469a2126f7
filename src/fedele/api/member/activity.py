"""Activity in the members' schema: what the member did, what it brought, and why; and receipts to claim."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.explaining import Explanation, UnitAmount, find_explanation, unit_amount
from fedele.api.member.base import MemberBase
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import Money
from fedele.domains.activity import queries
from fedele.domains.activity import types as records
from fedele.domains.activity.errors import ReceiptKnown
from fedele.domains.auth.commands import take
from fedele.domains.auth.errors import RateLimited
from fedele.domains.checkout import errors
from fedele.domains.checkout.commands import claim_receipt
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Settlement
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.members.types import Peppers
from fedele.domains.programme.types import Programme
from fedele.kernel import money
from fedele.kernel.ids import MemberId

CLAIMS_BURST, CLAIMS_SECONDS = 10, 3600  # nobody finds more receipts of their own in an hour


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


@user_error(
    errors.OccurredTooLongAgo,
    errors.ReceiptClaimed,
    errors.ReceiptGivenBack,
    errors.ReceiptTooOld,
    errors.ReceiptUnknown,
    MemberErased,
    MemberNotFound,
    RateLimited,
    ReceiptKnown,
)
class ClaimReceiptUserError(UserError):
    """Why the receipt brought nothing."""


@strawberry.type
class ClaimedReceipt:
    """A purchase that is the member's now."""

    purchase_id: strawberry.ID = strawberry.field(description="On the activity page, with its lines; `explain` it.")
    points: list[UnitAmount] = strawberry.field(description="What it brought, as if the card had been shown.")

    @classmethod
    def of(cls, record: Settlement, programme: Programme, locale: str) -> Self:
        """From the record."""
        given: dict[str, int] = {}
        for award in record.awards:
            given[award.currency] = given.get(award.currency, 0) + award.units
        return cls(
            purchase_id=ids.row_id("purchase", record.member_id, record.purchase_id),
            points=[unit_amount(programme, key, units, locale) for key, units in given.items()],
        )


@strawberry.type
class ClaimReceiptPayload:
    """The purchase, or why it is not credited."""

    claimed: ClaimedReceipt | None = None
    user_errors: list[ClaimReceiptUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ClaimReceiptInput:
    """What the receipt's QR code says."""

    receipt: str = strawberry.field(description="FRT1… as it was read.")


@strawberry.type
class ActivityMutation:
    """What the member does about their activity."""

    @mutation_field(requires=MEMBER)
    async def claim_receipt(self, info: Info, input: ClaimReceiptInput) -> ClaimReceiptPayload | None:
        """Credit a purchase that was made without the card, by the QR code on its receipt: it earns as it would have
        then. A receipt is credited once; its owner may ask again and gets the same answer."""
        context, peppers = info.context, info.context.services.get(Peppers)
        await take(
            context.database, peppers, "claim-receipt", str(context.member_id),
            burst=CLAIMS_BURST, seconds=CLAIMS_SECONDS, moment=context.moment,
        )  # fmt: skip
        till = context.services.find(Till) or Till(context.database, context.services.programmes, peppers=peppers)
        settled = await claim_receipt(till, context.member_id, input.receipt, context.moment)
        programme, locale = await context.programme(), await context.language()
        return ClaimReceiptPayload(claimed=ClaimedReceipt.of(settled, programme, locale))


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
