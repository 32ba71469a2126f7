"""Referrals in the members' schema: the own code to share, what became of friends, and applying a friend's code."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.member.rewards import Price
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL, Locale
from fedele.domains.members.types import Peppers
from fedele.domains.prizes.config import Prize
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import commands, errors, queries
from fedele.domains.referrals import types as records
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.rewards.config import RewardsConfig
from fedele.kernel.money import from_units


@strawberry.enum(description="What became of a referral.")
class ReferralState(Enum):
    """The states of a referral."""

    CHECKING = strawberry.enum_value("applied", description="Just applied; decided within seconds.")
    OPEN = strawberry.enum_value("open", description="Waiting for the friend's first purchase, or its return window.")
    HELD = strawberry.enum_value("held", description="Somebody of the programme looks at it.")
    PAID = strawberry.enum_value("paid", description="Given.")
    UNPAID = strawberry.enum_value("unpaid", description="The friend has bought, but a cap leaves nothing.")
    REFUSED = "refused"
    REVOKED = strawberry.enum_value("revoked", description="Taken back: the friend returned the purchase.")
    EXPIRED = strawberry.enum_value("expired", description="The friend did not buy in time.")


_STATES = {state.value: state for state in ReferralState} | {"settled": ReferralState.PAID}


@strawberry.type
class ReferredFriend:
    """What became of one friend. Who it is, is not told."""

    state: ReferralState
    since: datetime = strawberry.field(description="When they applied the code.")
    given: Price | None = strawberry.field(description="The units that the member got for them.")

    @classmethod
    def of(cls, record: records.Brought, decimals: dict[str, int]) -> Self:
        """From the record."""
        given = None
        if record.currency is not None and record.units and record.state == "paid":
            given = Price(currency=record.currency, amount=from_units(record.units, decimals[record.currency]))
        return cls(state=_STATES[record.state], since=record.admitted_at, given=given)


@strawberry.type
class ReferralLimit:
    """How many friends one member can bring in a calendar period."""

    per: str = strawberry.field(description="day, month, year or lifetime.")
    times_max: int
    used: int


@strawberry.type
class ReferralPrize:
    """What a side gets."""

    units: Price | None
    reward: str | None = strawberry.field(description="The name of a reward to hold.")

    @classmethod
    def of(cls, prize: Prize, programme: Programme, speaker: Speaker) -> Self:
        """From the programme file."""
        reward = programme.section(RewardsConfig).find(prize.reward) if prize.reward else None
        return cls(
            units=Price(currency=prize.units.currency, amount=prize.units.amount) if prize.units else None,
            reward=speaker.say(reward.name) if reward else None,
        )


@strawberry.type
class OwnReferral:
    """By whose code the member came; not by whose."""

    state: ReferralState
    applied_at: datetime
    buy_until: datetime | None = strawberry.field(description="Until when the first purchase counts.")
    settles_at: datetime | None = strawberry.field(description="When the purchase counts as kept, once there is one.")


@strawberry.type
class Referral:
    """The member's invitation to friends."""

    title: str | None
    body: str | None
    code: str | None = strawberry.field(description="To share. Null until `shareReferral` was called once.")
    share_url: URL | None = strawberry.field(description="The programme's link with the code in it.")
    share_text: str | None = strawberry.field(description="Words for a message, with code and link in them.")
    minimum_spend: Decimal = strawberry.field(description="What the friend's first purchase must come to.")
    referrer_prize: ReferralPrize | None = strawberry.field(description="What the member gets for a friend.")
    friend_prize: ReferralPrize | None = strawberry.field(description="What the friend gets.")
    open_count: int = strawberry.field(description="Friends whose purchase is awaited, or its return window.")
    held_count: int
    paid_count: int
    friends: list[ReferredFriend] = strawberry.field(description="The newest first, at most a hundred.")
    limits: list[ReferralLimit]
    came_by: OwnReferral | None = strawberry.field(description="The code that the member applied, if they did.")

    @classmethod
    def of(cls, overview: records.Overview, programme: Programme, locale: str) -> Self:
        """From the record."""
        config, speaker = programme.section(ReferralConfig), Speaker(programme, locale)
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        link = _link(config, overview.code)
        text = speaker.maybe(config.share_text)
        return cls(
            title=speaker.maybe(config.title),
            body=speaker.maybe(config.body),
            code=overview.code,
            share_url=URL(link) if link else None,
            share_text=text.replace("{code}", overview.code or "").replace("{link}", link or "") if text else None,
            minimum_spend=config.minimum_spend,
            referrer_prize=ReferralPrize.of(config.referrer, programme, speaker) if config.referrer else None,
            friend_prize=ReferralPrize.of(config.friend, programme, speaker) if config.friend else None,
            open_count=overview.count("open"),
            held_count=overview.count("held"),
            paid_count=overview.count("paid"),
            friends=[ReferredFriend.of(one, decimals) for one in overview.brought],
            limits=[
                ReferralLimit(per=use.cap.per, times_max=use.cap.times_max, used=use.used) for use in overview.caps
            ],
            came_by=_own(overview.own) if overview.own else None,
        )


