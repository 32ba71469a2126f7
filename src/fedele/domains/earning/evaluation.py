"""Evaluate a purchase or an event under one version of the programme: pure, exact, and with a reason for every rule.

The order is fixed and stated: dates → lines and their eligible money → minimum spend → conflicts within a group (line
by line) → rounding at the rule's point → caps of the rule → boosts in hand → caps of the currency → margin floors and
budgets. Rules are tried in the order of the file, which is also the order in which they fill a shared cap.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.earning.bindings import event_bindings, line_bindings, values_read
from fedele.domains.earning.candidates import (
    Candidate,
    eligible_minor,
    event_units,
    fixed_counts,
    line_shares,
    rate_of,
    rate_of_fixed,
    rounded,
    settle_conflict,
)
from fedele.domains.earning.caps import CARRY, Meter, resting, shrink
from fedele.domains.earning.config import (
    NOT_EARNING,
    Cap,
    EventAward,
    Excluded,
    PurchaseFixed,
    PurchaseMultiplier,
    PurchaseRule,
    Rule,
)
from fedele.domains.earning.expiry import active_on
from fedele.domains.earning.means import within_means
from fedele.domains.earning.rulebook import Rulebook
from fedele.domains.earning.types import (
    MICROS,
    Award,
    Boost,
    Earner,
    Evaluation,
    Occasion,
    Outcome,
    RuleTrace,
    RuleUsage,
    Sale,
)
from fedele.kernel.apportion import apportion
from fedele.kernel.expressions import Bindings, Expression, ExpressionError, Rows, Value
from fedele.kernel.money import Money, minor_digits

DEFAULT_EXCLUDES = NOT_EARNING


def evaluate_purchase(rulebook: Rulebook, sale: Sale, earner: Earner) -> Evaluation:
    """What this sale earns this member, and what became of every rule."""
    work = _PurchaseWork(rulebook, sale, earner)
    rules = [rule for rule in rulebook.config.rules if not isinstance(rule, EventAward)]
    candidates = [candidate for rule in rules if (candidate := work.candidate(rule))]
    work.resolve(candidates)
    for candidate in candidates:
        work.award(candidate)
    for boost in earner.boosts:
        work.boost(boost, candidates)
    work.cap_currencies()
    return within_means(work.evaluation(), rulebook, earner, sale)


def evaluate_event(rulebook: Rulebook, occasion: Occasion, earner: Earner) -> Evaluation:
    """What this event earns this member, and what became of every rule for such events."""
    work = _Work(rulebook, occasion.occurred_at, earner)
    bindings = event_bindings(occasion, earner, rulebook.time_zone)
    for rule in rulebook.config.rules:
        if isinstance(rule, EventAward) and rule.event == occasion.name:
            _try_event_rule(work, rule, bindings)
    work.cap_currencies()
    return within_means(work.evaluation(), rulebook, earner)


def _try_event_rule(work: "_Work", rule: EventAward, bindings: Bindings) -> None:
    if not work.in_dates(rule):
        return None
    if rule.when is not None and (refused := _refused(rule.when, bindings)):
        return work.note(rule, "condition", **refused)
    if rest := resting(rule, work.earner.usage, work.at):
        outcome, details = rest
        return work.note(rule, outcome, **details)
    amount = rule.amount.evaluate(bindings)
    if not isinstance(amount, Decimal):
        words = amount.message if isinstance(amount, ExpressionError) else str(amount)
        return work.note(rule, "condition", condition=rule.amount.text, problem=words)
    currency = work.rulebook.currencies.get(rule.currency)
    multiplier = work.earner.tier_multiplier
    units = event_units(rule, max(amount, Decimal(0)), currency.decimals, currency.rounding, multiplier)
    if units <= 0:
        return work.note(rule, "nothing_eligible", amount=str(amount))
    basis = {"amount": str(amount), **work.multiplied(rule)}
    return work.give(Award(rule.key, rule.currency, units, (), work.active_on(rule)), rule, basis)


class _Work:
    """One evaluation under way."""

    def __init__(self, rulebook: Rulebook, at: datetime, earner: Earner) -> None:
        self.rulebook, self.at, self.earner = rulebook, at, earner
        self.meter = Meter(earner.usage, at, rulebook.time_zone, earner.facts.get("member.joined_at"))
        self.local = at.astimezone(ZoneInfo(rulebook.time_zone))
        self.awards: list[Award] = []
        self.trace: list[RuleTrace] = []

    def evaluation(self) -> Evaluation:
        """The decision; its trace in the order of the file, boosts last."""
        order = self.rulebook.places
        trace = sorted(self.trace, key=lambda told: order.get(told.rule, len(order)))
        return Evaluation(tuple(self.awards), tuple(trace), self.rulebook.version)

    def note(self, rule: Rule, outcome: Outcome, **details: Any) -> None:
        """Remember that the rule gave nothing, and why."""
        self.trace.append(RuleTrace(rule.key, outcome, 0, rule.currency, details))

    def in_dates(self, rule: Rule) -> bool:
        """Whether the rule's dates and hours contain the event's own time; notes it if not."""
        if rule.dates.contains(self.at, self.rulebook.time_zone):
            if not rule.windows or any(window.contains(self.local) for window in rule.windows):
                return True
            self.note(rule, "outside_window", local=f"{self.local:%a %H:%M}".lower())
            return False
        starts = rule.dates.starts_at(self.rulebook.time_zone)
        if starts and self.at < starts:
            self.note(rule, "not_started", starts=str(rule.dates.starts))
        else:
            self.note(rule, "ended", ends=str(rule.dates.ends))
        return False

    def active_on(self, rule: Rule | None) -> date | None:
        """The programme's day from which the rule's units (a boost's, without one) can be spent; None: at once."""
        days = rule.pending_days if rule else None
        return active_on(
            self.local.date(),
            self.rulebook.config.pending_days if days is None else days,
            rule.activates_on if rule else None,
        )

    def multiplied(self, rule: Rule) -> dict[str, Any]:
        """The tier and its multiplier, where it changes what the rule gives: what Explain shows of it."""
        if not rule.tier_multiplier or self.earner.tier_multiplier == 1:
            return {}
        return {"tier": self.earner.tier, "tier_multiplier": str(self.earner.tier_multiplier)}

    def give(
        self,
        award: Award,
        rule: Rule,
        basis: Mapping[str, Any] | None = None,
    ) -> None:
        """Give what the rule's caps leave of an award, and note it. `basis`: what made its units, for Explain."""
        decimals = self.rulebook.currencies.get(rule.currency).decimals
        capped = self.meter.fit(rule.key, rule.caps, award.units, decimals)
        if capped.units == 0 < award.units:
            return self.note(rule, "cap_reached", **_cap_details(capped.cap, capped.room, award.units))
        usage = self.meter.fill(rule.key, rule.caps, capped.units) if capped.units else ()
        if capped.units and (rule.cooldown_hours or rule.times_max) and (rule.key, "lifetime") not in usage:
            usage += ((rule.key, "lifetime"),)
        self.awards.append(dataclasses.replace(_cut(award, capped.units), usage=usage))
        details = dict(basis or {})
        if capped.cap:
            details |= _cap_details(capped.cap, capped.room, award.units) | {"before_caps": award.units}
        self.trace.append(
            RuleTrace(rule.key, "capped" if capped.cap else "awarded", capped.units, rule.currency, details)
        )
        return None

    def cap_currencies(self) -> None:
        """Cut all awards, in their order, down to what the caps over a whole currency leave."""
        kept: list[Award] = []
        for award in self.awards:
            caps = [cap for cap in self.rulebook.config.caps if cap.currency == award.currency]
            name = f"currency:{award.currency}"
            capped = self.meter.fit(name, caps, award.units, self.rulebook.currencies.get(award.currency).decimals)
            if capped.cap is not None:
                self._retell(award, capped.units, _cap_details(capped.cap, capped.room, award.units))
            if capped.units or not award.units:
                usage = award.usage + self.meter.fill(name, caps, capped.units)
                kept.append(dataclasses.replace(_cut(award, capped.units), usage=usage))
        self.awards = kept

    def _retell(self, award: Award, units: int, details: dict[str, Any]) -> None:
        outcome: Outcome = "capped" if units else "cap_reached"
        self.trace = [
            RuleTrace(
                told.rule,
                outcome,
                units,
                told.currency,
                {"before_caps": award.units, **told.details, **details, "over": "currency"},
            )
            if told.rule == award.rule and told.units
            else told
            for told in self.trace
        ]


class _PurchaseWork(_Work):
    """One purchase's evaluation under way."""

    def __init__(self, rulebook: Rulebook, sale: Sale, earner: Earner) -> None:
        super().__init__(rulebook, sale.occurred_at, earner)
        self.sale = sale
        self.numbers = [line.number for line in sale.lines]
        self._eligible: dict[tuple[Excluded, ...], list[int]] = {}
        self._spent: dict[tuple[Excluded, ...], Decimal] = {}
        self._bindings: Rows | None = None
        self._seen: dict[frozenset[str], dict[str, Any]] = {}

    def eligible(self, excludes: tuple[Excluded, ...]) -> list[int]:
        """Eligible money per line; computed once for each set of exclusions."""
        if excludes not in self._eligible:
            self._eligible[excludes] = eligible_minor(self.sale, excludes)
        return self._eligible[excludes]

    def spent(self, excludes: tuple[Excluded, ...]) -> Decimal:
        """Eligible money of the whole basket, in major units; computed once for each set of exclusions."""
        if excludes not in self._spent:
            self._spent[excludes] = Money(sum(self.eligible(excludes)), self.sale.currency).decimal
        return self._spent[excludes]

    def bindings(self) -> Rows:
        """Values per line; made when the first condition needs them."""
        if self._bindings is None:
            names = self.rulebook.names.union(*(boost.when.names for boost in self.earner.boosts if boost.when))
            self._bindings = line_bindings(self.sale, self.earner, self.rulebook.time_zone, names)
        return self._bindings

    def candidate(self, rule: PurchaseRule) -> Candidate | None:
        """The rule's claim if it stood alone; None (and noted why) if it has none."""
        if not self.in_dates(rule):
            return None
        if self.sale.currency != self.rulebook.home_currency:
            self.note(rule, "nothing_eligible", currency=self.sale.currency, counts=self.rulebook.home_currency)
            return None
        money = self.eligible(rule.excludes)
        spent = self.spent(rule.excludes)
        if spent == 0:
            self.note(rule, "nothing_eligible", excludes=list(rule.excludes))
            return None
        if spent < rule.minimum_spend:
            self.note(rule, "condition", minimum_spend=str(rule.minimum_spend), spent=str(spent))
            return None
        if rule.when is not None:
            values = self._answers(rule, rule.when)
            money = [amount if value is True else 0 for amount, value in zip(money, values, strict=True)]
            if not any(money):
                self.note(rule, "condition", **self._why_not(rule.when, values))
                return None
        if rest := resting(rule, self.earner.usage, self.at):
            outcome, details = rest
            self.note(rule, outcome, **details)
            return None
        return self._claim(rule, list(money))

    def _claim(self, rule: PurchaseRule, money: list[int]) -> Candidate | None:
        currency, multiplier = self.rulebook.currencies.get(rule.currency), self.earner.tier_multiplier
        if isinstance(rule, PurchaseFixed):
            counted = fixed_counts(rule, money, [line.quantity for line in self.sale.lines])
            if not any(counted):
                self.note(rule, "nothing_eligible", counts=rule.each)
                return None
            return Candidate(
                rule, currency.rounding, counted, rate_of_fixed(rule, counted, currency.decimals, multiplier)
            )
        rate = rate_of(rule, currency.decimals, minor_digits(self.sale.currency), multiplier)
        return Candidate(rule, currency.rounding, money, rate)

    def _answers(self, rule: PurchaseRule, when: Expression) -> list[Value | ExpressionError]:
        """What the rule's condition says of each line."""
        bindings = self.bindings()
        if rule.key in self.rulebook.line_rules:
            return when.evaluate_each(bindings)
        return when.evaluate_each(bindings[:1]) * len(bindings)

    def counting(self, when: Expression, money: list[int]) -> list[int]:
        """The money of the lines for which the condition holds."""
        return [
            amount if amount and when.holds(bindings) else 0
            for amount, bindings in zip(money, self.bindings(), strict=True)
        ]

    def resolve(self, candidates: list[Candidate]) -> None:
        """Settle the conflicts of every group and currency; whoever lost everything is noted and dropped."""
        groups: dict[tuple[str, str], list[Candidate]] = {}
        for candidate in candidates:
            if candidate.rule.group:
                groups.setdefault((candidate.rule.group, candidate.rule.currency), []).append(candidate)
        for (group, _), members in groups.items():
            how = self.rulebook.config.conflict(group)
            for loser, winner in settle_conflict(members, how).items():
                rule = next(candidate.rule for candidate in members if candidate.rule.key == loser)
                self.note(rule, "outbid", by=winner, group=group, conflict=how)
        candidates[:] = [candidate for candidate in candidates if any(candidate.counted)]

    def award(self, candidate: Candidate) -> None:
        """Give what the candidate brings, rounded at its point."""
        rule = candidate.rule
        if isinstance(rule, PurchaseMultiplier) and rule.rounding_point == "balance":
            self._award_carrying(candidate)
            return
        units, lines = candidate.shares(self.numbers)
        if units == 0:
            self.note(rule, "nothing_eligible", rounds_to=0, rounding=candidate.rounding)
            return
        self.give(
            Award(rule.key, rule.currency, units, lines, self.active_on(rule)), rule, basis=self._basis(candidate)
        )

    def _award_carrying(self, candidate: Candidate) -> None:
        rule = candidate.rule
        carried = self.earner.usage.get((rule.key, CARRY), RuleUsage()).units
        units, lines, micros, added = candidate.carrying(self.numbers, carried)
        basis = self._basis(candidate) | {
            "carried_before": str(Decimal(carried) / MICROS), "carried": str(Decimal(carried + added) / MICROS),
        }  # fmt: skip
        self.give(
            Award(rule.key, rule.currency, units, lines, self.active_on(rule), (), micros, added), rule, basis=basis
        )

    def _basis(self, candidate: Candidate) -> dict[str, Any]:
        """What made the units, for Explain: the money or the pieces that were counted, and the tier's multiplier."""
        rule = candidate.rule
        counted = [[number, count] for number, count in zip(self.numbers, candidate.counted, strict=True) if count]
        if not isinstance(rule, PurchaseFixed):
            return {"money": counted, **self.multiplied(rule)}
        counts = [[0, "1"]] if rule.each == "purchase" else [[number, str(count)] for number, count in counted]
        return {"counts": counts, **self.multiplied(rule)}

    def boost(self, boost: Boost, candidates: Iterable[Candidate]) -> None:
        """Add what a benefit in hand brings, as an award of its own."""
        if self.sale.currency != self.rulebook.home_currency:  # neither its minimum nor its rate is in this money
            self._note_boost(boost, "nothing_eligible", currency=self.sale.currency, counts=self.rulebook.home_currency)
            return
        money = self.eligible(DEFAULT_EXCLUDES)
        if sum(money) < boost.minimum_minor:
            self._note_boost(boost, "condition", minimum_minor=boost.minimum_minor, spent_minor=sum(money))
            return
        counted = self.counting(boost.when, money) if boost.when else money
        if not any(counted):
            self._note_boost(boost, "nothing_eligible")
            return
        parts = self._boosted(boost, candidates, counted)
        units = sum(parts)
        if units == 0:
            self._note_boost(boost, "nothing_eligible")
            return
        self.awards.append(
            Award(boost.key, boost.currency, units, line_shares(self.numbers, parts), self.active_on(None))
        )
        self.trace.append(RuleTrace(boost.key, "awarded", units, boost.currency, {}))

    def _boosted(self, boost: Boost, candidates: Iterable[Candidate], counted: list[int]) -> list[int]:
        exact = [Fraction(0)] * len(counted)
        extra = Fraction(boost.multiplier) - 1
        for candidate in candidates:
            if extra and candidate.rule.currency == boost.currency:
                for index, amount in enumerate(counted):
                    exact[index] += candidate.exact(index) * extra if amount else 0
        rounding = self.rulebook.currencies.get(boost.currency).rounding
        parts = apportion(rounded(sum(exact, Fraction(0)), rounding), exact)
        bonus = apportion(boost.bonus_units, counted)
        return [multiplied + fixed for multiplied, fixed in zip(parts, bonus, strict=True)]

    def _note_boost(self, boost: Boost, outcome: Outcome, **details: Any) -> None:
        self.trace.append(RuleTrace(boost.key, outcome, 0, boost.currency, details))

    def _why_not(self, when: Expression, values: Iterable[object]) -> dict[str, Any]:
        """The condition and what it saw: on the first line whose value could not be known, else on the first line."""
        for value in values:
            if isinstance(value, ExpressionError):
                return {"condition": when.text, "problem": value.message, "values": self._values(when)}
        return {"condition": when.text, "values": self._values(when)}

    def _values(self, when: Expression) -> dict[str, Any]:
        if when.names not in self._seen:
            self._seen[when.names] = values_read(when.names, self.bindings()[0])
        return self._seen[when.names]


def _cut(award: Award, units: int) -> Award:
    """An award that caps cut down to `units`, its lines in their old proportions. What was carried for it stays so."""
    if units == award.units:
        return award
    exact = sum(share.units for share in award.micros) - (award.units - units) * MICROS
    micros = shrink(award.micros, exact) if award.micros else ()
    return dataclasses.replace(award, units=units, lines=shrink(award.lines, units), micros=micros)


def _refused(when: Expression, bindings: Bindings) -> dict[str, Any] | None:
    value = when.evaluate(bindings)
    if value is True:
        return None
    details = {"condition": when.text, "values": values_read(when.names, bindings)}
    return details | {"problem": value.message} if isinstance(value, ExpressionError) else details


def _cap_details(cap: Cap | None, room: int, wanted: int) -> dict[str, Any]:
    assert cap is not None, "only a cap cuts an award"
    return {"per": cap.per, "cap": str(cap.amount), "over": cap.over, "room": room, "wanted": wanted}
