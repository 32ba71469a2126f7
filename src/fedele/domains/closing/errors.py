"""Why a day is not closed."""

from fedele.kernel.refusal import Refusal


class DayNotOver(Refusal):
    """The day goes on: what it ends with is not known yet."""

    code = "DAY_NOT_OVER"
    message = "{day} is not over yet: it can be closed from {ends_at} on."
