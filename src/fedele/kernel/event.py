"""Events: what a room announces. Frozen, past tense, without personal data; they travel through the outbox as JSON."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter

from fedele.kernel.ids import MemberId


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. A subclass is a frozen dataclass with `kind` ("points.earned") and JSON-able fields."""

    kind: ClassVar[str]
    member_id: MemberId
    occurred_at: datetime

    def payload(self) -> dict[str, Any]:
        """The event as JSON-able values, without its kind."""
        adapter = _ADAPTERS(type(self))
        result: dict[str, Any] = adapter.dump_python(self, mode="json")
        return result

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Read back what `payload` wrote. Raises pydantic.ValidationError for another shape."""
        event: Self = _ADAPTERS(cls).validate_python(payload)
        return event


_ADAPTERS: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
