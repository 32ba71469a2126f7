"""Answering: step by step or at once, once, and changed while it may be changed."""

from typing import Any

import structlog

from fedele.db.database import Transaction
from fedele.domains.members.commands import update_preferences
from fedele.domains.members.config import MembersConfig
from fedele.domains.prizes.commands import give_prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.segments.types import MemberFacts
from fedele.domains.surveys import errors, openness, queries
from fedele.domains.surveys.completeness import check, facts_of, merge, preferences_of, scores_of
from fedele.domains.surveys.config import Survey, SurveysConfig
from fedele.domains.surveys.events import SurveyAnswered
from fedele.domains.surveys.types import Answer, AnswerId, Answers, OpenSurvey, Past
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound, Refusal

log = structlog.get_logger(__name__)

# The invitation of a survey that is always open begins with its first answer; one that is due may still wait for the
# job that opens it.
_START = """
INSERT INTO survey_invitation AS i (member_id, survey_key, occasion, state, due_at, opens_at, closes_at, opened_at,
                                    started_at, tier, segments)
VALUES ($1, $2, $3, 'open', $4, $4, $5, $4, $4, $6, $7)
ON CONFLICT (member_id, survey_key, occasion) DO UPDATE
   SET state = 'open', opened_at = coalesce(i.opened_at, $4), started_at = coalesce(i.started_at, $4),
       tier = CASE WHEN i.opened_at IS NULL THEN $6 ELSE i.tier END,
       segments = CASE WHEN i.opened_at IS NULL THEN $7 ELSE i.segments END
 WHERE i.state IN ('waiting', 'open')
"""

_SAVE = """
INSERT INTO survey_draft (member_id, survey_key, occasion, answers, saved_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (member_id, survey_key, occasion) DO UPDATE SET answers = $4, saved_at = $5
"""

_WRITE = """
INSERT INTO survey_answer (member_id, answer_id, survey_key, occasion, programme_version, answered_at, answers, facts,
                           currency, units, redemption_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_EDIT = """
UPDATE survey_answer SET answers = $3, facts = $4, edited_at = $5, edits = edits + 1, programme_version = $6
 WHERE member_id = $1 AND answer_id = $2
"""


async def save_answers(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    survey_key: str,
    occasion: str,
    given: Answers,
    moment: Moment,
) -> OpenSurvey:
    """Keep a step: what is given replaces what was, the rest stays. Answers the survey with all that is kept.

    After the complete answer it changes nothing. Raises NotFound, SurveyClosed, AnswerInvalid.
    """
    asking = await _Asking.begin(tx, programme, member_id, survey_key, occasion, moment)
    if asking.answer is not None:
        return OpenSurvey(asking.survey, occasion, None, {}, asking.answer)
    asked = asking.opened()
    draft = merge(asked.survey, asked.draft, given)
    if draft != asked.draft:
        await asking.start(asked)
        await tx.execute(_SAVE, member_id, survey_key, occasion, draft, moment.now)
        await tx.touch(member_id)
    return OpenSurvey(asked.survey, occasion, asked.closes_at, draft)


async def answer_survey(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    survey_key: str,
    occasion: str,
    given: Answers,
    moment: Moment,
) -> Answer:
    """Keep a complete answer (with what was saved before), earn its reward and enrich the profile, once per occasion.

    Sending it again changes nothing. Sending other answers changes them while the survey allows it, and earns nothing.
    Raises NotFound, SurveyClosed, AnswerIncomplete, AnswerInvalid, AnswerFinal.
    """
    asking = await _Asking.begin(tx, programme, member_id, survey_key, occasion, moment)
    if asking.answer is not None:
        return await asking.edit(asking.answer, given)
    asked = asking.opened()
    kept = check(asked.survey, merge(asked.survey, asked.draft, given))
    await asking.start(asked)
    return await asking.complete(kept)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: what was asked and answered goes; what it earned stays in the ledger."""
    for table in ("survey_answer", "survey_draft", "survey_invitation"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)


