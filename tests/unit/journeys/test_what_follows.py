"""What follows for a member: from a place and what is known to the next place, by hand and for any journey."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedele.domains.journeys.config import Journey
from fedele.domains.journeys.path import FactsNeeded, advance, moved
from fedele.domains.journeys.types import Advance, Heard, Known, Run, RunId, RunState, Visit
from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import EVENT_ENVIRONMENT, MEMBER_ENVIRONMENT
from tests.factories.journeys import journey

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
HELLO = {"key": "hello", "type": "send", "message": "hello"}
A_DAY = {"key": "a-day", "type": "wait", "days": 1}
GIFT = {"key": "gift", "type": "award", "units": {"currency": "points", "amount": 5}}


def begun(made: Journey, **given: Any) -> Run:
    """Somebody whom the trigger brought in just now."""
    until = START + timedelta(days=made.goal.days) if made.goal else None
    run = Run(
        RunId(UUID(int=1)), MemberId(UUID(int=2)), made.key, "entry", 1, 1, RunState.ACTIVE, None, START, 0, START,
        START, goal_until=until,
    )  # fmt: skip
    return dataclasses.replace(run, **given)


def facts(**values: Any) -> Bindings:
    """What is known of the member: `purchases_count=3`."""
    return MEMBER_ENVIRONMENT.bind({f"member.{name}": value for name, value in values.items()})


def event(name: str, after: timedelta, source: int = 9, **properties: Any) -> Heard:
    """Something that happened so long after the start."""
    values = EVENT_ENVIRONMENT.bind({"event.name": name, "event.properties": properties})
    return Heard(UUID(int=source), frozenset({name}), START + after, values)


HERE = Known(True, "Europe/Rome")


def words(taken: Advance) -> list[str]:
    """The lines of the trace."""
    return [f"{one.step_key} {one.kind} {one.outcome}".strip() for one in taken.visits]


def test_everything_up_to_the_next_wait_follows_at_once() -> None:
    """Then it is due when the wait is over; a look before that changes nothing."""
    made = journey(steps=[HELLO, A_DAY, GIFT])
    first = advance(made, begun(made), HERE, START)
    assert words(first) == ["enter entered", "hello send done"]
    assert (first.run.step_key, first.run.next_due) == ("a-day", START + timedelta(days=1))
    early = advance(made, first.run, HERE, START + timedelta(hours=23))
    assert (early.visits, early.run) == ((), first.run)
    then = advance(made, first.run, HERE, START + timedelta(days=1))
    assert words(then) == ["a-day wait elapsed", "gift award done", "gift end finished"]
    assert then.run.state is RunState.COMPLETED


def test_who_does_not_meet_the_condition_is_declined_with_the_part_that_failed() -> None:
    """The trace names the part of the condition, and no fact."""
    made = journey(when="member.purchases_count > 1 && member.tier == 'gold'", steps=[HELLO])
    with pytest.raises(FactsNeeded):
        advance(made, begun(made), HERE, START)
    known = dataclasses.replace(HERE, facts=facts(purchases_count=3, tier="blue"))
    taken = advance(made, begun(made), known, START)
    assert (taken.run.state, taken.effects) == (RunState.DECLINED, ())
    assert taken.visits[0].detail == {"condition": "member.tier == 'gold'"}


def test_the_first_case_that_holds_says_where_it_goes_on() -> None:
    """And if none does, the next step."""
    cases = [{"when": "member.purchases_count > 9", "go": "gift"}, {"when": "member.purchases_count > 5", "go": "end"}]
    made = journey(steps=[{"key": "which", "type": "branch", "cases": cases, "go": "hello"}, GIFT, HELLO])

    def way(count: int) -> list[str]:
        return words(advance(made, begun(made), dataclasses.replace(HERE, facts=facts(purchases_count=count)), START))

    assert way(10) == ["enter entered", "which branch gift", "gift award done", "hello send done", "hello end finished"]
    assert way(6) == ["enter entered", "which branch end", "which end finished"]
    assert way(1) == ["enter entered", "which branch hello", "hello send done", "hello end finished"]


def test_a_condition_waits_for_the_effects_before_it() -> None:
    """An award may change what a branch reads: the branch is judged in the next round, with fresh facts."""
    cases = [{"when": "member.purchases_count > 9", "go": "end"}]
    made = journey(steps=[GIFT, {"key": "which", "type": "branch", "cases": cases}, HELLO])
    first = advance(made, begun(made), HERE, START)
    assert words(first) == ["enter entered", "gift award done"]
    assert (first.run.step_key, first.run.next_due) == ("which", START)


def test_a_wait_until_something_happens_ends_by_it_or_by_its_length() -> None:
    """The event leads elsewhere than the end of patience."""
    wait = {"key": "bought", "type": "wait", "days": 7, "until": {"event": "purchase"}, "on_event": "hello"}
    made = journey(steps=[wait, GIFT, {"key": "out", "type": "exit", "reason": "lost"}, HELLO])
    inside = advance(made, begun(made), HERE, START).run
    day = START + timedelta(days=1)
    by_event = advance(made, inside, HERE, day, event("purchase", timedelta(days=1)))
    assert words(by_event) == ["bought wait event", "hello send done", "hello end finished"]
    assert by_event.visits[0].source_id == UUID(int=9)
    by_time = advance(made, inside, HERE, START + timedelta(days=7))
    assert words(by_time) == ["bought wait timeout", "gift award done", "out end lost"]
    assert advance(made, inside, HERE, day, event("check_in", timedelta(days=1))).visits == ()


def test_one_event_ends_one_wait() -> None:
    """Two waits for a purchase want two purchases."""
    until = {"until": {"event": "purchase"}, "days": 7, "type": "wait"}
    made = journey(steps=[{"key": "one", **until}, {"key": "two", **until}, HELLO])
    inside = advance(made, begun(made), HERE, START).run
    after = advance(made, inside, HERE, START + timedelta(days=1), event("purchase", timedelta(days=1)))
    assert after.run.step_key == "two"


@pytest.mark.parametrize("heard", [event("purchase", timedelta(0), source=9), event("purchase", -timedelta(days=1))])
def test_what_came_before_or_brought_the_member_in_is_no_goal(heard: Heard) -> None:
    """A journey cannot have brought about its own trigger."""
    made = journey(goal={"event": "purchase"}, steps=[A_DAY, HELLO])
    run = begun(made, entry_key=str(UUID(int=9)))
    assert advance(made, run, HERE, START, heard).run.goal_at is None


def test_reaching_the_goal_stops_the_journey() -> None:
    """By the event; and at a step by what the books know, should the event be late."""
    made = journey(goal={"event": "purchase"}, steps=[A_DAY, HELLO])
    inside = advance(made, begun(made), HERE, START).run
    heard = advance(made, inside, HERE, START + timedelta(hours=2), event("purchase", timedelta(hours=2)))
    assert words(heard) == ["a-day goal reached", "a-day end goal"]
    assert (heard.run.state, heard.run.goal_at) == (RunState.GOAL, START + timedelta(hours=2))
    bought = dataclasses.replace(HERE, bought_at=START + timedelta(hours=3))
    late = advance(made, inside, bought, START + timedelta(days=1))
    assert (words(late), late.effects) == (["a-day goal reached", "a-day end goal"], ())


def test_the_goal_counts_after_the_last_step_until_its_days_are_over() -> None:
    """Once, and it changes no end."""
    made = journey(goal={"event": "purchase", "days": 10, "when": "event.properties.amount > 5"}, steps=[HELLO])
    over = advance(made, begun(made), HERE, START).run
    assert over.state is RunState.COMPLETED

    def reached(after: timedelta, amount: float) -> datetime | None:
        return advance(made, over, HERE, START + after, event("purchase", after, amount=amount)).run.goal_at

    assert reached(timedelta(days=9), 6.0) == START + timedelta(days=9)
    assert reached(timedelta(days=9), 4.0) is None
    assert reached(timedelta(days=11), 6.0) is None


def test_exits_apply_at_steps_and_by_events() -> None:
    """Each with its own reason."""
    exits = [{"when": "member.tier == 'gold'", "reason": "vip"}, {"event": "complaint", "reason": "upset"}]
    made = journey(exits=exits, steps=[A_DAY, HELLO])
    blue = dataclasses.replace(HERE, facts=facts(tier="blue"))
    inside = advance(made, begun(made), blue, START).run
    gold = dataclasses.replace(HERE, facts=facts(tier="gold"))
    assert words(advance(made, inside, gold, START + timedelta(days=1))) == ["a-day end vip"]
    upset = advance(made, inside, blue, START + timedelta(hours=1), event("complaint", timedelta(hours=1)))
    assert words(upset) == ["a-day end upset"]


def test_the_holdout_is_left_alone_and_looked_at() -> None:
    """No step, only the goal; and its time ends with the goal's."""
    steps = [HELLO]
    made = journey(goal={"event": "purchase", "days": 10}, holdout_percent=90, steps=steps)
    someone = next(
        begun(made, member_id=MemberId(UUID(int=n)))
        for n in range(100)
        if advance(made, begun(made, member_id=MemberId(UUID(int=n))), HERE, START).run.state is RunState.HOLDOUT
    )
    held = advance(made, someone, HERE, START)
    assert (words(held), held.run.next_due) == (["enter holdout"], START + timedelta(days=10))
    bought = advance(made, held.run, HERE, START + timedelta(days=2), event("purchase", timedelta(days=2)))
    assert (bought.run.state, bought.run.goal_at) == (RunState.COMPLETED, START + timedelta(days=2))
    assert words(advance(made, held.run, HERE, START + timedelta(days=10))) == ["end holdout"]


