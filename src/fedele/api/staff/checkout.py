"""The till in the staff schema: scan, quote, settle, return, events that earn. A key acts for its own store only."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, refusals_to_user_errors, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.api.staff.till_inputs import BasketInput, ReturnPurchaseInput, read_basket, read_return, store_of
from fedele.api.staff.till_types import (
    IdentifiedBy,
    Quote,
    RecordedEvent,
    Return,
    SecondFact,
    Settlement,
    TillMember,
)
from fedele.domains.activity.errors import ReceiptKnown, ReturnExceedsPurchase
from fedele.domains.auth.errors import RateLimited
from fedele.domains.auth.types import Scope
from fedele.domains.checkout import commands, errors, queries
from fedele.domains.checkout.ports import Till
from fedele.domains.fraud.errors import SpendingBlocked
from fedele.domains.ledger.errors import InsufficientPoints, LedgerExceedsOriginal, LedgerTransactionUnknown
from fedele.domains.members.errors import (
    CardCodeMalformed,
    CardCodeRevoked,
    CardCodeUnknown,
    IdentityInvalid,
    MemberErased,
    MemberNotFound,
)
from fedele.domains.members.types import Peppers
from fedele.domains.rewards.errors import RedemptionNotHeld
from fedele.domains.till import errors as till_errors
from fedele.kernel.refusal import InvalidInput, Refusal

_CARD = (CardCodeMalformed, CardCodeUnknown, CardCodeRevoked, MemberErased, MemberNotFound)
_BASKET = (
    errors.BasketInvalid,
    errors.BenefitNotInHand,
    errors.OccurredTooLongAgo,
    errors.PayLimitExceeded,
    errors.StoreForbidden,
    errors.TenderNotAccepted,
    RedemptionNotHeld,
    till_errors.HoldNotOpen,
    till_errors.RewardNotUsable,
    *_CARD,
)
SECOND_FACT = (
    till_errors.PinLocked,
    till_errors.PinNotSet,
    till_errors.PinWrong,
    till_errors.RotatingCodeUsed,
    till_errors.SecondFactNeeded,
    SpendingBlocked,
)


def till_of(context: Context) -> Till:
    """The till that bootstrap made, which knows offers and rewards; else one that knows neither."""
    services = context.services
    return services.find(Till) or Till(services.database, services.programmes, peppers=services.find(Peppers))


@contextlib.contextmanager
def _blaming_the_basket() -> Iterator[None]:
    """Name a field of the basket as it lies in the input. The checkout does not know where that is."""
    try:
        yield
    except Refusal as refusal:
        if refusal.field and refusal.field not in ("idempotencyKey", "quote"):
            refusal.field = f"basket.{'card' if refusal.field == 'code' else refusal.field}"
        raise


@user_error(errors.StoreForbidden, IdentityInvalid, RateLimited, RedemptionNotHeld, till_errors.PhoneLookupOff, *_CARD)
class ScanUserError(UserError):
    """Why nobody was found."""


@strawberry.type
class ScanResult:
    """Whom a scanned code belongs to."""

    member: TillMember | None = None
    warnings: list[str] = strawberry.field(
        default_factory=list,
        description="SECOND_FACT_NEEDED: this code may earn; to spend, scan the app's own code, or one of secondFacts. "
        "ROTATING_CODE_USED: the code shown was spent; wait for the next. IDENTIFIED_BY_PHONE: make sure it is them.",
    )
    identified_by: IdentifiedBy | None = None
    second_facts: list[SecondFact] = strawberry.field(
        default_factory=list, description="What lets value be spent now. ROTATING_CODE alone: the code shown does."
    )
    purchase_id: strawberry.ID | None = strawberry.field(default=None, description="Of the receipt that was scanned.")
    redemption_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Of the reward whose own code was scanned: name it among the basket's rewards, and give the code "
        "as its card. It needs no other second fact, if nothing else is spent.",
    )
    user_errors: list[ScanUserError] = strawberry.field(default_factory=list)


@user_error(*_BASKET)
class QuoteUserError(UserError):
    """Why the basket cannot be sold."""


@strawberry.type
class QuoteResult:
    """What the basket would give, or why it cannot be sold."""

    quote: Quote | None = None
    user_errors: list[QuoteUserError] = strawberry.field(default_factory=list)


@strawberry.type
class TillQuery:
    """What a till asks before it sells. Nothing here writes."""

    @query_field(requires=Scope.TILL)
    @refusals_to_user_errors
    async def scan(self, info: Info, code: str, store: str | None = None) -> ScanResult | None:
        """Whom a code belongs to: a wallet card's or coupon's QR, the app's code, a telephone number, a receipt's."""
        context = info.context
        here, caller = store_of(context, store), context.staff.key_id
        seen = await queries.scan(till_of(context), code, here, context.moment, context.locale, caller)
        programme = await context.programme()
        bought, reward = seen.purchase_id, seen.redemption_id
        return ScanResult(
            member=TillMember.of(seen, programme, context.locale),
            warnings=list(seen.warnings),
            identified_by=IdentifiedBy(seen.identified_by),
            second_facts=[SecondFact(fact) for fact in seen.second_facts],
            purchase_id=ids.row_id("purchase", seen.member_id, bought) if bought else None,
            redemption_id=ids.row_id("redemption", seen.member_id, reward) if reward else None,
        )

    @query_field(requires=Scope.TILL)
    @refusals_to_user_errors
    async def quote(self, info: Info, basket: BasketInput) -> QuoteResult | None:
        """What settling this basket would earn, and for every rule that gives nothing, why."""
        context = info.context
        asked = read_basket(context, basket)
        with _blaming_the_basket():
            quoted = await queries.quote(till_of(context), asked, context.moment)
        return QuoteResult(quote=Quote.of(quoted, await context.programme(), context.locale))


@user_error(ReceiptKnown, errors.QuoteChanged, InsufficientPoints, *SECOND_FACT, *_BASKET)
class SettleUserError(UserError):
    """Why the sale was not settled. Nothing of it was written."""


@strawberry.type
class SettlePayload:
    """The settled sale, or why there is none."""

    settlement: Settlement | None = None
    user_errors: list[SettleUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SettleInput:
    """A sale, and the till's own key for it: send the same key again when the answer got lost."""

    basket: BasketInput
    idempotency_key: str
    quote: str | None = strawberry.field(
        default=None, description="The hash of the quote shown to the customer: settle exactly that, or refuse."
    )


