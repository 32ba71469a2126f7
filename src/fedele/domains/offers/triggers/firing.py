"""Firing: judge an offer for a member on an occasion, write the decision with its reason, announce it once.

An occasion is the stretch of the offer's hours (or the local day), or the thing that the member did: whatever brings
the same offer again within it finds the decision that is there. The unique index settles races; only the winner
announces. A no is written once for each reason, and a later yes of the same occasion stands beside it.
"""

import contextlib
import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Transaction
from fedele.domains.offers.checking.checks import CHECKS
from fedele.domains.offers.checking.sight import Setting, Sight
from fedele.domains.offers.commands.claiming import claim_offer
from fedele.domains.offers.config import Offer
from fedele.domains.offers.events import OfferTriggered
from fedele.domains.offers.types import Decision, Spot
from fedele.domains.offers.variants import variant_of
from fedele.kernel.ids import new_id
from fedele.kernel.refusal import Refusal

IN_HAND = "OFFER_IN_HAND"

_WRITE = """
INSERT INTO offer_decision (member_id, decision_id, offer_key, occasion, why, outcome, code, details, place_key,
                            variant, decided_at, open_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING RETURNING decision_id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """Why an offer is looked at: `why` is place, time or event. `occasion` None: the stretch of its hours. `opens_for`:
    how long what it opens is open, for an offer that follows something."""

    why: str
    occasion: str | None = None
    opens_for: timedelta | None = None


async def fire(
    tx: Transaction, offer: Offer, setting: Setting, cause: Cause, spot: Spot | None = None
) -> Decision | None:
    """Judge, write, announce. The decision, or None where this occasion had the same one before.

    The caller holds the member's lock: limits are counted from what is written.
    """
    sight = Sight(offer, setting, spot)
    code, details = judge(sight, cause)
    if code is not None:
        return await refuse(tx, sight, cause, code, details)
    made = _decision(sight, cause, None, {})
    if not await _write(tx, made, _open_until(sight, cause)):
        return None
    await tx.publish(_announced(made, offer))
    if offer.claim == "automatic":
        await _claim(tx, sight)
    return made


async def _claim(tx: Transaction, sight: Sight) -> None:
    """Claim for the member. Where that cannot be (the reward's stock is gone), the offer stays open to be claimed."""
    setting = sight.setting
    assert setting.member_id is not None, "triggers are about a member"
    places = setting.at_places
    if sight.spot is not None and sight.spot.within and sight.spot.place is not None:
        places |= {sight.spot.place.key}
    with contextlib.suppress(Refusal):
        async with tx.savepoint():
            await claim_offer(
                tx, setting.programme, setting.member_id, sight.offer.key, setting.moment, at_places=places
            )


async def refuse(tx: Transaction, sight: Sight, cause: Cause, code: str, details: Mapping[str, Any]) -> Decision | None:
    """Write down a no with its reason; None where the same was written for this occasion."""
    made = _decision(sight, cause, code, details)
    return made if await _write(tx, made, None) else None


def _decision(sight: Sight, cause: Cause, code: str | None, details: Mapping[str, Any]) -> Decision:
    member_id = sight.setting.member_id
    assert member_id is not None, "triggers are about a member"
    spot = sight.spot
    return Decision(
        id=new_id(),
        member_id=member_id,
        offer_key=sight.offer.key,
        occasion=cause.occasion or occasion_of(sight),
        why=cause.why,
        outcome="fired" if code is None else "refused",
        code=code,
        details=details,
        place_key=spot.place.key if spot is not None and spot.within and spot.place is not None else None,
        variant=variant_of(sight.offer, member_id),
        decided_at=sight.now,
    )


async def _write(tx: Transaction, made: Decision, open_until: datetime | None) -> bool:
    written = await tx.fetch_value(
        _WRITE, made.member_id, made.id, made.offer_key, made.occasion, made.why, made.outcome, made.code,
        dict(made.details), made.place_key, made.variant, made.decided_at, open_until,
    )  # fmt: skip
    return written is not None


def judge(sight: Sight, cause: Cause) -> tuple[str | None, Mapping[str, Any]]:
    """The code of the first check that says no, with its name and what it saw; (None, {}) for yes."""
    offer, setting = sight.offer, sight.setting
    if setting.history.in_hand(offer.key, sight.now) is not None:
        return IN_HAND, {"check": "claim"}
    for name, check in CHECKS:
        if name == "earned" and cause.why == "event":
            continue  # this is what opens it
        if name == "place" and cause.why != "place" and not setting.at_places:
            continue  # told where they are, had at the place
        failed = check(sight)
        if failed is not None:
            return failed[0].code, {"check": name, **failed[1]}
    return None, {}


def occasion_of(sight: Sight) -> str:
    """The stretch of its hours that holds now; outside of them, and without any, the local day."""
    if sight.stretch is not None:
        return f"from:{sight.stretch.starts_at.isoformat()}"
    return f"day:{sight.now.astimezone(ZoneInfo(sight.clock)).date().isoformat()}"


def _open_until(sight: Sight, cause: Cause) -> datetime:
    if cause.opens_for is not None:
        return sight.now + cause.opens_for
    return sight.stretch.ends_at if sight.stretch is not None else sight.now + timedelta(days=1)


def _announced(made: Decision, offer: Offer) -> OfferTriggered:
    return OfferTriggered(
        member_id=made.member_id,
        occurred_at=made.decided_at,
        offer_key=made.offer_key,
        place_key=made.place_key,
        why=made.why,
        occasion=made.occasion,
        variant=made.variant,
        push=offer.push,
    )