def _own(record: records.Referral) -> OwnReferral:
    return OwnReferral(
        state=_STATES[record.state],
        applied_at=record.applied_at,
        buy_until=record.expires_at,
        settles_at=record.due_at,
    )


def _link(config: ReferralConfig, code: str | None) -> str | None:
    return config.share_url.replace("{code}", code) if config.share_url and code else None


@strawberry.type
class ReferralFields(MemberBase):
    """The part of Member that referrals have."""

    @strawberry.field
    async def referral(self, info: Info) -> Referral | None:
        """The member's code and what became of their friends; null in a programme without referrals."""
        return await _referral(info.context)


async def _referral(context: Context, locale: str | None = None) -> Referral | None:
    programme, locale = await context.programme(), locale or await context.language()
    if not programme.section(ReferralConfig).enabled:
        return None
    overview = await queries.overview_of(context.reader, programme, context.member_id, context.moment.now)
    return Referral.of(overview, programme, locale)


@user_error(
    errors.ReferralClosed,
    errors.ReferralCodeUnknown,
    errors.ReferralAlreadyApplied,
    errors.ReferralTooManyAttempts,
    errors.ReferralTooLate,
    errors.ReferralNotNew,
    errors.ReferralSelf,
    errors.ReferralSameDevice,
    errors.ReferralSameMailbox,
    errors.ReferralSamePhone,
    errors.ReferralRing,
)
class ApplyReferralCodeUserError(UserError):
    """Why the code was not taken."""


@strawberry.type
class ApplyReferralCodePayload:
    """The referral, or why there is none."""

    came_by: OwnReferral | None = None
    user_errors: list[ApplyReferralCodeUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ApplyReferralCodeInput:
    """A friend's code."""

    code: str = strawberry.field(description="As it was typed or came with the link; case and dashes do not matter.")
    device_id: str | None = strawberry.field(
        default=None, description="The app's own lasting id of this phone. Only a digest of it is kept."
    )


@strawberry.input
class ShareReferralInput:
    """What to share it with."""

    locale: Locale | None = strawberry.field(
        default=None, description="The language of the words to send; unset: the member's own."
    )


@user_error(errors.ReferralClosed)
class ShareReferralUserError(UserError):
    """Why there is nothing to share."""


@strawberry.type
class ShareReferralPayload:
    """The invitation with its code, or why there is none."""

    referral: Referral | None = None
    user_errors: list[ShareReferralUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ReferralMutation:
    """What members do with referrals."""

    @mutation_field(requires=MEMBER)
    async def apply_referral_code(self, info: Info, input: ApplyReferralCodeInput) -> ApplyReferralCodePayload | None:
        """Say by whose code the member came. It is paid when the first purchase has been kept. Repeating the call
        with the same code changes nothing."""
        context = info.context
        record = await commands.apply_code(
            context.database, await context.programme(), context.services.get(Peppers), context.member_id, input.code,
            context.moment, input.device_id,
        )  # fmt: skip
        return ApplyReferralCodePayload(came_by=_own(record))

    @mutation_field(requires=MEMBER)
    async def share_referral(self, info: Info, input: ShareReferralInput) -> ShareReferralPayload | None:
        """The member's own code, made when they have none. Repeating the call answers the same code."""
        context = info.context
        if not (await context.programme()).section(ReferralConfig).enabled:
            raise errors.ReferralClosed
        async with context.database.transaction() as tx:
            await commands.issue_code(tx, context.member_id, context.moment)
        return ShareReferralPayload(referral=await _referral(context, input.locale))
