"""What fraud announces."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class FraudSuspected(Event):
    """A case was opened."""

    kind: ClassVar[str] = "fraud.suspected"
    case_id: UUID
    rule: str
    blocks: bool
