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
from fedele.api.member.standing import standing_of
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands, errors, queries
from fedele.domains.rewards import types as records
from fedele.domains.rewards.config import Reward as RewardConfig
from fedele.domains.rewards.config import RewardsConfig
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
    type: str = strawberry.field(description="discount_amount, discount_percent, free_product or voucher_code.")
    name: str
    description: str | None
    terms: str | None
    image: Image | None
    category: str | None
    cost: Price | None = strawberry.field(description="What it costs this member; null for what is only given.")
    affordable: bool = strawberry.field(description="Whether nothing stops the member from taking it now.")
    missing: Decimal = strawberry.field(description="How much is still to be earned for it.")
    refusal: str | None = strawberry.field(description="The code of what stops the member, if anything does.")

    @classmethod
    def of(cls, record: records.Offered, programme: Programme, locale: str) -> Self:
        """From the record."""
        return cls._of(record.reward, record.units, programme, locale, record.missing, record.refusal)

    @classmethod
    def bare(cls, redemption: records.Redemption, reward: RewardConfig, programme: Programme, locale: str) -> Self:
        """The reward of a redemption, at the price that was paid."""
        return cls._of(reward, redemption.units, programme, locale, 0, None)

    @classmethod
    def _of(
        cls, reward: RewardConfig, units: int, programme: Programme, locale: str, missing: int, refusal: str | None
    ) -> Self:
        speaker = Speaker(programme, locale)
        decimals = programme.section(Currencies).get(reward.cost.currency).decimals if reward.cost else 0
        return cls(
            id=ids.key_id(REWARD, reward.key),
            key=reward.key,
            type=reward.type,
            name=speaker.say(reward.name),
            description=speaker.maybe(reward.description),
            terms=speaker.maybe(reward.terms),
            image=Image(url=URL(reward.image)) if reward.image else None,
            category=reward.category,
            cost=Price(currency=reward.cost.currency, amount=from_units(units, decimals)) if reward.cost else None,
            affordable=refusal is None,
            missing=from_units(missing, decimals),
            refusal=refusal,
        )


@strawberry.type
class Redemption(Node):
    """A reward that the member took."""

    status: RedemptionStatus
    code: str = strawberry.field(description="What the till or the shop asks for.")
    reward: Reward | None = strawberry.field(description="Null when the programme no longer has it.")
    cost: Price | None = strawberry.field(description="What was paid; null for what is only given.")
    redeemed_at: datetime
    usable_until: datetime
    used_at: datetime | None

    @classmethod
    def of(cls, record: records.Redemption, programme: Programme, locale: str) -> Self:
        """From the record."""
        reward = programme.section(RewardsConfig).find(record.reward_key)
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        return cls(
            id=ids.row_id(REDEMPTION, record.member_id, record.id),
            status=RedemptionStatus(record.status),
            code=record.code,
            reward=Reward.bare(record, reward, programme, locale) if reward else None,
            cost=_paid(record, decimals),
            redeemed_at=record.redeemed_at,
            usable_until=record.usable_until,
            used_at=record.used_at,
        )


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
    errors.RewardLimitReached,
    errors.RewardOutOfStock,
    InsufficientPoints,
)
class RedeemRewardUserError(UserError):
    """Why the reward was not redeemed."""


@strawberry.type
class RedeemRewardPayload:
    """The redemption, or why there is none."""

    redemption: Redemption | None = None
    user_errors: list[RedeemRewardUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RedeemRewardInput:
    """Which reward to take."""

    reward_id: strawberry.ID
    idempotency_key: str = strawberry.field(description="One per tap: a retry with the same key pays once.")


@user_error(errors.RedemptionNotHeld)
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
        record = await commands.redeem(
            context.database, programme, member_id, key, input.idempotency_key, context.moment
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


def _paid(record: records.Redemption, decimals: Mapping[str, int]) -> Price | None:
    if record.currency is None:
        return None
    return Price(currency=record.currency, amount=from_units(record.units, decimals.get(record.currency, 0)))


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
