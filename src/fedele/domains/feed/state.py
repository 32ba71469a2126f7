"""What the feed must know of a member and of the deployment before it asks anybody for cards: one statement."""

import dataclasses
import hashlib
from datetime import timedelta

from fedele.db.database import Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.ranking import POLICY
from fedele.domains.feed.types import Policy, Situation
from fedele.kernel.ids import MemberId

DISMISSED_FOR = timedelta(days=30)
HOLDOUT_SHARE = 0.05
# Cards that may tire. What ends, what is owed an answer and how far it is to the next tier are no advertisements.
TIRING_KINDS = ("offer", "product", "reward", "content", "challenge", "referral", "event")

_READ = """
SELECT p.policy, p.factors, p.temperature,
       (SELECT bool_or(c.granted) FROM member_consent AS c
         WHERE c.member_id = $1 AND c.purpose = 'personalization' AND c.channel IN ('in_app', 'processing')) AS consent,
       ARRAY(SELECT jsonb_build_array(card_kind, card_key) FROM feed_event
              WHERE member_id = $1 AND occurred_at > least($2::timestamptz, $3)
              GROUP BY card_kind, card_key
             HAVING bool_or(kind = 'dismissed' AND occurred_at > $2)
                 OR (card_kind = ANY ($5::text[])
                     AND count(*) FILTER (WHERE kind = 'seen' AND occurred_at > $3) >= $4
                     AND NOT bool_or(kind IN ('clicked', 'redeemed') AND occurred_at > $3))) AS hidden
  FROM (SELECT coalesce($6::text, (SELECT policy FROM feed_promotion
                                    ORDER BY promoted_at DESC, promotion_id DESC LIMIT 1)) AS policy) AS wanted
  LEFT JOIN feed_policy AS p ON p.policy = wanted.policy
"""


@dataclasses.dataclass(frozen=True, slots=True)
class FeedState:
    """Who ranks, whether the member's history may be used for taste, and which cards stay away."""

    policy: Policy
    personal: bool
    hidden: frozenset[tuple[str, str]]


def in_holdout(member_id: MemberId) -> bool:
    """Whether the member is one of the standing five per cent whom no learned policy ever ranks for."""
    digest = hashlib.blake2b(b"feed holdout\0" + member_id.bytes, digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < HOLDOUT_SHARE


async def read_state(db: Queryable, situation: Situation, policy: str | None = None) -> FeedState:
    """The state now. `policy`: of the page that is gone on with, whatever was promoted since."""
    config, now = situation.programme.section(FeedConfig), situation.moment.now
    wanted = POLICY.version if in_holdout(situation.member_id) else policy
    tired_since = now - timedelta(days=config.fatigue.days)
    row = await db.fetch_row(
        _READ, situation.member_id, now - DISMISSED_FOR, tired_since, config.fatigue.seen, TIRING_KINDS, wanted
    )
    assert row is not None, "the statement answers one row for anybody"
    ranked_by = POLICY if row["policy"] is None else Policy(row["policy"], row["factors"], row["temperature"])
    personal = row["consent"] is not False if config.personalization == "opt_out" else row["consent"] is True
    return FeedState(ranked_by, personal, frozenset((kind, key) for kind, key in row["hidden"]))
