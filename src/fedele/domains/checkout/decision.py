"""Decide a sale or an event for one member, purely: the tier then, awards, ledger operations, counters, new tier."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any
from uuid import UUID

from fedele.domains.checkout.errors import TenderNotAccepted
from fedele.domains.checkout.state import MemberState, Rules
from fedele.domains.checkout.tier_history import TierThen, told
from fedele.domains.checkout.types import Benefit, TierMove
from fedele.domains.earning.queries import (
    DEFAULT_EXCLUDES,
    activity_moves,
    eligible_minor,
    evaluate_event,
    evaluate_purchase,
    expires_at,
    expiry_of,
    followed,
    start_of_day,
    takes_of,
)
from fedele.domains.earning.types import Award, Earner, Evaluation, Means, Occasion, Sale
from fedele.domains.ledger.types import Burn, Earn
from fedele.domains.programme.config import ActivityKind, Currency
from fedele.domains.tiers.queries import programme_day
from fedele.domains.tiers.types import Standing
from fedele.kernel.money import CurrencyKey, Money

NO_LIMITS = Means()
Place = tuple[str, date | None]  # a currency, and the day from which its units can be spent (None: at once)


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Everything a sale or an event changes, ready to be written."""

    evaluation: Evaluation
    operations: tuple[Mapping[str, Any], ...]
    operation_of: Mapping[Place, int]  # → place among the operations
    counters: Mapping[tuple[str, date], int]
    burned: Mapping[str, int]
    standing: Standing
    tier_changes: tuple[Mapping[str, Any], ...]  # lines that the history gains
    tiers_told: tuple[Mapping[str, Any], ...] = ()  # those that are announced
    benefits_used: tuple[Benefit, ...] = ()
    budgets: tuple[Mapping[str, Any], ...] = ()  # operations of `budget_post_v1`

    @property
    def tier_move(self) -> TierMove | None:
        """The change of tier from before to after, if there was one."""
        if not self.tiers_told:
            return None
        return TierMove(self.tiers_told[0]["from"], self.tiers_told[-1]["to"])


def decide_sale(
    rules: Rules,
    state: MemberState,
    sale: Sale,
    purchase_id: UUID,
    benefits: Sequence[Benefit],
    now: datetime,
    means: Means = NO_LIMITS,
) -> Decision:
    """What settling this sale changes."""
    at = sale.occurred_at
    then = TierThen.of(rules, state, at, now)
    earner = _earner(rules, state, then.tier, benefits, means)
    evaluation = evaluate_purchase(rules.earning, sale, earner)
    given = {award.rule for award in evaluation.awards}
    used = tuple(benefit for benefit in benefits if benefit.boost is None or benefit.boost.key in given)
    burns = _burns(rules, sale, purchase_id)
    earns, places = _earns(rules, evaluation, then, at, purchase_id, "purchase", len(burns))
    counters = _counters(rules, evaluation, at, sum(qualifying_minor(rules, sale)), visit=True)
    judged = then.judge(_own(counters, rules.tiers.counter))
    kinds: tuple[ActivityKind, ...] = ("purchase",)
    kinds += ("earn",) if earns else ()
    kinds += ("burn",) if burns else ()
    moves = _moves(rules, earner.tier, kinds, at, purchase_id, "purchase")
    return Decision(
        evaluation=evaluation,
        operations=(*burns, *earns, *moves),
        operation_of=places,
        counters=counters,
        burned={burn["currency"]: burn["units"] for burn in burns},
        standing=judged.standing,
        tier_changes=judged.changes,
        tiers_told=tuple(told(then, judged)),
        benefits_used=used,
        budgets=tuple(takes_of(evaluation, rules.earning, means, purchase_id)),
    )


def decide_event(
    rules: Rules, state: MemberState, occasion: Occasion, event_id: UUID, now: datetime, means: Means = NO_LIMITS
) -> Decision:
    """What recording this event changes."""
    at = occasion.occurred_at
    then = TierThen.of(rules, state, at, now)
    earner = _earner(rules, state, then.tier, (), means)
    evaluation = evaluate_event(rules.earning, occasion, earner)
    earns, places = _earns(rules, evaluation, then, at, event_id, "event", 0)
    counters = _counters(rules, evaluation, at, 0, visit=False)
    judged = then.judge(_own(counters, rules.tiers.counter))
    kinds: tuple[ActivityKind, ...] = ("event", "earn") if earns else ("event",)
    moves = _moves(rules, earner.tier, kinds, at, event_id, "event")
    return Decision(
        evaluation=evaluation,
        operations=(*earns, *moves),
        operation_of=places,
        counters=counters,
        burned={},
        standing=judged.standing,
        tier_changes=judged.changes,
        tiers_told=tuple(told(then, judged)),
        budgets=tuple(takes_of(evaluation, rules.earning, means, event_id)),
    )


