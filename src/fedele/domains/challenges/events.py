"""What challenges announce."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChallengeJoined(Event):
    """A member joined an opt-in challenge or streak (`countable`)."""

    kind: ClassVar[str] = "challenges.joined"
    countable: str
    challenge_key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChallengeProgressed(Event):
    """Progress of a challenge or streak changed, up or down. `progress` is scaled; `period` '' means the only one."""

    kind: ClassVar[str] = "challenges.progressed"
    countable: str
    challenge_key: str
    period: str
    progress: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChallengeCompleted(Event):
    """A step was reached and its award given. `countable`: challenge, streak or surprise; step "target": the goal."""

    kind: ClassVar[str] = "challenges.completed"
    countable: str
    challenge_key: str
    period: str
    step: str
    nth: int
    award_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChallengeRevoked(Event):
    """A return undid a step, and its award was taken back."""

    kind: ClassVar[str] = "challenges.revoked"
    countable: str
    challenge_key: str
    period: str
    step: str
    award_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class BadgeEarned(Event):
    """A member has a badge that they did not have."""

    kind: ClassVar[str] = "challenges.badge_earned"
    badge_key: str
    source_kind: str
    source_key: str
