"""What the community announces: that and which, never the words or the picture."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReviewSubmitted(Event):
    """A member sent a review; nobody else sees it yet."""

    kind: ClassVar[str] = "community.review_submitted"
    review_id: UUID
    about: str
    subject: str
    stars: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReviewDecided(Event):
    """A moderator approved or rejected a review."""

    kind: ClassVar[str] = "community.review_decided"
    review_id: UUID
    about: str
    subject: str
    stars: int
    approved: bool
    currency: str | None = None
    units: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class EntryDecided(Event):
    """A moderator approved or rejected an entry."""

    kind: ClassVar[str] = "community.entry_decided"
    entry_id: UUID
    contest_key: str
    approved: bool
    currency: str | None = None
    units: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContestDecided(Event):
    """The member's entry won a contest; its prize follows from this."""

    kind: ClassVar[str] = "community.contest_decided"
    contest_key: str
    entry_id: UUID
    place: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContestWon(Event):
    """The prize of a contest was given."""

    kind: ClassVar[str] = "community.contest_won"
    contest_key: str
    entry_id: UUID
    place: int
    currency: str | None = None
    units: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatheringJoined(Event):
    """A member has a seat: at once, or because somebody before them left."""

    kind: ClassVar[str] = "community.gathering_joined"
    gathering_key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatheringLeft(Event):
    """A member gave seats back, or left the line (no seats): those behind may move."""

    kind: ClassVar[str] = "community.gathering_left"
    gathering_key: str
    seats: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatheringAttended(Event):
    """A member came."""

    kind: ClassVar[str] = "community.gathering_attended"
    gathering_key: str
    currency: str | None = None
    units: int = 0
