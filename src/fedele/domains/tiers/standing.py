"""Decide a member's tier from what was counted: up at once, down when what protects it has ended. Pure."""

import dataclasses
from datetime import date, datetime, timedelta

from fedele.domains.tiers.grants import crowned
from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.types import ChangeReason, Standing, TierDecision, TierStatus
from fedele.domains.tiers.windows import (
    Days,
    Qualification,
    kept_through,
    midnight_after,
    programme_day,
    windows_at,
    with_grace,
    within,
)


def decide(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> TierDecision:
    """The standing at this instant, given what was counted by day (of this counter, since `windows.read_from`).

    Up at once; the same level again prolongs what protects it; down only when that has ended, and then from that very
    instant, however late it is noticed. What was granted is laid over what is earned.
    """
    if not rules.config.levels:
        return TierDecision(standing)
    return crowned(rules, standing, _earned(rules, standing.beneath, days, at, joined), at)


def decide_after_return(
    rules: TierRules, standing: Standing, before: Days, after: Days, at: datetime, joined: datetime
) -> TierDecision:
    """The standing once a return has lowered what was counted: what was never truly earned is lost at once.

    A tier that had outlived its spending anyway (it stands in its grace) is not cut short by an unrelated return; nor
    is one that the programme keeps, or that was granted.
    """
    earned = standing.beneath
    if not rules.config.levels or rules.config.on_return == "keep" or rules.place(earned.tier) == 0:
        return TierDecision(standing)
    current = rules.place(earned.tier)
    had = _supported(rules, earned, before, at, joined)
    has = _supported(rules, earned, after, at, joined)
    if had.level < current:
        return TierDecision(standing)
    if has.level < current:
        return crowned(rules, standing, TierDecision(_at_level(rules, has, at), "return"), at)
    if rules.kept is not None:
        return TierDecision(standing)
    return crowned(rules, standing, TierDecision(dataclasses.replace(earned, kept_until=_until(rules, has))), at)


def _earned(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> TierDecision:
    """What is earned at this instant, whatever was granted."""
    if standing.tier not in (None, rules.config.levels[rules.place(standing.tier)].key):
        # A tier the programme no longer has.
        return TierDecision(_at_level(rules, qualification(rules, days, at, joined), at), "downgrade")
    judged = _terms_judged(rules, standing, days, at, joined) if rules.kept is not None else TierDecision(standing)
    standing = judged.standing
    current, earned = rules.place(standing.tier), qualification(rules, days, at, joined)
    if earned.level > current:
        return TierDecision(_at_level(rules, earned, at), "upgrade")
    if earned.level == current:
        until = _until(rules, earned)
        later = until is not None and (standing.kept_until is None or until > standing.kept_until)
        if later and (rules.kept is None or standing.kept_until is None):
            return TierDecision(dataclasses.replace(standing, kept_until=until), judged.reason)
        return judged
    if standing.kept_until is not None and at >= standing.kept_until:
        return TierDecision(_at_level(rules, earned, standing.kept_until), "downgrade")
    return judged


def _terms_judged(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> TierDecision:
    """Every term of a kept tier that has ended by now, judged as of its end: renewed, or lowered to what suffices then.

    Bounded: each turn moves the end by at least a day, or reaches the lowest tier, which does not end.
    """
    reason: ChangeReason | None = None
    while standing.kept_until is not None and at >= standing.kept_until:
        ended = standing.kept_until
        last_day = programme_day(ended, rules.time_zone) - timedelta(days=1)
        until_then = {day: amount for day, amount in days.items() if day <= last_day}
        earned = qualification(rules, until_then, ended, joined)
        if earned.level >= rules.place(standing.tier) > 0:
            standing = dataclasses.replace(
                standing, kept_until=_until(rules, dataclasses.replace(earned, level=rules.place(standing.tier)))
            )
        else:
            standing, reason = _at_level(rules, earned, ended), "downgrade"
    return TierDecision(standing, reason)


def _supported(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> Qualification:
    """The best level that these days give now or, for a tier kept for a term, gave on the day it was reached."""
    now = qualification(rules, days, at, joined)
    if rules.kept is None or standing.since is None:
        return now
    then = qualification(rules, days, standing.since, joined)
    return then if then.level > now.level else now


def qualification(rules: TierRules, days: Days, at: datetime, joined: datetime) -> Qualification:
    """The highest level that any window which counts at this instant gives, and through which day."""
    today, joined_day = programme_day(at, rules.time_zone), programme_day(joined, rules.time_zone)
    counted_days = {day: int(amount > 0) for day, amount in days.items()} if rules.counter == "visits" else days
    best = Qualification(0, None)
    for window in windows_at(rules.config, today, joined_day):
        counted = count(rules, within(counted_days, window))
        level = max(place for place in range(len(rules.config.levels)) if rules.threshold(place) <= max(counted, 0))
        if level == 0:
            continue
        through = kept_through(rules.config, window, counted_days, rules.threshold(level), joined_day)
        if level > best.level or (level == best.level and best.through is not None and through > best.through):
            best = Qualification(level, through)
    return best


def count(rules: TierRules, days: Days) -> int:
    """The counter's value: the sum of the days, or for visits the number of days that have one."""
    if rules.counter == "visits":
        return sum(1 for amount in days.values() if amount > 0)
    return sum(days.values())


def status(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> TierStatus | None:
    """What the member is shown; None in a programme without tiers."""
    levels = rules.config.levels
    if not levels:
        return None
    current = rules.place(standing.tier)
    window = windows_at(rules.config, programme_day(at, rules.time_zone), programme_day(joined, rules.time_zone))[0]
    following = levels[current + 1] if current + 1 < len(levels) else None
    return TierStatus(
        current=levels[current].key,
        since=standing.since,
        kept_until=standing.kept_until,
        next=following.key if following else None,
        counted=count(rules, within(days, window)),
        required=rules.threshold(current + 1) if following else 0,
        counter=rules.counter,
        qualify_until=_qualify_until(rules, window.last_day) if following else None,
        benefits=tuple(benefit.key for benefit in levels[current].benefits),
    )


def _qualify_until(rules: TierRules, last_day: date) -> datetime | None:
    """When the present window closes; a rolling window never does."""
    return None if rules.config.window.type == "rolling" else midnight_after(last_day, rules.time_zone)


def _at_level(rules: TierRules, earned: Qualification, since: datetime) -> Standing:
    return Standing(rules.config.levels[earned.level].key, since, _until(rules, earned))


def _until(rules: TierRules, earned: Qualification) -> datetime | None:
    if earned.level == 0 or earned.through is None:
        return None
    return midnight_after(with_grace(rules.config, earned.through), rules.time_zone)
