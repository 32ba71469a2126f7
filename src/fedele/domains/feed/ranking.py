"""Rank candidates: Plackett–Luce sampling by Gumbel noise from a seed, with caps by kind and exact propensities.

Sorting by score/temperature + Gumbel noise draws an order from the Plackett–Luce model (Yellott 1977; Kool et al.
2019). The propensity of a place is the softmax share of its card among those that could still take it.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence

from fedele.domains.feed.config import CardKind
from fedele.domains.feed.types import Candidate, Ranked
from fedele.kernel.ids import MemberId

POLICY = "linear-1"
TEMPERATURE = 0.35  # how much chance there is in the order; 0 would never try anything new


def rank(
    candidates: Sequence[Candidate], member_id: MemberId, epoch: int, cards_max: Mapping[CardKind, int]
) -> tuple[Ranked, ...]:
    """The whole order for this member in this epoch. The same input gives the same order.

    A kind named in `cards_max` appears at most so often; a kind not named, as often as it comes.
    """
    weights = {id(candidate): math.exp(candidate.score / TEMPERATURE) for candidate in candidates}
    draws = [(_draw(candidate, member_id, epoch), candidate) for candidate in candidates]
    draws.sort(key=lambda drawn: (-drawn[0], drawn[1].kind, drawn[1].key))
    remaining = math.fsum(weights.values())
    by_kind = Counter[CardKind]()
    for candidate in candidates:
        by_kind[candidate.kind] += 0
    open_weight = {kind: math.fsum(weights[id(c)] for c in candidates if c.kind == kind) for kind in by_kind}
    order: list[Ranked] = []
    for draw, candidate in draws:
        limit = cards_max.get(candidate.kind)
        if limit is not None and by_kind[candidate.kind] >= limit:
            continue
        weight = weights[id(candidate)]
        order.append(Ranked(candidate, len(order), min(1.0, weight / remaining) if remaining > 0 else 1.0, draw))
        by_kind[candidate.kind] += 1
        remaining -= weight
        open_weight[candidate.kind] -= weight
        if limit is not None and by_kind[candidate.kind] >= limit:
            remaining -= open_weight[candidate.kind]  # the rest of a full kind can take no further place
    return tuple(order)


def after(order: Sequence[Ranked], draw: float, key: str) -> list[Ranked]:
    """What follows a cursor, also when the card it was made of has gone meanwhile."""
    return [ranked for ranked in order if (-ranked.draw, ranked.candidate.key) > (-draw, key)]


def _draw(candidate: Candidate, member_id: MemberId, epoch: int) -> float:
    seed = f"{member_id}\0{epoch}\0{candidate.kind}\0{candidate.key}".encode()
    number = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest())
    uniform = (number + 0.5) / 2**64
    return candidate.score / TEMPERATURE - math.log(-math.log(uniform))
