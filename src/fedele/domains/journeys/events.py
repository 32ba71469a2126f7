"""What journeys announce."""

import dataclasses
from typing import Any, ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class JourneyWebhookAsked(Event):
    """A member came to a webhook step. `message_id` stays the same however often it is told."""

    kind: ClassVar[str] = "journeys.webhook"
    message_id: UUID
    journey_key: str
    step_key: str
    topic: str
    data: dict[str, Any]
