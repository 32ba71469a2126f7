"""Making a feed."""

import asyncio
import dataclasses
from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.learning.choices import experiment_slot, pack
from fedele.domains.feed.learning.promotion import (
    Estimate,
    Evaluation,
    PolicyRecord,
    TooLittleSeen,
    evaluate_policy,
    list_policies,
)
from fedele.domains.feed.own_sources import EXPIRY_NOTICE, OWN_SOURCES
from fedele.domains.feed.profile import FeedProfile, export_personal_data, profile_of
from fedele.domains.feed.ranking import POLICY, rank
from fedele.domains.feed.state import FeedState, in_holdout, read_state
from fedele.domains.feed.tokens import FeedTokens
from fedele.domains.feed.types import Candidate, FeedSource, Mark, Policy, Ranked, ShownCard, Situation
from fedele.domains.feed.wording import REASONS
from fedele.kernel.pages import MalformedCursor, Page, decode_cursor, encode_cursor

__all__ = [
    "EXPIRY_NOTICE",
    "OWN_SOURCES",
    "POLICY",
    "REASONS",
    "Estimate",
    "Evaluation",
    "FeedPage",
    "FeedProfile",
    "FeedTokens",
    "Feeds",
    "PolicyRecord",
    "TooLittleSeen",
    "build_feed",
    "evaluate_policy",
    "export_personal_data",
    "in_holdout",
    "list_policies",
    "profile_of",
    "shown",
]


SLOTS_MAX = 1_000_000
EPOCHS_MAX = 2**40


@dataclasses.dataclass(frozen=True, slots=True)
class Feeds:
    """What bootstrap hands to the API: every room's cards, and the tokens they carry."""

    sources: Sequence[FeedSource]
    tokens: FeedTokens


@dataclasses.dataclass(frozen=True, slots=True)
class FeedPage(Page[Ranked]):
    """A page, with what its tokens have to say: who ranked, and whether the member's history was used."""

    policy: Policy
    epoch: int
    personal: bool


async def build_feed(
    db: Queryable, sources: Sequence[FeedSource], situation: Situation, first: int, after_cursor: str | None = None
) -> FeedPage:
    """A page of the member's feed. Pages of one epoch neither skip nor repeat, whatever comes and goes between.

    A cursor goes on in the order that it was made in: that epoch's, under that policy. Raises MalformedCursor.
    """
    epoch, policy, mark = _decode(after_cursor) if after_cursor else (situation.epoch, None, None)
    state = await read_state(db, situation, policy)
    situation = dataclasses.replace(situation, personal=state.personal)
    found = await asyncio.gather(*(source.candidates(db, situation) for source in sources))
    candidates = paired(masked([card for cards in found for card in cards], situation, state))
    order = _order(candidates, situation, state, epoch, mark, first + 1)
    items = tuple(order[:first])
    cursors = tuple(_encode(epoch, state.policy.version, ranked.mark) for ranked in items)
    return FeedPage(items, cursors, len(order) > first, state.policy, epoch, state.personal)


def masked(candidates: Sequence[Candidate], situation: Situation, state: FeedState) -> list[Candidate]:
    """Without what was dismissed, has tired, or has no place here. Before any score: what may not be, is not ranked."""
    placement = situation.programme.section(FeedConfig).placements.get(situation.placement)
    kinds = placement.kinds if placement else ()
    return [
        card for card in candidates if (card.kind, card.key) not in state.hidden and (not kinds or card.kind in kinds)
    ]


def paired(candidates: Sequence[Candidate]) -> list[Candidate]:
    """A card whose subject an offer is about carries that offer."""
    covering = [card for card in candidates if card.covers is not None]
    if not covering:
        return list(candidates)
    return [card if card.kind != "product" else _with_offer(card, covering) for card in candidates]


def shown(ranked: Ranked, situation: Situation, page: FeedPage) -> ShownCard:
    """What a card's token will say. A member who is not profiled leaves no facts behind."""
    card = ranked.candidate
    features = {term.name: term.weight for term in card.terms} if page.personal else {}
    choice = pack(ranked.choice) if page.personal and ranked.choice else None
    return ShownCard(
        card.kind, card.key, ranked.slot, ranked.propensity, page.epoch, page.policy.version, situation.placement,
        features, choice,
    )  # fmt: skip


def _with_offer(card: Candidate, covering: Sequence[Candidate]) -> Candidate:
    offers = [offer for offer in covering if offer.covers is not None and offer.covers(card.subject)]
    if not offers:
        return card
    best = max(offers, key=lambda offer: (offer.score, offer.key))
    return dataclasses.replace(card, offer=best.subject)


def _order(
    candidates: list[Candidate], situation: Situation, state: FeedState, epoch: int, mark: Mark | None, first: int
) -> Sequence[Ranked]:
    config = situation.programme.section(FeedConfig)
    placement = config.placements.get(situation.placement)
    return rank(
        candidates,
        situation.member_id,
        epoch,
        {**config.cards_max, **(placement.cards_max if placement else {})},
        policy=state.policy,
        exploration=config.exploration,
        group_max=config.per_group_max,
        placement=situation.placement,
        after=mark,
        first=first,
        choice_at=experiment_slot(situation.member_id, epoch, situation.placement) if state.personal else None,
    )


def _encode(epoch: int, policy: str, mark: Mark) -> str:
    counts = "\n".join(f"{number}{name}" for name, number in mark.counts.items())
    return encode_cursor(epoch, policy, mark.slot, repr(mark.draw), repr(mark.floor_draw), counts)


def _decode(cursor: str) -> tuple[int, str, Mark]:
    epoch, policy, slot, draw, floor_draw, counts = decode_cursor(cursor, 6)
    if not (isinstance(epoch, int) and isinstance(slot, int) and isinstance(policy, str)):
        raise MalformedCursor("this cursor belongs to another list")
    if not (0 <= slot < SLOTS_MAX and 0 <= epoch < EPOCHS_MAX):  # of nobody's feed, and too large for what follows
        raise MalformedCursor("this cursor belongs to another list")
    try:
        counted = dict(_counted(line) for line in counts.split("\n") if line)
        return epoch, policy, Mark(slot, float(draw), float(floor_draw), counted)
    except (ValueError, TypeError, AttributeError):
        raise MalformedCursor("this cursor belongs to another list") from None


def _counted(line: str) -> tuple[str, int]:
    digits = len(line) - len(line.lstrip("0123456789"))
    return line[digits:], int(line[:digits])
