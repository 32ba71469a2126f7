"""What ranking costs: `python -m tests.benchmarks rank200`.

`rank200_cpu_ms`: CPU milliseconds to put 200 candidates of ten kinds, three facts each, in order: weighed by a learned
policy, drawn with the uniform floor, capped by kind and group, and a page of twenty of them with exact propensities,
terms and reasons, as the feed asks for it. The median of many members. `rank200_with_choice_cpu_ms`: the same with one
place's choice packed. `rank200_all_cpu_ms`: with every place, not only a page's.
"""

import json
import statistics
import time
from uuid import UUID

from fedele.domains.feed.learning.choices import pack
from fedele.domains.feed.ranking import rank
from fedele.domains.feed.types import Candidate, Policy, Term
from fedele.kernel.ids import MemberId

KINDS = ("offer", "product", "reward", "survey", "progress", "content", "expiry", "challenge", "referral", "event")
ROUNDS = 200


def measure() -> dict[str, float]:
    """The figures of this run."""
    cards = [_card(number) for number in range(200)]
    policy = Policy("learned", {"base": 1.2, "near": 0.7, "bought_often": 1.6})
    plain, packed, whole = [], [], []
    for number in range(ROUNDS):
        member_id = MemberId(UUID(int=number + 1))
        for spent, choice_at in ((plain, None), (packed, 2)):
            began = time.process_time()
            order = rank(
                cards, member_id, 7, {"survey": 1, "content": 4, "event": 2}, policy=policy, group_max=3,
                choice_at=choice_at, first=21,
            )  # fmt: skip
            reasons = [(ranked.reason, ranked.terms) for ranked in order[:20]]
            if choice_at is not None:
                assert pack(order[choice_at].choice) is not None
            spent.append(time.process_time() - began)
            assert len(reasons) == 20
            assert abs(order[0].propensity) <= 1
        began = time.process_time()
        rank(cards, member_id, 7, {"survey": 1, "content": 4, "event": 2}, policy=policy, group_max=3)
        whole.append(time.process_time() - began)
    return {
        "rank200_all_cpu_ms": round(statistics.median(whole) * 1000, 3),
        "rank200_cpu_ms": round(statistics.median(plain) * 1000, 3),
        "rank200_with_choice_cpu_ms": round(statistics.median(packed) * 1000, 3),
    }


def _card(number: int) -> Candidate:
    kind = KINDS[number % len(KINDS)]
    return Candidate(
        kind=kind,  # type: ignore[arg-type]
        key=f"card-{number}",
        title="A card",
        reason="because",
        terms=(
            Term("base", 0.4 + (number % 9) / 10),
            Term("near", (number % 3) / 4, "You are near"),
            Term("bought_often", (number % 5) / 6, "You buy it often"),
        ),
        group=f"group-{number % 40}" if kind == "product" else None,
    )


if __name__ == "__main__":
    print(json.dumps(measure()))
