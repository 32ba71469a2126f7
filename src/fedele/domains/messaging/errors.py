"""What messaging refuses."""

from fedele.kernel.refusal import Refusal


class UnknownTimeZone(Refusal):
    """The device named a time zone that the IANA database does not have."""

    code = "UNKNOWN_TIME_ZONE"
    message = "{time_zone} is not a time zone. Send an IANA name such as Europe/Rome."


class MalformedTarget(Refusal):
    """The value cannot be the address of an installation."""

    code = "MALFORMED_PUSH_TARGET"
    message = "This cannot be a push target: {problem}."
