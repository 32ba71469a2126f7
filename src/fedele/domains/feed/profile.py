"""What the feed keeps of a member, for the member to see."""

import dataclasses
from datetime import datetime
from typing import Any

from fedele.db.database import Queryable
from fedele.domains.feed.state import DISMISSED_FOR, read_state
from fedele.domains.feed.types import Situation
from fedele.kernel.ids import MemberId

DISMISSED_MAX = 50


@dataclasses.dataclass(frozen=True, slots=True)
class FeedProfile:
    """What is remembered of the member's cards. `personal`: whether their history is used for taste at all."""

    personal: bool
    policy: str
    seen_count: int
    tapped_count: int
    since: datetime | None
    dismissed: tuple[tuple[str, str, datetime], ...]  # kind, key, until when it stays away


async def profile_of(db: Queryable, situation: Situation) -> FeedProfile:
    """What the feed knows of this member, in two statements."""
    state = await read_state(db, situation)
    row = await db.fetch_row(
        """
        SELECT count(*) FILTER (WHERE kind = 'seen') AS seen, count(*) FILTER (WHERE kind = 'clicked') AS tapped,
               min(occurred_at) AS since,
               ARRAY(SELECT jsonb_build_array(card_kind, card_key, max(occurred_at)) FROM feed_event
                      WHERE member_id = $1 AND kind = 'dismissed' AND occurred_at > $2
                      GROUP BY card_kind, card_key ORDER BY max(occurred_at) DESC LIMIT $3) AS dismissed
          FROM feed_event WHERE member_id = $1
        """,
        situation.member_id, situation.moment.now - DISMISSED_FOR, DISMISSED_MAX,
    )  # fmt: skip
    assert row is not None
    dismissed = tuple(
        (kind, key, datetime.fromisoformat(at) + DISMISSED_FOR) for kind, key, at in row["dismissed"] or ()
    )
    return FeedProfile(state.personal, state.policy.version, row["seen"], row["tapped"], row["since"], dismissed)


async def export_personal_data(db: Queryable, member_id: MemberId) -> list[dict[str, Any]]:
    """Every card that the member saw, tapped or waved away, oldest first, as JSON-able values."""
    rows = await db.fetch(
        """
        SELECT kind, card_kind, card_key, placement, slot, occurred_at FROM feed_event
         WHERE member_id = $1 ORDER BY occurred_at, event_id
        """,
        member_id,
    )
    return [
        {
            "what": row["kind"],
            "card": f"{row['card_kind']}:{row['card_key']}",
            "placement": row["placement"],
            "slot": row["slot"],
            "occurredAt": row["occurred_at"].isoformat(),
        }
        for row in rows
    ]
