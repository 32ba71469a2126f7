"""What stands behind the port when no push service is configured: nothing leaves, and every push says why."""

from collections.abc import Sequence

from fedele.domains.messaging.ports import PushMessage, PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import TargetKind


class UnconfiguredPush:
    """Answers TRANSIENT: whoever configures a service before a message expires still gets it delivered."""

    kinds: frozenset[TargetKind] = frozenset(TargetKind)

    async def send(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        """Put every message off."""
        return [PushOutcome(PushOutcomeKind.TRANSIENT, reason="no push service is configured") for _ in messages]

    async def close(self) -> None:
        """Nothing to let go of."""
