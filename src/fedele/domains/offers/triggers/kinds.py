"""The triggers an offer may have: one class a kind, and the union that reads them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import ClockTime, Section

EventName = Annotated[str, Field(pattern=r"^[A-Za-z][\w.:/ -]{0,99}$")]


class EnterTrigger(Section):
    """The phone comes into one of the offer's places, and the server believes it."""

    type: Literal["enter"]


class TimeTrigger(Section):
    """An hour comes on a day on which the offer is open."""

    type: Literal["time"]
    at: ClockTime | None = None
    """Local time, on the clock of the schedule's `local_to`; not said: when each of its windows opens."""
    to: Literal["favourite_store", "nearby", "everybody"] = "favourite_store"
    """Whom it tells: those whose favourite store is one of its places, those last seen at one, or its audience."""
    seen_within_minutes: int = Field(default=60, ge=5, le=24 * 60)
    """`nearby`: how old the last believed position may be."""
    late_minutes: int = Field(default=30, ge=1, le=12 * 60)
    """Later than this it is not told any more: a worker that was away does not speak of the morning at noon."""


class _Following(Section):
    nth: int | None = Field(default=None, ge=1, le=100_000)
    """Only the n-th time in the member's life."""
    every: int | None = Field(default=None, ge=2, le=100_000)
    """Every so many times: 5 means the fifth, the tenth …"""
    after_hours: int = Field(default=0, ge=0, le=24 * 90)
    """Wait so long; the offer is judged again then."""
    open_hours: int = Field(default=72, ge=1, le=24 * 366)
    """How long the member sees the offer from then on."""

    @model_validator(mode="after")
    def _counts_one_way(self) -> "_Following":
        if self.nth is not None and self.every is not None:
            raise ValueError("takes nth or every, not both")
        return self

    def meets(self, count: int) -> bool:
        """Whether this is the time it is about; `count` includes it."""
        if self.nth is not None:
            return count == self.nth
        return self.every is None or count % self.every == 0


class PurchaseTrigger(_Following):
    """After a purchase."""

    type: Literal["purchase"]


class VisitTrigger(_Following):
    """After a check-in that the server believes."""

    type: Literal["visit"]


class EventTrigger(_Following):
    """After a custom event: an abandoned wishlist is `{event: wishlist.added, after_hours: 24, unless: [purchase]}`."""

    type: Literal["event"]
    event: EventName
    unless: tuple[EventName, ...] = ()
    """Not if one of these happened while it waited; `purchase` stands for any purchase."""


Trigger = Annotated[
    EnterTrigger | TimeTrigger | PurchaseTrigger | VisitTrigger | EventTrigger, Field(discriminator="type")
]
FollowingTrigger = PurchaseTrigger | VisitTrigger | EventTrigger
