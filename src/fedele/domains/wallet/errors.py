"""The wallet's reasoned refusals."""

from fedele.kernel.refusal import Refusal


class TooManyDevices(Refusal):
    """One pass is on more phones than anybody owns: somebody registers devices that do not exist."""

    code = "PASS_TOO_MANY_DEVICES"
    message = "This card is already on {devices_max} devices. Remove it from one of them first."
