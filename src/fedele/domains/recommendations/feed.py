"""Products that fit the member as candidates of the feed."""

from collections.abc import Mapping, Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.recommendations.queries import recommended
from fedele.domains.recommendations.types import Recommended
from fedele.domains.recommendations.wording import REASONS

PRODUCTS_MAX = 24
BASE = 0.6  # what any product is worth beside other kinds of cards
SCALE = 0.12  # of a log odds, in the feed's unit
OFTEN_TIMES = 3  # once or twice is not often

# Facts that a member can be told, and which of the scorer's facts they are made of.
TOLD: Mapping[str, tuple[str, ...]] = {
    "bought_often": ("slow", "fast", "times"),
    "bought_lately": ("recent",),
    "due_again": ("due", "rate"),
    "bought_together": ("together",),
    "popular": ("popular",),
}


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """The products of the highest chance, but for what was bought just now and is not due again yet."""
    found = await recommended(db, situation)
    return [_card(one, situation) for one in found if not one.resting][:PRODUCTS_MAX]


def _card(one: Recommended, situation: Situation) -> Candidate:
    like = one.known.like or ""
    terms = [Term("product", BASE)]
    for name, parts in TOLD.items():
        weight = SCALE * sum(one.parts.get(part, 0.0) for part in parts)
        if weight > 0:
            words = "bought_before" if name == "bought_often" and one.known.times < OFTEN_TIMES else name
            terms.append(Term(name, weight, situation.say(REASONS[words]).format(product=like)))
    product = one.product
    return Candidate(
        kind="product",
        key=product.sku,
        title=product.name,
        body=product.category,
        reason=situation.say(REASONS["popular"]),
        terms=tuple(terms),
        subject=product,
        group=product.category,
    )


FEED_SOURCE = FeedSource("recommendations", candidates)
