"""What an answer of the push service means for a push that is on its way."""

from datetime import timedelta
from uuid import UUID

import pytest

from fedele.domains.messaging.delivery import ATTEMPTS_MAX, collapse_key, settle
from fedele.domains.messaging.ports import PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import SendState
from tests.factories.messaging import NOON

LATER = NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (PushOutcomeKind.DELIVERED, SendState.SENT),
        (PushOutcomeKind.UNREGISTERED_TARGET, SendState.UNREGISTERED),
        (PushOutcomeKind.BAD_PAYLOAD, SendState.REJECTED),
        (PushOutcomeKind.RETRY_AFTER, SendState.QUEUED),
        (PushOutcomeKind.TRANSIENT, SendState.QUEUED),
    ],
)
def test_each_outcome_has_its_state(kind: PushOutcomeKind, state: SendState) -> None:
    """Delivered, gone and refused are final; the rest is tried again."""
    assert settle(PushOutcome(kind), 1, LATER, NOON).state is state


def test_the_service_names_the_wait() -> None:
    """Retry-After is kept to the second, and does not count as an attempt, however often it comes."""
    wait = PushOutcome(PushOutcomeKind.RETRY_AFTER, retry_after_seconds=37)
    end = settle(wait, ATTEMPTS_MAX + 5, LATER, NOON)
    assert (end.state, end.next_at, end.refunded) == (SendState.QUEUED, NOON + timedelta(seconds=37), True)


def test_faults_back_off_and_end() -> None:
    """5, 10, 20 … seconds, at most a quarter of an hour, and after eight faults it is enough."""
    fault = PushOutcome(PushOutcomeKind.TRANSIENT, reason="UNAVAILABLE")
    waits = [(settle(fault, n, LATER, NOON).next_at - NOON).total_seconds() for n in range(1, ATTEMPTS_MAX)]
    assert waits == [5, 10, 20, 40, 80, 160, 320]
    assert settle(fault, ATTEMPTS_MAX, LATER, NOON).state is SendState.ABANDONED


@pytest.mark.parametrize("kind", [PushOutcomeKind.RETRY_AFTER, PushOutcomeKind.TRANSIENT])
def test_nothing_is_tried_past_its_end(kind: PushOutcomeKind) -> None:
    """A push whose next attempt would come after it stopped to matter expires now."""
    outcome = PushOutcome(kind, retry_after_seconds=60)
    assert settle(outcome, 1, NOON + timedelta(seconds=4), NOON).state is SendState.EXPIRED


def test_an_unknown_answer_is_noted() -> None:
    """Support can see that the phone may have it already."""
    lost = PushOutcome(PushOutcomeKind.TRANSIENT, reason="DEADLINE_EXCEEDED", possibly_delivered=True)
    assert settle(lost, 1, LATER, NOON).reason == "DEADLINE_EXCEEDED (possibly delivered)"


def test_a_collapse_key_is_one_messages_own() -> None:
    """The same message has the same key for ever, another has another, and it fits APNs' 64 bytes and Web Push's 32."""
    key = collapse_key(UUID(int=1), "points-earned")
    assert key == collapse_key(UUID(int=1), "points-earned") == "tYIFyj-umepqsyUocqQ6kJFCjryQxZut"
    assert len(key) == 32
    assert len({key, collapse_key(UUID(int=2), "points-earned"), collapse_key(UUID(int=1), "tier-changed")}) == 3
