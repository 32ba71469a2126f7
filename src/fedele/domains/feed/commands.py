"""Recording what members did with their cards, forgetting it, and which policy ranks."""

from collections.abc import Sequence
from datetime import timedelta

from fedele.db.database import Transaction
from fedele.domains.feed.errors import FeedBatchTooLarge
from fedele.domains.feed.learning.promotion import fall_back, fit_policy, promote_policy
from fedele.domains.feed.types import FeedEvent, FeedEventKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = ["fall_back", "fit_policy", "forget_member", "promote_policy", "record_feed_events", "reset_feed"]

BATCH_MAX = 200
CLOCK_AHEAD_MAX = timedelta(minutes=5)


async def record_feed_events(tx: Transaction, member_id: MemberId, events: Sequence[FeedEvent], moment: Moment) -> int:
    """Keep a batch of events; answers how many were new. Phones send at least once: a known id
    changes nothing, nor does the same thing told again of the same card of the same feed under another id.

    A time ahead of ours (a phone's wrong clock) counts as now. Raises FeedBatchTooLarge.
    """
    if len(events) > BATCH_MAX:
        raise FeedBatchTooLarge(limit=BATCH_MAX)
    rows = await tx.fetch(
        """
        INSERT INTO feed_event (member_id, event_id, kind, card_kind, card_key, slot, propensity, epoch, policy,
                                occurred_at, shown_id, placement, features, choice, recorded_at)
        SELECT $1, e.*, $15
          FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::float8[], $8::bigint[], $9::text[],
                      $10::timestamptz[], $11::uuid[], $12::text[], $13::jsonb[], $14::bytea[]) AS e
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
        [event.card.shown_id for event in events],
        [event.card.placement for event in events],
        # What a card was shown for is kept with its being seen, and nowhere else.
        [dict(event.card.features) if event.kind is FeedEventKind.SEEN else {} for event in events],
        [event.card.choice if event.kind is FeedEventKind.SEEN else None for event in events],
        moment.now,
    )
    if any(row["kind"] == FeedEventKind.DISMISSED.value for row in rows):
        await tx.touch(member_id)  # the feed is another one now: phones must not keep the old one
    return len(rows)


async def reset_feed(tx: Transaction, member_id: MemberId) -> None:
    """Forget every card that the member saw, tapped or waved away: what was dismissed may come again."""
    await forget_member(tx, member_id)
    await tx.touch(member_id)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: what the member looked at goes."""
    await tx.execute("DELETE FROM feed_event WHERE member_id = $1", member_id)
