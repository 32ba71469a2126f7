"""Making a feed."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from fedele.db.database import Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.own_sources import EXPIRY_NOTICE, OWN_SOURCES
from fedele.domains.feed.ranking import POLICY, after, rank
from fedele.domains.feed.tokens import FeedTokens
from fedele.domains.feed.types import Candidate, FeedSource, Ranked, ShownCard, Situation
from fedele.domains.feed.wording import REASONS
from fedele.kernel.pages import MalformedCursor, Page, decode_cursor, encode_cursor

__all__ = [
    "EXPIRY_NOTICE",
    "OWN_SOURCES",
    "POLICY",
    "REASONS",
    "FeedTokens",
    "Feeds",
    "build_feed",
    "shown",
]

DISMISSED_FOR = timedelta(days=30)


@dataclasses.dataclass(frozen=True, slots=True)
class Feeds:
    """What bootstrap hands to the API: every room's cards, and the tokens they carry."""

    sources: Sequence[FeedSource]
    tokens: FeedTokens


async def build_feed(
    db: Queryable, sources: Sequence[FeedSource], situation: Situation, first: int, after_cursor: str | None = None
) -> Page[Ranked]:
    """A page of the member's feed. Pages of one epoch neither skip nor repeat, whatever comes and goes between.

    A cursor of an earlier epoch goes on in that epoch's order. Raises MalformedCursor.
    """
    dismissed, found = await asyncio.gather(
        _dismissed(db, situation), asyncio.gather(*(source.candidates(db, situation) for source in sources))
    )
    candidates = [card for cards in found for card in cards if (card.kind, card.key) not in dismissed]
    order = _order(candidates, situation, after_cursor)
    items = tuple(order[:first])
    epoch = _epoch(situation, after_cursor)
    cursors = tuple(encode_cursor(epoch, repr(ranked.draw), ranked.candidate.key) for ranked in items)
    return Page(items, cursors, len(order) > first)


def shown(ranked: Ranked, situation: Situation) -> ShownCard:
    """What a card's token will say."""
    card = ranked.candidate
    return ShownCard(card.kind, card.key, ranked.slot, ranked.propensity, situation.epoch, POLICY)


def _order(candidates: list[Candidate], situation: Situation, cursor: str | None) -> Sequence[Ranked]:
    config = situation.programme.section(FeedConfig)
    epoch = _epoch(situation, cursor)
    order = rank(candidates, situation.member_id, epoch, config.cards_max)
    if cursor is None:
        return order
    _, draw, key = decode_cursor(cursor, 3)
    try:
        return after(order, float(draw), str(key))
    except ValueError:
        raise MalformedCursor("this cursor belongs to another list") from None


def _epoch(situation: Situation, cursor: str | None) -> int:
    if cursor is None:
        return situation.epoch
    epoch = decode_cursor(cursor, 3)[0]
    if not isinstance(epoch, int):
        raise MalformedCursor("this cursor belongs to another list")
    return epoch


async def _dismissed(db: Queryable, situation: Situation) -> set[tuple[str, str]]:
    """Cards the member waved away lately: they stay away for a month."""
    rows = await db.fetch(
        """
        SELECT DISTINCT card_kind, card_key FROM feed_event
         WHERE member_id = $1 AND kind = 'dismissed' AND occurred_at > $2
        """,
        situation.member_id, situation.moment.now - DISMISSED_FOR,
    )  # fmt: skip
    return {(row["card_kind"], row["card_key"]) for row in rows}
