"""Decide a sale or an event for one member, purely: the tier then, awards, ledger operations, counters, new tier."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any
from uuid import UUID

from fedele.domains.checkout.errors import TenderNotAccepted
from fedele.domains.checkout.state import MemberState, Rules
from fedele.domains.checkout.types import Benefit, TierMove
from fedele.domains.earning.queries import (
    DEFAULT_EXCLUDES,
    eligible_minor,
    evaluate_event,
    evaluate_purchase,
    expires_at,
    expiry_of,
    start_of_day,
)
from fedele.domains.earning.types import Award, Earner, Evaluation, Occasion, Sale
from fedele.domains.ledger.types import Burn, Earn
from fedele.domains.programme.config import Currency
from fedele.domains.tiers.commands import change_to_json
from fedele.domains.tiers.queries import decide, programme_day
from fedele.domains.tiers.types import Standing, TierDecision
from fedele.kernel.money import CurrencyKey, Money


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Everything a sale or an event changes, ready to be written."""

    evaluation: Evaluation
    operations: tuple[Mapping[str, Any], ...]
    operation_of: Mapping[tuple[str, int], int]  # (currency, pending days) → place among the operations
    counters: Mapping[tuple[str, date], int]
    burned: Mapping[str, int]
    standing: Standing
    tier_changes: tuple[Mapping[str, Any], ...]
    benefits_used: tuple[Benefit, ...] = ()

    @property
    def tier_move(self) -> TierMove | None:
        """The change of tier from before to after, if there was one."""
        if not self.tier_changes:
            return None
        return TierMove(self.tier_changes[0]["from"], self.tier_changes[-1]["to"])


@dataclasses.dataclass(slots=True)
class _TierWork:
    """The member's tier while it is decided."""

    rules: Rules
    state: MemberState
    at: datetime
    standing: Standing
    changes: list[Mapping[str, Any]]

    def judge(self, days: Mapping[date, int]) -> None:
        """Move to where these days put the member at this instant."""
        decision = decide(self.rules.tiers, self.standing, days, self.at, self.state.joined_at or self.at)
        self.take(decision)

    def take(self, decision: TierDecision) -> None:
        """Accept a decision."""
        if decision.reason:
            self.changes.append(change_to_json(self.standing, decision))
        self.standing = decision.standing


def decide_sale(
    rules: Rules, state: MemberState, sale: Sale, purchase_id: UUID, benefits: Sequence[Benefit], now: datetime
) -> Decision:
    """What settling this sale changes."""
    tiers = _tier_work(rules, state, sale.occurred_at, now)
    earner = _earner(rules, state, tiers, sale.occurred_at, benefits)
    evaluation = evaluate_purchase(rules.earning, sale, earner)
    given = {award.rule for award in evaluation.awards}
    used = tuple(benefit for benefit in benefits if benefit.boost is None or benefit.boost.key in given)
    burns = _burns(rules, sale, purchase_id)
    earns, places = _earns(rules, evaluation, earner.tier, sale.occurred_at, purchase_id, "purchase", len(burns))
    counters = _counters(rules, evaluation, sale.occurred_at, sum(qualifying_minor(rules, sale)), visit=True)
    tiers.judge(_with(state.days, counters, rules.tiers.counter))
    moves = _moved_expiries(rules, state, earner.tier, sale.occurred_at, purchase_id)
    return Decision(
        evaluation=evaluation,
        operations=(*burns, *earns, *moves),
        operation_of=places,
        counters=counters,
        burned={burn["currency"]: burn["units"] for burn in burns},
        standing=tiers.standing,
        tier_changes=tuple(tiers.changes),
        benefits_used=used,
    )


def decide_event(rules: Rules, state: MemberState, occasion: Occasion, event_id: UUID, now: datetime) -> Decision:
    """What recording this event changes."""
    tiers = _tier_work(rules, state, occasion.occurred_at, now)
    earner = _earner(rules, state, tiers, occasion.occurred_at, ())
    evaluation = evaluate_event(rules.earning, occasion, earner)
    earns, places = _earns(rules, evaluation, earner.tier, occasion.occurred_at, event_id, "event", 0)
    counters = _counters(rules, evaluation, occasion.occurred_at, 0, visit=False)
    tiers.judge(_with(state.days, counters, rules.tiers.counter))
    return Decision(evaluation, tuple(earns), places, counters, {}, tiers.standing, tuple(tiers.changes))


def qualifying_minor(rules: Rules, sale: Sale) -> list[int]:
    """Per line, the money that counts as spent. Money of another currency than the programme's counts as none.

    Minor units of two currencies cannot be added up, and the programme knows no rates of exchange.
    """
    if sale.currency != rules.earning.home_currency:
        return [0] * len(sale.lines)
    return eligible_minor(sale, DEFAULT_EXCLUDES)


def _tier_work(rules: Rules, state: MemberState, at: datetime, now: datetime) -> _TierWork:
    """The tier before the sale. Of a sale that reaches us after a later change of tier, judged as of now."""
    since = state.standing.since
    late = since is not None and at < since
    work = _TierWork(rules, state, now if late else at, state.standing, [])
    work.judge(state.days)
    return work


def _earner(rules: Rules, state: MemberState, tiers: _TierWork, at: datetime, benefits: Sequence[Benefit]) -> Earner:
    late = state.standing.since is not None and at < state.standing.since
    tier = state.tier_then if late else tiers.standing.tier
    levels = rules.tiers.config.levels
    if levels and tier not in {level.key for level in levels}:
        tier = levels[0].key
    return Earner(
        facts={**state.facts, "member.tier": tier or ""},
        tier=tier,
        tier_multiplier=rules.tiers.config.get(tier).multiplier if tier and levels else Decimal(1),
        usage=state.usage,
        boosts=tuple(benefit.boost for benefit in benefits if benefit.boost),
    )


