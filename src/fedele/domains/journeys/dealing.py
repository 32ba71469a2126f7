"""Chance that can be told again: which side of a split a member is on, and who is held out. Pure."""

import hashlib
from uuid import UUID

from fedele.domains.journeys.config import Arm, Journey, Split


def arm_of(journey_key: str, step: Split, member_id: UUID) -> Arm:
    """The arm of this member: always the same, spread over the arms by their weights."""
    total = sum(arm.weight for arm in step.arms)
    place = _drawn(f"{journey_key}:{step.key}:{step.seed}:{member_id}") * total >> 64
    for arm in step.arms:
        place -= arm.weight
        if place < 0:
            return arm
    raise AssertionError("the draw lies below the sum of all weights")


def is_held_out(journey: Journey, member_id: UUID) -> bool:
    """Whether this member is left alone, to be compared with."""
    return _drawn(f"{journey.key}:holdout:{member_id}") * 100 >> 64 < journey.holdout_percent


def _drawn(text: str) -> int:
    """A number of 64 bits."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
