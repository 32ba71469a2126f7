"""The `till` section of the programme file: what lets value be spent, how discounts stack, what goes offline."""

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import Key, Section

SecondFact = Literal["rotating_code", "reward_code", "pin", "staff_confirmation"]
Spending = Literal["points", "rewards", "offers"]


class PinConfig(Section):
    """The member's own PIN: set in the app, typed at the till."""

    length_min: int = Field(default=4, ge=4, le=12)
    attempts_max: int = Field(default=5, ge=1, le=20)
    """Wrong ones in a row before the PIN is locked."""
    lock_minutes: int = Field(default=30, ge=1, le=24 * 60)


class HoldConfig(Section):
    """Value and rewards that a till puts aside while the customer packs."""

    minutes: int = Field(default=15, ge=1, le=24 * 60)
    """How long, unless the till asks for another time."""
    minutes_max: int = Field(default=120, ge=1, le=7 * 24 * 60)

    @model_validator(mode="after")
    def _within(self) -> "HoldConfig":
        if self.minutes > self.minutes_max:
            raise ValueError(f"minutes, {self.minutes}, is more than minutes_max, {self.minutes_max}")
        return self


class DiscountsConfig(Section):
    """How discounts of offers and held rewards stack.

    Of one `stacking_group` a basket takes one; discounts of different groups combine; one that is not `combinable`
    stands alone. Within a basket free products come first, then shares, then amounts.
    """

    choose: Literal["best", "declared"] = "best"
    """`best`: the combination that saves the customer most. `declared`: by `order`, each that still fits."""
    order: tuple[Key, ...] = ()
    """Keys of offers and rewards, first come first; those not named follow in the programme's own order."""
    together_max: int = Field(default=5, ge=1, le=10)
    """How many discounts one basket may take."""
    share_max_percent: Decimal = Field(default=Decimal(100), gt=0, le=100, max_digits=5, decimal_places=2)
    """All discounts together take off at most this share of the basket."""


class LateSales(Section):
    """Sales that reach us long after they happened."""

    after_days: int = Field(default=30, ge=1, le=3650)
    then: Literal["flag", "refuse"] = "flag"
    """`flag`: settled as usual and marked late. `refuse`: OCCURRED_TOO_LONG_AGO."""


class OfflineConfig(Section):
    """Sales made without the network. `honour`: the customer keeps what the till gave, and it is reported. `refuse`:
    nothing of the sale is written, and it is reported."""

    spending: Literal["honour", "refuse"] = "refuse"
    """Units or rewards spent offline that cannot be spent now (used elsewhere, not covered, no second fact)."""
    card_revoked: Literal["guest", "refuse"] = "guest"
    """A card that was revoked before the sale: the sale is a guest's, or refused. Revoked after it: as usual."""
    static_code_earns: bool = True
    """Whether the code printed on the card earns offline; else the sale is a guest's."""


class TillConfig(Section):
    """Section `till`."""

    second_fact: tuple[SecondFact, ...] = ("rotating_code", "reward_code", "staff_confirmation")
    """What lets value be spent beside the card: any one of these. Empty: nothing can be spent at a till. `reward_code`:
    a held reward's own code, as its pass and the app show it, lets that reward be used and nothing else be spent."""
    second_fact_for: tuple[Spending, ...] = ("points", "rewards")
    """What counts as spending value. `offers`: also discounts of claimed offers."""
    claim_days: int = Field(default=30, ge=0, le=365)
    """How long after a guest's purchase a member can claim it by the code on its receipt; 0: never."""
    phone_lookup: bool = True
    """Whether a till may find a member by telephone number."""
    pin: PinConfig = PinConfig()
    hold: HoldConfig = HoldConfig()
    discounts: DiscountsConfig = DiscountsConfig()
    late: LateSales = LateSales()
    offline: OfflineConfig = OfflineConfig()
