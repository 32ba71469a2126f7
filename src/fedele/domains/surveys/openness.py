"""Decide which surveys are open to a member, and what stands in the way of opening one."""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.domains.surveys.config import Always, Sample, Survey, SurveyLimits, SurveysConfig, TriggerBase
from fedele.domains.surveys.types import Hindrance, Invitation, OpenSurvey, Past
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

LIMITS: frozenset[Hindrance] = frozenset({"quiet", "limit", "open"})
"""What a survey with `wait_days` waits for."""


def open_surveys(
    programme: Programme, facts: MemberFacts, tier: str | None, past: Past, moment: Moment, *, answered: bool = False
) -> tuple[OpenSurvey, ...]:
    """The surveys this member can answer now, in the programme's order: one occasion each, the newest.

    One that is due counts as open before the job that opens it has come round. `answered`: also those whose answer can
    still be changed.
    """
    past = _with_due(programme, facts, tier, past, moment)
    found = []
    for survey in programme.section(SurveysConfig):
        for invitation in reversed(past.of(survey.key)):
            if (one := _opened(survey, invitation, moment)) and (answered or one.answer is None):
                found.append(one)
                break
        else:
            if (one := _always(programme, survey, facts, tier, past, moment)) is not None:
                found.append(one)
    return tuple(found)


def find_open(
    programme: Programme, facts: MemberFacts, tier: str | None, past: Past, key: str, occasion: str, moment: Moment
) -> OpenSurvey | None:
    """This occasion of the survey, if it can be answered, or its answer changed, now."""
    survey = programme.section(SurveysConfig).find(key)
    if survey is None or not facts.active:
        return None
    if invitation := _with_due(programme, facts, tier, past, moment).find(key, occasion):
        return _opened(survey, invitation, moment)
    return _always(programme, survey, facts, tier, past, moment) if occasion == "" else None


def hindrance(
    programme: Programme, invitation: Invitation, facts: MemberFacts, tier: str | None, past: Past, moment: Moment
) -> Hindrance | None:
    """Why this invitation is not opened now; None: it is."""
    survey = programme.section(SurveysConfig).find(invitation.survey_key)
    if survey is None or isinstance(survey.trigger, Always):
        return "gone"
    if not facts.active:
        return "inactive"
    if invitation.closed(moment.now):
        return "late"
    if not _meant(programme, survey, facts, tier, moment):
        return "not_meant"
    return resting(survey, survey.trigger, past, moment) or _limited(programme, survey, past, moment)


def resting(survey: Survey, trigger: TriggerBase, past: Past, moment: Moment) -> Hindrance | None:
    """Whether this survey was asked too often, or too lately."""
    times = [max(i.opened_at, i.answered_at or i.opened_at) for i in past.of(survey.key) if i.opened_at]
    if survey.times_max is not None and len(times) >= survey.times_max:
        return "times"
    if times and moment.now < max(times) + timedelta(days=trigger.every_days):
        return "asked_lately"
    return None


def drawn(survey: Survey, member_id: MemberId, occasion: str) -> bool:
    """Whether the sample holds this member or occasion. The same answer, whoever asks and how often."""
    return survey.sample is None or _share(survey.key, survey.sample, member_id, occasion) < survey.sample.percent


def _share(key: str, sample: Sample, member_id: MemberId, occasion: str) -> Decimal:
    """A number from 0 up to 100, evenly spread over members (and occasions)."""
    drawn_by = f"{key}:{member_id}" + (f":{occasion}" if sample.by == "occasions" else "")
    number = int.from_bytes(hashlib.sha256(drawn_by.encode()).digest()[:8])
    return Decimal(number) * 100 / Decimal(2**64)


def _with_due(programme: Programme, facts: MemberFacts, tier: str | None, past: Past, moment: Moment) -> Past:
    """As if the job had come round: what is due and not hindered is open, in the order in which it was due."""
    due = [i for i in past.invitations if i.state == "waiting" and i.opens_at <= moment.now]
    for invitation in sorted(due, key=lambda i: (i.opens_at, i.survey_key, i.occasion)):
        if hindrance(programme, invitation, facts, tier, past, moment) is None:
            opened = dataclasses.replace(invitation, state="open", opened_at=moment.now)
            past = Past(tuple(opened if i is invitation else i for i in past.invitations))
    return past


def _opened(survey: Survey, invitation: Invitation, moment: Moment) -> OpenSurvey | None:
    if answer := invitation.answer:
        until = answer.editable_until(survey)
        return OpenSurvey(survey, invitation.occasion, until, {}, answer) if moment.now < until else None
    if invitation.state != "open" or invitation.closed(moment.now):
        return None
    return OpenSurvey(survey, invitation.occasion, invitation.closes_at, invitation.draft or {})


def _always(
    programme: Programme, survey: Survey, facts: MemberFacts, tier: str | None, past: Past, moment: Moment
) -> OpenSurvey | None:
    trigger, zone = survey.trigger, programme.section(ProgrammeConfig).time_zone
    if not isinstance(trigger, Always) or past.of(survey.key) or not trigger.dates.contains(moment.now, zone):
        return None
    if not _meant(programme, survey, facts, tier, moment):
        return None
    return OpenSurvey(survey, "", trigger.dates.ends_at(zone))


def _meant(programme: Programme, survey: Survey, facts: MemberFacts, tier: str | None, moment: Moment) -> bool:
    if survey.when is None:
        return True
    bindings = facts.bindings(moment.now, programme.section(ProgrammeConfig).time_zone, tier)
    return survey.when.holds(MEMBER_ENVIRONMENT.bind(bindings))


def _limited(programme: Programme, survey: Survey, past: Past, moment: Moment) -> Hindrance | None:
    """Whether the member was asked enough, all surveys together."""
    if survey.exempt:
        return None
    limits, asked = programme.section(SurveyLimits), _counted(programme, past)
    opened = [i.opened_at for i in asked if i.opened_at is not None]
    last = max([*opened, *(i.answered_at for i in asked if i.answered_at is not None)], default=None)
    if last is not None and moment.now < last + timedelta(days=limits.quiet_days):
        return "quiet"
    recent = [at for at in opened if at > moment.now - timedelta(days=limits.days)]
    if limits.asked_max is not None and len(recent) >= limits.asked_max:
        return "limit"
    if sum(i.state == "open" and not i.closed(moment.now) for i in asked) >= limits.open_max:
        return "open"
    return None


def _counted(programme: Programme, past: Past) -> Sequence[Invitation]:
    """The invitations that count towards the limits; of a survey that left the programme, too."""
    surveys = programme.section(SurveysConfig)
    free = {survey.key for survey in surveys if survey.exempt or isinstance(survey.trigger, Always)}
    return [invitation for invitation in past.invitations if invitation.survey_key not in free]
