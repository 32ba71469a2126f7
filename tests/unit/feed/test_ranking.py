"""The order of the feed: replayable, capped, exploring, and honest about its chances."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretBytes

from fedele.domains.feed.config import CardKind
from fedele.domains.feed.errors import FeedTokenInvalid
from fedele.domains.feed.ranking import EXPLORATION, rank
from fedele.domains.feed.tokens import FeedTokens
from fedele.domains.feed.types import Candidate, Policy, ShownCard, Term
from fedele.kernel.ids import MemberId, new_id

MEMBER = MemberId(new_id())


def card(kind: CardKind, key: str, score: float) -> Candidate:
    """A card of this score."""
    return Candidate(kind=kind, key=key, title=key, reason="because", terms=(Term("base", score),))


kinds = st.sampled_from(["offer", "product", "reward", "content"])
cards = st.lists(st.tuples(kinds, st.integers(0, 40), st.floats(-1, 4)), max_size=40, unique_by=lambda c: (c[0], c[1]))
limits = st.dictionaries(kinds, st.integers(0, 5))


@settings(deadline=None)
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
    """Over many epochs, each card takes the first place as often as its propensity says, capped kinds included; and at
    every place, weighing each card by one over its propensity counts it once for each time it could have come."""
    candidates = [card("offer", "a", 1.0), card("offer", "b", 0.8), card("survey", "c", 0.1), card("survey", "d", 0.9)]
    cards_max: dict[CardKind, int] = {"survey": 1}
    first, claimed = Counter[str](), Counter[str]()
    weighed, could = [Counter[str]() for _ in range(3)], [Counter[str]() for _ in range(3)]
    runs = 3000
    for epoch in range(runs):
        order = rank(candidates, MEMBER, epoch, cards_max, exploration=0.2)
        first[order[0].candidate.key] += 1
        claimed[order[0].candidate.key] = round(order[0].propensity * runs)  # the same in every run
        still = {"a", "b", "c", "d"}
        for place, ranked in enumerate(order):
            could[place].update(still)
            weighed[place][ranked.candidate.key] += 1 / ranked.propensity
            still -= {"c", "d"} if ranked.candidate.kind == "survey" else {ranked.candidate.key}
    for key, count in first.items():
        assert count == pytest.approx(claimed[key], abs=4 * (runs * 0.25) ** 0.5)
    for place in range(3):
        for key, count in could[place].items():
            assert weighed[place][key] == pytest.approx(count, rel=0.15), (place, key)


def test_every_card_has_at_least_the_floors_chance() -> None:
    """The poorest of ten cards takes a place with no less than its even part of the exploring share."""
    candidates = [card("product", "poor", -5.0), *(card("product", f"p{n}", 3.0) for n in range(9))]
    order = rank(candidates, MEMBER, 3, {})
    assert all(ranked.propensity >= EXPLORATION / (10 - ranked.slot) for ranked in order)
    firsts = Counter(rank(candidates, MEMBER, epoch, {}, exploration=0.1)[0].candidate.key for epoch in range(800))
    assert 2 <= firsts["poor"] <= 20  # eight are expected; without the floor none would come in a lifetime


def test_few_of_one_group_stand_in_one_feed() -> None:
    """Of twelve products of one category no more than the limit, and never less than that; the others are all there."""
    soups = [dataclasses.replace(card("product", f"soup{n}", 2.0), group="SOUP") for n in range(12)]
    others = [card("product", f"other{n}", 0.1) for n in range(5)]
    order = rank([*soups, *others], MEMBER, 5, {}, group_max=3)
    assert sum(ranked.candidate.group == "SOUP" for ranked in order) == 3
    assert sum(ranked.candidate.group is None for ranked in order) == 5


@settings(max_examples=60, deadline=None)
@given(cards, st.integers(0, 10**6), st.dictionaries(st.sampled_from(["base", "near", "often"]), st.floats(0.05, 20)))
def test_terms_sum_to_the_score_and_the_cited_fact_lifts_the_card(
    drawn: list[tuple[CardKind, int, float]], epoch: int, factors: dict[str, float]
) -> None:
    """Under any policy: the terms are the score, the reason is that of a fact which speaks for the card, and the card
    without that fact has a lower score and a lower chance of the first place."""
    candidates = [
        dataclasses.replace(
            card(kind, f"{kind}-{number}", score),
            terms=(
                Term("base", score),
                Term("near", (number % 7) / 5, "you are near"),
                Term("often", (number % 4) / 3, "you buy it often"),
            ),
        )
        for kind, number, score in drawn
    ]
    policy = Policy("p", factors)
    for ranked in rank(candidates, MEMBER, epoch, {}, policy=policy)[:4]:
        assert sum(term.weight for term in ranked.terms) == pytest.approx(ranked.score)
        cited = ranked.cited
        if cited is None:
            assert all(term.weight <= 0 for term in ranked.terms)
            continue
        assert ranked.reason == (cited.reason or "because")
        chosen = ranked.candidate
        poorer = dataclasses.replace(chosen, terms=tuple(t for t in chosen.terms if t.name != cited.name))
        without = [poorer if one is chosen else one for one in candidates]
        fallen = next(r for r in rank(without, MEMBER, epoch, {}, policy=policy) if r.candidate is poorer)
        assert fallen.score < ranked.score
        assert fallen.slot >= ranked.slot - 1  # a place that chance gives may move up one when the card before it falls


def test_a_place_of_the_experiment_says_who_could_have_taken_it() -> None:
    """The chosen card first, then every other that was still open: none that was placed before, none beyond a cap."""
    candidates = [card("survey", f"s{n}", 1.0) for n in range(3)] + [card("product", f"p{n}", 1.0) for n in range(9)]
    for epoch in range(40):
        order = rank(candidates, MEMBER, epoch, {"survey": 1}, choice_at=4)
        choice = order[4].choice
        before = {ranked.candidate.key for ranked in order[:4]}
        surveys_open = 0 if any(key.startswith("s") for key in before) else 3
        assert choice[0] is order[4].candidate
        assert not before & {one.key for one in choice}
        assert len(choice) == surveys_open + 9 - sum(key.startswith("p") for key in before)
        assert not any(ranked.choice for ranked in order if ranked.slot != 4)


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


@settings(deadline=None)
@given(st.integers(1, 30), st.data())
def test_pages_go_on_when_the_cursors_card_is_gone(count: int, data: st.DataObject) -> None:
    """After the card at the cursor was claimed, the next page is what followed it: nothing skipped, nothing again."""
    candidates = [card("product", f"p{number:02}", (number % 5) / 2) for number in range(count)]
    order = rank(candidates, MEMBER, 7, {}, exploration=0.5)  # both ways of filling a place, about as often
    cut = data.draw(st.integers(0, count - 1))
    gone = [candidate for candidate in candidates if candidate.key != order[cut].candidate.key]
    rest = rank(gone, MEMBER, 7, {}, exploration=0.5, after=order[cut].mark)
    assert [ranked.candidate.key for ranked in rest] == [ranked.candidate.key for ranked in order[cut + 1 :]]


SHOWN = ShownCard(
    "offer", "coffee", 3, 0.25, 81234, "linear-2", "receipt", {"near": 0.8, "offer": 1.6, "new_fact": 0.25}, b"\0\1\2"
)


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
