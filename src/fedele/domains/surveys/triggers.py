"""Decide which surveys ask about what has just happened. Each function answers the surveys whose trigger it is."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from fedele.domains.activity.types import ActivityEvent, Purchase
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.domains.surveys.config import (
    AfterEvent,
    AfterJoining,
    AfterPurchase,
    AfterRedemption,
    AfterVisit,
    OnSegment,
    Survey,
    SurveysConfig,
    SurveyTrigger,
)
from fedele.kernel.money import Money
from fedele.kernel.vocabulary import EVENT_ENVIRONMENT, PURCHASE_ENVIRONMENT


def wants(programme: Programme, *kinds: type) -> bool:
    """Whether any survey has a trigger of these kinds: else nothing needs to be read."""
    return any(isinstance(survey.trigger, kinds) for survey in programme.section(SurveysConfig))


def after_purchase(programme: Programme, purchase: Purchase, facts: MemberFacts, tier: str | None) -> list[Survey]:
    """Surveys about this purchase."""
    bindings = PURCHASE_ENVIRONMENT.bind(
        facts.bindings(purchase.occurred_at, _zone(programme), tier) | purchase_values(purchase)
    )

    def fits(trigger: SurveyTrigger) -> bool:
        return isinstance(trigger, AfterPurchase) and (trigger.when is None or trigger.when.holds(bindings))

    return list(_fitting(programme, fits))


def after_visit(programme: Programme, store_id: str | None, event: str | None) -> list[Survey]:
    """Surveys about a visit to this store: by a purchase (`event` is None), or by an event."""

    def fits(trigger: SurveyTrigger) -> bool:
        return (
            isinstance(trigger, AfterVisit)
            and store_id is not None
            and (not trigger.stores or store_id in trigger.stores)
            and (event is None or event in trigger.events)
        )

    return list(_fitting(programme, fits))


def after_event(programme: Programme, event: ActivityEvent, facts: MemberFacts, tier: str | None) -> list[Survey]:
    """Surveys about this event."""
    values = {"event.name": event.name, "event.properties": event.properties, "event.store": event.store_id}
    bindings = EVENT_ENVIRONMENT.bind(facts.bindings(event.occurred_at, _zone(programme), tier) | values)

    def fits(trigger: SurveyTrigger) -> bool:
        return (
            isinstance(trigger, AfterEvent)
            and trigger.event == event.name
            and (trigger.when is None or trigger.when.holds(bindings))
        )

    return list(_fitting(programme, fits))


def after_redemption(programme: Programme, reward_key: str, *, used: bool) -> list[Survey]:
    """Surveys about a reward that was taken, or used."""

    def fits(trigger: SurveyTrigger) -> bool:
        return (
            isinstance(trigger, AfterRedemption)
            and (trigger.on == "used") == used
            and (not trigger.rewards or reward_key in trigger.rewards)
        )

    return list(_fitting(programme, fits))


def after_joining(programme: Programme) -> list[Survey]:
    """Surveys of those who joined some days ago."""
    return list(_fitting(programme, lambda trigger: isinstance(trigger, AfterJoining)))


def on_segment(programme: Programme, segment: str) -> list[Survey]:
    """Surveys of those who have come into this segment."""
    return list(_fitting(programme, lambda trigger: isinstance(trigger, OnSegment) and trigger.segment == segment))


def purchase_values(purchase: Purchase) -> dict[str, Any]:
    """The names below `purchase`."""
    paid = sum(line.amount_minor for line in purchase.lines if line.kind in ("goods", "service"))
    return {
        "purchase.amount": Decimal(Money(paid, purchase.currency).decimal),
        "purchase.currency": purchase.currency,
        "purchase.store": purchase.store_id,
        "purchase.channel": purchase.channel,
        "purchase.items_count": len(purchase.lines),
        "purchase.categories": sorted({line.category for line in purchase.lines if line.category}),
        "purchase.departments": sorted({line.department for line in purchase.lines if line.department}),
        "purchase.skus": sorted({line.sku for line in purchase.lines if line.sku}),
        "purchase.lines": [_line(purchase, number) for number in range(len(purchase.lines))],
        "purchase.attributes": dict(purchase.attributes),
    }


def _line(purchase: Purchase, index: int) -> dict[str, Any]:
    line = purchase.lines[index]
    return {
        "sku": line.sku or "",
        "category": line.category or "",
        "department": line.department or "",
        "brand": line.brand or "",
        "kind": line.kind,
        "amount": Money(line.amount_minor, purchase.currency).decimal,
        "quantity": line.quantity,
    }


def _zone(programme: Programme) -> str:
    return programme.section(ProgrammeConfig).time_zone


def _fitting(programme: Programme, fits: Callable[[SurveyTrigger], bool]) -> Iterator[Survey]:
    return (survey for survey in programme.section(SurveysConfig) if fits(survey.trigger))