def test_who_is_gone_leaves() -> None:
    """An erased member gets nothing more."""
    made = journey(steps=[HELLO])
    gone = advance(made, begun(made), dataclasses.replace(HERE, active=False), START)
    assert (words(gone), gone.effects) == (["end member_gone"], ())


def test_a_circle_ends_some_day() -> None:
    """A reminder without an end stops after a thousand lines."""
    made = journey(steps=[HELLO, A_DAY | {"go": "hello"}])
    run, now = begun(made), START
    for _ in range(1_100):
        taken = advance(made, run, HERE, now)
        run, now = taken.run, now + timedelta(days=1)
        if not run.open:
            break
    assert (run.state, run.reason, run.visits) == (RunState.EXITED, "too_many_steps", 1_001)


OLD = journey(steps=[HELLO, A_DAY, GIFT])
AT_WAIT = advance(OLD, begun(OLD), HERE, START).run


def test_members_stay_in_the_version_that_they_entered() -> None:
    """Unless its author says otherwise; and if it is removed altogether."""
    new = journey(steps=[HELLO, A_DAY | {"days": 9}, GIFT])
    for other in (new, None):
        kept = moved(OLD, other, AT_WAIT, 2)
        assert (kept.run.programme_version, kept.run.seen_version, kept.visits) == (1, 2, ())


