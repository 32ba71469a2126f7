"""The tier of a sale's own time, and what a sale that reaches us late changes in the tiers since then. Pure.

What is earned is rated once, with the version and the tier that history gives for its own time. A sale that reaches us
after others were counted may have made an earlier tier than we knew of: the history is then corrected by lines dated
where they belong (what was recorded stays), so that what reaches us next is rated by the right tier. Counters know
days, not hours: what else was counted on a day counts from its end.
"""

import bisect
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fedele.domains.checkout.state import MemberState, Rules
from fedele.domains.earning.queries import end_of_day
from fedele.domains.tiers.commands import change_to_json
from fedele.domains.tiers.queries import TierRules, decide, programme_day
from fedele.domains.tiers.types import Standing, TierDecision, TierKey

Days = Mapping[date, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """The standing after a sale or an event, and the lines that the history gains."""

    standing: Standing
    changes: tuple[Mapping[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TierThen:
    """The member's tier at the time of a sale, before it."""

    rules: TierRules
    state: MemberState
    at: datetime
    now: datetime
    late: bool  # whether something later is known already: a change of tier, or what was counted
    lapsed: Judged  # the standing at that time, if nothing later is known

    @classmethod
    def of(cls, rules: Rules, state: MemberState, at: datetime, now: datetime) -> "TierThen":
        """Judge the standing as of the sale's own time; a tier whose protection had ended by then is lost before it."""
        since, before = state.standing.since, Judged(state.standing)
        changed_since = since is not None and at < since
        if changed_since or (state.days and max(state.days) > programme_day(at, rules.tiers.time_zone)):
            return cls(rules.tiers, state, at, now, True, before)
        decision = decide(rules.tiers, state.standing, state.days, at, state.joined_at or at)
        return cls(rules.tiers, state, at, now, False, _and_then(before, decision))

    @property
    def tier(self) -> TierKey | None:
        """The tier by which the sale is rated; the lowest, where history says none or one that is gone."""
        return self.level(self._recorded())

    def level(self, tier: TierKey | None) -> TierKey | None:
        """The tier of this key; the lowest for none or one that is gone."""
        levels = self.rules.config.levels
        return levels[self.rules.place(tier)].key if levels else tier

    def _recorded(self) -> TierKey | None:
        if not self.late:
            return self.lapsed.standing.tier
        since = self.state.standing.since
        if since is not None and self.at < since:
            return self.state.tier_then
        day = programme_day(self.at, self.rules.time_zone)
        known = {counted: amount for counted, amount in self.state.days.items() if counted <= day}
        return decide(self.rules, self.state.standing, known, self.at, self.state.joined_at or self.at).standing.tier

    def judge(self, own: Days) -> Judged:
        """The standing once the sale has counted `own`."""
        days = dict(self.state.days)
        for day, amount in own.items():
            days[day] = days.get(day, 0) + amount
        joined = self.state.joined_at or self.at
        if not self.late:
            decision = decide(self.rules, self.lapsed.standing, days, self.at, joined)
            return _and_then(self.lapsed, decision)
        if not self.rules.config.levels:
            return self.lapsed
        return _Correction(self, days, own, joined).run()


class _Correction:
    """The history since a late sale, walked again from its own time to now."""

    def __init__(self, then: TierThen, days: Days, own: Days, joined: datetime) -> None:
        self.then, self.rules, self.days, self.own, self.joined = then, then.rules, days, own, joined
        self.base = then.state.standing
        self.gained: Standing | None = None  # what the late sale brought above what was recorded
        self.changes: list[Mapping[str, Any]] = []
        by_day = self.rules.counter == "visits"
        self.counted = sorted(days)
        self.sums = list(
            itertools.accumulate(int(days[day] > 0) if by_day else max(0, days[day]) for day in self.counted)
        )
        self.needs = [self.rules.threshold(place) for place in range(len(self.rules.config.levels))]

    def run(self) -> Judged:
        """Every instant at which the tier could have been another one than was recorded, in order."""
        recorded = history = self.then.tier
        waiting = sorted(self._instants())
        after = list(self.then.state.tiers_after)
        while waiting:
            instant = waiting.pop(0)
            while after and after[0][0] <= instant:
                recorded = history = self.then.level(after.pop(0)[1])
            self._judge(recorded, instant)
            effective = recorded
            if self.gained is not None and self.rules.place(self.gained.tier) > self.rules.place(recorded):
                effective = self.gained.tier
                end = self.gained.kept_until
                if end is not None and instant < end <= self.then.now and end not in waiting:
                    waiting = sorted([*waiting, end])
            if effective != history:
                self._note(history, effective, instant)
                history = effective
        decision = decide(self.rules, self.base, self.days, self.then.now, self.joined)
        judged = _and_then(Judged(self.base, tuple(self.changes)), decision)
        if judged.changes and judged.standing.since is None:
            lowest = Standing(
                self.rules.config.levels[0].key, datetime.fromisoformat(judged.changes[-1]["occurred_at"])
            )
            return dataclasses.replace(judged, standing=lowest)
        return judged

    def _instants(self) -> set[datetime]:
        """When something later was counted or recorded: the sale itself, ends of days, recorded changes, now."""
        then, day = self.then, programme_day(self.then.at, self.rules.time_zone)
        ends = {end_of_day(counted, self.rules.time_zone) for counted in self.days if counted >= day}
        instants = {then.at, *ends, *(changed for changed, _ in then.state.tiers_after), then.now}
        return {instant for instant in instants if then.at <= instant <= then.now} | {then.at}

    def _judge(self, recorded: TierKey | None, instant: datetime) -> None:
        """Note what is earned at this instant above what was recorded, or that it has ended."""
        if self.gained is not None and self.gained.kept_until is not None and instant >= self.gained.kept_until:
            self.gained = None
        if not self._may_rise(recorded, instant):
            return
        decision = decide(self.rules, Standing(recorded), self._known(instant), instant, self.joined)
        level = self.rules.place(decision.standing.tier)
        if level <= self.rules.place(recorded):
            return
        if self.gained is None or level >= self.rules.place(self.gained.tier):
            self.gained = decision.standing
        if level > self.rules.place(self.base.tier):
            self.base = decide(self.rules, self.base, self._known(instant), instant, self.joined).standing

    def _may_rise(self, recorded: TierKey | None, instant: datetime) -> bool:
        """Whether all that had been counted by then, in any window, could make a higher tier than was recorded.

        It spares an import of old history from judging every day since, sale by sale.
        """
        above = self.rules.place(recorded) + 1
        if above >= len(self.needs):
            return False
        today = programme_day(instant, self.rules.time_zone)
        days = len(self.counted) if instant >= self.then.now else bisect.bisect_right(self.counted, today)
        return days > 0 and self.sums[days - 1] >= self.needs[above]

    def _known(self, instant: datetime) -> dict[date, int]:
        """What had been counted by then: whole days before it, and of its own day what the late sale counts."""
        today = programme_day(instant, self.rules.time_zone)
        if instant >= self.then.now:
            return dict(self.days)
        known = {day: amount for day, amount in self.days.items() if day < today}
        return known | {day: amount for day, amount in self.own.items() if day == today}

    def _note(self, history: TierKey | None, effective: TierKey | None, instant: datetime) -> None:
        up = self.rules.place(effective) > self.rules.place(history)
        kept_until = self.gained.kept_until if self.gained is not None and self.gained.tier == effective else None
        decision = TierDecision(Standing(effective, instant, kept_until), "upgrade" if up else "downgrade")
        self.changes.append(change_to_json(Standing(history), decision))


def told(then: TierThen, judged: Judged) -> Sequence[Mapping[str, Any]]:
    """The changes that are announced: those of an ordinary sale; of a corrected history only what differs today."""
    before = then.state.standing
    if not then.late:
        return judged.changes
    if before.tier == judged.standing.tier or not judged.changes:
        return ()
    last = judged.changes[-1]
    return (dict(last) | {"from": before.tier, "to": judged.standing.tier},)


def _and_then(judged: Judged, decision: TierDecision) -> Judged:
    if not decision.reason:
        return Judged(decision.standing, judged.changes)
    return Judged(decision.standing, (*judged.changes, change_to_json(judged.standing, decision)))
