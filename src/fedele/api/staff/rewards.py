"""Rewards in the staff schema: shelves, pools of codes, draws, gifts to send, and a redemption in the member's hand."""

from datetime import datetime
from typing import Self
from uuid import NAMESPACE_OID, uuid5

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.member.rewards import REDEMPTION, Fulfilment, RedemptionStatus
from fedele.api.permissions import check, mutation_field, query_field
from fedele.domains.auth.types import Scope
from fedele.domains.members.queries import find_member
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import commands, errors, queries
from fedele.domains.rewards import types as records
from fedele.domains.rewards.config import RewardsConfig
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput, NotFound

CODES_MAX = 10_000
REASON_LENGTH_MAX = 500
GIFTS_MAX = 200


@strawberry.type
class RewardShelf:
    """What is left of one reward of the programme."""

    key: str
    name: str
    type: str
    stock: int | None = strawberry.field(description="How many there are in all; null where it does not end.")
    taken: int = strawberry.field(description="Of the stock: given out or reserved.")
    reserved: int = strawberry.field(description="Of those: promised to redemptions that are being paid right now.")
    left: int | None = strawberry.field(description="How many can still be had; null where it does not end.")
    codes_free: int = strawberry.field(description="Codes left in its pool.")
    codes_given: int
    low: bool = strawberry.field(description="Whether the pool should be filled.")

    @classmethod
    def of(cls, record: records.Shelf, speaker: Speaker) -> Self:
        """From the record."""
        return cls(
            key=record.reward.key,
            name=speaker.say(record.reward.name),
            type=record.reward.type,
            stock=record.stock,
            taken=record.taken,
            reserved=record.reserved,
            left=record.left,
            codes_free=record.codes_free,
            codes_given=record.codes_given,
            low=record.low,
        )


