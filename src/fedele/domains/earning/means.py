"""What campaigns can afford: the last word on awards, after every cap. Pure, but for reading what is left."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.activity.queries import costs_by_sku
from fedele.domains.budgets.queries import keeps_margin, left_of
from fedele.domains.budgets.types import Pot, Take, minor_of, pot_of
from fedele.domains.earning.rulebook import Rulebook
from fedele.domains.earning.types import Award, Boost, Earner, Evaluation, Means, Outcome, RuleTrace, Sale
from fedele.kernel.money import from_units, minor_digits


async def read_means(
    db: Queryable,
    rulebook: Rulebook,
    at: datetime,
    skus: Sequence[str] = (),
    boosts: Sequence[Boost] = (),
    *,
    floors: bool = False,
) -> Means:
    """What is left of the pots of rules and boosts, and the goods' costs: a statement each, where anything asks.

    `floors`: something else in hand, a discount, keeps a margin too.
    """
    pots = rule_pots(rulebook, at) | {boost.key: boost.pot for boost in boosts if boost.pot}
    floors = floors or any(rule.margin_floor is not None for rule in rulebook.config.rules)
    floors = floors or any(boost.margin_floor is not None for boost in boosts)
    if not pots and not floors:
        return Means()
    costs = await costs_by_sku(db, sorted(set(skus)), at) if floors and skus else {} if floors else None
    return Means(pots, await left_of(db, list(pots.values())), costs)


def rule_pots(rulebook: Rulebook, at: datetime) -> dict[str, Pot]:
    """The pots at an instant, by rule, of those rules that have a budget."""
    digits, version, zone = minor_digits(rulebook.home_currency), rulebook.version, rulebook.time_zone
    return {
        rule.key: pot_of(f"rule:{rule.key}", rule.budget, at, time_zone=zone, digits=digits, version=version)
        for rule in rulebook.config.rules
        if rule.budget is not None
    }


def within_means(evaluation: Evaluation, rulebook: Rulebook, earner: Earner, sale: Sale | None = None) -> Evaluation:
    """The evaluation without the awards that their campaigns cannot afford, each told as such.

    In the order of the awards, so that of two that share a pot the first has it. What does not fit is not given at all.
    """
    means = earner.means
    if not means.pots and means.costs is None:
        return evaluation
    floors = _floors(rulebook, earner) if means.costs is not None and sale is not None else {}
    left, kept, refused = dict(means.left), [], {}
    for award in evaluation.awards:
        cost, pot = cost_minor(rulebook, award), means.pots.get(award.rule)
        if award.rule in floors and sale and not _keeps_floor(award, floors[award.rule], cost, sale, means.costs or {}):
            refused[award.rule] = _told(award, "margin_floor", floor=f"{floors[award.rule].normalize():f}")
        elif pot is not None and left[pot.id] < cost:
            refused[award.rule] = _told(award, "budget_exhausted")
        else:
            kept.append(award)
            if pot is not None:
                left[pot.id] -= cost
    trace = tuple(refused.get(told.rule, told) if told.units else told for told in evaluation.trace)
    return dataclasses.replace(evaluation, awards=tuple(kept), trace=trace) if refused else evaluation


def takes_of(evaluation: Evaluation, rulebook: Rulebook, means: Means, source_id: UUID) -> list[dict[str, Any]]:
    """The operations by which a sale or an event takes its awards' cost out of their pots, inside its own call."""
    taken: dict[tuple[str, str], Take] = {}
    for award in evaluation.awards:
        if pot := means.pots.get(award.rule):
            cost = cost_minor(rulebook, award) + (taken[pot.id].amount_minor if pot.id in taken else 0)
            taken[pot.id] = Take(pot, source_id, cost, source_id=source_id)
    return [take.as_json() for take in taken.values()]


def cost_minor(rulebook: Rulebook, award: Award) -> int:
    """What an award counts for in its pot: its units at their worth, or what the rule says that one use costs."""
    digits = minor_digits(rulebook.home_currency)
    declared = next((rule.budget for rule in rulebook.config.rules if rule.key == award.rule), None)
    if declared is not None and declared.unit_cost is not None:
        return minor_of(declared.unit_cost, digits)
    currency = rulebook.currencies.get(award.currency)
    return minor_of(from_units(award.units, currency.decimals) * currency.worth, digits)


def _floors(rulebook: Rulebook, earner: Earner) -> dict[str, Decimal]:
    of_rules = {rule.key: rule.margin_floor for rule in rulebook.config.rules if rule.margin_floor is not None}
    return of_rules | {boost.key: boost.margin_floor for boost in earner.boosts if boost.margin_floor is not None}


def _keeps_floor(award: Award, floor: Decimal, cost: int, sale: Sale, costs: Mapping[str, Decimal]) -> bool:
    """Whether the lines that brought the award keep the campaign's margin after their goods and the award."""
    counted = {share.number for share in award.lines}
    lines = [line for line in sale.lines if line.number in counted]
    digits = minor_digits(sale.currency)
    goods = [
        (costs[line.sku] * line.quantity).scaleb(digits) if line.sku and line.sku in costs else None for line in lines
    ]
    return keeps_margin([line.amount_minor - line.tax_minor for line in lines], goods, cost, floor)


def _told(award: Award, outcome: Outcome, **details: Any) -> RuleTrace:
    return RuleTrace(award.rule, outcome, 0, award.currency, details)
