"""One letter after the other, and no longer than whoever claimed them holds them."""

import time
from collections.abc import Awaitable, Callable, Sequence

from fedele.domains.messaging.ports import Letter, PushOutcome, PushOutcomeKind

# Two carriers one after the other, each with one more letter that takes as long as it may, stay within a claim
# (messaging.delivery.LEASE): beyond it another worker has the letter, and it would leave twice.
SECONDS_MAX = 20.0


async def in_turn(
    letters: Sequence[Letter],
    send_one: Callable[[Letter], Awaitable[PushOutcome]],
    monotonic: Callable[[], float] = time.monotonic,
) -> list[PushOutcome]:
    """An outcome each, in order. What has no turn in time is to be claimed anew; that was no attempt."""
    began, outcomes = monotonic(), list[PushOutcome]()
    for letter in letters:
        if monotonic() - began < SECONDS_MAX:
            outcomes.append(await send_one(letter))
        else:
            outcomes.append(_no_turn(letter))
    return outcomes


def _no_turn(letter: Letter) -> PushOutcome:
    """Of a letter that an earlier attempt may have sent, that is still so."""
    return PushOutcome(
        PushOutcomeKind.RETRY_AFTER,
        reason="no turn: the provider was slow",
        retry_after_seconds=1.0,
        possibly_delivered=letter.tried_at is not None,
    )
