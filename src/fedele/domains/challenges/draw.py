"""Decide whether a surprise happens: by chance, and yet the same whenever it is asked again."""

import hashlib
from uuid import UUID

from fedele.domains.challenges.config import SurpriseBase
from fedele.kernel.ids import MemberId

SCALE = 10**9  # a draw is a whole number from 0 to a thousand million, that excluded


def draw(seed: str, surprise_key: str, member_id: MemberId, source_id: UUID) -> int:
    """The draw of this member for this event: uniform, and known only once the event has its id.

    SHA-256 over the four, of which 128 bits are taken modulo SCALE; the bias of that is below 1e-29.
    """
    text = f"{seed}\x1f{surprise_key}\x1f{member_id}\x1f{source_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]) % SCALE


def threshold(surprise: SurpriseBase) -> int:
    """Draws below it win."""
    return int(surprise.probability.scaleb(9))
