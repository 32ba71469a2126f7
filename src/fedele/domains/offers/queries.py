"""Reading offers: what is open to a member here and now, and why the rest is not."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.budgets.queries import left_from
from fedele.domains.earning.types import Boost
from fedele.domains.offers.config import BonusBenefit, MultiplierBenefit, Offer, OffersConfig
from fedele.domains.offers.eligibility import Setting, see
from fedele.domains.offers.regions import nearest_regions
from fedele.domains.offers.spending import cost_minor, find_pot, pots_of
from fedele.domains.offers.types import Claim, ClaimId, History, OpenOffer
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, to_units

__all__ = [
    "Setting",
    "boost_of",
    "cost_minor",
    "explain",
    "find_claim",
    "history_of",
    "nearest_regions",
    "open_offers",
    "see",
]

_HISTORY = """
SELECT (SELECT jsonb_agg(jsonb_build_array(claim_id, offer_key, programme_version, claimed_at, usable_until, used_at,
                                           purchase_id) ORDER BY claimed_at DESC)
          FROM offer_claim WHERE member_id = $1) AS claims,
       (SELECT jsonb_object_agg(offer_key, claimed) FROM offer_total) AS totals,
       (SELECT jsonb_agg(jsonb_build_array(pot, period, money_minor, owed_minor, programme_version, left_minor))
          FROM budget_left_v1($2, $3)) AS pots
"""


async def history_of(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> History:
    """The member's claims, every offer's totals and what is left of budgets at this moment, in one statement."""
    pots = pots_of(programme, at)
    asked = list(pots.values())
    row = await db.fetch_row(_HISTORY, member_id, [pot.key for pot in asked], [pot.period for pot in asked])
    assert row is not None, "aggregates always answer one row"
    claims: dict[str, tuple[Claim, ...]] = {}
    for values in row["claims"] or ():
        claim = _claim(member_id, values)
        claims[claim.offer_key] = (*claims.get(claim.offer_key, ()), claim)
    left = left_from(asked, row["pots"] or ())
    return History(claims, row["totals"] or {}, {key: left[pot.id] for key, pot in pots.items()})


def open_offers(setting: Setting) -> tuple[OpenOffer, ...]:
    """What the member sees here and now, the highest priority first, then what closes first."""
    seen = [see(offer, setting) for offer in setting.programme.section(OffersConfig)]
    shown = [found for found in seen if isinstance(found, OpenOffer)]
    return tuple(sorted(shown, key=_order))


def explain(setting: Setting) -> dict[str, str | None]:
    """For every offer of the programme: the code of what keeps it from this member here and now, or None."""
    answers = {}
    for offer in setting.programme.section(OffersConfig):
        found = see(offer, setting)
        answers[offer.key] = found.refusal if isinstance(found, OpenOffer) else found.code
    return answers


async def find_claim(db: Queryable, member_id: MemberId, claim_id: ClaimId) -> Claim | None:
    """One claim of this member, or None."""
    row = await db.fetch_row(
        """
        SELECT claim_id, offer_key, programme_version, claimed_at, usable_until, used_at, purchase_id
          FROM offer_claim WHERE member_id = $1 AND claim_id = $2
        """,
        member_id, claim_id,
    )  # fmt: skip
    return None if row is None else Claim(row["claim_id"], member_id, *list(row.values())[1:])


async def list_in_hand(db: Queryable, member_id: MemberId, at: datetime) -> Sequence[Claim]:
    """The claims that a sale at this moment may use, the first to end first."""
    rows = await db.fetch(
        """
        SELECT claim_id, offer_key, programme_version, claimed_at, usable_until, used_at, purchase_id
          FROM offer_claim WHERE member_id = $1 AND used_at IS NULL AND claimed_at <= $2 AND usable_until > $2
         ORDER BY usable_until, claim_id
        """,
        member_id, at,
    )  # fmt: skip
    return [Claim(row["claim_id"], member_id, *list(row.values())[1:]) for row in rows]


def boost_of(offer: Offer, programme: Programme, at: datetime | None = None) -> tuple[Boost, int] | None:
    """What a claimed offer adds to a sale's awards, with the minimum spend in minor units. None: it is no such offer
    (a discount is the till's to take off; a reward was given when it was claimed).

    `at`: the sale's own time, whose budget period pays for what a claim could not reserve.
    """
    benefit, key = offer.benefit, f"offer:{offer.key}"
    brand = programme.section(ProgrammeConfig)
    pot = find_pot(offer, programme, at) if at is not None and cost_minor(offer, programme) is None else None
    if isinstance(benefit, MultiplierBenefit):
        boost = Boost(key, benefit.currency, multiplier=benefit.multiplier, when=benefit.when, pot=pot)
        return dataclasses.replace(boost, margin_floor=offer.margin_floor), 0
    if isinstance(benefit, BonusBenefit):
        minimum = Money.parse(benefit.minimum_spend, brand.home_currency).minor
        units = to_units(Decimal(benefit.amount), programme.section(Currencies).get(benefit.currency).decimals)
        boost = Boost(key, benefit.currency, bonus_units=units, minimum_minor=minimum, when=benefit.when)
        return dataclasses.replace(boost, margin_floor=offer.margin_floor), minimum
    return None


def _order(found: OpenOffer) -> tuple[bool, int, str, str]:
    closes = found.closes_at.isoformat() if found.closes_at else "9999"
    return (found.claim is not None, -found.offer.priority, closes, found.offer.key)


def _claim(member_id: MemberId, values: Sequence[Any]) -> Claim:
    claim_id, key, version, claimed_at, usable_until, used_at, purchase_id = values
    return Claim(
        ClaimId(UUID(claim_id)),
        member_id,
        key,
        version,
        datetime.fromisoformat(claimed_at),
        datetime.fromisoformat(usable_until),
        datetime.fromisoformat(used_at) if used_at else None,
        UUID(purchase_id) if purchase_id else None,
    )
