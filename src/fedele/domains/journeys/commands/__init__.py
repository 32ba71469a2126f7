"""Journeys' commands, by what they are for."""

from fedele.domains.journeys.commands.advancing import advance_due, advance_runs
from fedele.domains.journeys.commands.deciding import Engine
from fedele.domains.journeys.commands.entering import enter, enter_by_clock
from fedele.domains.journeys.commands.hearing import hear
from fedele.domains.journeys.commands.steering import (
    forget_member,
    pause_journey,
    resume_journey,
    wake_changed,
)

__all__ = [
    "Engine", "advance_due", "advance_runs", "enter", "enter_by_clock", "forget_member", "hear", "pause_journey",
    "resume_journey", "wake_changed",
]  # fmt: skip
