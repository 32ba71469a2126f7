"""Decide a member's tier from what was counted: up at once, down when what protects it has ended. Pure."""

import dataclasses
from datetime import date, datetime

from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.config import EarnedCounter, SpendCounter, TiersConfig
from fedele.domains.tiers.types import CounterKey, Standing, TierDecision, TierKey, TierStatus
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
from fedele.kernel.money import minor_digits, to_units


@dataclasses.dataclass(frozen=True, slots=True)
class TierRules:
    """The parts of one programme version that tiers need. `digits`: decimals of the counter's units."""

    config: TiersConfig
    time_zone: str
    digits: int

    @classmethod
    def of(cls, programme: Programme) -> "TierRules":
        """Read from a programme version."""
        config, brand = programme.section(TiersConfig), programme.section(ProgrammeConfig)
        match config.counter:
            case EarnedCounter(currency=currency):
                digits = programme.section(Currencies).get(currency).decimals
            case SpendCounter():
                digits = minor_digits(brand.home_currency)
            case _:
                digits = 0
        return cls(config, brand.time_zone, digits)

    @property
    def counter(self) -> CounterKey:
        """The counter that qualifies: "spend", "visits" or "earned:<currency>"."""
        counter = self.config.counter
        return f"earned:{counter.currency}" if isinstance(counter, EarnedCounter) else counter.type

    def threshold(self, level: int) -> int:
        """What a level needs, in the counter's units."""
        return to_units(self.config.levels[level].threshold, self.digits, "up")

    def place(self, tier: TierKey | None) -> int:
        """The level's place in the file; a tier that is gone, or none, is the lowest."""
        keys = [level.key for level in self.config.levels]
        return keys.index(tier) if tier in keys else 0


def decide(rules: TierRules, standing: Standing, days: Days, at: datetime, joined: datetime) -> TierDecision:
    """The standing at this instant, given what was counted by day (of this counter, since `windows.read_from`).

    Up at once; the same level again prolongs what protects it; down only when that has ended, and then from that very
    instant, however late it is noticed.
    """
    if not rules.config.levels:
        return TierDecision(standing)
    current = rules.place(standing.tier)
    earned = qualification(rules, days, at, joined)
    if standing.tier not in (None, rules.config.levels[current].key):
        return TierDecision(_at_level(rules, earned, at), "downgrade")  # a tier the programme no longer has
    if earned.level > current:
        return TierDecision(_at_level(rules, earned, at), "upgrade")
    if earned.level == current:
        until = _until(rules, earned)
        later = until is not None and (standing.kept_until is None or until > standing.kept_until)
        return TierDecision(dataclasses.replace(standing, kept_until=until) if later else standing)
    if standing.kept_until is not None and at >= standing.kept_until:
        return TierDecision(_at_level(rules, earned, standing.kept_until), "downgrade")
    return TierDecision(standing)


def decide_after_return(
    rules: TierRules, standing: Standing, before: Days, after: Days, at: datetime, joined: datetime
) -> TierDecision:
    """The standing once a return has lowered what was counted: what was never truly earned is lost at once.

    A tier that had outlived its spending anyway (it stands in its grace) is not cut short by an unrelated return.
    """
    if not rules.config.levels:
        return TierDecision(standing)
    current, had = rules.place(standing.tier), qualification(rules, before, at, joined)
    has = qualification(rules, after, at, joined)
    if had.level < current or current == 0:
        return TierDecision(standing)
    if has.level < current:
        return TierDecision(_at_level(rules, has, at), "return")
    return TierDecision(dataclasses.replace(standing, kept_until=_until(rules, has)))


def qualification(rules: TierRules, days: Days, at: datetime, joined: datetime) -> Qualification:
    """The highest level that any window which counts at this instant gives, and through which day."""
    today = programme_day(at, rules.time_zone)
    best = Qualification(0, None)
    for window in windows_at(rules.config, today, programme_day(joined, rules.time_zone)):
        counted = count(rules, within(days, window))
        level = max(place for place in range(len(rules.config.levels)) if rules.threshold(place) <= max(counted, 0))
        if level == 0:
            continue
        through = kept_through(rules.config, window, days, rules.threshold(level))
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
