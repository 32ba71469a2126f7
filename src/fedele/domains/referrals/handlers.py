"""What referrals do when something happened: here the two sides talk, each in a transaction of its own member."""

from collections.abc import Mapping
from typing import get_args
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded, PurchaseReturned
from fedele.domains.members.events import IdentityLinked, MemberEnrolled, MemberErased
from fedele.domains.members.queries import list_contacts
from fedele.domains.members.types import Peppers
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.events import DeviceRegistered
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import commands, queries
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.events import (
    ReferralAdmitted,
    ReferralApplied,
    ReferralEnded,
    ReferralPaid,
    ReferralSettled,
)
from fedele.domains.referrals.likeness import marks_of
from fedele.domains.referrals.types import ReferralId, ReferralState
from fedele.jobs.types import Handler
from fedele.kernel.ids import MemberId


class _Friend:
    """What follows on the friend's side."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, clock: Clock) -> None:
        self._database, self._programme_at, self._clock = database, programme_at, clock

    async def follow_purchase(self, event: PurchaseRecorded | PurchaseReturned, _outbox_id: UUID) -> None:
        """A purchase was made, or came back: look again which one counts."""
        await self._follow(event.member_id)

    async def hear_answer(self, event: ReferralAdmitted, _outbox_id: UUID) -> None:
        """The referrer's side has answered."""
        friend_id, moment = MemberId(event.friend_id), self._clock()
        async with self._database.transaction() as tx:
            state = _state(event.state)
            await commands.answer(tx, friend_id, ReferralId(event.referral_id), state, event.reason, moment)
        await self._follow(friend_id)  # a purchase may have come while the answer was on its way

    async def _follow(self, friend_id: MemberId) -> None:
        referral = await queries.find_referral(self._database.reader, friend_id)
        if referral is None:
            return
        programme = await self._programme_at(referral.applied_at)
        async with self._database.transaction() as tx:
            await commands.follow_purchases(tx, programme, friend_id, self._clock())


class _Referrer:
    """What follows on the referrer's side."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, clock: Clock) -> None:
        self._database, self._programme_at, self._clock = database, programme_at, clock

    async def admit(self, event: ReferralApplied, _outbox_id: UUID) -> None:
        """A friend applied the code."""
        programme, referrer_id = await self._programme_at(event.occurred_at), MemberId(event.referrer_id)
        referral_id, moment = ReferralId(event.referral_id), self._clock()
        async with self._database.transaction() as tx:
            await commands.admit(tx, programme, event.member_id, referrer_id, referral_id, event.suspicion, moment)

    async def pay(self, event: ReferralSettled, _outbox_id: UUID) -> None:
        """The friend's purchase has settled."""
        programme = await self._programme_at(event.applied_at)
        async with self._database.transaction() as tx:
            referral_id = ReferralId(event.referral_id)
            await commands.pay_referrer(tx, programme, MemberId(event.referrer_id), referral_id, self._clock())

    async def follow(self, event: ReferralEnded, _outbox_id: UUID) -> None:
        """The friend's side is held, open again, or over."""
        programme, moment = await self._programme_at(event.occurred_at), self._clock()
        referrer_id, referral_id = MemberId(event.referrer_id), ReferralId(event.referral_id)
        async with self._database.transaction() as tx:
            await commands.follow_friend(
                tx, programme, referrer_id, referral_id, _state(event.state), event.reason, moment
            )


class _Marks:
    """Codes for those who join, and digests of what they are recognised by."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, peppers: Peppers | None, clock: Clock) -> None:
        self._database, self._programme_at = database, programme_at
        self._peppers, self._clock = peppers, clock

    async def welcome(self, event: MemberEnrolled, _outbox_id: UUID) -> None:
        """A new member gets a code."""
        if not await self._enabled():
            return
        async with self._database.transaction() as tx:
            await commands.issue_code(tx, event.member_id, self._clock())
        await self._remember(event.member_id)

    async def link(self, event: IdentityLinked, _outbox_id: UUID) -> None:
        """One more address or number."""
        if await self._enabled():
            await self._remember(event.member_id)

    async def notice(self, event: DeviceRegistered, _outbox_id: UUID) -> None:
        """The app was opened on a phone that was not this member's until now."""
        if not await self._enabled():
            return
        async with self._database.transaction() as tx:
            marks = await queries.device_marks(tx, event.member_id)
            await commands.remember_marks(tx, event.member_id, marks, self._clock())

    async def forget(self, event: MemberErased, _outbox_id: UUID) -> None:
        """The member is erased."""
        async with self._database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    async def _enabled(self) -> bool:
        return (await self._programme_at(self._clock().now)).section(ReferralConfig).enabled

    async def _remember(self, member_id: MemberId) -> None:
        if self._peppers is None:
            return
        async with self._database.transaction() as tx:
            marks = marks_of(await list_contacts(tx, member_id), self._peppers)
            await commands.remember_marks(tx, member_id, marks, self._clock())


def handlers(
    database: Database, programme_at: ProgrammeAt, peppers: Peppers | None, clock: Clock
) -> tuple[Handler, ...]:
    """Referrals' handlers, for bootstrap's list."""
    friend, referrer = _Friend(database, programme_at, clock), _Referrer(database, programme_at, clock)
    marks = _Marks(database, programme_at, peppers, clock)
    return (
        Handler("referrals.follow_purchase", PurchaseRecorded, friend.follow_purchase),
        Handler("referrals.follow_return", PurchaseReturned, friend.follow_purchase),
        Handler("referrals.hear_answer", ReferralAdmitted, friend.hear_answer),
        Handler("referrals.admit", ReferralApplied, referrer.admit),
        Handler("referrals.pay_referrer", ReferralSettled, referrer.pay),
        Handler("referrals.follow_friend", ReferralEnded, referrer.follow),
        Handler("referrals.welcome", MemberEnrolled, marks.welcome),
        Handler("referrals.link", IdentityLinked, marks.link),
        Handler("referrals.notice_device", DeviceRegistered, marks.notice),
        Handler("referrals.forget_member", MemberErased, marks.forget),
        messaging.announcing(ReferralPaid, told_of_payment, database, programme_at, clock),
        messaging.announcing(ReferralSettled, told_of_settling, database, programme_at, clock),
    )


def told_of_payment(event: ReferralPaid, programme: Programme) -> Mapping[str, Value] | None:
    """`{amount}` for a message to the referrer; None where there were no units."""
    if event.currency is None or not event.units:
        return None
    return {"amount": AmountValue(event.currency, event.units)}


def told_of_settling(event: ReferralSettled, programme: Programme) -> Mapping[str, Value] | None:
    """`{amount}` for a message to the friend; None where there were no units."""
    if event.currency is None or not event.units:
        return None
    return {"amount": AmountValue(event.currency, event.units)}


def _state(text: str) -> ReferralState:
    states: tuple[ReferralState, ...] = get_args(ReferralState)
    return next(state for state in states if state == text)
