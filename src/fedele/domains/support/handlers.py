"""What support does when something was said, done or taken, and what it tells the member afterwards."""

from collections.abc import Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded
from fedele.domains.activity.queries import find_event
from fedele.domains.activity.types import ActivityEventId
from fedele.domains.community import queries as community
from fedele.domains.community.events import ReviewSubmitted
from fedele.domains.community.types import ReviewId
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
from fedele.domains.support.events import CaseOpened, CaseResolved, MakeGoodGiven, PublicReviewAsked, ReferralAsked
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.support.reading import examples_of, read
from fedele.domains.support.routing import scores_of, scores_of_stars
from fedele.domains.support.types import Analysed, Feedback, Reading, Scores
from fedele.domains.surveys import queries as surveys
from fedele.domains.surveys.events import SurveyAnswered
from fedele.jobs.types import Handler

BODY = "body"  # the part of a review that has words


class _Reader:
    """Reads texts and lets follow what the programme says."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, analyser: TextAnalyser, clock: Clock) -> None:
        self._database, self._programme_at = database, programme_at
        self._analyser, self._clock = analyser, clock

    async def answered(self, event: SurveyAnswered, _outbox_id: UUID) -> None:
        """A survey was answered, or an answer was changed."""
        answers = await surveys.answers_of(self._database.reader, event.member_id, event.answer_id)
        if answers is None:
            return  # erased meanwhile
        texts = {key: words for key in event.texts if isinstance(words := answers.get(key), str) and words.strip()}
        programme = await self._programme_at(event.occurred_at)
        scores = scores_of(event.scores)
        readings = await self._read(programme, texts, scores)
        feedback = Feedback(
            event.member_id, "survey", event.answer_id, event.occurred_at, event.survey_key, scores, readings
        )
        async with self._database.transaction() as tx:
            await tx.lock_member(event.member_id)
            last = await surveys.last_answered_at(tx, event.member_id, event.answer_id)
            if last is None or last > event.occurred_at:
                return  # changed while we read, or before: another job reads the newer scores
            await commands.follow_feedback(tx, programme, feedback, texts, self._clock())

    async def reviewed(self, event: ReviewSubmitted, _outbox_id: UUID) -> None:
        """A review came: read before anybody moderates it, since what is urgent does not wait for that."""
        review = await community.find_review(self._database.reader, event.member_id, ReviewId(event.review_id))
        if review is None:
            return
        texts = {BODY: review.body} if review.body else {}
        programme = await self._programme_at(event.occurred_at)
        scores = scores_of_stars(review.stars)
        readings = await self._read(programme, texts, scores)
        feedback = Feedback(event.member_id, "review", event.review_id, event.occurred_at, None, scores, readings)
        async with self._database.transaction() as tx:
            await commands.follow_feedback(tx, programme, feedback, texts, self._clock())

    async def _read(self, programme: Programme, texts: Mapping[str, str], scores: Scores) -> tuple[Reading, ...]:
        if not texts:
            return ()
        config = programme.section(SupportConfig)
        analysed: list[Analysed] = await self._analyser.analyse(list(texts.values()), examples_of(config))
        found: list[Analysed | None] = [*analysed] if analysed else [None] * len(texts)
        return tuple(
            read(config, part, words, scores, one, self._analyser.name)
            for (part, words), one in zip(texts.items(), found, strict=True)
        )


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
            await messaging.announce(tx, programme, event.member_id, ReferralAsked.kind, values, outbox_id, moment)

    async def forget(self, event: MemberErased, _outbox_id: UUID) -> None:
        """The member is erased."""
        async with self._database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)


def handlers(
    database: Database, programme_at: ProgrammeAt, analyser: TextAnalyser, clock: Clock
) -> tuple[Handler, ...]:
    """Support's handlers, for bootstrap's list."""
    reader, listener = _Reader(database, programme_at, analyser, clock), _Listener(database, programme_at, clock)
    return (
        Handler("support.read_answer", SurveyAnswered, reader.answered),
        Handler("support.read_review", ReviewSubmitted, reader.reviewed),
        Handler("support.follow_event", ActivityRecorded, listener.did),
        Handler("support.follow_redemption", RewardRedeemed, listener.redeemed),
        # Told as `messaging.announcing` tells, but the link in it is read for each member.
        Handler("messaging.announce_support_referral_asked", ReferralAsked, listener.tell_referral),
        Handler("support.forget_member", MemberErased, listener.forget),
        messaging.announcing(CaseOpened, told_of_case, database, programme_at, clock),
        messaging.announcing(CaseResolved, told_of_outcome, database, programme_at, clock),
        messaging.announcing(MakeGoodGiven, told_of_make_good, database, programme_at, clock),
        messaging.announcing(PublicReviewAsked, told_of_public_review, database, programme_at, clock),
    )


def told_of_case(event: CaseOpened, programme: Programme) -> Mapping[str, Value] | None:
    """Nothing to fill in: that somebody looks into it."""
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
