"""What the day's close announces."""

import dataclasses
from datetime import datetime
from typing import ClassVar

from fedele.kernel.event import Event
from fedele.kernel.money import CurrencyKey


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExpiryAnnounced(Event):
    """Units of the member will expire; said once for each currency and instant of expiry."""

    kind: ClassVar[str] = "closing.expiry_announced"
    currency: CurrencyKey
    units: int
    expires_at: datetime
