"""Decide what a return takes and gives, purely. Everything is cumulative: the target after this return less the target
before it, so that pieces of a line add up to the line, in any order, to the unit and to the cent."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.domains.activity.errors import ReturnExceedsPurchase
from fedele.domains.activity.events import PurchaseReturned
from fedele.domains.activity.types import Purchase, PurchaseId, ReturnId
from fedele.domains.checkout.decision import qualifying_minor
from fedele.domains.checkout.errors import ReturnInvalid
from fedele.domains.checkout.state import MemberState, Rules
from fedele.domains.checkout.types import Return, ReturnSettlement
from fedele.domains.checkout.writing import counters_to_json, events_to_json, read_tier_move, tier_events, usage_to_json
from fedele.domains.earning.queries import CARRY, carry_back, clawback_units, taken_when_returned
from fedele.domains.earning.types import GivenAward, Sale
from fedele.domains.ledger.types import Clawback, ClawbackMode, Restore, TransactionId
from fedele.domains.tiers.commands import change_to_json, standing_to_json
from fedele.domains.tiers.queries import decide, decide_after_return, programme_day
from fedele.domains.tiers.types import Standing
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey

Quantities = Mapping[int, Decimal]


@dataclasses.dataclass(frozen=True, slots=True)
class ReturnDecision:
    """Everything a return changes, ready to be written."""

    total_minor: int
    amounts: Mapping[int, int]  # line number → minor units given back
    operations: tuple[Mapping[str, Any], ...]
    clawbacks: tuple[tuple[GivenAward, int], ...]
    usage: tuple[tuple[tuple[str, str], int, int], ...]  # ((rule or currency, period), units, times) that it changes
    whole: bool  # nothing of the purchase is left
    restored: Mapping[str, int]
    counters: Mapping[tuple[str, date], int]
    standing: Standing
    tier_changes: tuple[Mapping[str, Any], ...]


def check_return(asked: Return, purchase: Purchase) -> None:
    """Raise ReturnInvalid or ReturnExceedsPurchase if the lines cannot come back."""
    if not asked.lines:
        raise ReturnInvalid(problem="Name at least one line.", field="lines")
    if len({line.number for line in asked.lines}) != len(asked.lines):
        raise ReturnInvalid(problem="Name each line once.", field="lines")
    bought = {line.number: line.quantity for line in purchase.lines}
    for index, line in enumerate(asked.lines):
        field = f"lines[{index}]"
        if line.number not in bought:
            raise ReturnInvalid(problem=f"The purchase has no line {line.number}.", field=f"{field}.number")
        if line.quantity <= 0 or line.quantity != round(line.quantity, 3):
            raise ReturnInvalid(problem="A quantity is positive and has at most 3 decimals.", field=f"{field}.quantity")
        left = bought[line.number] - purchase.returned.get(line.number, Decimal(0))
        if line.quantity > left:
            left = left.normalize() if left else Decimal(0)
            raise ReturnExceedsPurchase(line=line.number, left=left, asked=line.quantity, field=f"{field}.quantity")


def decide_return(
    rules: Rules,
    state: MemberState,
    purchase: Purchase,
    asked: Return,
    awards: Sequence[GivenAward],
    return_id: ReturnId,
    at: datetime,
) -> ReturnDecision:
    """What taking these lines back changes. The awards are those given then: no rule is evaluated again."""
    bought = {line.number: line.quantity for line in purchase.lines}
    before = dict(purchase.returned)
    after = dict(before)
    for line in asked.lines:
        after[line.number] = after.get(line.number, Decimal(0)) + line.quantity
    clawbacks = tuple((award, units) for award in awards if (units := clawback_units(award.record, bought, after)) > 0)
    restores = _restores(rules, purchase, before, after, return_id, at)
    taken = {award.record.id: units for award, units in clawbacks}
    carried = tuple(
        ((award.record.rule, CARRY), micros, 0)
        for award in awards
        if (micros := carry_back(award.record, taken.get(award.record.id, 0), bought, before, after))
    )
    whole = all(after.get(number, Decimal(0)) >= quantity for number, quantity in bought.items())
    counters = _counters(rules, purchase, before, after, clawbacks)
    standing, changes = _tier(rules, state, counters, at)
    amounts = {line.number: _taken(purchase, line.number, before, after) for line in asked.lines}
    return ReturnDecision(
        total_minor=sum(amounts.values()),
        amounts=amounts,
        # First what comes back, then what is taken: so units that return can answer for units that were spent.
        operations=(*restores, *_clawback_operations(rules, awards, clawbacks, return_id, at)),
        clawbacks=clawbacks,
        usage=(*_unused(clawbacks), *carried),
        whole=whole,
        restored={restore["currency"]: restore["units"] for restore in restores},
        counters=counters,
        standing=standing,
        tier_changes=changes,
    )


def _taken(purchase: Purchase, number: int, before: Quantities, after: Quantities) -> int:
    """The money of a line that this return gives back."""
    line = next(line for line in purchase.lines if line.number == number)
    return taken_when_returned(line.amount_minor, line.quantity, after[number]) - taken_when_returned(
        line.amount_minor, line.quantity, before.get(number, Decimal(0))
    )


def _returned_minor(purchase: Purchase, amounts: Sequence[int], returned: Quantities) -> int:
    """Of these amounts per line, what has come back altogether."""
    return sum(
        taken_when_returned(amount, line.quantity, returned.get(line.number, Decimal(0)))
        for line, amount in zip(purchase.lines, amounts, strict=True)
    )


def _unused(clawbacks: Sequence[tuple[GivenAward, int]]) -> list[tuple[tuple[str, str], int, int]]:
    """What is taken back makes room in the caps again; an award that is gone altogether counts as never had."""
    return [
        (key, -units, -int(award.record.clawed_back_units + units == award.record.units))
        for award, units in clawbacks
        for key in award.usage
    ]


def _clawback_operations(
    rules: Rules,
    awards: Sequence[GivenAward],
    clawbacks: Sequence[tuple[GivenAward, int]],
    return_id: ReturnId,
    at: datetime,
) -> list[Mapping[str, Any]]:
    """For each earn of the purchase how much of it is to be taken altogether, with this return: what an earlier one had
    to give up is asked for again, so that any sequence of partial returns ends like the full one.
    """
    now = {award.record.id: units for award, units in clawbacks}
    totals: dict[tuple[UUID, str], int] = {}
    for award in awards:
        if award.record.ledger_transaction_id is not None:
            key = (award.record.ledger_transaction_id, award.record.currency)
            totals[key] = totals.get(key, 0) + award.record.clawed_back_units + now.get(award.record.id, 0)
    return [
        Clawback(
            scope="return",
            key=f"{return_id}:{transaction_id}",
            currency=CurrencyKey(currency),
            occurred_at=at,
            programme_version=rules.earning.version,
            reason={"return_id": str(return_id)},
            transaction_id=TransactionId(transaction_id),
            mode=_mode(rules, currency),
            total=total,
        ).as_json()
        for (transaction_id, currency), total in totals.items()
        if total > 0
    ]


def _mode(rules: Rules, key: str) -> ClawbackMode:
    """What the programme does about units that are spent already; a currency it has given up forgives."""
    return next((currency.debt for currency in rules.earning.currencies if currency.key == key), "clamp")


def _restores(
    rules: Rules, purchase: Purchase, before: Quantities, after: Quantities, return_id: ReturnId, at: datetime
) -> list[dict[str, Any]]:
    """The units that paid for what comes back go home, to their own lots and their own expiry.

    Where that has passed, they live for the currency's grace from now: neither for ever nor gone at once.
    """
    amounts = [line.amount_minor for line in purchase.lines]
    restores = []
    for burn in purchase.burns:
        units = _share(burn.units, _returned_minor(purchase, amounts, after), purchase.total_minor) - _share(
            burn.units, _returned_minor(purchase, amounts, before), purchase.total_minor
        )
        if units > 0:
            restores.append(
                Restore(
                    scope="return",
                    key=f"{return_id}:{burn.transaction_id}",
                    currency=CurrencyKey(burn.currency),
                    occurred_at=at,
                    programme_version=rules.earning.version,
                    reason={"return_id": str(return_id)},
                    transaction_id=TransactionId(burn.transaction_id),
                    units=units,
                    keep_until=_keep_until(rules, burn.currency, at),
                ).as_json()
            )
    return restores


def _keep_until(rules: Rules, key: str, at: datetime) -> datetime | None:
    currency = next((currency for currency in rules.earning.currencies if currency.key == key), None)
    return currency.kept_restored_until(at, rules.tiers.time_zone) if currency else None


def _share(units: int, part: int, whole: int) -> int:
    return units * part // whole if whole else 0


def _counters(
    rules: Rules,
    purchase: Purchase,
    before: Quantities,
    after: Quantities,
    clawbacks: Sequence[tuple[GivenAward, int]],
) -> dict[tuple[str, date], int]:
    """What the return takes from the qualifying counters, on the day of the purchase."""
    day = programme_day(purchase.occurred_at, rules.tiers.time_zone)
    eligible = qualifying_minor(rules, _as_sale(purchase))
    spend = _returned_minor(purchase, eligible, before) - _returned_minor(purchase, eligible, after)
    counters = {("spend", day): spend}
    counter = rules.tiers.counter
    if counter == "visits":
        whole = all(after.get(line.number, Decimal(0)) >= line.quantity for line in purchase.lines)
        counters[counter, day] = -int(whole)
    elif counter.startswith("earned:"):
        currency = counter.partition(":")[2]
        counters[counter, day] = -sum(units for award, units in clawbacks if award.record.currency == currency)
    return {key: amount for key, amount in counters.items() if amount}


def _as_sale(purchase: Purchase) -> Sale:
    return Sale(purchase.store_id, purchase.occurred_at, purchase.currency, purchase.lines, purchase.tenders)


def _tier(
    rules: Rules, state: MemberState, counters: Mapping[tuple[str, date], int], at: datetime
) -> tuple[Standing, tuple[Mapping[str, Any], ...]]:
    changes = []
    standing, joined = state.standing, state.joined_at or at
    after = dict(state.days)
    for (name, day), amount in counters.items():
        if name == rules.tiers.counter:
            after[day] = after.get(day, 0) + amount
    lapsed = decide(rules.tiers, standing, state.days, at, joined)
    lowered = decide_after_return(rules.tiers, lapsed.standing, state.days, after, at, joined)
    for was, decision in ((standing, lapsed), (lapsed.standing, lowered)):
        if decision.reason:
            changes.append(change_to_json(was, decision))
    return lowered.standing, tuple(changes)


def return_payload(
    decision: ReturnDecision,
    purchase: Purchase,
    asked: Return,
    return_id: ReturnId,
    before: Standing,
    rules: Rules,
    at: datetime,
) -> dict[str, Any]:
    """What `return_v2` reads as p_return."""
    returned = PurchaseReturned(
        member_id=purchase.member_id,
        occurred_at=at,
        purchase_id=purchase.id,
        return_id=return_id,
        store_id=asked.store_id,
        currency=purchase.currency,
        total_minor=decision.total_minor,
        whole=decision.whole,
    )
    return {
        "at": at.isoformat(),
        "programme_version": rules.earning.version,
        "return": {
            "id": str(return_id),
            "purchase_id": str(purchase.id),
            "store_id": asked.store_id,
            "currency": purchase.currency,
            "total_minor": decision.total_minor,
            "points": _net(decision),
        },
        "lines": [
            {
                "number": line.number,
                "quantity": str(line.quantity),
                "amount_minor": decision.amounts[line.number],
            }
            for line in asked.lines
        ],
        "operations": list(decision.operations),
        "clawbacks": [{"award_id": str(award.record.id), "units": units} for award, units in decision.clawbacks],
        "usage": usage_to_json(decision.usage),
        "counters": counters_to_json(decision.counters),
        "standing": standing_to_json(decision.standing) if decision.standing != before else None,
        "tier_changes": list(decision.tier_changes),
        "events": events_to_json([returned, *tier_events(decision.tier_changes, purchase.member_id)]),
        "response": _response(decision, purchase, return_id),
    }


def _net(decision: ReturnDecision) -> dict[str, int]:
    """What it does to the balances, per currency."""
    net = dict(decision.restored)
    for award, units in decision.clawbacks:
        net[award.record.currency] = net.get(award.record.currency, 0) - units
    return net


def _response(decision: ReturnDecision, purchase: Purchase, return_id: ReturnId) -> dict[str, Any]:
    clawed_back: dict[str, int] = {}
    for award, units in decision.clawbacks:
        clawed_back[award.record.currency] = clawed_back.get(award.record.currency, 0) + units
    changes = decision.tier_changes
    return {
        "return_id": str(return_id),
        "purchase_id": str(purchase.id),
        "member_id": str(purchase.member_id),
        "currency": purchase.currency,
        "total_minor": decision.total_minor,
        "clawed_back": clawed_back,
        "restored": dict(decision.restored),
        "tier_move": [changes[0]["from"], changes[-1]["to"]] if changes else None,
    }


def read_return(response: Mapping[str, Any]) -> ReturnSettlement:
    """The stored answer of a return."""
    return ReturnSettlement(
        return_id=ReturnId(UUID(response["return_id"])),
        purchase_id=PurchaseId(UUID(response["purchase_id"])),
        member_id=MemberId(UUID(response["member_id"])),
        version=response["version"],
        currency=response["currency"],
        total_minor=response["total_minor"],
        clawed_back=response["clawed_back"],
        restored=response["restored"],
        spendable=response["spendable"],
        tier_move=read_tier_move(response),
    )
