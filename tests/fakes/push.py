"""A push service in memory, held to the same contract as the real one."""

from collections import defaultdict, deque
from collections.abc import Sequence

from fedele.domains.messaging.ports import PushMessage, PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import TargetKind


class FakePush:
    """Takes every message, unless told what to answer for a target."""

    kinds = frozenset({TargetKind.FCM_TOKEN, TargetKind.FCM_FID})

    def __init__(self) -> None:
        self.sent: list[PushMessage] = []
        self.calls_count = 0
        self._answers: dict[str, deque[PushOutcome]] = defaultdict(deque)

    def script(self, value: str, *outcomes: PushOutcome) -> None:
        """Answer the next messages for this target so; what was possibly delivered counts as sent."""
        self._answers[value].extend(outcomes)

    async def send(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        """One outcome each, in order."""
        self.calls_count += 1
        return [self._take(message) for message in messages]

    async def close(self) -> None:
        """Nothing to let go of."""

    def _take(self, message: PushMessage) -> PushOutcome:
        if any(not isinstance(value, str) for value in message.data.values()):
            return PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason="data must be strings")
        answers = self._answers.get(message.value)
        outcome = answers.popleft() if answers else None
        if outcome is None:
            self.sent.append(message)
            return PushOutcome(PushOutcomeKind.DELIVERED, provider_id=f"fake/{len(self.sent)}")
        if outcome.possibly_delivered:
            self.sent.append(message)
        return outcome
