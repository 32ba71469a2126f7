"""The order of the feed: replayable, capped, exploring, and honest about its chances."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretBytes

from fedele.domains.feed.config import CardKind
from fedele.domains.feed.errors import FeedTokenInvalid
from fedele.domains.feed.ranking import after, rank
from fedele.domains.feed.tokens import FeedTokens
from fedele.domains.feed.types import Candidate, ShownCard, Term
from fedele.kernel.ids import MemberId, new_id

MEMBER = MemberId(new_id())


def card(kind: CardKind, key: str, score: float) -> Candidate:
    """A card of this score."""
    return Candidate(kind=kind, key=key, title=key, reason="because", terms=(Term("base", score),))


kinds = st.sampled_from(["offer", "product", "reward", "content"])
cards = st.lists(st.tuples(kinds, st.integers(0, 40), st.floats(-1, 4)), max_size=40, unique_by=lambda c: (c[0], c[1]))
limits = st.dictionaries(kinds, st.integers(0, 5))


@given(cards, limits, st.integers(0, 10**6))
def test_order_is_replayable_capped_and_whole(
    drawn: list[tuple[CardKind, int, float]], cards_max: dict[CardKind, int], epoch: int
) -> None:
    """The same seed gives the same order; no kind exceeds its cap; what is not capped is all there, each once."""
    candidates = [card(kind, f"{kind}-{number}", score) for kind, number, score in drawn]
    order = rank(candidates, MEMBER, epoch, cards_max)
    assert order == rank(list(reversed(candidates)), MEMBER, epoch, cards_max)
    counted = Counter(ranked.candidate.kind for ranked in order)
    for kind, total in Counter(candidate.kind for candidate in candidates).items():
        assert counted[kind] == min(total, cards_max.get(kind, total))
    assert [ranked.slot for ranked in order] == list(range(len(order)))
    assert all(0 < ranked.propensity <= 1 for ranked in order)


def test_propensities_are_the_chances_that_really_hold() -> None:
    """Over many epochs, each card takes the first place as often as its propensity says, capped kinds included."""
    candidates = [card("offer", "a", 1.0), card("offer", "b", 0.8), card("survey", "c", 0.5), card("survey", "d", 0.9)]
    cards_max: dict[CardKind, int] = {"survey": 1}
    first, second, claimed = Counter[str](), Counter[str](), Counter[str]()
    runs = 4000
    for epoch in range(runs):
        order = rank(candidates, MEMBER, epoch, cards_max)
        first[order[0].candidate.key] += 1
        claimed[order[0].candidate.key] = round(order[0].propensity * runs)  # the same in every run
        second[order[1].candidate.key] += 1 / order[1].propensity  # inverse-propensity weights: unbiased
    for key, count in first.items():
        assert count == pytest.approx(claimed[key], abs=4 * (runs * 0.25) ** 0.5)
    # Each card that could come second weighs as often as it was still to be had after the first place.
    assert second["a"] == pytest.approx(runs - first["a"], rel=0.15)
    assert second["c"] == pytest.approx(runs - first["c"] - first["d"], rel=0.2)


def test_better_cards_come_earlier_and_others_get_their_chance() -> None:
    """A card of a clearly higher score leads most of the time, not always."""
    candidates = [card("offer", "good", 1.4), card("offer", "poor", 0.8)]
    leads = Counter(rank(candidates, MEMBER, epoch, {})[0].candidate.key for epoch in range(500))
    assert 0.75 < leads["good"] / 500 < 0.95


def test_members_differ() -> None:
    """The same cards at the same time are ordered anew for every member."""
    candidates = [card("product", f"p{number}", 1.0) for number in range(8)]
    orders = {tuple(r.candidate.key for r in rank(candidates, MemberId(new_id()), 1, {})) for _ in range(20)}
    assert len(orders) > 15


@given(st.integers(1, 30), st.data())
def test_pages_go_on_when_the_cursors_card_is_gone(count: int, data: st.DataObject) -> None:
    """After the card at the cursor was claimed, the next page is what followed it: nothing skipped, nothing again."""
    candidates = [card("product", f"p{number:02}", (number % 5) / 2) for number in range(count)]
    order = rank(candidates, MEMBER, 7, {})
    cut = data.draw(st.integers(0, count - 1))
    gone = [candidate for candidate in candidates if candidate.key != order[cut].candidate.key]
    rest = after(rank(gone, MEMBER, 7, {}), order[cut].draw, order[cut].candidate.key)
    assert [ranked.candidate.key for ranked in rest] == [ranked.candidate.key for ranked in order[cut + 1 :]]


SHOWN = ShownCard("offer", "coffee", 3, 0.25, 81234, "linear-1")


def test_a_token_says_what_was_shown_to_whom() -> None:
    """It reads back for its member, and for nobody else, and not when a bit of it changed."""
    tokens = FeedTokens(SecretBytes(b"s" * 32))
    token = tokens.make(MEMBER, SHOWN)
    assert tokens.read(MEMBER, token) == SHOWN
    for wrong in (token[:-1], token[:5] + ("A" if token[5] != "A" else "B") + token[6:], "", "!!", "é"):
        with pytest.raises(FeedTokenInvalid):
            tokens.read(MEMBER, wrong)
    with pytest.raises(FeedTokenInvalid):
        tokens.read(MemberId(new_id()), token)
    with pytest.raises(FeedTokenInvalid):
        FeedTokens(SecretBytes(b"t" * 32)).read(MEMBER, token)
