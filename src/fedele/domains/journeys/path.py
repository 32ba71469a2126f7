"""What follows for a member in a journey: from a place, what is known and what was heard to the next place. Pure.

The same place with the same knowledge gives the same answer, so it does not matter how often it is asked or by whom. A
step that has an effect is only named here; carrying it out and writing the new place down are one transaction.
"""

import dataclasses
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.domains.journeys.config import (
    END,
    Ask,
    Award,
    Branch,
    Exit,
    Give,
    Happening,
    Journey,
    Leaving,
    Send,
    Split,
    Tag,
    Wait,
    Webhook,
)
from fedele.domains.journeys.dealing import arm_of, is_held_out
from fedele.domains.journeys.types import Advance, Heard, Known, Run, RunState, Visit
from fedele.domains.journeys.waiting import due_at
from fedele.kernel.conjuncts import first_failure
from fedele.kernel.expressions import Bindings, Expression


class FactsNeeded(Exception):
    """A condition is to be judged and `Known.facts` is None: read them and ask again."""


EFFECTS = (Send, Award, Give, Ask, Tag, Webhook)
VISITS_MAX = 1_000
PURCHASE = "purchase"


def advance(journey: Journey, run: Run, known: Known, now: datetime, heard: Heard | None = None) -> Advance:
    """Everything that follows now, up to the next wait.

    After a step with an effect it stops before a condition is judged that may read what the effect changed; the rest
    follows in the next round.
    """
    path = _Path(journey, run, known, now, heard)
    path.follow()
    return path.outcome()


def matches(wanted: Happening, heard: Heard) -> bool:
    """Whether what was heard is what is waited for."""
    if wanted.event not in heard.names:
        return False
    return wanted.when is None or (heard.values is not None and wanted.when.holds(heard.values))


def moved(old: Journey, new: Journey | None, run: Run, version: int) -> Advance:
    """The run in the light of a newer version of its journey: moved into it, or as it was, which is the rule.

    A journey that was removed, or whose author says `stay`, keeps its members in the version that they entered. How
    long they have waited counts in the new version, too.
    """
    seen = dataclasses.replace(run, seen_version=version)
    if run.step_key is None or new is None or new == old or new.on_change.members == "stay":
        return Advance(seen)
    to = new.on_change.steps.get(run.step_key, run.step_key)
    if to != END and new.find(to) is None:
        return Advance(seen)
    detail = {"from": run.programme_version, "to": version}
    visit = Visit(run.visits, run.step_key, "move", to, detail)
    here = dataclasses.replace(seen, programme_version=version, step_key=to, visits=run.visits + 1)
    if to != END:
        return Advance(here, (visit,))
    return Advance(
        dataclasses.replace(here, step_key=None, next_due=None, state=RunState.COMPLETED, reason="finished"), (visit,)
    )


