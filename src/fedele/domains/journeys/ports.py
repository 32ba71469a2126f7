"""What journeys reach outside for: the retailer's own server, told of webhook steps."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """One message to the retailer's server. `message_id` stays the same when it is told again."""

    message_id: UUID
    kind: str
    occurred_at: datetime
    data: Mapping[str, Any]


class WebhookSender(Protocol):
    """Tells the retailer's server. Any exception means: not heard, tell it again; RetryLater: not before then."""

    async def tell(self, told: Told) -> None:
        """Return once the server has said that it heard."""
        ...
