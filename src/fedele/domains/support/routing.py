"""Decide what follows from feedback or an event: whose case it is, what is made good, who is asked for what."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.support.config import URGENCIES, CaseRule, MakeGood, MakeGoodLimit, SupportConfig
from fedele.domains.support.types import Feedback, Scores
from fedele.domains.surveys.events import Score
from fedele.kernel.expressions import Bindings
from fedele.kernel.vocabulary import FEEDBACK_ENVIRONMENT

STARS = 5


def scores_of(scores: Mapping[str, Score]) -> Scores:
    """The scores of a survey. Of several of one kind the lowest stands: it is what somebody should look at."""
    shares = [_share(score) for score in scores.values()]
    by_kind = {
        kind: min((score.value for score in scores.values() if score.kind == kind), default=None)
        for kind in ("nps", "csat")
    }
    stars = [1 + (STARS - 1) * _share(score) for score in scores.values() if score.kind == "rating"]
    return Scores(
        nps=by_kind["nps"],
        csat=by_kind["csat"],
        stars=min(stars, default=None),
        share=min(shares, default=None),
        best_share=max(shares, default=None),
    )


def scores_of_stars(stars: int) -> Scores:
    """The scores of a review."""
    share = (stars - 1) / (STARS - 1)
    return Scores(stars=float(stars), share=share, best_share=share)


def feedback_bindings(feedback: Feedback, known: Mapping[str, Any]) -> Bindings:
    """The values of conditions about feedback. `known` are those of now and member."""
    feelings = [one.feeling for one in feedback.readings if one.feeling is not None]
    worst = max(feelings, key=lambda feeling: feeling.negative, default=None)
    themes = dict.fromkeys(theme for one in feedback.readings for theme in one.themes)
    return FEEDBACK_ENVIRONMENT.bind(
        dict(known)
        | {
            "feedback.source": feedback.kind,
            "feedback.survey": feedback.survey,
            "feedback.nps": feedback.scores.nps,
            "feedback.csat": feedback.scores.csat,
            "feedback.stars": feedback.scores.stars,
            "feedback.score": feedback.scores.share,
            "feedback.sentiment": worst.label if worst else None,
            "feedback.negative": worst.negative if worst else None,
            "feedback.language": next((one.language for one in feedback.readings if one.language), None),
            "feedback.themes": list(themes),
            "feedback.urgent": feedback.urgent,
            "feedback.contradiction": feedback.contradicts,
        }
    )


def event_bindings(
    name: str, properties: Mapping[str, Any], store_id: str | None, known: Mapping[str, Any]
) -> Bindings:
    """The values of conditions about an event: nothing is known of any feedback then."""
    return FEEDBACK_ENVIRONMENT.bind(
        dict(known) | {"event.name": name, "event.properties": dict(properties), "event.store": store_id}
    )


def case_rule(config: SupportConfig, bindings: Bindings) -> CaseRule | None:
    """The first rule that holds, or None: nobody needs to answer for it."""
    return next((rule for rule in config.cases if rule.when.holds(bindings)), None)


def due_at(rule: CaseRule, urgent: bool, opened_at: datetime) -> datetime:
    """Until when a case is to be resolved. Hours go on at night: an unhappy member waits through it too."""
    hours = rule.urgent_sla_hours if urgent and rule.urgent_sla_hours is not None else rule.sla_hours
    return opened_at + timedelta(seconds=float(hours) * 3600)


def urgency_of(rule: CaseRule, urgent: bool) -> int:
    """0 is the most urgent."""
    return 0 if urgent else URGENCIES.index(rule.urgency)


def make_goods_due(config: SupportConfig, bindings: Bindings) -> tuple[MakeGood, ...]:
    """Every make-good whose condition holds, in the programme's order."""
    return tuple(one for one in config.make_goods if one.when.holds(bindings))


def asks_public_review(config: SupportConfig, feedback: Feedback, bindings: Bindings) -> bool:
    """Whether this is a member to ask for a public review: never with words that contradict the score, or urgent."""
    asked = config.public_review
    return asked is not None and not feedback.contradicts and not feedback.urgent and asked.when.holds(bindings)


def asks_referral_after(config: SupportConfig, feedback: Feedback) -> bool:
    """Whether the stars are a moment to ask for a friend."""
    ask, stars = config.referral_ask, feedback.scores.stars
    if ask is None or ask.stars_min is None or stars is None:
        return False
    return stars >= ask.stars_min and not feedback.contradicts and not feedback.urgent


def limit_since(limit: MakeGoodLimit, at: datetime, time_zone: str) -> datetime | None:
    """The midnight, on the programme's clock, at which the limit's period began; None: from the beginning."""
    midnight = at.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "day": midnight,
        "month": midnight.replace(day=1),
        "year": midnight.replace(month=1, day=1),
        "lifetime": None,
    }[limit.per]


def evidence_of(feedback: Feedback) -> dict[str, Any]:
    """What staff see of why a case is there: figures and findings, no words."""
    scores = {
        name: value
        for name, value in (
            ("nps", feedback.scores.nps),
            ("csat", feedback.scores.csat),
            ("stars", feedback.scores.stars),
        )
        if value is not None
    }
    feelings = [one.feeling for one in feedback.readings if one.feeling is not None]
    worst = max(feelings, key=lambda feeling: feeling.negative, default=None)
    return {
        "survey": feedback.survey,
        "scores": scores,
        "sentiment": worst.label if worst else None,
        "negative": round(worst.negative, 3) if worst else None,
        "languages": sorted({one.language for one in feedback.readings if one.language}),
        "themes": list(dict.fromkeys(theme for one in feedback.readings for theme in one.themes)),
        "urgent_for": list(dict.fromkeys(why for one in feedback.readings for why in one.urgent_for)),
        "contradiction": feedback.contradicts,
    }


def _share(score: Score) -> float:
    least = 0 if score.kind == "nps" else 1
    return (score.value - least) / (score.best - least)
