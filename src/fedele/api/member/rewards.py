"""Rewards in the members' schema: what units can be spent on, what the member holds, taking and giving back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.feed import Image
from fedele.api.member.programme import Speaker
from fedele.api.member.reward_benefits import RewardBenefit, benefit_of
from fedele.api.member.standing import standing_of
from fedele.api.member.wallet import WalletPass, pass_for
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL
from fedele.api.texts import refusal_text
from fedele.domains.budgets.errors import BudgetExhausted
from fedele.domains.fraud.errors import SpendingBlocked
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands, errors, queries
from fedele.domains.rewards import types as records
from fedele.domains.rewards.config import Reward as RewardConfig
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.wallet.queries import pass_of_redemption
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units, to_units
from fedele.kernel.pages import page_of

REWARD = "reward"
REDEMPTION = "redemption"


@strawberry.enum(description="Where a redeemed reward is in its life.")
class RedemptionStatus(Enum):
    """The states of a redemption."""

    HELD = strawberry.enum_value("held", description="It can be used.")
    USED = "used"
    CANCELLED = strawberry.enum_value("cancelled", description="Given back, and its price with it.")
    EXPIRED = "expired"


@strawberry.type
class Price:
    """So much of one of the programme's currencies."""

    currency: str = strawberry.field(description="The currency's key.")
    amount: Decimal


@strawberry.type
class Reward(Node):
    """Something that units can be spent on."""

    key: str
    type: str = strawberry.field(description="The kind as the programme file names it: discount_amount, gift_card …")
    benefit: RewardBenefit = strawberry.field(description="What it is, with the fields of its kind.")
    name: str
    description: str | None
    terms: str | None
    image: Image | None
    category: str | None
    cost: Price | None = strawberry.field(description="What it costs this member; null for what is only given.")
    usual_cost: Price | None = strawberry.field(description="What it costs others, where this member pays less.")
    price_reason: str | None = strawberry.field(description="Why this member pays less, in the reader's language.")
    affordable: bool = strawberry.field(description="Whether nothing stops the member from taking it now.")
    missing: Decimal = strawberry.field(description="How much is still to be earned for it.")
    refusal: str | None = strawberry.field(description="The code of what stops the member, if anything does.")
    refusal_message: str | None = strawberry.field(description="The same in words, where more than units is missing.")
    left: int | None = strawberry.field(description="How many are left for everybody; null: no end in sight.")
    choice_group: str | None = strawberry.field(description="Rewards of the same group are alternatives.")

    @classmethod
    def of(cls, record: records.Offered, programme: Programme, locale: str) -> Self:
        """From the record."""
        decimals = programme.section(Currencies).get(record.currency).decimals
        cost = Price(currency=record.currency, amount=from_units(record.units, decimals))
        cheaper = record.asked.units < record.asked.usual
        usual = Price(currency=record.currency, amount=from_units(record.asked.usual, decimals)) if cheaper else None
        return cls._of(
            record.reward,
            Speaker(programme, locale),
            programme,
            cost=cost,
            usual_cost=usual,
            price_reason=_price_reason(record.asked, programme, locale) if cheaper else None,
            missing=from_units(record.missing, decimals),
            refusal=record.refusal,
            refusal_message=refusal_text(record.stopped, locale) if record.stopped else None,
            left=record.left,
        )

    @classmethod
    def bare(cls, redemption: records.Redemption, reward: RewardConfig, programme: Programme, locale: str) -> Self:
        """The reward of a redemption, at the price that was paid."""
        cost = _paid(redemption, {currency.key: currency.decimals for currency in programme.section(Currencies)})
        return cls._of(reward, Speaker(programme, locale), programme, cost=cost)

    @classmethod
    def _of(
        cls,
        reward: RewardConfig,
        speaker: Speaker,
        programme: Programme,
        *,
        cost: Price | None,
        usual_cost: Price | None = None,
        price_reason: str | None = None,
        missing: Decimal = Decimal(0),
        refusal: str | None = None,
        refusal_message: str | None = None,
        left: int | None = None,
    ) -> Self:
        return cls(
            id=ids.key_id(REWARD, reward.key),
            key=reward.key,
            type=reward.type,
            benefit=benefit_of(reward, programme, speaker),
            name=speaker.say(reward.name),
            description=speaker.maybe(reward.description),
            terms=speaker.maybe(reward.terms),
            image=Image(url=URL(reward.image)) if reward.image else None,
            category=reward.category,
            cost=cost,
            usual_cost=usual_cost,
            price_reason=price_reason,
            affordable=refusal is None,
            missing=missing,
            refusal=refusal,
            refusal_message=refusal_message,
            left=left,
            choice_group=reward.choice_group.key if reward.choice_group else None,
        )


@strawberry.enum(description="Where a gift that is sent is on its way.")
class Fulfilment(Enum):
    """The states of a gift that is sent."""

    ORDERED = strawberry.enum_value("ordered", description="It can still be given back.")
    SENT = "sent"


