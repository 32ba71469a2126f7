"""What offers cost, and the pots that pay for it."""

from collections.abc import Mapping
from datetime import datetime

from fedele.domains.budgets.types import Pot, Take, minor_of, pot_of
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.types import Claim
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.money import minor_digits


def pot_key(offer_key: str) -> str:
    """The name of an offer's pot; a boost's award carries the same."""
    return f"offer:{offer_key}"


def cost_minor(offer: Offer, programme: Programme) -> int | None:
    """What a claim may cost at most, in minor units of the home currency. None: only the sale can tell (a multiplier).

    Declared, or a discount at its most, or a bonus at the worth of its units; a started cent counts whole.
    """
    digits = minor_digits(programme.section(ProgrammeConfig).home_currency)
    benefit = offer.benefit
    if offer.budget is not None and offer.budget.unit_cost is not None:
        return minor_of(offer.budget.unit_cost, digits)
    if benefit.type == "discount_amount":
        return minor_of(benefit.value, digits)
    if benefit.type == "discount_percent" and benefit.discount_max is not None:
        return minor_of(benefit.discount_max, digits)
    if benefit.type == "bonus":
        return minor_of(benefit.amount * programme.section(Currencies).get(benefit.currency).worth, digits)
    return None


def least_minor(offer: Offer, programme: Programme) -> int:
    """With less than this left of its budget, an offer has ended."""
    return max(1, cost_minor(offer, programme) or 1)


def pots_of(programme: Programme, at: datetime) -> Mapping[str, Pot]:
    """The pots at an instant, by offer key, of those offers that have a budget."""
    return {
        offer.key: pot
        for offer in programme.section(OffersConfig)
        if offer.state != "draft" and (pot := find_pot(offer, programme, at))
    }


def find_pot(offer: Offer, programme: Programme, at: datetime) -> Pot | None:
    """The pot that pays for an offer at an instant, if it has a budget."""
    if offer.budget is None:
        return None
    brand = programme.section(ProgrammeConfig)
    return pot_of(
        pot_key(offer.key),
        offer.budget,
        at,
        time_zone=brand.time_zone,
        digits=minor_digits(brand.home_currency),
        version=programme.version,
        least_minor=least_minor(offer, programme),
    )


def reservation_of(offer: Offer, programme: Programme, claim: Claim) -> Take | None:
    """What a new claim reserves until it lapses: its cost, out of the pot of the period in which it is made."""
    pot, cost = find_pot(offer, programme, claim.claimed_at), cost_minor(offer, programme)
    return Take(pot, claim.id, cost, until=claim.usable_until) if pot is not None and cost else None
