"""Rank candidates: Plackett–Luce sampling by Gumbel noise from a seed, a uniform floor, caps, and exact propensities.

Sorting by score/temperature + Gumbel noise draws an order from the Plackett–Luce model (Yellott 1977; Kool et al.
2019). A second, score-free order stands beside it, and a coin for each place says which of the two gives the next card
that is still to be had: so each place goes to any card at all with the probability `exploration`. What has had no turn
in an order is there as if nothing had been drawn yet (exponential arrival times forget), hence the propensity of a
place is exactly (1 − exploration) · softmax share + exploration / cards left. A card beyond a cap leaves for good,
which changes no chances among the rest but those divided by.
"""

import functools
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fedele.domains.feed.config import CardKind
from fedele.domains.feed.types import Candidate, Mark, Policy, Ranked
from fedele.kernel.ids import MemberId

POLICY = Policy("linear-2")  # written by hand: the sources' own weights
EXPLORATION = 0.06


def rank(
    candidates: Sequence[Candidate],
    member_id: MemberId,
    epoch: int,
    cards_max: Mapping[CardKind, int],
    *,
    policy: Policy = POLICY,
    exploration: float = EXPLORATION,
    group_max: int | None = None,
    placement: str = "home",
    after: Mark | None = None,
    choice_at: int | None = None,
    first: int | None = None,
) -> tuple[Ranked, ...]:
    """The order for this member in this epoch, or what follows a mark. The same input gives the same order.

    A kind named in `cards_max` appears at most so often, a group at most `group_max` times. After a mark, what was
    shown stays shown and the rest keeps its order, whatever came or went meanwhile. The place `choice_at` also says
    which cards could have taken it. `first`: only so many places (None: all).
    """
    if not candidates:
        return ()
    seed = hashlib.blake2b(f"{member_id}\0{epoch}\0{placement}".encode(), digest_size=32).digest()
    pool = _Pool(candidates, policy, seed, cards_max, group_max)
    if after is not None:
        pool.go_on(after)
    return tuple(_places(pool, seed, exploration, after, choice_at, math.inf if first is None else first))


def chance(weight: float, total: float, count: int, exploration: float) -> float:
    """The probability of a card of this weight among `count` open ones that weigh `total` together."""
    share = min(1.0, weight / total) if total > 0 else 1.0 / count
    return (1 - exploration) * share + exploration / count


class _Pool:
    """The cards in the order of their draws, which of them can still take a place, and what a place costs."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        policy: Policy,
        seed: bytes,
        kinds_max: Mapping[CardKind, int],
        group_max: int | None,
    ) -> None:
        self.policy, self._kinds_max, self._group_max = policy, kinds_max, group_max
        scaled = np.array(policy.scores(candidates)) / policy.temperature
        names = np.array([_name(card.kind, card.key) for card in candidates], dtype=np.uint64)
        draws = scaled + _gumbel(names, seed[:8])
        order = np.argsort(-draws, kind="stable")  # in one order whatever came first: sums of floats depend on it
        weights = np.exp(scaled[order] - scaled.max())
        floor_draws = _gumbel(names[order], seed[8:16])
        self.cards = [candidates[i] for i in order.tolist()]
        self.draws: list[float] = draws[order].tolist()
        self.floor_draws: list[float] = floor_draws.tolist()
        self.by_chance: list[int] = np.argsort(-floor_draws, kind="stable").tolist()
        self.weights: list[float] = weights.tolist()
        self.total, self.count = float(weights.sum()), len(candidates)
        self.open = [True] * len(candidates)
        self.counts = Counter[str]()
        self._caps, self._members = self._capped()
        for kind, limit in kinds_max.items():
            if limit == 0:
                self._close_if_full(kind)

    def _capped(self) -> tuple[list[tuple[str, ...]], dict[str, list[int]]]:
        """The limits that each card is under, and the cards under each limit."""
        caps: list[tuple[str, ...]] = []
        members: dict[str, list[int]] = {}
        for number, card in enumerate(self.cards):
            of: tuple[str, ...] = (card.kind,) if card.kind in self._kinds_max else ()
            if card.group is not None and self._group_max is not None:
                of = (*of, f":{card.group}")
            caps.append(of)
            for name in of:
                members.setdefault(name, []).append(number)
        return caps, members

    def choice(self, chosen: int) -> tuple[Candidate, ...]:
        """Every card that could take the next place, the chosen one first."""
        others = (card for number, card in enumerate(self.cards) if self.open[number] and number != chosen)
        return (self.cards[chosen], *others)

    def take(self, number: int) -> None:
        """Give this card a place; whoever is beyond a limit now leaves."""
        self._leave(number)
        for name in self._caps[number]:
            self.counts[name] += 1
            self._close_if_full(name)

    def go_on(self, after: Mark) -> None:
        """Whatever had its turn on earlier pages leaves, whether it got a place or stood beyond a limit."""
        for number in range(len(self.cards)):
            if self.open[number] and (self.draws[number] >= after.draw or self.floor_draws[number] >= after.floor_draw):
                self._leave(number)
        self.counts.update(after.counts)
        for name in after.counts:
            self._close_if_full(name)

    def _close_if_full(self, name: str) -> None:
        limit = self._group_max if name.startswith(":") else self._kinds_max.get(cast(CardKind, name))
        if limit is not None and self.counts[name] >= limit:
            for other in self._members.get(name, ()):
                if self.open[other]:
                    self._leave(other)

    def _leave(self, number: int) -> None:
        self.open[number] = False
        self.total -= self.weights[number]
        self.count -= 1


def _places(
    pool: _Pool, seed: bytes, exploration: float, after: Mark | None, choice_at: int | None, first: float
) -> list[Ranked]:
    at_score = at_chance = 0
    slot, draw, floor_draw = (after.slot + 1, after.draw, after.floor_draw) if after else (0, math.inf, math.inf)
    order: list[Ranked] = []
    while pool.count and len(order) < first:
        if _coin(seed, slot) < exploration:
            while not pool.open[pool.by_chance[at_chance]]:
                at_chance += 1
            number = pool.by_chance[at_chance]
            floor_draw = pool.floor_draws[number]
        else:
            while not pool.open[at_score]:
                at_score += 1
            number = at_score
            draw = pool.draws[number]
        propensity = chance(pool.weights[number], pool.total, pool.count, exploration)
        choice = pool.choice(number) if slot == choice_at else ()
        pool.take(number)
        mark = Mark(slot, draw, floor_draw, dict(pool.counts))
        order.append(Ranked(pool.cards[number], slot, propensity, pool.policy, mark, choice))
        slot += 1
    return order


@functools.lru_cache(maxsize=65_536)
def _name(kind: str, key: str) -> int:
    """A card's own number, the same in every process."""
    return int.from_bytes(hashlib.blake2b(f"{kind}\0{key}".encode(), digest_size=8).digest())


def _gumbel(names: NDArray[np.uint64], seed: bytes) -> NDArray[np.float64]:
    """Gumbel noise of each card under this seed: SplitMix64 (Steele, Lea & Flood 2014) of name and seed."""
    with np.errstate(over="ignore"):
        mixed = (names ^ np.uint64(int.from_bytes(seed))) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    noise: NDArray[np.float64] = -np.log(-np.log(uniform))
    return noise


def _coin(seed: bytes, slot: int) -> float:
    return int.from_bytes(hashlib.blake2b(slot.to_bytes(4, "big"), digest_size=8, key=seed).digest()) / 2**64
