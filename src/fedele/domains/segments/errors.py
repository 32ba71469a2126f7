"""What segments refuses."""

from fedele.kernel.refusal import Refusal


class SegmentIsCondition(Refusal):
    """Nobody can be put into a segment that follows facts. Details: segment."""

    code = "SEGMENT_IS_CONDITION"
    message = "The segment {segment} follows its condition: nobody can be put into it or taken out by hand."


class SegmentIsList(Refusal):
    """A list has no condition that could be looked at again. Details: segment."""

    code = "SEGMENT_IS_LIST"
    message = "The segment {segment} is a list: it changes by imports and by hand, so there is nothing to refresh."