class _Asking:
    """One survey, one member, one occasion, under the member's lock."""

    def __init__(
        self, tx: Transaction, programme: Programme, survey: Survey, occasion: str, moment: Moment, member: "_Member"
    ) -> None:
        self._tx, self._programme, self.survey = tx, programme, survey
        self._occasion, self._moment, self._member = occasion, moment, member
        self._key = (member.member_id, survey.key, occasion)

    @classmethod
    async def begin(
        cls, tx: Transaction, programme: Programme, member_id: MemberId, survey_key: str, occasion: str, moment: Moment
    ) -> "_Asking":
        """Lock the member and read what decides."""
        await tx.lock_member(member_id)
        past = await queries.past_of(tx, member_id)
        survey = programme.section(SurveysConfig).find(survey_key)
        facts = await find_facts(tx, programme, member_id, moment.now)
        if survey is None or facts is None or not facts.active:
            raise NotFound(what="survey", field="surveyId")
        status = await status_of(tx, programme, member_id, moment)
        member = _Member(member_id, facts, status.current if status else None, past)
        return cls(tx, programme, survey, occasion, moment, member)

    @property
    def answer(self) -> Answer | None:
        """The complete answer, if there is one."""
        invitation = self._member.past.find(self.survey.key, self._occasion)
        return invitation.answer if invitation else None

    def opened(self) -> OpenSurvey:
        """The survey as it is open now. Raises SurveyClosed."""
        one, member = self.survey.key, self._member
        asked = openness.find_open(
            self._programme, member.facts, member.tier, member.past, one, self._occasion, self._moment
        )
        if asked is None:
            raise errors.SurveyClosed()
        return asked

    async def start(self, asked: OpenSurvey) -> None:
        """Note that the member began."""
        segments = list(self._member.facts.values.get("member.segments") or ())
        row = (*self._key, self._moment.now, asked.closes_at, self._member.tier, segments)
        await self._tx.execute(_START, *row)

    async def complete(self, kept: dict[str, Any]) -> Answer:
        """Write the answer down, give what it brings, and say so."""
        tx, now, answer_id = self._tx, self._moment.now, AnswerId(new_id())
        given = await self._give()
        facts = facts_of(self.survey, kept)
        await tx.execute(
            _WRITE, self._key[0], answer_id, *self._key[1:], self._programme.version, now, kept, facts,
            given.currency, given.units, given.redemption_id,
        )  # fmt: skip
        await tx.execute("DELETE FROM survey_draft WHERE (member_id, survey_key, occasion) = ($1, $2, $3)", *self._key)
        await tx.execute(
            """
            UPDATE survey_invitation SET state = 'answered', answered_at = $4
             WHERE member_id = $1 AND survey_key = $2 AND occasion = $3
            """,
            *self._key, now,
        )  # fmt: skip
        await self._enrich(preferences_of(self.survey, kept))
        await self._announce(answer_id, kept, edited=False)
        return await self._written()

    async def edit(self, earlier: Answer, given: Answers) -> Answer:
        """Other answers than before, while they may still come. Raises AnswerFinal."""
        merged = merge(self.survey, earlier.answers, given)
        if merged == earlier.answers:
            return earlier
        if self._moment.now >= earlier.editable_until(self.survey):
            raise errors.AnswerFinal()
        kept = check(self.survey, merged)
        if kept == earlier.answers:
            return earlier
        await self._tx.execute(
            _EDIT, self._key[0], earlier.id, kept, facts_of(self.survey, kept), self._moment.now,
            self._programme.version,
        )  # fmt: skip
        before, after = preferences_of(self.survey, earlier.answers), preferences_of(self.survey, kept)
        await self._enrich(dict.fromkeys(before.keys() - after.keys()) | after)
        await self._announce(earlier.id, kept, edited=True)
        return await self._written()

    async def _give(self) -> Given:
        prize = self.survey.gives
        if prize is None:
            return Given()
        cause = Cause("survey", self.survey.key, f"{self.survey.key}:{self._occasion}")
        tier = self._member.tier
        return await give_prize(self._tx, self._programme, self._key[0], prize, cause, tier, self._moment)

    async def _enrich(self, preferences: dict[str, Any]) -> None:
        """The profile learns what it can: a preference that the programme declares otherwise loses no answer."""
        config = self._programme.section(MembersConfig)
        for key, value in preferences.items():
            try:
                async with self._tx.savepoint():
                    await update_preferences(self._tx, self._key[0], {key: value}, config, self._moment)
            except Refusal as refusal:
                log.warning("survey_answer_fits_no_preference", survey=self.survey.key, preference=key,
                            code=refusal.code)  # fmt: skip

    async def _announce(self, answer_id: AnswerId, kept: dict[str, Any], *, edited: bool) -> None:
        invitation = self._member.past.find(self.survey.key, self._occasion)
        event = SurveyAnswered(
            member_id=self._key[0],
            occurred_at=self._moment.now,
            answer_id=answer_id,
            survey_key=self.survey.key,
            occasion=self._occasion,
            store_id=invitation.store_id if invitation else None,
            scores=scores_of(self.survey, kept),
            texts=tuple(key for key in kept if key in self.survey.words),
            edited=edited,
        )
        await self._tx.publish(event)

    async def _written(self) -> Answer:
        answer = await queries.find_answer(self._tx, *self._key)
        assert answer is not None, "it was just written"
        return answer


class _Member:
    """Who answers, and what decides about them."""

    def __init__(self, member_id: MemberId, facts: MemberFacts, tier: str | None, past: Past) -> None:
        self.member_id, self.facts, self.tier, self.past = member_id, facts, tier, past
