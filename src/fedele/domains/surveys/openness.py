"""Decide which surveys are open to a member."""

from datetime import timedelta

from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.domains.surveys.config import AfterPurchase, Survey, SurveysConfig
from fedele.domains.surveys.types import OpenSurvey, Past
from fedele.kernel.clock import Moment
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT, PURCHASE_ENVIRONMENT


def open_surveys(
    programme: Programme, facts: MemberFacts, tier: str | None, past: Past, moment: Moment
) -> tuple[OpenSurvey, ...]:
    """The surveys this member can answer now, in the programme's order: one occasion each, the newest."""
    found = []
    for survey in programme.section(SurveysConfig):
        if survey.when is not None:
            bindings = facts.bindings(moment.now, programme.section(ProgrammeConfig).time_zone, tier)
            if not survey.when.holds(MEMBER_ENVIRONMENT.bind(bindings)):
                continue
        asked = _occasion(survey, programme, facts, tier, past, moment)
        if asked is not None:
            found.append(asked)
    return tuple(found)


def _occasion(
    survey: Survey, programme: Programme, facts: MemberFacts, tier: str | None, past: Past, moment: Moment
) -> OpenSurvey | None:
    trigger = survey.trigger
    time_zone = programme.section(ProgrammeConfig).time_zone
    answered = past.answered.get(survey.key, ())
    if not isinstance(trigger, AfterPurchase):
        if answered or not trigger.dates.contains(moment.now, time_zone):
            return None
        return OpenSurvey(survey, "", trigger.dates.ends_at(time_zone))
    if any(moment.now < when + timedelta(days=trigger.every_days) for _, when in answered):
        return None
    for purchase in past.purchases:
        opens_at = purchase.occurred_at + timedelta(minutes=trigger.delay_minutes)
        closes_at = opens_at + timedelta(days=trigger.open_days)
        if not opens_at <= moment.now < closes_at:
            continue
        bindings = facts.bindings(purchase.occurred_at, time_zone, tier) | dict(purchase.values)
        if trigger.when is None or trigger.when.holds(PURCHASE_ENVIRONMENT.bind(bindings)):
            return OpenSurvey(survey, str(purchase.purchase_id), closes_at)
    return None
