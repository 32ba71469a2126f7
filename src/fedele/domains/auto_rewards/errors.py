"""Why a choice cannot be made."""

from fedele.kernel.refusal import Refusal


class ModeUnknown(Refusal):
    """The automatic reward has no such mode. Details: modes, the keys there are."""

    code = "AUTO_REWARD_MODE_UNKNOWN"
    message = "There is no such choice. Choose one of: {modes}."
