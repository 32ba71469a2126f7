"""What an outcome of a push service, a mail server or an SMS provider means for what was sent."""

import dataclasses
from datetime import datetime, timedelta

from fedele.domains.messaging.ports import PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import SendState

LEASE = timedelta(seconds=120)  # well over the time that sending one batch can take
ATTEMPTS_MAX = 8  # faults in a row; waiting because the service asked for it is none
BACKOFF_FIRST = timedelta(seconds=5)
BACKOFF_MAX = timedelta(minutes=15)

# Why a claimed row (`due`, of which `s` is the whole) does not leave, as the governor would say it now; NULL: it may.
# A suspicion stops what advertises; what serves the member (a renewal's notice, a receipt) is still owed to them.
STANDING = """
SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM member m
                              WHERE m.member_id = due.member_id AND m.status = 'active') THEN 'member_gone'
            WHEN s.purpose <> 'service' AND EXISTS (SELECT 1 FROM fraud_case f
                          WHERE f.member_id = due.member_id AND f.blocks AND f.state IN ('open', 'confirmed'))
                 THEN 'member_blocked' END AS held_back
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of one claimed push. `refunded`: the attempt does not count, since nothing went wrong."""

    state: SendState
    next_at: datetime
    reason: str | None = None
    provider_id: str | None = None
    refunded: bool = False


def settle(outcome: PushOutcome, attempts_count: int, expires_at: datetime, now: datetime) -> Settlement:
    """What an outcome of the push service means for a push that was tried `attempts_count` times."""
    reason = outcome.reason or None
    match outcome.kind:
        case PushOutcomeKind.DELIVERED:
            return Settlement(SendState.SENT, now, reason, outcome.provider_id)
        case PushOutcomeKind.UNREGISTERED_TARGET:
            return Settlement(SendState.UNREGISTERED, now, reason)
        case PushOutcomeKind.BAD_PAYLOAD:
            return Settlement(SendState.REJECTED, now, reason)
        case PushOutcomeKind.RETRY_AFTER:
            wait, refunded = timedelta(seconds=outcome.retry_after_seconds or 60), True
        case PushOutcomeKind.TRANSIENT:
            wait, refunded = min(BACKOFF_FIRST * 2 ** (attempts_count - 1), BACKOFF_MAX), False
            reason = f"{reason} (possibly delivered)" if outcome.possibly_delivered else reason
    if now + wait >= expires_at:
        return Settlement(SendState.EXPIRED, now, reason)
    if not refunded and attempts_count >= ATTEMPTS_MAX:
        return Settlement(SendState.ABANDONED, now, reason)
    return Settlement(SendState.QUEUED, now + wait, reason, refunded=refunded)
