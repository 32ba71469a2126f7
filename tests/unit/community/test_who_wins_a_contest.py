"""Who wins: by votes, equal ones by lot, the same whoever asks and in whatever order the entries come."""

import random
from uuid import UUID

from fedele.domains.community.deciding import lot, winners_of
from fedele.domains.community.types import Candidate, PictureId, PictureLinks


def candidates(votes: list[int], members: list[int] | None = None) -> list[Candidate]:
    """Entries with so many votes, of these members (each of its own, if not said)."""
    owners = members or list(range(len(votes)))
    return [Candidate(UUID(int=place + 1), UUID(int=owners[place] + 100), count) for place, count in enumerate(votes)]


def test_most_votes_win_and_equal_ones_by_lot() -> None:
    """The lot decides between equals only, and shuffling the entries changes nothing."""
    entries = candidates([3, 7, 3, 7, 0])
    won = winners_of(entries, "spring", "seed", 3, "votes")
    assert [one.votes for one in won] == [7, 7, 3]
    assert lot("seed", "spring", won[0].entry_id) < lot("seed", "spring", won[1].entry_id)
    for _ in range(20):
        random.Random(_).shuffle(entries)
        assert winners_of(entries, "spring", "seed", 3, "votes") == won


def test_by_lot_votes_do_not_count_and_another_seed_draws_others() -> None:
    """Over two hundred seeds every one of five entries wins, about as often."""
    entries = candidates([1000, 0, 0, 0, 0])
    wins = [winners_of(entries, "spring", str(seed), 1, "lot")[0].entry_id for seed in range(200)]
    assert len(set(wins)) == 5
    assert min(wins.count(one.entry_id) for one in entries) > 15


def test_nobody_wins_twice_and_too_few_entries_are_no_mistake() -> None:
    """A member with three entries takes one place; two members cannot fill three places."""
    won = winners_of(candidates([9, 8, 7, 1], [1, 1, 1, 2]), "spring", "seed", 3, "votes")
    assert [one.votes for one in won] == [9, 1]
    assert winners_of([], "spring", "seed", 3, "lot") == ()


def test_a_link_opens_its_own_picture_only() -> None:
    """Another picture's key, another secret's, none at all: closed; and the link names nobody."""
    links, others = PictureLinks("https://x.test/", b"a" * 32), PictureLinks("https://x.test", b"b" * 32)
    one, two = PictureId(UUID(int=1)), PictureId(UUID(int=2))
    assert links.opens(one, links.key(one))
    assert not links.opens(two, links.key(one))
    assert not links.opens(one, others.key(one))
    assert not links.opens(one, "")
    assert links.url(one) == f"https://x.test/pictures/{one.hex}.jpg?key={links.key(one)}"
