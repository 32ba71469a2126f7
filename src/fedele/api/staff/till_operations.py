"""The till in the staff schema, beside selling: value put aside, offline sales, cards that were lost or stolen."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, steps_of, user_error
from fedele.api.explaining import UnitAmount
from fedele.api.permissions import mutation_field, query_field
from fedele.api.staff.checkout import SECOND_FACT, till_of
from fedele.api.staff.till_inputs import HoldInput, ReleaseInput, ReplayInput, read_hold, read_replay, store_of
from fedele.api.staff.till_types import SecondFact, Settlement, amounts
from fedele.api.staff.till_words import honoured_text
from fedele.domains.auth.types import Scope
from fedele.domains.checkout import commands, errors
from fedele.domains.checkout import types as checkout_records
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.members.commands import replace_card_code
from fedele.domains.members.errors import (
    CardCodeMalformed,
    CardCodeRevoked,
    CardCodeUnknown,
    MemberErased,
    MemberNotFound,
)
from fedele.domains.members.types import Peppers
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors as reward_errors
from fedele.domains.till import errors as till_errors
from fedele.domains.till import queries as till_queries
from fedele.domains.till import types as records
from fedele.domains.till.commands import remove_pin
from fedele.kernel.refusal import NotFound

_REDEEMING = (
    reward_errors.DeliveryNeeded,
    reward_errors.RewardChoiceMade,
    reward_errors.RewardLimitReached,
    reward_errors.RewardNotForMember,
    reward_errors.RewardNotOpen,
    reward_errors.RewardOutOfStock,
    reward_errors.RewardRequirementUnmet,
)


@strawberry.enum(description="Where a hold stands.")
class HoldStatus(Enum):
    """States of a hold."""

    OPEN = strawberry.enum_value("open", description="Kept for its basket.")
    SETTLED = strawberry.enum_value("settled", description="A sale used it.")
    RELEASED = strawberry.enum_value("released", description="Given back before its end.")
    EXPIRED = strawberry.enum_value("expired", description="It ran out, and everything went back.")


@strawberry.type
class KeptReward:
    """A reward that a hold keeps for its basket."""

    id: strawberry.ID
    key: str
    redeemed: bool = strawberry.field(description="The hold bought it with units; a release gives both back.")


@strawberry.type
class Hold:
    """Value put aside for a basket. Name it in the basket's `hold`."""

    id: strawberry.ID
    member_id: strawberry.ID
    status: HoldStatus
    held_until: datetime
    points: list[UnitAmount]
    rewards: list[KeptReward]
    second_fact: SecondFact = strawberry.field(description="What allowed it.")

    @classmethod
    def of(cls, record: records.Hold, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id("hold", record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            status=HoldStatus(record.status),
            held_until=record.held_until,
            points=amounts(programme, record.by_currency(), locale),
            rewards=[
                KeptReward(
                    id=ids.row_id("redemption", record.member_id, part.redemption_id),
                    key=part.reward_key,
                    redeemed=part.redeemed,
                )
                for part in record.rewards
            ],
            second_fact=SecondFact(record.fact),
        )


@user_error(
    errors.BasketInvalid,
    errors.StoreForbidden,
    till_errors.HoldEmpty,
    till_errors.RewardNotUsable,
    InsufficientPoints,
    *SECOND_FACT,
    CardCodeMalformed,
    CardCodeUnknown,
    CardCodeRevoked,
    MemberErased,
    MemberNotFound,
    *_REDEEMING,
)
class HoldUserError(UserError):
    """Why nothing was put aside."""


@strawberry.type
class HoldPayload:
    """What was put aside, or why nothing was."""

    hold: Hold | None = None
    user_errors: list[HoldUserError] = strawberry.field(default_factory=list)


@user_error(errors.StoreForbidden, till_errors.HoldNotOpen)
class ReleaseUserError(UserError):
    """Why nothing was given back."""


@strawberry.type
class ReleasePayload:
    """The hold as it stands now, or why it could not be released."""

    hold: Hold | None = None
    user_errors: list[ReleaseUserError] = strawberry.field(default_factory=list)


@strawberry.enum(description="What became of an offline sale.")
class ReplayOutcome(Enum):
    """Outcomes."""

    SETTLED = strawberry.enum_value("settled", description="As if it had come at its time.")
    KNOWN = strawberry.enum_value("known", description="Settled before: the same answer again.")
    HONOURED = strawberry.enum_value(
        "honoured", description="Settled, though not all could be kept to: problems say what the customer keeps."
    )
    REFUSED = strawberry.enum_value("refused", description="Nothing of it was written: problems say why.")


@strawberry.type
class ReplayProblem:
    """What could not be kept to."""

    code: str
    message: str
    field: list[str] | None = strawberry.field(description="The way to the field, from the sale on.")


@strawberry.type
class ReplayedSale:
    """The result of one offline sale."""

    sequence: int
    idempotency_key: str
    outcome: ReplayOutcome
    settlement: Settlement | None
    problems: list[ReplayProblem]


@strawberry.type
class SequenceGap:
    """Numbers of the device from which nothing has come, both ends included."""

    first: int
    last: int


@user_error(errors.BasketInvalid, errors.StoreForbidden)
class ReplayUserError(UserError):
    """Why none of the sales was looked at."""


@strawberry.type
class ReplayPayload:
    """One result a sale, in the order in which they were sent."""

    results: list[ReplayedSale] | None = None
    missing: list[SequenceGap] | None = strawberry.field(
        default=None, description="Gaps in the device's numbers, over all that ever came: send those too."
    )
    next_sequence: int | None = None
    user_errors: list[ReplayUserError] = strawberry.field(default_factory=list)


@strawberry.enum(description="Why a card is refused from now on.")
class CardRevocation(Enum):
    """Reasons."""

    LOST = "lost"
    STOLEN = "stolen"
    COPIED = strawberry.enum_value("copied", description="A screenshot went round.")
    REPLACED = "replaced"


@user_error(MemberErased, MemberNotFound)
class RevokeCardUserError(UserError):
    """Why the card was not revoked."""


@strawberry.type
class RevokeCardPayload:
    """The card that the member has now, or why nothing changed."""

    card_code: str | None = strawberry.field(default=None, description="The new static code; passes follow by push.")
    user_errors: list[RevokeCardUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RevokeCardInput:
    """Whose card, and why."""

    member_id: strawberry.ID
    reason: CardRevocation


@strawberry.type
class Authorisation:
    """Why a member's value could be spent at a till."""

    fact: SecondFact
    source: strawberry.ID = strawberry.field(description="The purchase or the hold.")
    store: str
    reason: str | None = strawberry.field(description="The cashier's words.")
    authorised_at: datetime


@strawberry.type
class TillOperationQuery:
    """What support asks about a till's spendings."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def authorisations(self, info: Info, member_id: strawberry.ID, first: int = 20) -> list[Authorisation] | None:
        """Why this member's value could be spent, the latest first; null for an unknown member."""
        found = ids.find_member_id(member_id)
        if found is None:
            return None
        listed = await till_queries.list_authorisations(info.context.reader, found, max(1, min(first, 100)))
        return [
            Authorisation(
                fact=SecondFact(one.fact),
                source=ids.row_id(one.source_kind, found, one.source_id),
                store=one.store_id,
                reason=one.reason,
                authorised_at=one.authorised_at,
            )
            for one in listed
        ]


@strawberry.type
class TillOperationMutation:
    """What a till does beside selling."""

    @mutation_field(requires=Scope.TILL)
    async def hold(self, info: Info, input: HoldInput) -> HoldPayload | None:
        """Put units and rewards aside while the customer packs, and buy rewards. It ends by itself."""
        context = info.context
        programme = await context.programme()
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        asked = read_hold(context, input, decimals)
        held = await commands.hold(till_of(context), asked, input.idempotency_key, context.moment)
        return HoldPayload(hold=Hold.of(held, programme, context.locale))

    @mutation_field(requires=Scope.TILL)
    async def release(self, info: Info, input: ReleaseInput) -> ReleasePayload | None:
        """Give what was put aside back before its end. Repeating it changes nothing."""
        context = info.context
        named = ids.find_owned_row("hold", input.hold_id)
        if named is None:
            raise NotFound(what="hold", field="holdId")
        store = store_of(context, input.store)
        held = await commands.release(till_of(context), store, named[0], records.HoldId(named[1]), context.moment)
        return ReleasePayload(hold=Hold.of(held, await context.programme(), context.locale))

    @mutation_field(requires=Scope.TILL)
    async def replay(self, info: Info, input: ReplayInput) -> ReplayPayload | None:
        """Settle the sales that a device made while it was alone, each as of its own time, in any order."""
        context = info.context
        store, sales = read_replay(context, input)
        replayed = await commands.replay(till_of(context), store, input.device, sales, context.moment)
        programme, peppers = await context.programme(), context.services.find(Peppers)
        return ReplayPayload(
            results=[_result(one, programme, context.locale, peppers) for one in replayed.sales],
            missing=[SequenceGap(first=gap.first, last=gap.last) for gap in replayed.journal.missing],
            next_sequence=replayed.journal.next_sequence,
        )

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def revoke_card(self, info: Info, input: RevokeCardInput) -> RevokeCardPayload | None:
        """Refuse the member's codes from now on and issue others; their PIN goes too. Their passes are pushed anew."""
        context, member_id = info.context, ids.member_id_of(input.member_id)
        async with context.database.transaction() as tx:
            code = await replace_card_code(tx, member_id, context.moment, input.reason.value)
            await remove_pin(tx, member_id)
        return RevokeCardPayload(card_code=code.code)


def _result(
    one: checkout_records.ReplayedSale, programme: Programme, locale: str, peppers: Peppers | None
) -> ReplayedSale:
    return ReplayedSale(
        sequence=one.sequence,
        idempotency_key=one.key,
        outcome=ReplayOutcome(one.outcome),
        settlement=Settlement.of(one.settlement, programme, locale, peppers) if one.settlement else None,
        problems=[
            ReplayProblem(
                code=problem.code,
                message=honoured_text(problem, locale),
                field=["basket", *steps_of(problem.field)] if problem.field else None,
            )
            for problem in one.problems
        ],
    )
