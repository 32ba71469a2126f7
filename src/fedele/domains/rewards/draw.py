"""The draw: who wins, decided by a seed and nothing else, so that anybody can repeat it."""

import hashlib
from collections.abc import Sequence

from fedele.domains.rewards.types import Entry, Winner


def winners_of(entries: Sequence[Entry], seed: str, winners: int, *, one_per_member: bool) -> tuple[Winner, ...]:
    """The winning entries, first place first. The same seed and entries give the same winners, in whatever order.

    Every entry's lot is SHA-256 of "<seed>:<number>", and the lowest lots win: each entry has the same chance, and the
    lot of one does not depend on the others, so that a disputed entry can be checked by hand. With `one_per_member`
    further entries of a winner are passed over. Fewer entries than winners: all of them win.
    """
    drawn: list[Winner] = []
    happy = set()
    for entry in sorted(entries, key=lambda entry: (lot(seed, entry.number), entry.number)):
        if len(drawn) == winners:
            break
        if one_per_member and entry.member_id in happy:
            continue
        happy.add(entry.member_id)
        drawn.append(Winner(len(drawn) + 1, entry.number))
    return tuple(drawn)


def lot(seed: str, number: int) -> str:
    """The lot of one entry, as hexadecimal text: sorts as it counts."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()
