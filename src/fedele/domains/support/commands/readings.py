"""Keeping what was read out of texts."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.support.types import Reading, SourceKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

_KEEP = """
INSERT INTO text_reading (member_id, source_kind, source_id, part, read_at, text_sha256, model, language, negative,
                          neutral, positive, themes, urgent_for, contradicts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (member_id, source_kind, source_id, part) DO UPDATE
   SET read_at = excluded.read_at, text_sha256 = excluded.text_sha256, model = excluded.model,
       language = excluded.language, negative = excluded.negative, neutral = excluded.neutral,
       positive = excluded.positive, themes = excluded.themes, urgent_for = excluded.urgent_for,
       contradicts = excluded.contradicts
"""
# Claimed and put off in one statement: the longest unread first, so that one that cannot be read keeps back no others.
_UNREAD = """
WITH due AS (
    SELECT member_id, source_kind, source_id, part FROM text_reading
     WHERE model IS NULL AND read_at <= $1 ORDER BY read_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE text_reading r SET read_at = $3 FROM due
 WHERE r.member_id = due.member_id AND r.source_kind = due.source_kind AND r.source_id = due.source_id
   AND r.part = due.part
RETURNING r.member_id, r.source_kind, r.source_id
"""
UNREAD_BATCH_COUNT = 50
UNREAD_LEASE = timedelta(minutes=10)


async def claim_unread(tx: Transaction, moment: Moment) -> list[tuple[MemberId, SourceKind, UUID]]:
    """Sources with texts that no model has read, not tried within the lease."""
    rows = await tx.fetch(_UNREAD, moment.now - UNREAD_LEASE, UNREAD_BATCH_COUNT, moment.now)
    return list(dict.fromkeys((MemberId(row["member_id"]), row["source_kind"], row["source_id"]) for row in rows))


async def keep_readings(
    tx: Transaction,
    member_id: MemberId,
    kind: SourceKind,
    source_id: UUID,
    texts: Mapping[str, str],
    readings: Sequence[Reading],
    moment: Moment,
) -> None:
    """Keep what was read of these texts (part → words) in place of what was read before. The words are not kept.

    The caller holds the member's lock.
    """
    await tx.execute(
        "DELETE FROM text_reading WHERE member_id = $1 AND source_kind = $2 AND source_id = $3 AND part <> ALL($4)",
        member_id, kind, source_id, [one.part for one in readings],
    )  # fmt: skip
    for one in readings:
        feeling = one.feeling
        await tx.execute(
            _KEEP, member_id, kind, source_id, one.part, moment.now,
            hashlib.sha256(texts[one.part].encode()).digest(), one.model, one.language,
            feeling.negative if feeling else None, feeling.neutral if feeling else None,
            feeling.positive if feeling else None, list(one.themes), list(one.urgent_for), one.contradicts,
        )  # fmt: skip
