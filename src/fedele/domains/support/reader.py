"""Reading what members wrote: when it comes, or later, once there is a model to read it with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from fedele.db.database import DATABASE_LOST, Database, Transaction
from fedele.domains.community import queries as community
from fedele.domains.community.events import ReviewSubmitted
from fedele.domains.community.types import Review, ReviewId
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.programme.types import Programme
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.support.reading import examples_of, read
from fedele.domains.support.routing import scores_of, scores_of_stars
from fedele.domains.support.types import Analysed, Feedback, Reading, Scores
from fedele.domains.surveys import queries as surveys
from fedele.domains.surveys.events import SurveyAnswered
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BODY = "body"  # the part of a review that has words
# Who wrote longer ago hears nothing of it any more: their words are read for the figures alone.
FOLLOWED_LATE = timedelta(days=30)


class TextReader:
    """Reads texts and lets follow what the programme says."""

    def __init__(self, database: Database, programme_at: ProgrammeAt, analyser: TextAnalyser, clock: Clock) -> None:
        self._database, self._programme_at = database, programme_at
        self._analyser, self._clock = analyser, clock

    async def answered(self, event: SurveyAnswered, _outbox_id: UUID | None = None) -> None:
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
            await self._keep(programme, feedback, texts, tx)

    async def reviewed(self, event: ReviewSubmitted, _outbox_id: UUID) -> None:
        """A review came: read before anybody moderates it, since what is urgent does not wait for that."""
        review = await community.find_review(self._database.reader, event.member_id, ReviewId(event.review_id))
        if review is not None:
            await self._read_review(review, event.occurred_at)

    async def read_later(self, moment: Moment) -> int:
        """Read texts that came while there was no model, a batch of them; how many sources there were.

        A worker that dies has only put them off; one that reads what another has read changes nothing.
        """
        if self._analyser.name is None:
            return 0
        async with self._database.transaction() as tx:
            unread = await commands.claim_unread(tx, moment)
        for member_id, kind, source_id in unread:
            try:
                await self._read_again(member_id, kind, source_id, moment)
            except DATABASE_LOST:
                raise
            except Exception:  # one text that cannot be read must not keep others from being read
                log.exception("text_not_read_later", source=kind, source_id=str(source_id))
        return len(unread)

    async def _read_again(self, member_id: MemberId, kind: str, source_id: UUID, moment: Moment) -> None:
        reader = self._database.reader
        if kind == "review":
            review = await community.find_review(reader, member_id, ReviewId(source_id))
            if review is not None:
                await self._read_review(review, review.submitted_at)
            return
        answered = await surveys.announcement_of(reader, await self._programme_at(moment.now), member_id, source_id)
        if answered is not None:
            await self.answered(answered)

    async def _read_review(self, review: Review, at: datetime) -> None:
        texts = {BODY: review.body} if review.body else {}
        programme = await self._programme_at(at)
        scores = scores_of_stars(review.stars)
        readings = await self._read(programme, texts, scores)
        feedback = Feedback(review.member_id, "review", review.id, at, None, scores, readings)
        async with self._database.transaction() as tx:
            await self._keep(programme, feedback, texts, tx)

    async def _keep(self, programme: Programme, feedback: Feedback, texts: Mapping[str, str], tx: Transaction) -> None:
        moment = self._clock()
        if feedback.given_at > moment.now - FOLLOWED_LATE:
            await commands.follow_feedback(tx, programme, feedback, texts, moment)
            return
        await tx.lock_member(feedback.member_id)
        await commands.keep_readings(
            tx, feedback.member_id, feedback.kind, feedback.source_id, texts, feedback.readings, moment
        )

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
