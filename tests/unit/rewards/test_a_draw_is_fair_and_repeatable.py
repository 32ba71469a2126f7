"""A draw depends on its seed and its entries alone, and favours none of them."""

import random
from collections import Counter

from fedele.domains.rewards.draw import lot, winners_of
from fedele.domains.rewards.types import Entry, RedemptionId
from fedele.kernel.ids import MemberId, new_id


def entries(count: int, members: int | None = None) -> list[Entry]:
    """So many entries, of so many members in turn (each their own by default)."""
    ids = [MemberId(new_id()) for _ in range(members or count)]
    return [Entry(number, ids[number % len(ids)], RedemptionId(new_id())) for number in range(1, count + 1)]


def test_the_same_seed_draws_the_same_winners_in_any_order() -> None:
    """Shuffled entries change nothing; another seed does; places count from one."""
    all_of_them = entries(50)
    drawn = winners_of(all_of_them, "7 13 22", 5, one_per_member=True)
    shuffled = random.Random(1).sample(all_of_them, 50)
    assert winners_of(shuffled, "7 13 22", 5, one_per_member=True) == drawn
    assert winners_of(all_of_them, "7 13 23", 5, one_per_member=True) != drawn
    assert [winner.place for winner in drawn] == [1, 2, 3, 4, 5]


def test_anybody_can_check_a_lot_by_hand() -> None:
    """The lot is the plain SHA-256 of "<seed>:<number>", so that `sha256sum` is enough."""
    assert lot("seed", 1) == "81e4ba3bc2097d85ac4734eb3ad794fd4a2980b2e0b22569418e60e5550b4c32"
    numbers = {entry.number for entry in entries(20)}
    first = min(numbers, key=lambda number: lot("seed", number))
    assert winners_of(entries(20), "seed", 1, one_per_member=True)[0].number == first


def test_a_member_wins_once_where_the_reward_says_so() -> None:
    """Ten entries of two members: two winners; without the rule as many as there are places."""
    both = entries(10, members=2)
    assert len(winners_of(both, "s", 5, one_per_member=True)) == 2
    assert len(winners_of(both, "s", 5, one_per_member=False)) == 5


def test_a_withdrawn_entry_changes_no_other_lot() -> None:
    """Without the second-placed entry the others keep their order."""
    all_of_them = entries(30)
    full = [winner.number for winner in winners_of(all_of_them, "s", 30, one_per_member=True)]
    rest = [entry for entry in all_of_them if entry.number != full[1]]
    without = [winner.number for winner in winners_of(rest, "s", 30, one_per_member=True)]
    assert without == [full[0], *full[2:]]


def test_every_entry_has_the_same_chance() -> None:
    """Over 4,000 seeds each of ten entries wins about a tenth: chi-square below the 99.9 % bound for nine degrees."""
    ten = entries(10)
    won = Counter(winners_of(ten, f"seed-{n}", 1, one_per_member=True)[0].number for n in range(4_000))
    chi_square = sum((won[number] - 400) ** 2 / 400 for number in range(1, 11))
    assert chi_square < 27.88
