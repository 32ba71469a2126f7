"""Cards that were seen, and tapped by a rule: what learning reads."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from fedele.domains.feed.learning.choices import pack
from fedele.domains.feed.queries import POLICY
from fedele.domains.feed.ranking import rank
from fedele.domains.feed.types import Candidate, Term
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.regression import sigmoid


async def seen(admin: Any, now: datetime, count: int, often: float) -> None:
    """So many feeds of eight cards, each seen at one place and tapped the likelier the more often it was bought."""
    dice = np.random.default_rng(11)
    events, columns = [], "member_id event_id kind card_kind card_key slot propensity epoch policy occurred_at"
    at = now - timedelta(days=3)
    for number in range(count):
        member_id = MemberId(UUID(int=number // 4 + 1))
        facts = dice.gamma(2.0, 0.4, (8, 2)).round(4)
        cards = [
            Candidate(
                kind="product", key=f"c{place}", title="", reason="",
                terms=(Term("often", float(one)), Term("loud", float(other))),
            )
            for place, (one, other) in enumerate(facts)
        ]  # fmt: skip
        slot = number % 3
        ranked = rank(cards, member_id, number, {}, choice_at=slot, first=slot + 1)[slot]
        values = {term.name: term.weight for term in ranked.candidate.terms}
        tapped = dice.random() < sigmoid(np.array(-1.8 + often * values["often"]))
        shown_id, choice = new_id(), pack(ranked.choice)
        card = ("product", ranked.candidate.key, slot, ranked.propensity, number, POLICY.version, at, at, shown_id)
        events.append((member_id, new_id(), "seen", *card, values, choice))
        if tapped:
            events.append((member_id, new_id(), "clicked", *card, {}, None))
    names = [*columns.split(), "recorded_at", "shown_id", "features", "choice"]
    await admin.copy_records_to_table("feed_event", columns=names, records=events)
