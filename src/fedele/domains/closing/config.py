"""Section `closing` of the programme file: what the day's close tells members ahead of time."""

from pydantic import Field

from fedele.domains.programme.types import Section


class ClosingConfig(Section):
    """Section `closing`."""

    announce_expiry_days: int = Field(default=30, ge=1, le=365)
    """How many days ahead, at the least, a member is told that units will expire."""