def qualifying_minor(rules: Rules, sale: Sale) -> list[int]:
    """Per line, the money that counts as spent. Money of another currency than the programme's counts as none.

    Minor units of two currencies cannot be added up, and the programme knows no rates of exchange.
    """
    if sale.currency != rules.earning.home_currency:
        return [0] * len(sale.lines)
    return eligible_minor(sale, DEFAULT_EXCLUDES)


def _earner(rules: Rules, state: MemberState, tier: str | None, benefits: Sequence[Benefit], means: Means) -> Earner:
    levels = rules.tiers.config.levels
    return Earner(
        facts={**state.facts, "member.tier": tier or ""},
        tier=tier,
        tier_multiplier=rules.tiers.config.get(tier).multiplier if tier and levels else Decimal(1),
        usage=state.usage,
        boosts=tuple(benefit.boost for benefit in benefits if benefit.boost),
        means=means,
    )


def _earns(
    rules: Rules, evaluation: Evaluation, then: TierThen, at: datetime, source_id: UUID, source: str, offset: int
) -> tuple[list[Mapping[str, Any]], dict[Place, int]]:
    """One earn for each currency and date of availability; the rules that gave it stand in its reason."""
    grouped: dict[Place, list[Award]] = {}
    for award in evaluation.awards:
        if award.units:  # what a rule carries to the next purchase is in nobody's hands yet
            grouped.setdefault((award.currency, award.active_on), []).append(award)
    operations: list[Mapping[str, Any]] = []
    places: dict[Place, int] = {}
    for place, awards in grouped.items():
        currency, active_on = place
        active_from = start_of_day(active_on, rules.tiers.time_zone) if active_on else at
        places[place] = offset + len(operations)
        earn = Earn(
            scope=source,
            key=f"{source_id}:{currency}:{active_on or 0}",
            currency=CurrencyKey(currency),
            occurred_at=at,
            programme_version=evaluation.programme_version,
            reason={"rules": {award.rule: award.units for award in awards}, f"{source}_id": str(source_id)},
            units=sum(award.units for award in awards),
            source=source,
            purchase_id=source_id if source == "purchase" else None,
            activates_at=active_from if active_on else None,
            expires_at=_end_of_life(rules, currency, then, active_from),
        )
        operations.append(earn.as_json())
    return operations, places


def _end_of_life(rules: Rules, key: str, then: TierThen, active_from: datetime) -> datetime | None:
    """When units end: by the tier of their time, and as what came late would have followed the tier since then."""
    currency, zone = rules.earning.currencies.get(key), rules.tiers.time_zone
    end = expires_at(expiry_of(currency, then.tier), active_from, zone)
    for changed, tier in then.state.tiers_after if currency.expiry_by_tier else ():
        end = followed(expiry_of(currency, then.level(tier)), end, active_from, changed, zone)
    return end


def _burns(rules: Rules, sale: Sale, purchase_id: UUID) -> list[Mapping[str, Any]]:
    """The units that pay the points tenders, by the currency's declared worth, rounded up to a whole unit."""
    minor: dict[str, int] = {}
    for tender in sale.tenders:
        if tender.kind == "points":
            key = paying_currency(rules, tender.currency).key
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


def paying_currency(rules: Rules, key: str | None) -> Currency:
    """The currency of a points tender: the one named, or the only one that has a worth. Raises TenderNotAccepted."""
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


def _own(counters: Mapping[tuple[str, date], int], counter: str) -> dict[date, int]:
    """Of what is counted, the days of the counter that qualifies."""
    return {day: amount for (name, day), amount in counters.items() if name == counter}


def _moves(
    rules: Rules, tier: str | None, kinds: Sequence[ActivityKind], at: datetime, source_id: UUID, source: str
) -> list[Mapping[str, Any]]:
    """What this activity does to the expiry of units that live by it."""
    reason = {f"{source}_id": str(source_id)}
    zone = rules.tiers.time_zone
    moves = activity_moves(rules.earning.currencies, tier, kinds, at, zone, str(source_id), reason)
    return [move.as_json() for move in moves]
