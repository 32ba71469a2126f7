"""Challenges, streaks and badges in the members' schema: what can be reached, how far it is, and joining."""

from collections.abc import Iterable
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
from fedele.api.member.rewards import Price
from fedele.api.member.standing import standing_of
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL
from fedele.domains.challenges import commands, errors, queries
from fedele.domains.challenges import types as records
from fedele.domains.challenges.config import Award, BadgesConfig
from fedele.domains.challenges.config import Badge as BadgeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units
from fedele.kernel.pages import page_of
from fedele.kernel.refusal import NotFound

CHALLENGE = "challenge"
STREAK = "streak"


@strawberry.enum(description="How long one period of a streak is.")
class StreakPeriod(Enum):
    """The periods of streaks."""

    DAY = "day"
    WEEK = strawberry.enum_value("week", description="Monday to Sunday.")
    MONTH = "month"


@strawberry.type
class Badge:
    """A sign of something that was reached."""

    key: str
    name: str
    description: str | None
    image: Image | None
    earned_at: datetime | None = strawberry.field(description="Since when the member has it; null if not.")

    @classmethod
    def of(cls, badge: BadgeConfig, speaker: Speaker, earned_at: datetime | None = None) -> Self:
        """From the programme file."""
        return cls(
            key=badge.key,
            name=speaker.say(badge.name),
            description=speaker.maybe(badge.description),
            image=Image(url=URL(badge.image)) if badge.image else None,
            earned_at=earned_at,
        )


@strawberry.type
class ChallengeAward:
    """What a step brings."""

    units: Price | None = strawberry.field(description="Units of one of the programme's currencies.")
    reward: str | None = strawberry.field(description="The name of a reward to hold.")
    badge: Badge | None

    @classmethod
    def of(cls, award: Award, programme: Programme, speaker: Speaker) -> Self:
        """From the programme file."""
        reward = programme.section(RewardsConfig).find(award.reward) if award.reward else None
        badge = programme.section(BadgesConfig).find(award.badge) if award.badge else None
        return cls(
            units=Price(currency=award.units.currency, amount=award.units.amount) if award.units else None,
            reward=speaker.say(reward.name) if reward else None,
            badge=Badge.of(badge, speaker) if badge else None,
        )


@strawberry.type
class ChallengeStep:
    """A milestone; the target itself is the last."""

    at: Decimal = strawberry.field(description="Progress at which it is reached; of a streak, periods in a row.")
    name: str | None
    reached: bool
    times: int = strawberry.field(description="How often it was given and not taken back.")
    award: ChallengeAward


@strawberry.type
class Challenge(Node):
    """Something to do within a time, and what it brings."""

    key: str
    name: str
    description: str | None
    image: Image | None
    opt_in: bool = strawberry.field(description="Whether it must be joined first, with `joinChallenge`.")
    joined: bool = strawberry.field(description="Whether what the member does counts.")
    starts_at: datetime | None = strawberry.field(description="Since when it counts in this period; null: always.")
    ends_at: datetime | None = strawberry.field(description="When the present period ends; null: no end.")
    progress: Decimal = strawberry.field(description="Exactly what counts now, in the goal's own measure.")
    target: Decimal
    missing: Decimal = strawberry.field(description="To the next completion; 0 when there is none left.")
    times: int = strawberry.field(description="How often it was completed in this period.")
    times_max: int | None = strawberry.field(description="How often it can be, in one period; null: without end.")
    complete: bool = strawberry.field(description="Whether nothing more can be reached in this period.")
    measure: str = strawberry.field(description="purchases, spend, units, distinct, visits, events or event_total.")
    steps: list[ChallengeStep]

    @classmethod
    def of(cls, view: records.ChallengeView, programme: Programme, locale: str) -> Self:
        """From the record."""
        speaker, one = Speaker(programme, locale), view.challenge
        return cls(
            id=ids.key_id(CHALLENGE, one.key),
            key=one.key,
            name=speaker.say(one.name),
            description=speaker.maybe(one.description),
            image=Image(url=URL(one.image)) if one.image else None,
            opt_in=one.joining == "opt_in",
            joined=view.joined,
            starts_at=view.starts_at,
            ends_at=view.ends_at,
            progress=from_units(view.progress, view.decimals),
            target=from_units(view.target, view.decimals),
            missing=from_units(view.missing, view.decimals),
            times=view.times,
            times_max=one.times_max,
            complete=view.complete,
            measure=one.goal.type,
            steps=_steps(view, programme, speaker),
        )


@strawberry.type
class Streak(Node):
    """Something to do in every period, one after the other."""

    key: str
    name: str
    description: str | None
    image: Image | None
    opt_in: bool = strawberry.field(description="Whether it must be joined first, with `joinChallenge`.")
    joined: bool
    every: StreakPeriod
    current: int = strawberry.field(description="How many periods in a row, as it stands now.")
    best: int = strawberry.field(description="The longest so far.")
    freezes_left: int = strawberry.field(description="How many missed periods are forgiven from here on.")
    kept_now: bool = strawberry.field(description="Whether the present period is kept already.")
    at_risk: bool = strawberry.field(description="Whether the streak ends with the present period unless it is kept.")
    progress: Decimal = strawberry.field(description="What counts in the present period.")
    target: Decimal = strawberry.field(description="What one period asks for.")
    period_ends_at: datetime | None
    steps: list[ChallengeStep]

    @classmethod
    def of(cls, view: records.StreakView, programme: Programme, locale: str) -> Self:
        """From the record."""
        speaker, one = Speaker(programme, locale), view.streak
        return cls(
            id=ids.key_id(STREAK, one.key),
            key=one.key,
            name=speaker.say(one.name),
            description=speaker.maybe(one.description),
            image=Image(url=URL(one.image)) if one.image else None,
            opt_in=one.joining == "opt_in",
            joined=view.joined,
            every=StreakPeriod(one.every),
            current=view.state.current,
            best=view.state.best,
            freezes_left=view.state.freezes_left,
            kept_now=view.state.kept_now,
            at_risk=view.state.at_risk,
            progress=from_units(view.progress, view.decimals),
            target=from_units(view.target, view.decimals),
            period_ends_at=view.period_ends_at,
            steps=[
                ChallengeStep(
                    at=Decimal(step.at),
                    name=speaker.maybe(step.name),
                    reached=view.state.current >= step.at,
                    times=_times(view.awards, str(step.at)),
                    award=ChallengeAward.of(step.award, programme, speaker),
                )
                for step in one.steps
            ],
        )


