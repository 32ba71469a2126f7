"""What leaves: pushes and letters, claimed, sent and settled, so that a kill loses none and doubles none."""

from fedele.domains.messaging.delivery.letters import Post
from fedele.domains.messaging.delivery.pushes import BATCH, Claimed, Delivery, collapse_key
from fedele.domains.messaging.delivery.settling import (
    ATTEMPTS_MAX,
    BACKOFF_FIRST,
    BACKOFF_MAX,
    LEASE,
    Settlement,
    settle,
)

__all__ = [
    "ATTEMPTS_MAX",
    "BACKOFF_FIRST",
    "BACKOFF_MAX",
    "BATCH",
    "LEASE",
    "Claimed",
    "Delivery",
    "Post",
    "Settlement",
    "collapse_key",
    "settle",
]
