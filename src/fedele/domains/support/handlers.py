"""What support does when something was said, done or taken, and what it tells the member afterwards."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded
from fedele.domains.activity.queries import find_event
from fedele.domains.activity.types import ActivityEventId
from fedele.domains.community.events import ReviewSubmitted
from fedele.domains.members.events import MemberErased
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import commands as referring
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.rewards.events import RewardRedeemed
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.events import (
    CaseOpened,
    CaseOverdue,
    CaseResolved,
    MakeGoodGiven,
    PublicReviewAsked,
    ReferralAsked,
)
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.support.reader import TextReader
from fedele.domains.surveys.events import SurveyAnswered
from fedele.jobs.types import Handler


class _Listener:
    """Follows what members do, and asks at the right moment."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, clock: Clock) -> None:
        self._database, self._programme_at, self._clock = database, programme_at, clock

    async def did(self, event: ActivityRecorded, _outbox_id: UUID) -> None:
        """Something happened that a rule may be about: a late delivery, bad service, a delivery."""
        programme = await self._programme_at(event.occurred_at)
        config = programme.section(SupportConfig)
        if not (config.make_goods or config.cases or config.referral_ask):
            return
        found = await find_event(self._database.reader, event.member_id, ActivityEventId(event.event_id))
        if found is None:
            return
        async with self._database.transaction() as tx:
            await commands.follow_event(tx, programme, found, self._clock())

    async def redeemed(self, event: RewardRedeemed, _outbox_id: UUID) -> None:
        """A reward was taken, perhaps a large one."""
        if event.currency is None or not event.units:
            return
        programme = await self._programme_at(event.occurred_at)
        async with self._database.transaction() as tx:
            await commands.follow_redemption(
                tx, programme, event.member_id, event.redemption_id, event.currency, event.units, self._clock()
            )

    async def tell_referral(self, event: ReferralAsked, outbox_id: UUID) -> None:
        """The message with the member's own link: the code is made here if they have none."""
        moment = self._clock()
        programme = await self._programme_at(moment.now)
        async with self._database.transaction() as tx:
            code = await referring.issue_code(tx, event.member_id, moment)
            share_url = programme.section(ReferralConfig).share_url
            link = share_url.replace("{code}", code) if share_url else code
            values: dict[str, Value] = {"code": code, "link": link}
            await messaging.announce(
                tx, programme, event.member_id, ReferralAsked.kind, values, outbox_id, moment,
                happened_at=event.occurred_at,
            )  # fmt: skip

    async def forget(self, event: MemberErased, _outbox_id: UUID) -> None:
        """The member is erased."""
        async with self._database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)


def handlers(
    database: Database, programme_at: ProgrammeAt, analyser: TextAnalyser, clock: Clock
) -> tuple[Handler, ...]:
    """Support's handlers, for bootstrap's list."""
    reader, listener = TextReader(database, programme_at, analyser, clock), _Listener(database, programme_at, clock)
    return (
        Handler("support.read_answer", SurveyAnswered, reader.answered),
        Handler("support.read_review", ReviewSubmitted, reader.reviewed),
        Handler("support.follow_event", ActivityRecorded, listener.did),
        Handler("support.follow_redemption", RewardRedeemed, listener.redeemed),
        # Told as `messaging.announcing` tells, but the link in it is read for each member.
        Handler("messaging.announce_support_referral_asked", ReferralAsked, listener.tell_referral),
        Handler("support.forget_member", MemberErased, listener.forget),
        messaging.announcing(CaseOpened, told_of_case, database, programme_at, clock),
        messaging.announcing(CaseOverdue, told_of_delay, database, programme_at, clock),
        messaging.announcing(CaseResolved, told_of_outcome, database, programme_at, clock),
        messaging.announcing(MakeGoodGiven, told_of_make_good, database, programme_at, clock),
        messaging.announcing(PublicReviewAsked, told_of_public_review, database, programme_at, clock),
    )


def told_of_case(event: CaseOpened, programme: Programme) -> Mapping[str, Value] | None:
    """Nothing to fill in: that somebody looks into it."""
    return {"rule": event.rule}


def told_of_delay(event: CaseOverdue, programme: Programme) -> Mapping[str, Value] | None:
    """Nothing to fill in: that it takes longer than it should."""
    return {"rule": event.rule}


def told_of_outcome(event: CaseResolved, programme: Programme) -> Mapping[str, Value] | None:
    """`{outcome}`: what was done, in the programme's words; None if it has left the programme."""
    outcome = programme.section(SupportConfig).outcome(event.outcome)
    return {"outcome": outcome.text} if outcome is not None else None


def told_of_make_good(event: MakeGoodGiven, programme: Programme) -> Mapping[str, Value] | None:
    """`{make_good}`, and `{amount}` where it was units; None if it has left the programme."""
    make_good = programme.section(SupportConfig).make_good(event.rule)
    if make_good is None:
        return None
    amount: dict[str, Value] = {}
    if event.currency is not None and event.units:
        amount = {"amount": AmountValue(event.currency, event.units)}
    return {"make_good": make_good.name, **amount}


def told_of_public_review(event: PublicReviewAsked, programme: Programme) -> Mapping[str, Value] | None:
    """`{url}`: where the review is written; None if nobody is asked any more."""
    asked = programme.section(SupportConfig).public_review
    return {"url": asked.url} if asked is not None else None