class _Path:
    """One walk; see `advance`."""

    def __init__(self, journey: Journey, run: Run, known: Known, now: datetime, heard: Heard | None) -> None:
        self.journey, self.known, self.now = journey, known, now
        self.run = run
        self.heard = heard if heard is not None and _concerns(run, heard) else None
        self.visits: list[Visit] = []
        self.effects: list[tuple[int, Any]] = []

    def outcome(self) -> Advance:
        """The run's new place and what led there."""
        return Advance(self.run, tuple(self.visits), tuple(self.effects))

    def follow(self) -> None:
        """Walk."""
        if self.run.state is RunState.ACTIVE and not self.known.active:
            self._end(RunState.EXITED, "member_gone")
        if self.run.state is RunState.ACTIVE and self.run.step_key is None:
            self._enter()
        if self.run.state is RunState.HOLDOUT:
            self._look_on()
            return
        self._reach_goal()
        while self.run.state is RunState.ACTIVE and not self._leave() and self._step():
            pass

    def _enter(self) -> None:
        when = self.journey.when
        if when is not None and not self._holds(when):
            self._end(RunState.DECLINED, "condition", **self._why_not(when))
            return
        if is_held_out(self.journey, self.run.member_id):
            self._note("", "enter", "holdout", entry=self.run.entry_key)
            self.run = dataclasses.replace(self.run, state=RunState.HOLDOUT)
            return
        self._note("", "enter", "entered", entry=self.run.entry_key)
        self._stand_at(self.journey.steps[0].key)

    def _reach_goal(self) -> None:
        """The goal counts from entering until its days are over, once."""
        goal, run = self.journey.goal, self.run
        if goal is None or run.goal_at is not None or run.state in (RunState.DECLINED, RunState.HELD):
            return
        at = self._happened_at(goal)
        if at is None or (run.goal_until is not None and at > run.goal_until):
            return
        self.run = dataclasses.replace(self.run, goal_at=at)
        self._note(run.step_key or "", "goal", "reached", source=self._source(goal), event=goal.event)
        if goal.stops and self.run.state is RunState.ACTIVE:
            self._end(RunState.GOAL, "goal")

    def _look_on(self) -> None:
        """The holdout: only the goal, and the end of its time."""
        self._reach_goal()
        until = self.run.goal_until
        if self.run.goal_at is not None or until is None or self.now >= until or not self.known.active:
            self._end(RunState.COMPLETED, "holdout")
        else:
            self.run = dataclasses.replace(self.run, next_due=until)

    def _leave(self) -> bool:
        """Whether one of the exits applies; conditions wait until the effects before them are done."""
        for leaving in self.journey.exits:
            event = leaving.happening
            if event is not None and self._happened_at(event) is not None:
                return self._left(leaving, self._source(event), event=event.event)
            if leaving.when is not None and not self.effects and self._holds(leaving.when):
                return self._left(leaving, None, condition=leaving.when.text)
        return False

    def _left(self, leaving: Leaving, source: UUID | None, **detail: Any) -> bool:
        self._end(RunState.EXITED, leaving.reason, source=source, **detail)
        return True

    def _step(self) -> bool:
        """Take the step that the run stands at; whether the walk goes on."""
        assert self.run.step_key is not None, "an active run stands somewhere once it has entered"
        if self.run.visits >= VISITS_MAX:
            self._end(RunState.EXITED, "too_many_steps")
            return False
        step = self.journey.find(self.run.step_key)
        if self.effects and (isinstance(step, Branch) or any(one.when for one in self.journey.exits)):
            self.run = dataclasses.replace(self.run, next_due=self.now)
            return False
        if isinstance(step, Wait):
            return self._wait(step)
        if isinstance(step, Exit):
            self._end(RunState.EXITED, step.reason)
            return False
        if isinstance(step, EFFECTS):
            self.effects.append((len(self.visits), step))
            self._note(step.key, step.type, "done")
            self._go_on(self.journey.after(step.key))
        elif isinstance(step, Branch):
            self._branch(step)
        elif isinstance(step, Split):
            arm = arm_of(self.journey.key, step, self.run.member_id)
            self._note(step.key, "split", arm.key)
            self.run = dataclasses.replace(self.run, arm=arm.key)
            self._go_on(arm.go)
        return self.run.state is RunState.ACTIVE

    def _wait(self, step: Wait) -> bool:
        if step.until is not None and self.heard is not None and matches(step.until, self.heard):
            self._note(step.key, "wait", "event", source=self.heard.source_id, event=step.until.event)
            self.heard = None  # one event ends one wait
            self._go_on(step.on_event or self.journey.after(step.key))
            return self.run.state is RunState.ACTIVE
        due = due_at(step, self.run.step_since, self.known.time_zone)
        if self.now < due:
            self.run = dataclasses.replace(self.run, next_due=due)
            return False
        self._note(step.key, "wait", "timeout" if step.until is not None else "elapsed", due=due.isoformat())
        self._go_on(self.journey.after(step.key))
        return self.run.state is RunState.ACTIVE

    def _branch(self, step: Branch) -> None:
        for case in step.cases:
            if self._holds(case.when):
                self._note(step.key, "branch", case.go, condition=case.when.text)
                self._go_on(case.go)
                return
        otherwise = self.journey.after(step.key)
        self._note(step.key, "branch", otherwise, **self._why_not(step.cases[-1].when))
        self._go_on(otherwise)

    def _go_on(self, to: str) -> None:
        if to == END:
            self._end(RunState.COMPLETED, "finished")
        else:
            self._stand_at(to)

    def _stand_at(self, step_key: str) -> None:
        self.run = dataclasses.replace(self.run, step_key=step_key, step_since=self.now, next_due=self.now)

    def _end(self, state: RunState, reason: str, source: UUID | None = None, **detail: Any) -> None:
        self._note(self.run.step_key or "", "end", reason, source=source, **detail)
        self.run = dataclasses.replace(
            self.run, state=state, reason=reason, ended_at=self.now, next_due=None, step_key=None
        )

    def _note(self, step_key: str, kind: str, outcome: str, source: UUID | None = None, **detail: Any) -> None:
        self.visits.append(Visit(self.run.visits, step_key, kind, outcome, detail, source))
        self.run = dataclasses.replace(self.run, visits=self.run.visits + 1)

    def _happened_at(self, wanted: Happening) -> datetime | None:
        """When it happened: it was heard now, or it is a purchase that the books know of already."""
        if self.heard is not None and matches(wanted, self.heard):
            return self.heard.occurred_at
        if wanted.event == PURCHASE and wanted.when is None:
            return self.known.bought_at
        return None

    def _source(self, wanted: Happening) -> UUID | None:
        return self.heard.source_id if self.heard is not None and matches(wanted, self.heard) else None

    def _holds(self, condition: Expression) -> bool:
        return condition.holds(self._facts)

    @property
    def _facts(self) -> Bindings:
        if self.known.facts is None:
            raise FactsNeeded
        return self.known.facts

    def _why_not(self, condition: Expression) -> dict[str, Any]:
        """The part of a condition that did not hold, without values: the trace names no facts."""
        failure = first_failure(condition, self._facts)
        return {"condition": failure.text if failure is not None else condition.text}


def _concerns(run: Run, heard: Heard) -> bool:
    """What brought the member in, or happened before, is nothing that the journey has brought about."""
    return heard.occurred_at >= run.entered_at and str(heard.source_id) != run.entry_key