@strawberry.type
class Redemption(Node):
    """A reward that the member took."""

    record: strawberry.Private[records.Redemption]
    status: RedemptionStatus
    code: str = strawberry.field(description="What the till or the shop asks for.")
    reward: Reward | None = strawberry.field(description="As it was when it was taken; null only for very old ones.")
    cost: Price | None = strawberry.field(description="What was paid; null for what is only given.")
    redeemed_at: datetime
    usable_until: datetime
    used_at: datetime | None
    source: str = strawberry.field(description="member: redeemed; auto, offer, challenge … staff: given.")
    cancellable: bool = strawberry.field(description="Whether the member may give it back now.")
    fulfilment: Fulfilment | None = strawberry.field(description="Of a gift that is sent; null before that.")
    tracking: str | None = strawberry.field(description="The carrier's, once it is sent.")
    entry_number: int | None = strawberry.field(description="Of an entry in a draw.")
    won_place: int | None = strawberry.field(description="Of an entry that won: 1 is the first place.")

    @classmethod
    def of(cls, record: records.Redemption, programme: Programme, locale: str) -> Self:
        """From the record."""
        reward = queries.reward_of(record, programme)
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        return cls(
            id=ids.row_id(REDEMPTION, record.member_id, record.id),
            record=record,
            status=RedemptionStatus(record.status),
            code=record.code,
            reward=Reward.bare(record, reward, programme, locale) if reward else None,
            cost=_paid(record, decimals),
            redeemed_at=record.redeemed_at,
            usable_until=record.usable_until,
            used_at=record.used_at,
            source=record.source,
            cancellable=record.status == "held" and queries.may_give_back(reward, record.source),
            fulfilment=Fulfilment(record.fulfilment) if record.fulfilment else None,
            tracking=record.tracking,
            entry_number=record.entry_number,
            won_place=record.won_place,
        )

    @strawberry.field
    async def wallet_pass(self, info: Info) -> WalletPass | None:
        """The reward as a coupon for the phone's wallet. Null: it is not held, or the programme carries no such."""
        return pass_for(info, pass_of_redemption(await info.context.programme(), self.record))


@strawberry.type
class RewardFields(MemberBase):
    """Rewards' part of Member."""

    @strawberry.field
    async def rewards(
        self, info: Info, first: int = 20, after: str | None = None, affordable: bool | None = None
    ) -> Connection[Reward]:
        """The rewards this member sees, cheapest first; with `affordable`, only those that can be had now (or not)."""
        context = info.context
        standing = await standing_of(context, self.member_id)
        seen = await _catalogue(context, self.member_id)
        chosen = [one for one in seen if affordable is None or one.affordable is affordable]
        page = page_of(chosen, lambda one: (one.units, one.reward.key), page_size(first), after)
        return connection(page, lambda one: Reward.of(one, standing.programme, standing.locale))

    @strawberry.field
    async def redemptions(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Redemption]:
        """The rewards the member took, newest first."""
        context = info.context
        page = await queries.list_redemptions(
            context.reader, self.member_id, context.moment.now, page_size(first), after
        )
        programme, locale = await context.programme(), await context.language()
        return connection(page, lambda record: Redemption.of(record, programme, locale))


async def fetch_reward(context: Context, text: strawberry.ID) -> Reward | None:
    """A reward by its id, as this member sees it."""
    key = ids.find_key(REWARD, text)
    standing = await standing_of(context, context.member_id)
    seen = {one.reward.key: one for one in await _catalogue(context, context.member_id)}
    return Reward.of(seen[key], standing.programme, standing.locale) if key in seen else None


async def fetch_redemption(context: Context, text: strawberry.ID) -> Redemption | None:
    """A redemption of this member by its id."""
    row = ids.find_row(REDEMPTION, text, context.member_id)
    if row is None:
        return None
    record = await queries.find_redemption(
        context.reader, context.member_id, records.RedemptionId(row), context.moment.now
    )
    return Redemption.of(record, await context.programme(), await context.language()) if record else None


@user_error(
    errors.RewardNotOpen,
    errors.RewardNotForMember,
    errors.RewardRequirementUnmet,
    errors.RewardLimitReached,
    errors.RewardChoiceMade,
    errors.RewardOutOfStock,
    errors.DeliveryNeeded,
    BudgetExhausted,
    InsufficientPoints,
    SpendingBlocked,
)
class RedeemRewardUserError(UserError):
    """Why the reward was not redeemed."""


@strawberry.type
class RedeemRewardPayload:
    """The redemption, or why there is none."""

    redemption: Redemption | None = None
    user_errors: list[RedeemRewardUserError] = strawberry.field(default_factory=list)


