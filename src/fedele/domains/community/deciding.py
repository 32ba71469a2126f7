"""Decide who wins a contest: by votes, equal ones by lot, or by lot alone. The same entries and seed, the same winners.

An entry's lot is SHA-256 of seed, contest and entry id: whoever has the list can check it by hand, and an entry that
comes or goes moves nobody else's lot. Nobody wins twice.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from fedele.domains.community.types import Candidate


def winners_of(
    candidates: Iterable[Candidate], contest_key: str, seed: str, count: int, by: Literal["votes", "lot"]
) -> tuple[Candidate, ...]:
    """The winners, first place first; fewer where there are not so many members with entries."""

    def order(one: Candidate) -> tuple[int, str]:
        return (-one.votes if by == "votes" else 0, lot(seed, contest_key, one.entry_id))

    won: dict[UUID, Candidate] = {}
    for one in sorted(candidates, key=order):
        if len(won) == count:
            break
        won.setdefault(one.member_id, one)
    return tuple(won.values())


def lot(seed: str, contest_key: str, entry_id: UUID) -> str:
    """An entry's lot: the smaller comes first."""
    return hashlib.sha256(f"{seed}\x1f{contest_key}\x1f{entry_id}".encode()).hexdigest()