def _earns(
    rules: Rules, evaluation: Evaluation, tier: str | None, at: datetime, source_id: UUID, source: str, offset: int
) -> tuple[list[Mapping[str, Any]], dict[tuple[str, int], int]]:
    """One earn for each currency and date of availability; the rules that gave it stand in its reason."""
    grouped: dict[tuple[str, int], list[Award]] = {}
    for award in evaluation.awards:
        grouped.setdefault((award.currency, award.pending_days), []).append(award)
    operations: list[Mapping[str, Any]] = []
    places: dict[tuple[str, int], int] = {}
    for (currency, pending_days), awards in grouped.items():
        active_from = _active_from(at, pending_days, rules.tiers.time_zone)
        expiry = expiry_of(rules.earning.currencies.get(currency), tier)
        places[currency, pending_days] = offset + len(operations)
        earn = Earn(
            scope=source,
            key=f"{source_id}:{currency}:{pending_days}",
            currency=CurrencyKey(currency),
            occurred_at=at,
            programme_version=evaluation.programme_version,
            reason={"rules": {award.rule: award.units for award in awards}, f"{source}_id": str(source_id)},
            units=sum(award.units for award in awards),
            source=source,
            purchase_id=source_id if source == "purchase" else None,
            activates_at=active_from if pending_days else None,
            expires_at=expires_at(expiry, active_from, rules.tiers.time_zone),
        )
        operations.append(earn.as_json())
    return operations, places


def _active_from(at: datetime, pending_days: int, time_zone: str) -> datetime:
    """When units can be spent: at once, or at the first midnight after so many whole programme days."""
    if not pending_days:
        return at
    return start_of_day(programme_day(at, time_zone) + timedelta(days=pending_days), time_zone)


def _burns(rules: Rules, sale: Sale, purchase_id: UUID) -> list[Mapping[str, Any]]:
    """The units that pay the points tenders, by the currency's declared worth, rounded up to a whole unit."""
    minor: dict[str, int] = {}
    for tender in sale.tenders:
        if tender.kind == "points":
            key = _paying_currency(rules, tender.currency).key
            minor[key] = minor.get(key, 0) + tender.amount_minor
    burns: list[Mapping[str, Any]] = []
    if minor and sale.currency != rules.earning.home_currency:
        raise TenderNotAccepted(
            problem=f"Units are worth {rules.earning.home_currency}: they cannot pay in {sale.currency}.",
            field="tenders",
        )
    for key, amount in minor.items():
        units = units_worth(rules.earning.currencies.get(key), Money(amount, sale.currency))
        burn = Burn(
            scope="tender",
            key=f"{purchase_id}:{key}",
            currency=CurrencyKey(key),
            occurred_at=sale.occurred_at,
            programme_version=rules.earning.version,
            reason={"tender": str(Money(amount, sale.currency)), "purchase_id": str(purchase_id)},
            units=units,
            purchase_id=purchase_id,
        )
        burns.append(burn.as_json())
    return burns


def units_worth(currency: Currency, money: Money) -> int:
    """The fewest units that are worth this much. Raises TenderNotAccepted for a currency without a worth."""
    if currency.worth <= 0:
        raise TenderNotAccepted(problem=f"{currency.key} has no worth in money: it cannot pay.", field="tenders")
    whole = (money.decimal / currency.worth).scaleb(currency.decimals)
    return int(whole.to_integral_value(ROUND_CEILING))


def _paying_currency(rules: Rules, key: str | None) -> Currency:
    worthy = [currency for currency in rules.earning.currencies if currency.worth > 0 and key in (None, currency.key)]
    if len(worthy) != 1:
        raise TenderNotAccepted(problem="Name the programme currency that pays.", field="tenders")
    return worthy[0]


def _counters(
    rules: Rules, evaluation: Evaluation, at: datetime, spend_minor: int, *, visit: bool
) -> dict[tuple[str, date], int]:
    """What the sale adds to the qualifying counters, on its own programme day."""
    day = programme_day(at, rules.tiers.time_zone)
    counters = {("spend", day): spend_minor}
    counter = rules.tiers.counter
    if counter == "visits":
        counters[counter, day] = int(visit)
    elif counter.startswith("earned:"):
        counters[counter, day] = evaluation.units(counter.partition(":")[2])
    return {key: amount for key, amount in counters.items() if amount}


def _with(days: Mapping[date, int], counters: Mapping[tuple[str, date], int], counter: str) -> dict[date, int]:
    together = dict(days)
    for (name, day), amount in counters.items():
        if name == counter:
            together[day] = together.get(day, 0) + amount
    return together


def _moved_expiries(
    rules: Rules, state: MemberState, tier: str | None, at: datetime, purchase_id: UUID
) -> list[Mapping[str, Any]]:
    """Where units live as long as the member is active, this purchase gives all of them new time; a late one none."""
    if state.last_purchase_at is not None and at < state.last_purchase_at:
        return []
    moves: list[Mapping[str, Any]] = []
    for currency in rules.earning.currencies:
        expiry = expiry_of(currency, tier)
        if expiry.type == "inactivity" and "purchase" in expiry.activity:
            until = expires_at(expiry, at, rules.tiers.time_zone)
            assert until is not None, "an inactivity expiry always ends"
            moves.append(
                {
                    "op": "move_expiry",
                    "scope": "activity",
                    "key": f"{purchase_id}:{currency.key}",
                    "currency": currency.key,
                    "occurred_at": at.isoformat(),
                    "expires_at": until.isoformat(),
                    "reason": {"purchase_id": str(purchase_id)},
                }
            )
    return moves
