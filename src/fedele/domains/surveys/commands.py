"""Answering a survey."""

from typing import Any

from fedele.db.database import Transaction
from fedele.domains.earning.queries import expires_at, expiry_of
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Earn
from fedele.domains.members.commands import update_preferences
from fedele.domains.members.config import MembersConfig
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Amount, Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.surveys import errors, queries
from fedele.domains.surveys.completeness import check, preferences_of
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.events import SurveyAnswered
from fedele.domains.surveys.types import Answer, AnswerId, Answers
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey, to_units
from fedele.kernel.refusal import NotFound


async def answer_survey(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    survey_key: str,
    occasion: str,
    answers: Answers,
    moment: Moment,
) -> Answer:
    """Keep a complete answer, earn its reward and enrich the profile, once for each occasion.

    An occasion that was answered returns the first answer: a retry changes nothing. Raises NotFound, SurveyClosed,
    AnswerIncomplete, AnswerInvalid.
    """
    await tx.lock_member(member_id)
    if earlier := await queries.find_answer(tx, member_id, survey_key, occasion):
        return earlier
    survey = programme.section(SurveysConfig).find(survey_key)
    facts = await find_facts(tx, programme, member_id, moment.now)
    if survey is None or facts is None or not facts.active:
        raise NotFound(what="survey", field="surveyId")
    status = await status_of(tx, programme, member_id, moment)
    tier = status.current if status else None
    past = await queries.past_of(tx, programme, member_id, moment)
    asked = queries.open_surveys(programme, facts, tier, past, moment)
    if not any(one.survey.key == survey_key and one.occasion == occasion for one in asked):
        raise errors.SurveyClosed()
    kept = check(survey, answers)
    answer_id = AnswerId(new_id())
    units = await _earn(tx, programme, member_id, survey.reward, tier, f"{survey_key}:{occasion}", moment)
    await _write(tx, programme, member_id, answer_id, survey_key, occasion, kept, survey.reward, units, moment)
    if preferences := preferences_of(survey, kept):
        await update_preferences(tx, member_id, preferences, programme.section(MembersConfig), moment)
    await tx.publish(
        SurveyAnswered(member_id=member_id, occurred_at=moment.now, answer_id=answer_id, survey_key=survey_key)
    )
    answer = await queries.find_answer(tx, member_id, survey_key, occasion)
    assert answer is not None, "it was just written"
    return answer


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: the answers go; what they earned stays in the ledger."""
    await tx.execute("DELETE FROM survey_answer WHERE member_id = $1", member_id)


async def _earn(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward: Amount | None,
    tier: str | None,
    key: str,
    moment: Moment,
) -> int:
    if reward is None:
        return 0
    currency = programme.section(Currencies).get(reward.currency)
    units = to_units(reward.amount, currency.decimals)
    time_zone = programme.section(ProgrammeConfig).time_zone
    earn = Earn(
        scope="survey",
        key=key,
        currency=CurrencyKey(currency.key),
        units=units,
        source="survey",
        programme_version=programme.version,
        expires_at=expires_at(expiry_of(currency, tier), moment.now, time_zone),
        reason={"survey": key.partition(":")[0]},
    )
    await post(tx, member_id, [earn], moment)
    return units


async def _write(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    answer_id: AnswerId,
    survey_key: str,
    occasion: str,
    kept: dict[str, Any],
    reward: Amount | None,
    units: int,
    moment: Moment,
) -> None:
    await tx.execute(
        """
        INSERT INTO survey_answer (member_id, answer_id, survey_key, occasion, programme_version, answered_at, answers,
                                   currency, units)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        member_id, answer_id, survey_key, occasion, programme.version, moment.now, kept,
        reward.currency if reward else None, units,
    )  # fmt: skip