def test_members_move_where_the_author_says_so() -> None:
    """By the same key, by a mapping, or not, where their step has no counterpart; the time they waited counts."""
    shorter = journey(on_change={"members": "move"}, steps=[A_DAY | {"hours": 12, "days": 0}, GIFT])
    there = moved(OLD, shorter, AT_WAIT, 2)
    assert (there.run.programme_version, words(there)) == (2, ["a-day move a-day"])
    assert words(advance(shorter, there.run, HERE, START + timedelta(hours=12)))[0] == "a-day wait elapsed"
    mapped = journey(on_change={"members": "move", "steps": {"a-day": "gift"}}, steps=[HELLO, GIFT])
    assert moved(OLD, mapped, AT_WAIT, 2).run.step_key == "gift"
    away = journey(on_change={"members": "move", "steps": {"a-day": "end"}}, steps=[HELLO])
    assert moved(OLD, away, AT_WAIT, 2).run.state is RunState.COMPLETED
    elsewhere = journey(on_change={"members": "move"}, steps=[HELLO, GIFT])
    assert moved(OLD, elsewhere, AT_WAIT, 2).run.programme_version == 1


# --- Any journey, any interruptions: the same path -------------------------------------------------------------------

KINDS = ["send", "award", "wait", "short_wait", "until", "split", "branch"]


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    """Any journey that only goes forward."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    keys = [f"s{n}" for n in range(len(kinds))]
    steps: list[dict[str, Any]] = []
    for n, kind in enumerate(kinds):
        onward = st.sampled_from([*keys[n + 1 :], "end"])
        step: dict[str, Any] = {"key": keys[n]}
        match kind:
            case "send":
                step |= {"type": "send", "message": "hello"}
            case "award":
                step |= GIFT | {"key": keys[n]}
            case "wait":
                step |= {"type": "wait", "days": draw(st.integers(1, 5))}
            case "short_wait":
                step |= {"type": "wait", "hours": draw(st.integers(1, 30))}
            case "until":
                step |= {"type": "wait", "days": 3, "until": {"event": "visit"}, "on_event": draw(onward)}
            case "split":
                arms = [{"key": key, "go": draw(onward)} for key in ("a", "b")]
                step |= {"type": "split", "arms": arms}
            case "branch":
                step |= {"type": "branch", "cases": [{"when": "member.purchases_count > 1", "go": draw(onward)}]}
        steps.append(step)
    goal = draw(st.sampled_from([None, {"event": "purchase", "days": 20}]))
    return journey(steps=steps, goal=goal)


@dataclasses.dataclass
class Store:
    """What a database keeps: the run and its trace, changed together or not at all."""

    run: Run
    trace: list[Visit]
    effects: list[tuple[int, str]]
    heard: set[UUID]

    def take(self, made: Journey, known: Known, now: datetime, heard: Heard | None, *, killed: bool) -> None:
        """One transaction of a worker; killed: nothing of it stays."""
        if heard is not None and heard.source_id in {one.source_id for one in self.trace}:
            return
        taken = advance(made, self.run, known, now, heard)
        if killed:
            return
        self.run = taken.run
        self.trace += taken.visits
        self.effects += [(taken.visits[index].number, step.key) for index, step in taken.effects]


def play(
    made: Journey, count: int, visits: list[int], kills: list[bool], looks: list[int]
) -> tuple[list[tuple[int, str, str, str]], list[tuple[int, str]]]:
    """Forty days hour by hour: due work is done within its hour, however often a worker is killed or looks in vain."""
    known = dataclasses.replace(HERE, facts=facts(purchases_count=count))
    store = Store(begun(made), [], [], set())
    dice = iter(kills)
    for hour in range(24 * 40):
        now = START + timedelta(hours=hour)
        if hour in visits:
            told = event("visit", timedelta(hours=hour), source=1_000 + hour)
            for _ in range(2):  # told at least once, and here twice, with a kill before
                store.take(made, known, now, told, killed=next(dice, False))
            store.take(made, known, now, told, killed=False)
        for _ in range(looks[hour % len(looks)] if looks else 0):
            store.take(made, known, now, None, killed=True)
        for _ in range(50):
            if store.run.next_due is None or store.run.next_due > now:
                break
            killed = next(dice, False)
            store.take(made, known, now, None, killed=killed)
        if not store.run.open:
            break
    return [(v.number, v.step_key, v.kind, v.outcome) for v in store.trace], store.effects


@settings(max_examples=60, deadline=None)
@given(
    made=journeys(),
    count=st.integers(0, 3),
    visits=st.lists(st.integers(0, 200), max_size=4, unique=True),
    kills=st.lists(st.booleans(), max_size=30),
    looks=st.lists(st.integers(0, 3), max_size=5),
)
def test_any_interleaving_of_restarts_gives_the_same_path(
    made: Journey, count: int, visits: list[int], kills: list[bool], looks: list[int]
) -> None:
    """Kills, repeated events and looks in vain change nothing: the same lines, each effect once, and no gap."""
    undisturbed = play(made, count, visits, [], [])
    disturbed = play(made, count, visits, kills, looks)
    assert disturbed == undisturbed
    numbers = [line[0] for line in disturbed[0]]
    assert numbers == list(range(len(numbers)))
    assert len(set(disturbed[1])) == len(disturbed[1])