@user_error(
    ReturnExceedsPurchase,
    errors.PurchaseNotFound,
    errors.ReturnInvalid,
    errors.StoreForbidden,
    LedgerExceedsOriginal,
    LedgerTransactionUnknown,
)
class ReturnPurchaseUserError(UserError):
    """Why nothing was returned. Nothing of it was written."""


@strawberry.type
class ReturnPurchasePayload:
    """The settled return, or why there is none."""

    returned: Return | None = None
    user_errors: list[ReturnPurchaseUserError] = strawberry.field(default_factory=list)


@user_error(MemberErased, MemberNotFound, errors.StoreForbidden)
class RecordEventUserError(UserError):
    """Why the event was not recorded."""


@strawberry.type
class RecordEventPayload:
    """The recorded event, or why there is none."""

    event: RecordedEvent | None = None
    user_errors: list[RecordEventUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RecordEventInput:
    """Something a member did that is no purchase."""

    member_id: strawberry.ID
    name: str = strawberry.field(description="The programme's word for it: ride, visit, class.attended.")
    idempotency_key: str
    properties: JSON | None = strawberry.field(default=None, description="An object; rules may read it.")
    occurred_at: datetime | None = None
    store: str | None = None


@strawberry.type
class TillMutation:
    """What a till does. Every input carries a key; the same key again gets the same answer."""

    @mutation_field(requires=Scope.TILL)
    async def settle(self, info: Info, input: SettleInput) -> SettlePayload | None:
        """Settle a sale: it earns, spends and moves the tier, whole or not at all."""
        context = info.context
        basket = read_basket(context, input.basket)
        with _blaming_the_basket():
            settled = await commands.settle(
                till_of(context), basket, input.idempotency_key, context.moment, quote=input.quote
            )
        programme, peppers = await context.programme(), context.services.find(Peppers)
        return SettlePayload(settlement=Settlement.of(settled, programme, context.locale, peppers))

    @mutation_field(requires=Scope.TILL)
    async def return_purchase(self, info: Info, input: ReturnPurchaseInput) -> ReturnPurchasePayload | None:
        """Take lines back, all or some: what they earned is taken, what paid for them is given back."""
        context = info.context
        asked = read_return(context, input)
        returned = await commands.return_lines(till_of(context), asked, input.idempotency_key, context.moment)
        return ReturnPurchasePayload(returned=Return.of(returned, await context.programme(), context.locale))

    @mutation_field(requires=Scope.EVENTS_WRITE)
    async def record_event(self, info: Info, input: RecordEventInput) -> RecordEventPayload | None:
        """Record what a member did, and give what it earns."""
        context = info.context
        if input.properties is not None and not isinstance(input.properties, dict):
            raise InvalidInput(problem="properties is an object.", field="properties")
        store = store_of(context, input.store) if input.store or context.staff.store else None
        recorded = await commands.record_event(
            till_of(context),
            ids.member_id_of(input.member_id),
            input.name,
            input.properties or {},
            input.idempotency_key,
            context.moment,
            occurred_at=input.occurred_at,
            store_id=store,
            source="staff",
        )
        return RecordEventPayload(event=RecordedEvent.of(recorded, await context.programme(), context.locale))
