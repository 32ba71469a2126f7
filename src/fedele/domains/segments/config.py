"""Section `segments` of the programme file: who belongs together, by a condition over facts or by a list."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.programme.types import Defines, Items, Key, Refers, Section
from fedele.kernel.vocabulary import SegmentCondition

Cadence: TypeAlias = Literal["hourly", "daily"]
SegmentRef = Annotated[str, Refers("segment")]


class SegmentConfig(Section):
    """Some members: `{key: lapsed, name: Lapsed regulars, when: "member.days_since_purchase > 45"}`.

    With `when`, membership follows the facts. With `list: true` it is whoever was imported or added by staff.
    """

    key: Annotated[Key, Defines("segment")]
    name: str = Field(min_length=1, max_length=120)
    """For staff; members never see it."""
    when: SegmentCondition | None = None
    """A condition over `member` and `now`. What is not known does not hold."""
    list: bool = False
    """A static list instead of a condition."""
    refresh: Cadence = "hourly"
    """How often everybody is looked at again. Besides, a member is looked at whenever something happens to them."""
    window_days: int = Field(default=1, ge=0, le=3660)
    """Entering is announced at most once in so many days, and so is leaving: who flaps is not greeted each time."""
    announce_first: bool = False
    """Whether those who are inside already when the segment is new count as entering."""

    @model_validator(mode="after")
    def _one_source(self) -> "SegmentConfig":
        if (self.when is None) == (not self.list):
            raise ValueError("give a condition in `when`, or `list: true` for a static list: one of them")
        if self.when is not None and "member.segments" in self.when.names:
            raise ValueError("`when` cannot read member.segments: repeat the other segment's condition instead")
        return self


class SegmentsConfig(Items[SegmentConfig]):
    """Section `segments`: a list."""