@strawberry.type
class StaffRedemption:
    """A reward that a member took or was given, as the service desk sees it."""

    id: strawberry.ID
    member_id: strawberry.ID
    reward_key: str
    name: str | None = strawberry.field(description="As it was when it was taken.")
    status: RedemptionStatus
    code: str
    source: str = strawberry.field(description="Who gave it: member, auto, offer, challenge, referral, draw, staff.")
    redeemed_at: datetime
    usable_until: datetime
    used_at: datetime | None
    used_store: str | None
    fulfilment: Fulfilment | None
    tracking: str | None
    entry_number: int | None
    won_place: int | None

    @classmethod
    def of(cls, record: records.Redemption, programme: Programme, locale: str) -> Self:
        """From the record."""
        reward = queries.reward_of(record, programme)
        return cls(
            id=ids.row_id(REDEMPTION, record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            reward_key=record.reward_key,
            name=Speaker(programme, locale).say(reward.name) if reward else None,
            status=RedemptionStatus(record.status),
            code=record.code,
            source=record.source,
            redeemed_at=record.redeemed_at,
            usable_until=record.usable_until,
            used_at=record.used_at,
            used_store=record.used_store,
            fulfilment=Fulfilment(record.fulfilment) if record.fulfilment else None,
            tracking=record.tracking,
            entry_number=record.entry_number,
            won_place=record.won_place,
        )


@strawberry.type
class GiftDelivery:
    """An ordered gift and where it goes."""

    redemption: StaffRedemption
    recipient: str
    street: str
    city: str
    postal_code: str
    region: str
    country: str
    note: str


@strawberry.type
class DrawWinner:
    """A winning entry."""

    place: int
    number: int


@strawberry.type
class SweepstakeDraw:
    """A draw that was made. Lots are SHA-256 of "<seed>:<number>"; the lowest win, so anybody can repeat it."""

    reward_key: str
    seed: str
    entries_count: int = strawberry.field(description="Numbers given out; withdrawn entries are passed over.")
    winners: list[DrawWinner]
    drawn_at: datetime
    actor: str

    @classmethod
    def of(cls, record: records.Draw) -> Self:
        """From the record."""
        return cls(
            reward_key=record.reward_key,
            seed=record.seed,
            entries_count=record.entries_count,
            winners=[DrawWinner(place=one.place, number=one.number) for one in record.winners],
            drawn_at=record.drawn_at,
            actor=record.actor,
        )


@strawberry.type
class RedemptionFields(MemberBase):
    """What a member took, for staff."""

    @strawberry.field
    async def redemptions(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[StaffRedemption] | None:
        """The rewards the member took or was given, newest first. Needs the scope members:read."""
        context = info.context
        check(context.principal, Scope.MEMBERS_READ)
        page = await queries.list_redemptions(
            context.reader, self.member_id, context.moment.now, page_size(first), after
        )
        programme = await context.programme()
        return connection(page, lambda record: StaffRedemption.of(record, programme, context.locale))


@strawberry.type
class RewardQuery:
    """What operators ask of rewards."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def reward_shelves(self, info: Info) -> list[RewardShelf] | None:
        """Every reward with what is left of it, in the programme file's order."""
        programme = await info.context.programme()
        speaker = Speaker(programme, info.context.locale)
        return [RewardShelf.of(shelf, speaker) for shelf in await queries.shelves(info.context.reader, programme)]

    @query_field(requires=Scope.MEMBERS_READ)
    async def redemption_by_code(self, info: Info, code: str) -> StaffRedemption | None:
        """The redemption whose code somebody holds in hand. Null when there is none."""
        context = info.context
        record = await queries.find_by_code(context.reader, code.strip(), context.moment.now)
        return StaffRedemption.of(record, await context.programme(), context.locale) if record else None

    @query_field(requires=Scope.MEMBERS_READ)
    async def gifts_to_send(self, info: Info, first: int = 50) -> list[GiftDelivery] | None:
        """Ordered gifts that are not sent yet, the oldest first, at most 200 at a time."""
        context = info.context
        ordered = await queries.list_ordered(context.reader, context.moment.now, max(1, min(first, GIFTS_MAX)))
        programme = await context.programme()
        return [
            GiftDelivery(
                redemption=StaffRedemption.of(record, programme, context.locale),
                recipient=to.recipient,
                street=to.street,
                city=to.city,
                postal_code=to.postal_code,
                region=to.region,
                country=to.country,
                note=to.note,
            )
            for record, to in ordered
        ]

    @query_field(requires=Scope.PROGRAMME_READ)
    async def sweepstake_draw(self, info: Info, reward_key: str) -> SweepstakeDraw | None:
        """The draw of this reward. Null while it was not made."""
        draw = await queries.find_draw(info.context.reader, reward_key)
        return SweepstakeDraw.of(draw) if draw else None


@user_error()
class AddRewardCodesUserError(UserError):
    """Why no code was added."""


@strawberry.type
class AddRewardCodesPayload:
    """How many codes were new."""

    added_count: int | None = None
    user_errors: list[AddRewardCodesUserError] = strawberry.field(default_factory=list)


@strawberry.input
class AddRewardCodesInput:
    """Single-use codes for a reward's pool, at most 10,000 in a call. Repeating it changes nothing."""

    reward_key: str
    codes: list[str]


@user_error()
class AdjustRewardStockUserError(UserError):
    """Why the stock was not changed."""


@strawberry.type
class AdjustRewardStockPayload:
    """The shelf as it is now."""

    shelf: RewardShelf | None = None
    user_errors: list[AdjustRewardStockUserError] = strawberry.field(default_factory=list)


@strawberry.input
class AdjustRewardStockInput:
    """How many more there are than the programme file says."""

    reward_key: str
    units: int = strawberry.field(description="Signed: put on the shelf, or taken off.")
    reason: str


@user_error(errors.DrawNotPossible, errors.RewardOutOfStock)
class DrawSweepstakeUserError(UserError):
    """Why nothing was drawn."""


@strawberry.type
class DrawSweepstakePayload:
    """The draw; of a repeated call: the first one."""

    draw: SweepstakeDraw | None = None
    user_errors: list[DrawSweepstakeUserError] = strawberry.field(default_factory=list)


@strawberry.input
class DrawSweepstakeInput:
    """Which draw to make."""

    reward_key: str
    seed: str | None = strawberry.field(
        default=None, description="A text that nobody could choose to their advantage; left out: random."
    )


@user_error(errors.RedemptionNotHeld)
class FulfilRedemptionUserError(UserError):
    """Why the gift was not marked as sent."""


@strawberry.type
class FulfilRedemptionPayload:
    """The redemption that is now sent."""

    redemption: StaffRedemption | None = None
    user_errors: list[FulfilRedemptionUserError] = strawberry.field(default_factory=list)


@strawberry.input
class FulfilRedemptionInput:
    """A gift that is on its way. Repeating it changes nothing."""

    redemption_id: strawberry.ID
    tracking: str | None = None


@user_error(errors.RewardOutOfStock)
class GiveRewardUserError(UserError):
    """Why the reward was not given."""


@strawberry.type
class GiveRewardPayload:
    """What the member holds now."""

    redemption: StaffRedemption | None = None
    user_errors: list[GiveRewardUserError] = strawberry.field(default_factory=list)


@strawberry.input
class GiveRewardInput:
    """A make-good: a reward for nothing."""

    member_id: strawberry.ID
    reward_key: str
    idempotency_key: str


@user_error(errors.RedemptionNotHeld)
class RevokeRedemptionUserError(UserError):
    """Why the redemption stands."""


@strawberry.type
class RevokeRedemptionPayload:
    """The cancelled redemption."""

    redemption: StaffRedemption | None = None
    user_errors: list[RevokeRedemptionUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RevokeRedemptionInput:
    """A held redemption to take back; what was paid returns, whatever its kind. Repeating it changes nothing."""

    redemption_id: strawberry.ID
    reason: str = strawberry.field(description="Why, for whoever reads it later. No personal data.")


@strawberry.type
class RewardMutation:
    """What operators do with rewards."""

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def add_reward_codes(self, info: Info, input: AddRewardCodesInput) -> AddRewardCodesPayload | None:
        """Fill a reward's pool. Codes that were there before are left alone."""
        context = info.context
        reward = (await context.programme()).section(RewardsConfig).find(input.reward_key)
        if reward is None or getattr(reward, "codes", None) != "pool":
            raise InvalidInput(problem="This reward has no pool of codes.", field="rewardKey")
        if not 1 <= len(input.codes) <= CODES_MAX:
            raise InvalidInput(problem=f"A call takes 1 to {CODES_MAX} codes.", field="codes")
        async with context.database.transaction() as tx:
            added = await commands.add_codes(tx, input.reward_key, input.codes)
        return AddRewardCodesPayload(added_count=added)

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def adjust_reward_stock(self, info: Info, input: AdjustRewardStockInput) -> AdjustRewardStockPayload | None:
        """Put more of a reward on the shelf, or take some off, without a new version of the programme."""
        context = info.context
        programme, reason = await context.programme(), _reason(input.reason)
        async with context.database.transaction() as tx:
            await commands.adjust_stock(
                tx, programme, input.reward_key, input.units, reason, context.staff.key_id, context.moment
            )
        speaker = Speaker(programme, context.locale)
        shelves = await queries.shelves(context.reader, programme)
        return AdjustRewardStockPayload(
            shelf=next(RewardShelf.of(shelf, speaker) for shelf in shelves if shelf.reward.key == input.reward_key)
        )

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def draw_sweepstake(self, info: Info, input: DrawSweepstakeInput) -> DrawSweepstakePayload | None:
        """Draw the winners, once, and give them their prize. Repeating the call answers the first draw."""
        context = info.context
        draw = await commands.draw_sweepstake(
            context.database, await context.programme(), input.reward_key, input.seed, context.staff.key_id,
            context.moment,
        )  # fmt: skip
        return DrawSweepstakePayload(draw=SweepstakeDraw.of(draw))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def fulfil_redemption(self, info: Info, input: FulfilRedemptionInput) -> FulfilRedemptionPayload | None:
        """Mark an ordered gift as sent; the member is told."""
        context = info.context
        member_id, row = _redemption_of(input.redemption_id)
        async with context.database.transaction() as tx:
            record = await commands.fulfil_redemption(tx, member_id, row, input.tracking, context.moment)
        return FulfilRedemptionPayload(redemption=await _told(context, record))

    @mutation_field(requires=Scope.LEDGER_ADJUST)
    async def give_reward(self, info: Info, input: GiveRewardInput) -> GiveRewardPayload | None:
        """Give a member a reward for nothing. Repeating the call with the same key gives it once."""
        context = info.context
        member_id, programme = ids.member_id_of(input.member_id), await context.programme()
        because = uuid5(NAMESPACE_OID, f"give:{context.staff.key_id}:{member_id}:{input.idempotency_key}")
        async with context.database.transaction() as tx:
            if await find_member(tx, member_id) is None:
                raise NotFound(what="member", field="memberId")
            record = await commands.give_reward(
                tx, programme, member_id, input.reward_key, because, None, context.moment, "staff"
            )
        return GiveRewardPayload(redemption=await _told(context, record))

    @mutation_field(requires=Scope.LEDGER_ADJUST)
    async def revoke_redemption(self, info: Info, input: RevokeRedemptionInput) -> RevokeRedemptionPayload | None:
        """Take a held redemption back and return what was paid, also of kinds that members cannot give back."""
        context, reason = info.context, _reason(input.reason)
        member_id, row = _redemption_of(input.redemption_id)
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.revoke_redemption(tx, member_id, row, f"staff: {reason}", context.moment, programme)
        return RevokeRedemptionPayload(redemption=await _told(context, record))


def _redemption_of(text: str) -> tuple[MemberId, records.RedemptionId]:
    owned = ids.find_owned_row(REDEMPTION, text)
    if owned is None:
        raise NotFound(what="redemption", field="redemptionId")
    return owned[0], records.RedemptionId(owned[1])


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput(problem=f"Say why, in at most {REASON_LENGTH_MAX} characters.", field="reason")
    return reason


async def _told(context: Context, record: records.Redemption) -> StaffRedemption:
    return StaffRedemption.of(record, await context.programme(), context.locale)
