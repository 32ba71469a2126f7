"""Recording what members did with their cards."""

from collections.abc import Sequence
from datetime import timedelta

from fedele.db.database import Transaction
from fedele.domains.feed.errors import FeedBatchTooLarge
from fedele.domains.feed.types import FeedEvent, FeedEventKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

BATCH_MAX = 200
CLOCK_AHEAD_MAX = timedelta(minutes=5)


async def record_feed_events(tx: Transaction, member_id: MemberId, events: Sequence[FeedEvent], moment: Moment) -> int:
    """Keep a batch of events; answers how many were new. Phones send at least once: a known id changes nothing.

    A time ahead of ours (a phone's wrong clock) counts as now. Raises FeedBatchTooLarge.
    """
    if len(events) > BATCH_MAX:
        raise FeedBatchTooLarge(limit=BATCH_MAX)
    rows = await tx.fetch(
        """
        INSERT INTO feed_event (member_id, event_id, kind, card_kind, card_key, slot, propensity, epoch, policy,
                                occurred_at, recorded_at)
        SELECT $1, e.*, $11 FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::float8[],
                                        $8::bigint[], $9::text[], $10::timestamptz[]) AS e
        ON CONFLICT DO NOTHING RETURNING kind
        """,
        member_id,
        [event.id for event in events],
        [event.kind.value for event in events],
        [event.card.kind for event in events],
        [event.card.key for event in events],
        [event.card.slot for event in events],
        [event.card.propensity for event in events],
        [event.card.epoch for event in events],
        [event.card.policy for event in events],
        [min(event.occurred_at, moment.now + CLOCK_AHEAD_MAX) for event in events],
        moment.now,
    )
    if any(row["kind"] == FeedEventKind.DISMISSED.value for row in rows):
        await tx.touch(member_id)  # the feed is another one now: phones must not keep the old one
    return len(rows)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: what the member looked at goes."""
    await tx.execute("DELETE FROM feed_event WHERE member_id = $1", member_id)
