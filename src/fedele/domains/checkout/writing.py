"""From a decision to the one server-side call that carries it, and from its stored answer to what the caller gets."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded
from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.basket import line_to_json
from fedele.domains.checkout.decision import Decision
from fedele.domains.checkout.types import (
    Basket,
    EventSettlement,
    GivenAward,
    Honoured,
    Settlement,
    TakenDiscount,
    TierMove,
)
from fedele.domains.earning.queries import CARRY, trace_to_json
from fedele.domains.earning.types import Award, LineShare, Occasion, Sale
from fedele.domains.tiers.commands import standing_to_json
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.types import Standing
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id


def sale_payload(
    decision: Decision,
    basket: Basket,
    sale: Sale,
    purchase_id: PurchaseId,
    member_id: MemberId,
    before: Standing,
    *,
    guest: bool,
) -> dict[str, Any]:
    """What `settle_v2` reads as p_sale."""
    total_minor = sum(line.amount_minor for line in sale.lines)  # discounts that Fedele took off are off
    recorded = PurchaseRecorded(
        member_id=member_id,
        occurred_at=sale.occurred_at,
        purchase_id=purchase_id,
        store_id=basket.store_id,
        currency=basket.currency,
        total_minor=total_minor,
    )
    return _common(decision, sale.occurred_at, member_id, before, recorded) | {
        "guest": guest,
        "purchase": {
            "id": str(purchase_id),
            "store_id": basket.store_id,
            "receipt": basket.receipt,
            "channel": basket.channel,
            "currency": basket.currency,
            "total_minor": total_minor,
            "tax_minor": sum(line.tax_minor for line in sale.lines),
            "discount_minor": sum(line.discount_minor for line in sale.lines),
            "tenders": [dataclasses.asdict(tender) for tender in basket.tenders],
            "attributes": dict(basket.attributes),
            "points": _net(decision),
        },
        "lines": [line_to_json(line) for line in sale.lines],
        "claims": [str(benefit.claim_id) for benefit in decision.benefits_used],
        "response": _response(decision, member_id)
        | {"purchase_id": str(purchase_id), "guest": guest, "burned": dict(decision.burned)},
    }


def event_payload(
    decision: Decision, occasion: Occasion, event_id: UUID, member_id: MemberId, before: Standing
) -> dict[str, Any]:
    """What `record_event_v2` reads as p_event."""
    recorded = ActivityRecorded(
        member_id=member_id,
        occurred_at=occasion.occurred_at,
        event_id=event_id,
        name=occasion.name,
        store_id=occasion.store_id,
    )
    return _common(decision, occasion.occurred_at, member_id, before, recorded) | {
        "event": {
            "id": str(event_id),
            "name": occasion.name,
            "store_id": occasion.store_id,
            "properties": dict(occasion.properties),
            "points": _net(decision),
        },
        "response": _response(decision, member_id) | {"event_id": str(event_id)},
    }


def _net(decision: Decision) -> dict[str, int]:
    """What it does to the balances, per currency."""
    net = {currency: -units for currency, units in decision.burned.items()}
    for award in decision.evaluation.awards:
        net[award.currency] = net.get(award.currency, 0) + award.units
    return net


def _common(decision: Decision, at: datetime, member_id: MemberId, before: Standing, recorded: Event) -> dict[str, Any]:
    evaluation = decision.evaluation
    return {
        "at": at.isoformat(),
        "programme_version": evaluation.programme_version,
        "operations": list(decision.operations),
        "budgets": list(decision.budgets),
        "awards": [
            {
                "id": str(new_id()),
                "rule": award.rule,
                "currency": award.currency,
                "units": award.units,
                "line_numbers": _numbers(award),
                "line_units": _parts(award, award.lines),
                "periods": [f"{name} {period}" for name, period in award.usage],
                "line_micros": _micros(award),
                "operation": decision.operation_of.get((award.currency, award.active_on)),
            }
            for award in evaluation.awards
        ],
        "trace": trace_to_json(evaluation.trace),
        "usage": usage_to_json(usage_of(evaluation.awards)),
        "counters": counters_to_json(decision.counters),
        "standing": standing_to_json(decision.standing)
        if decision.standing != before or decision.tier_changes
        else None,
        "tier_changes": list(decision.tier_changes),
        "events": events_to_json([recorded, *tier_events(decision.tiers_told, member_id)]),
    }


def _numbers(award: Award) -> list[int]:
    """The lines that an award came from; those of one that carries may have brought no whole unit."""
    return [share.number for share in award.micros or award.lines]


def _parts(award: Award, shares: Iterable[LineShare]) -> list[int]:
    parts = {share.number: share.units for share in shares}
    return [parts.get(number, 0) for number in _numbers(award)]


def _micros(award: Award) -> list[int]:
    return [share.units for share in award.micros]


def usage_of(awards: Iterable[Award]) -> list[tuple[tuple[str, str], int, int]]:
    """((rule or currency, period), units, times) that these awards fill, and what their rules carry from now on."""
    filled = [(key, award.units, 1) for award in awards for key in award.usage]
    return filled + [((award.rule, CARRY), award.carried_micros, 0) for award in awards if award.carried_micros]


def counters_to_json(counters: Mapping[tuple[str, Any], int]) -> list[dict[str, Any]]:
    """Changes of qualifying counters as `checkout_end_v2` reads them."""
    return [
        {"counter": counter, "day": day.isoformat(), "amount": amount} for (counter, day), amount in counters.items()
    ]


def usage_to_json(used: Iterable[tuple[tuple[str, str], int, int]]) -> list[dict[str, Any]]:
    """((rule or currency, period), units, times) as `checkout_end_v2` reads them: one row per counter."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for (name, period), units, times in used:
        row = rows.setdefault((name, period), {"rule": name, "period": period, "units": 0, "times": 0})
        row["units"] += units
        row["times"] += times
    return list(rows.values())


