"""What rooms register with the worker."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fedele.kernel.clock import Moment
from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, slots=True)
class Handler:
    """Work that follows an event. `run(event, outbox_id)` may be called more than once for the same outbox_id.

    `name` is stable ("wallet.pass_changed"): jobs in the queue carry it across deployments.
    """

    name: str
    event: type[Event]
    run: Callable[[Any, UUID], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """Work that follows the clock: `run(moment)` about every `every_seconds`, by one worker at a time."""

    name: str
    every_seconds: float
    run: Callable[[Moment], Awaitable[None]]


class RetryLater(Exception):
    """A handler asks to be called again after `seconds` (a server said Retry-After): not counted as a fault."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
