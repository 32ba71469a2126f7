"""Decide which steps of a challenge an amount of progress has reached, and how often."""

from decimal import Decimal

from fedele.domains.challenges.config import Award, Challenge
from fedele.domains.challenges.types import Reached
from fedele.kernel.money import to_units

TARGET = "target"  # the step that the target itself is
TIMES_MAX = 1_000  # of one challenge in one period, where the programme sets no end


def scaled(amount: Decimal, decimals: int) -> int:
    """A declared amount in the scaled integers in which progress is counted; what is finer is rounded up."""
    return to_units(amount, decimals, "up")


def times_completed(challenge: Challenge, progress: int, decimals: int) -> int:
    """How often this much progress completes the challenge."""
    return min(progress // scaled(challenge.goal.target, decimals), challenge.times_max or TIMES_MAX)


def reached(challenge: Challenge, progress: int, decimals: int) -> tuple[Reached, ...]:
    """Every step that this much progress has reached, in the order in which it was."""
    target = scaled(challenge.goal.target, decimals)
    places = [(str(step.at), scaled(step.at, decimals)) for step in challenge.steps]
    if challenge.award is not None:
        places.append((TARGET, target))
    found = []
    rounds = min(challenge.times_max or TIMES_MAX, progress // target + 1)
    for nth in range(1, rounds + 1):
        base = (nth - 1) * target
        found += [Reached(step, nth, base + place) for step, place in places if base + place <= progress]
    return tuple(found)


def award_of(challenge: Challenge, step: str) -> Award | None:
    """What a step gives; None for one that has left the programme."""
    if step == TARGET:
        return challenge.award
    return next((found.award for found in challenge.steps if str(found.at) == step), None)