def tier_events(changes: Sequence[Mapping[str, Any]], member_id: MemberId) -> list[Event]:
    """One TierChanged per change."""
    return [
        TierChanged(
            member_id=member_id,
            occurred_at=datetime.fromisoformat(change["occurred_at"]),
            from_tier=change["from"],
            to_tier=change["to"],
            reason=change["reason"],
        )
        for change in changes
    ]


def events_to_json(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Announcements as `checkout_end_v2` reads them."""
    return [
        {
            "id": str(new_id()),
            "kind": event.kind,
            "payload": event.payload(),
            "occurred_at": event.occurred_at.isoformat(),
        }
        for event in events
    ]


def _response(decision: Decision, member_id: MemberId) -> dict[str, Any]:
    move = decision.tier_move
    return {
        "member_id": str(member_id),
        "programme_version": decision.evaluation.programme_version,
        "awards": [[award.rule, award.currency, award.units] for award in decision.evaluation.awards],
        "tier_move": [move.from_tier, move.to_tier] if move else None,
    }


def read_settlement(response: Mapping[str, Any]) -> Settlement:
    """The stored answer of a sale."""
    return Settlement(
        purchase_id=PurchaseId(UUID(response["purchase_id"])),
        member_id=MemberId(UUID(response["member_id"])),
        guest=response["guest"],
        version=response["version"],
        programme_version=response["programme_version"],
        awards=tuple(GivenAward(*award) for award in response["awards"]),
        burned=response["burned"],
        spendable=response["spendable"],
        tier_move=read_tier_move(response),
        currency=response.get("currency"),
        total_minor=response.get("total_minor", 0),
        discounts=tuple(
            TakenDiscount(source, UUID(named), key, minor, dict(lines))
            for source, named, key, minor, lines in response.get("discounts", ())
        ),
        rewards_used=tuple(map(UUID, response.get("rewards_used", ()))),
        late=response.get("late", False),
        honoured=tuple(Honoured(*one) for one in response.get("honoured", ())),
    )


def read_event_settlement(response: Mapping[str, Any]) -> EventSettlement:
    """The stored answer of an event."""
    return EventSettlement(
        event_id=UUID(response["event_id"]),
        member_id=MemberId(UUID(response["member_id"])),
        version=response["version"],
        programme_version=response["programme_version"],
        awards=tuple(GivenAward(*award) for award in response["awards"]),
        spendable=response["spendable"],
        tier_move=read_tier_move(response),
    )


def read_tier_move(response: Mapping[str, Any]) -> TierMove | None:
    """The change of tier in a stored answer."""
    return TierMove(*response["tier_move"]) if response["tier_move"] else None