def _steps(view: records.ChallengeView, programme: Programme, speaker: Speaker) -> list[ChallengeStep]:
    one = view.challenge
    steps = [(str(step.at), step.at, speaker.maybe(step.name), step.award) for step in one.steps]
    if one.award is not None:
        steps.append((queries.TARGET, one.goal.target, None, one.award))
    return [
        ChallengeStep(
            at=at,
            name=name,
            reached=view.progress >= queries.scaled(at, view.decimals),
            times=_times(view.awards, key),
            award=ChallengeAward.of(award, programme, speaker),
        )
        for key, at, name, award in steps
    ]


def _times(awards: Iterable[records.AwardRecord], step: str) -> int:
    return sum(award.step == step and award.state == "given" for award in awards)


@strawberry.type
class ChallengeFields(MemberBase):
    """The part of Member that challenges have."""

    @strawberry.field
    async def challenges(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Challenge]:
        """What the member can reach now, in the programme's order, with exact progress."""
        views, programme, locale = await _challenges(info.context, self.member_id)
        page = page_of(views, lambda view: (0, view.challenge.key), page_size(first), after)
        return connection(page, lambda view: Challenge.of(view, programme, locale))

    @strawberry.field
    async def streaks(self, info: Info) -> list[Streak]:
        """The member's streaks: how long they are now, how long the best was, and what is next."""
        views, programme, locale = await _streaks(info.context, self.member_id)
        return [Streak.of(view, programme, locale) for view in views]

    @strawberry.field
    async def badges(self, info: Info) -> list[Badge]:
        """The badges that the member has, the newest first."""
        context = info.context
        programme, locale = await context.programme(), await context.language()
        speaker = Speaker(programme, locale)
        held = await queries.list_badges(context.reader, programme, self.member_id)
        return [Badge.of(one.badge, speaker, one.earned_at) for one in held if one.badge is not None]


async def _challenges(
    context: Context, member_id: MemberId
) -> tuple[tuple[records.ChallengeView, ...], Programme, str]:
    asked, own = await standing_of(context, member_id), await _own(context, member_id)
    context.volatile = True  # periods end by themselves
    views = queries.challenges_of(asked.programme, asked.facts, asked.tier, own, context.moment.now)
    return views, asked.programme, asked.locale


async def _streaks(context: Context, member_id: MemberId) -> tuple[tuple[records.StreakView, ...], Programme, str]:
    asked, own = await standing_of(context, member_id), await _own(context, member_id)
    context.volatile = True
    views = queries.streaks_of(asked.programme, asked.facts, asked.tier, own, context.moment.now)
    return views, asked.programme, asked.locale


async def _own(context: Context, member_id: MemberId) -> queries.Standing:
    return await context.once(("challenge_standing", member_id), lambda: queries.standing_of(context.reader, member_id))


async def fetch_challenge(context: Context, text: strawberry.ID) -> Challenge | None:
    """A challenge by its id, if the member sees it now."""
    key = ids.find_key(CHALLENGE, text)
    views, programme, locale = await _challenges(context, context.member_id)
    return next((Challenge.of(view, programme, locale) for view in views if view.challenge.key == key), None)


async def fetch_streak(context: Context, text: strawberry.ID) -> Streak | None:
    """A streak by its id, if the member sees it now."""
    key = ids.find_key(STREAK, text)
    views, programme, locale = await _streaks(context, context.member_id)
    return next((Streak.of(view, programme, locale) for view in views if view.streak.key == key), None)


@user_error(errors.ChallengeNotOpen, errors.ChallengeNotForMember)
class JoinChallengeUserError(UserError):
    """Why it was not joined."""


@strawberry.type
class JoinChallengePayload:
    """What was joined and since when, or why it was not."""

    challenge_id: strawberry.ID | None = None
    joined_at: datetime | None = None
    user_errors: list[JoinChallengeUserError] = strawberry.field(default_factory=list)


@strawberry.input
class JoinChallengeInput:
    """What to join."""

    challenge_id: strawberry.ID = strawberry.field(description="The id of a challenge or of a streak.")


@strawberry.type
class ChallengeMutation:
    """What members do with challenges."""

    @mutation_field(requires=MEMBER)
    async def join_challenge(self, info: Info, input: JoinChallengeInput) -> JoinChallengePayload | None:
        """Join an opt-in challenge or streak. Repeating the call answers since when the member has joined."""
        context, member_id = info.context, info.context.member_id
        kind: records.CountableKind = "challenge"
        key = ids.find_key(CHALLENGE, input.challenge_id)
        if key is None:
            kind, key = "streak", ids.find_key(STREAK, input.challenge_id)
        if key is None:
            raise NotFound(what="challenge", field="challengeId")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            joined_at = await commands.join_challenge(tx, programme, member_id, kind, key, context.moment)
        return JoinChallengePayload(challenge_id=input.challenge_id, joined_at=joined_at)