@strawberry.input
class DeliveryInput:
    """Where a gift is to be sent."""

    recipient: str
    street: str = strawberry.field(description="Street and number, and what else the courier needs to find it.")
    city: str
    country: str = strawberry.field(description="ISO 3166: IT.")
    postal_code: str = ""
    region: str = ""
    note: str = strawberry.field(default="", description="For the courier.")

    def record(self) -> records.Delivery:
        """As the domain knows it."""
        return records.Delivery(
            self.recipient, self.street, self.city, self.country, self.postal_code, self.region, self.note
        )


@strawberry.input
class RedeemRewardInput:
    """Which reward to take."""

    reward_id: strawberry.ID
    idempotency_key: str = strawberry.field(description="One per tap: a retry with the same key pays once.")
    delivery: DeliveryInput | None = strawberry.field(default=None, description="Of a gift that is sent.")


@user_error(errors.RedemptionNotHeld, errors.DeliveryNeeded)
class OrderDeliveryUserError(UserError):
    """Why the gift cannot be sent there."""


@strawberry.type
class OrderDeliveryPayload:
    """The redemption that is now ordered, or why it is not."""

    redemption: Redemption | None = None
    user_errors: list[OrderDeliveryUserError] = strawberry.field(default_factory=list)


@strawberry.input
class OrderDeliveryInput:
    """Where a gift goes that the member was given without an address."""

    redemption_id: strawberry.ID
    delivery: DeliveryInput


@user_error(errors.RedemptionNotHeld, errors.RedemptionFinal)
class CancelRedemptionUserError(UserError):
    """Why the redemption was not cancelled."""


@strawberry.type
class CancelRedemptionPayload:
    """The cancelled redemption, or why it was not."""

    redemption: Redemption | None = None
    user_errors: list[CancelRedemptionUserError] = strawberry.field(default_factory=list)


@strawberry.input
class CancelRedemptionInput:
    """Which redemption to give back. Repeating it changes nothing."""

    redemption_id: strawberry.ID


@strawberry.type
class RewardMutation:
    """What members do with rewards."""

    @mutation_field(requires=MEMBER)
    async def redeem_reward(self, info: Info, input: RedeemRewardInput) -> RedeemRewardPayload | None:
        """Spend the reward's price and hold it. Repeating the call with the same key returns the first redemption."""
        context, member_id = info.context, info.context.member_id
        key = ids.key_of(REWARD, input.reward_id, field="rewardId")
        programme = await context.programme()
        delivery = input.delivery.record() if input.delivery else None
        record = await commands.redeem(
            context.database, programme, member_id, key, input.idempotency_key, context.moment, delivery
        )
        return RedeemRewardPayload(redemption=Redemption.of(record, programme, await context.language()))

    @mutation_field(requires=MEMBER)
    async def cancel_redemption(self, info: Info, input: CancelRedemptionInput) -> CancelRedemptionPayload | None:
        """Give a held reward back: the price returns with the expiry it had."""
        context, member_id = info.context, info.context.member_id
        row = records.RedemptionId(ids.row_of(REDEMPTION, input.redemption_id, member_id, field="redemptionId"))
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.cancel_redemption(tx, programme, member_id, row, context.moment)
        return CancelRedemptionPayload(redemption=Redemption.of(record, programme, await context.language()))

    @mutation_field(requires=MEMBER)
    async def order_delivery(self, info: Info, input: OrderDeliveryInput) -> OrderDeliveryPayload | None:
        """Say where a gift is sent that the member won or was given. Repeating it is refused: it is ordered."""
        context, member_id = info.context, info.context.member_id
        row = records.RedemptionId(ids.row_of(REDEMPTION, input.redemption_id, member_id, field="redemptionId"))
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.order_delivery(
                tx, programme, member_id, row, input.delivery.record(), context.moment
            )
        return OrderDeliveryPayload(redemption=Redemption.of(record, programme, await context.language()))


def _paid(record: records.Redemption, decimals: Mapping[str, int]) -> Price | None:
    if record.currency is None:
        return None
    return Price(currency=record.currency, amount=from_units(record.units, decimals.get(record.currency, 0)))


def _price_reason(asked: records.Asked, programme: Programme, locale: str) -> str | None:
    speaker = Speaker(programme, locale)
    if asked.name is not None:
        return speaker.say(asked.name)
    tiers = programme.section(TiersConfig).levels
    return next((speaker.say(tier.name) for tier in tiers if tier.key == asked.tier), None)


async def _catalogue(context: Context, member_id: MemberId) -> tuple[records.Offered, ...]:
    standing = await standing_of(context, member_id)
    counts = await context.once(
        ("reward_counts", member_id),
        lambda: queries.counts_of(context.reader, standing.programme, member_id, context.moment.now),
    )
    currencies = standing.programme.section(Currencies)
    held = standing.facts.values["member.balances"]
    spendable = {key: to_units(amount, currencies.get(key).decimals) for key, amount in held.items()}
    return queries.catalogue(standing.programme, standing.facts, standing.tier, counts, spendable, context.moment.now)
