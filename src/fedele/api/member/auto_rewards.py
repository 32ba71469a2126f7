"""Automatic rewards in the members' schema: how near the next one is, and the member's choice."""

from decimal import Decimal
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.auto_rewards import commands, errors, queries
from fedele.domains.auto_rewards import types as records
from fedele.domains.auto_rewards.config import Mode
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.kernel.money import from_units

AUTO_REWARD = "auto_reward"


@strawberry.type
class AutoRewardMode:
    """One way in which the member may have it."""

    key: str
    name: str
    every: Decimal | None = strawberry.field(description="Units for one reward; null where the units are saved.")
    reward: str | None = strawberry.field(description="The name of the reward.")

    @classmethod
    def of(cls, key: str, mode: Mode, programme: Programme, speaker: Speaker) -> Self:
        """From the programme file."""
        reward = programme.section(RewardsConfig).find(mode.reward) if mode.reward else None
        name = speaker.say(reward.name) if reward else None
        return cls(key=key, name=speaker.maybe(mode.name) or name or key, every=mode.every, reward=name)


@strawberry.type
class AutoReward:
    """Units that become a reward by themselves."""

    id: strawberry.ID
    key: str
    name: str
    currency: str = strawberry.field(description="The key of a currency.")
    mode: AutoRewardMode = strawberry.field(description="What holds for the member now.")
    modes: list[AutoRewardMode] = strawberry.field(description="What the member may choose; none: there is no choice.")
    available: Decimal = strawberry.field(description="Units that count towards the next one.")
    missing: Decimal = strawberry.field(description="Units until the next one.")
    issued_count: int = strawberry.field(description="Rewards so far: in the present window, or in all.")
    limit_reached: bool = strawberry.field(description="Whether no more are issued in this period; units are kept.")

    @classmethod
    def of(cls, record: records.Progress, programme: Programme, locale: str) -> Self:
        """From the record."""
        auto, speaker = record.auto_reward, Speaker(programme, locale)
        decimals = programme.section(Currencies).get(auto.currency).decimals
        mode = AutoRewardMode.of(record.mode_key, record.mode, programme, speaker)
        choices = auto.choice.modes if auto.choice else {}
        return cls(
            id=ids.key_id(AUTO_REWARD, auto.key),
            key=auto.key,
            name=speaker.maybe(auto.name) or mode.name,
            currency=auto.currency,
            mode=mode,
            modes=[AutoRewardMode.of(key, one, programme, speaker) for key, one in choices.items()],
            available=from_units(record.available, decimals),
            missing=from_units(record.missing, decimals),
            issued_count=record.issued_count,
            limit_reached=record.limit_reached,
        )


@strawberry.type
class AutoRewardFields(MemberBase):
    """Automatic rewards' part of Member."""

    @strawberry.field
    async def auto_rewards(self, info: Info) -> list[AutoReward]:
        """The rewards that units become by themselves, and how near the next one is."""
        context = info.context
        programme = await context.programme()
        seen = await queries.progress_of(context.reader, programme, self.member_id, context.moment.now)
        locale = await context.language()
        return [AutoReward.of(one, programme, locale) for one in seen]


@user_error(errors.ModeUnknown)
class ChooseAutoRewardUserError(UserError):
    """Why the choice was not made."""


@strawberry.type
class ChooseAutoRewardPayload:
    """The automatic reward as it is now, or why nothing changed."""

    auto_reward: AutoReward | None = None
    user_errors: list[ChooseAutoRewardUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ChooseAutoRewardInput:
    """Which of the modes the member wants. Repeating it changes nothing."""

    auto_reward_id: strawberry.ID
    mode: str = strawberry.field(description="The key of one of its modes.")


@strawberry.type
class AutoRewardMutation:
    """What members do with automatic rewards."""

    @mutation_field(requires=MEMBER)
    async def choose_auto_reward(self, info: Info, input: ChooseAutoRewardInput) -> ChooseAutoRewardPayload | None:
        """Choose what units become from now on: five dollars now, or ten later. What is due is issued at once."""
        context, member_id = info.context, info.context.member_id
        key = ids.key_of(AUTO_REWARD, input.auto_reward_id, field="autoRewardId")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.choose_auto_reward(tx, programme, member_id, key, input.mode, context.moment)
        return ChooseAutoRewardPayload(auto_reward=AutoReward.of(record, programme, await context.language()))
