"""The ledger in the members' schema: what they have, what it is worth, when it ends, and every movement of it."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import BadInput
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Currency, Speaker
from fedele.api.scalars import Money
from fedele.domains.ledger import queries
from fedele.domains.ledger import types as records
from fedele.domains.programme import config
from fedele.domains.programme.types import Programme, Text
from fedele.kernel import money
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey, from_units, to_units

EXPIRIES_MAX = 24


@strawberry.enum(description="What moved the units.")
class EntryKind(Enum):
    """The ledger's operations that move units of a member."""

    EARN = "earn"
    SETTLE = strawberry.enum_value("settle", description="Pending units became available.")
    BURN = "burn"
    RESTORE = strawberry.enum_value("restore", description="A burn was given back to its own lots.")
    CLAWBACK = strawberry.enum_value("clawback", description="An earn was taken back, after a return.")
    EXPIRE = "expire"
    ADJUST = strawberry.enum_value("adjust", description="A person corrected the balance.")
    HOLD = "hold"
    RELEASE = "release"
    CAPTURE = strawberry.enum_value("capture", description="Held units were spent.")


@strawberry.enum(description="Which of the member's accounts moved.")
class Account(Enum):
    """A member's accounts in one currency."""

    AVAILABLE = "available"
    PENDING = "pending"
    RESERVED = strawberry.enum_value("reserved", description="On hold for a sale that is not settled yet.")
    DEBT = strawberry.enum_value("debt", description="Owed after a return; later earning pays it first.")


@strawberry.type
class Expiry:
    """Units that end together."""

    amount: Decimal
    expires_at: datetime = strawberry.field(description="The first instant at which they can no longer be spent.")


@strawberry.type
class Balance:
    """What the member has of one of the programme's currencies, now."""

    currency: Currency
    available: Decimal = strawberry.field(description="What can be spent now; nothing of it has expired.")
    pending: Decimal = strawberry.field(description="Earned, and not yet to be spent.")
    reserved: Decimal = strawberry.field(description="On hold for a sale that is not settled yet.")
    debt: Decimal = strawberry.field(description="Owed after a return; later earning pays it first.")
    lifetime: Decimal = strawberry.field(description="Everything earned and kept; spending does not lower it.")
    worth: Money | None = strawberry.field(
        description="What `available` is worth at the till; null where a unit has no worth in money."
    )
    expiries: strawberry.Private[tuple[Expiry, ...]]

    @strawberry.field
    def next_expiries(self, first: int = 3) -> list[Expiry]:
        """What expires next, soonest first; at most 24."""
        if not 1 <= first <= EXPIRIES_MAX:
            raise BadInput(f"`first` is {first}; it must be 1 to {EXPIRIES_MAX}")
        return list(self.expiries[:first])

    @classmethod
    def of(cls, record: records.Balance, currency: config.Currency, speaker: Speaker) -> Self:
        """From the record."""

        def amount(units: int) -> Decimal:
            return from_units(units, currency.decimals)

        return cls(
            currency=Currency.of(currency, speaker),
            available=amount(record.available),
            pending=amount(record.pending),
            reserved=amount(record.reserved),
            debt=amount(record.debt),
            lifetime=amount(record.lifetime),
            worth=_worth(amount(record.available), currency, speaker.own.home_currency),
            expiries=tuple(Expiry(amount=amount(e.units), expires_at=e.expires_at) for e in record.next_expiries),
        )


@strawberry.type
class LedgerEntry:
    """One movement of one account."""

    id: strawberry.ID = strawberry.field(description="Give it to `explain` to learn why.")
    kind: EntryKind
    currency: str = strawberry.field(description="The currency's key.")
    account: Account
    amount: Decimal = strawberry.field(description="Signed: what came in, or went out.")
    balance: Decimal = strawberry.field(description="The account after it, before any later expiry.")
    occurred_at: datetime

    @classmethod
    def of(cls, record: records.EntryRecord, programme: Programme) -> Self:
        """From the record."""
        decimals = currency_of(programme, record.currency).decimals
        return cls(
            id=ids.row_id("entry", record.member_id, record.id),
            kind=EntryKind(record.kind),
            currency=record.currency,
            account=Account(record.account),
            amount=from_units(record.amount, decimals),
            balance=from_units(record.balance, decimals),
            occurred_at=record.occurred_at,
        )


@strawberry.type
class LedgerFields(MemberBase):
    """The ledger's part of Member."""

    @strawberry.field
    async def balances(self, info: Info) -> list[Balance]:
        """What the member has, one balance per currency of the programme, in the programme's order."""
        return await balances_of(info.context, self.member_id)

    @strawberry.field
    async def entries(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LedgerEntry]:
        """Every movement of the member's units, newest first."""
        return await entries_of(info.context, self.member_id, first, after)


async def balances_of(context: Context, member_id: MemberId) -> list[Balance]:
    """The member's balances: every currency of the programme, then former ones that something is left of."""
    programme = await context.programme()
    found = await queries.balances_by_member(context.reader, [member_id], context.moment.now, EXPIRIES_MAX)
    held = {balance.currency: balance for balance in found[member_id]}
    own = [CurrencyKey(currency.key) for currency in programme.section(config.Currencies)]
    former = [key for key, balance in held.items() if key not in own and (balance.available or balance.debt)]
    speaker = Speaker(programme, await context.language())
    nothing = {key: records.Balance(key, 0, 0, 0, 0, 0, ()) for key in own}
    return [Balance.of((nothing | held)[key], currency_of(programme, key), speaker) for key in own + former]


async def entries_of(context: Context, member_id: MemberId, first: int, after: str | None) -> Connection[LedgerEntry]:
    """A page of the member's entries."""
    page = await queries.list_entries(context.reader, member_id, page_size(first), after)
    programme = await context.programme()
    return connection(page, lambda record: LedgerEntry.of(record, programme))


def currency_of(programme: Programme, key: str) -> config.Currency:
    """The programme's currency, or for one it has given up: whole units under its bare key, worth nothing."""
    found = (currency for currency in programme.section(config.Currencies) if currency.key == key)
    return next(found, None) or config.Currency(key=key, name=Text(root={"en": key}))


def _worth(available: Decimal, currency: config.Currency, home: str) -> Money | None:
    if not currency.worth:
        return None
    return Money.of(money.Money(to_units(available * currency.worth, money.minor_digits(home)), home))
