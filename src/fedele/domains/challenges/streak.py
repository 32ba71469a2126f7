"""Decide how a streak stands: a fold over the periods that were kept, in their order, whenever they were told."""

from collections.abc import Iterable

from fedele.domains.challenges.config import Freezes, Streak, StreakStep
from fedele.domains.challenges.types import Reached, StreakState


def fold(kept: Iterable[int], now: int, grace: int, freezes: Freezes) -> StreakState:
    """The streak in period number `now`, from the numbers of the periods that were kept.

    A period counts once, however much was done in it. A missed one is forgiven by the grace, then by a freeze; one
    more ends the streak. Late news of a period is as good as news in time: the same periods give the same streak.
    """
    runs: list[int] = []
    length, held, last = 0, freezes.start, None
    for period in sorted(set(kept)):
        if last is not None:
            used = max(0, period - last - 1 - grace)
            if used <= held:
                held -= used
            else:
                runs.append(length)
                length, held = 0, freezes.start
        length += 1
        last = period
        if freezes.every and length % freezes.every == 0 and held < freezes.held_max:
            held += 1
    if last is None:
        return StreakState(freezes_left=freezes.start)
    runs.append(length)
    missed = max(0, now - last - 1)
    used = max(0, missed - grace)
    if used > held:
        return StreakState(0, max(runs), freezes.start, runs=tuple(runs))
    return StreakState(
        current=length,
        best=max(runs),
        freezes_left=held - used,
        kept_now=last >= now,
        at_risk=last < now and missed + 1 > grace + held,
        runs=tuple(runs),
    )


def reached(streak: Streak, runs: Iterable[int]) -> tuple[Reached, ...]:
    """Every time that a step was reached, counted over all runs."""
    lengths = tuple(runs)
    return tuple(
        Reached(step_key(step), nth, step.at) for step in streak.steps for nth in range(1, _times(step, lengths) + 1)
    )


def step_key(step: StreakStep) -> str:
    """A step is known by its length."""
    return str(step.at)


def _times(step: StreakStep, runs: tuple[int, ...]) -> int:
    times = sum(length // step.at if step.again else int(length >= step.at) for length in runs)
    return min(times, 1) if step.once else times
