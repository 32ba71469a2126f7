"""Which words of an offer a member sees: fixed by a hash, so that the same member always sees the same."""

import functools
import hashlib

from fedele.domains.offers.config import Creative, Offer
from fedele.kernel.ids import MemberId

_STEPS = 10_000


def variant_of(offer: Offer, member_id: MemberId | None) -> str | None:
    """The key of the variant; None for the offer's own words."""
    if not offer.variants or member_id is None:
        return None
    digest = hashlib.sha256(f"fedele:variant:{offer.key}:{member_id}".encode()).digest()
    mark, reached = int.from_bytes(digest[:8]) % _STEPS, 0
    for variant in offer.variants:
        reached += int(variant.share * 100)
        if mark < reached:
            return variant.key
    return None


def words_of(offer: Offer, variant: str | None) -> Creative:
    """The words of a variant; the offer's own for one that is gone."""
    return next((one.creative for one in offer.variants if one.key == variant), offer.creative)


@functools.lru_cache(maxsize=512)
def digest_of(offer: Offer) -> str:
    """What an approval is for: the offer exactly as it is written."""
    return hashlib.sha256(offer.model_dump_json().encode()).hexdigest()[:32]
