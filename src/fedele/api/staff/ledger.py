"""The ledger in the staff schema: what a member has, where it came from, and a person's correction of it."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self, cast

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.ledger import Balance, LedgerEntry, balances_of, currency_of, entries_of
from fedele.api.permissions import check, mutation_field
from fedele.domains.auth.types import Scope
from fedele.domains.earning.queries import expires_at, expiry_of
from fedele.domains.ledger import commands, errors, queries
from fedele.domains.ledger import types as records
from fedele.domains.members.queries import find_member
from fedele.domains.programme import config
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.queries import status_of
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey, from_units, to_units
from fedele.kernel.refusal import InvalidInput, NotFound

UNITS_MAX = 10**12  # a slip of the keyboard is refused long before the column's 64 bits are full
REASON_LENGTH_MAX = 500


@strawberry.type
class Lot:
    """Units that came in together and end together."""

    currency: str = strawberry.field(description="The currency's key.")
    source: str = strawberry.field(description="purchase, event, adjustment, import …")
    original: Decimal
    remaining: Decimal
    reserved: Decimal
    pending: bool
    earned_at: datetime
    activates_at: datetime | None
    expires_at: datetime | None = strawberry.field(description="Null: never.")

    @classmethod
    def of(cls, record: records.LotRecord, programme: Programme) -> Self:
        """From the record."""
        decimals = currency_of(programme, record.currency).decimals
        return cls(
            currency=record.currency,
            source=record.source,
            original=from_units(record.original, decimals),
            remaining=from_units(record.remaining, decimals),
            reserved=from_units(record.reserved, decimals),
            pending=record.state == "pending",
            earned_at=record.earned_at,
            activates_at=record.activates_at,
            expires_at=record.expires_at,
        )


@strawberry.type
class LedgerFields(MemberBase):
    """The ledger's part of a member, for staff who may read it."""

    @strawberry.field
    async def balances(self, info: Info) -> list[Balance] | None:
        """What the member has, one balance per currency. Needs the scope ledger:read."""
        check(info.context.principal, Scope.LEDGER_READ)
        return await balances_of(info.context, self.member_id)

    @strawberry.field
    async def entries(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LedgerEntry] | None:
        """Every movement of the member's units, newest first. Needs the scope ledger:read."""
        check(info.context.principal, Scope.LEDGER_READ)
        return await entries_of(info.context, self.member_id, first, after)

    @strawberry.field
    async def lots(self, info: Info) -> list[Lot] | None:
        """The lots that hold something, in the order in which they burn. Needs the scope ledger:read."""
        check(info.context.principal, Scope.LEDGER_READ)
        programme = await info.context.programme()
        return [Lot.of(lot, programme) for lot in await queries.list_lots(info.context.reader, self.member_id)]


@strawberry.enum(description="What to do when an adjustment downward finds too little.")
class Shortfall(Enum):
    """The ways to go on."""

    REFUSE = strawberry.enum_value("refuse", description="Change nothing.")
    CLAMP = strawberry.enum_value("clamp", description="Take what there is.")
    DEBT = strawberry.enum_value("debt", description="Take what there is; later earning pays the rest.")


@user_error(errors.InsufficientPoints)
class AdjustUserError(UserError):
    """Why nothing was adjusted."""


@strawberry.type
class Adjustment:
    """A correction as it was recorded."""

    amount: Decimal = strawberry.field(description="Signed: what was given, or taken.")
    waived: Decimal = strawberry.field(description="What could not be taken and was given up.")
    available: Decimal = strawberry.field(description="What the member can spend after it.")
    currency: str


@strawberry.type
class AdjustPayload:
    """The adjustment, or why there is none."""

    adjustment: Adjustment | None = None
    user_errors: list[AdjustUserError] = strawberry.field(default_factory=list)


@strawberry.input
class AdjustInput:
    """A correction of a member's balance."""

    member_id: strawberry.ID
    currency: str = strawberry.field(description="The currency's key.")
    amount: Decimal = strawberry.field(description="Signed, with no more decimals than the currency has.")
    reason: str = strawberry.field(description="Why, for whoever reads it later. No personal data.")
    idempotency_key: str
    shortfall: Shortfall = Shortfall.REFUSE
    expires_at: datetime | None = strawberry.field(
        default=None, description="For units given; left out: as the currency says for the member's tier."
    )


@strawberry.type
class LedgerMutation:
    """Corrections by people."""

    @mutation_field(requires=Scope.LEDGER_ADJUST)
    async def adjust(self, info: Info, input: AdjustInput) -> AdjustPayload | None:
        """Give or take units by hand, with a reason. Repeating the call returns the first adjustment."""
        context = info.context
        member_id = ids.member_id_of(input.member_id)
        currency = _currency(await context.programme(), input.currency)
        operation = records.Adjust(
            scope=f"adjust:{context.staff.key_id}",
            key=input.idempotency_key,
            currency=CurrencyKey(currency.key),
            units=_units(input.amount, currency),
            actor=context.staff.key_id,
            mode=cast(records.ShortfallMode, input.shortfall.value),
            expires_at=input.expires_at or await _own_end(context, member_id, currency),
            reason={"text": _reason(input.reason)},
        )
        async with context.database.transaction() as tx:
            if await find_member(tx, member_id) is None:
                raise NotFound(what="member", field="memberId")
            (posting,) = await commands.post(tx, member_id, [operation], context.moment)
        adjustment = Adjustment(
            amount=from_units(posting.units, currency.decimals),
            waived=from_units(posting.waived, currency.decimals),
            available=from_units(posting.spendable, currency.decimals),
            currency=currency.key,
        )
        return AdjustPayload(adjustment=adjustment)


def _currency(programme: Programme, key: str) -> config.Currency:
    for currency in programme.section(config.Currencies):
        if currency.key == key:
            return currency
    raise InvalidInput(problem=f"The programme has no currency '{key}'.", field="currency")


async def _own_end(context: Context, member_id: MemberId, currency: config.Currency) -> datetime | None:
    """When units given now end by the currency's own expiry, as if they had been earned; None: never."""
    programme = await context.programme()
    status = await status_of(context.reader, programme, member_id, context.moment)
    expiry = expiry_of(currency, status.current if status else None)
    return expires_at(expiry, context.moment.now, programme.section(config.ProgrammeConfig).time_zone)


def _units(amount: Decimal, currency: config.Currency) -> int:
    units = to_units(amount, currency.decimals)
    if abs(units) > UNITS_MAX:
        raise InvalidInput(problem="The amount is larger than any correction can be.", field="amount")
    if units == 0 or from_units(units, currency.decimals) != amount:
        raise InvalidInput(
            problem=f"The amount must not be zero, and has at most {currency.decimals} decimals.", field="amount"
        )
    return units


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput(problem=f"Say why, in at most {REASON_LENGTH_MAX} characters.", field="reason")
    return reason
