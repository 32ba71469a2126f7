"""What segments announces: keys only, never a fact."""

import dataclasses
from typing import ClassVar

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class SegmentEntered(Event):
    """The member is now in the segment; at most once within the segment's window."""

    kind: ClassVar[str] = "segments.entered"
    segment: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SegmentLeft(Event):
    """The member is no longer in the segment; at most once within the segment's window."""

    kind: ClassVar[str] = "segments.left"
    segment: str
