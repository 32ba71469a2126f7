"""Money and points as integers. Money: minor units of an ISO 4217 currency. Points: units of a currency's own scale.

A currency with `decimals: 1` counts tenths, so that 1.2 Stars is the integer 12. Nothing here is ever a float.
"""

import dataclasses
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Literal, NewType

Points = NewType("Points", int)  # in units of 10**-decimals of the programme currency
CurrencyKey = NewType("CurrencyKey", str)  # the programme's own currency: "points", "stars", "stamps"

Rounding = Literal["down", "up", "half_up", "half_even"]
_ROUNDING = {"down": ROUND_DOWN, "up": ROUND_UP, "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def minor_digits(currency: str) -> int:
    """How many decimal digits the ISO 4217 currency's minor unit has: EUR 2, JPY 0, KWD 3."""
    return _MINOR_DIGITS.get(currency, 2)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: 12.50 EUR is Money(1250, "EUR")."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: Decimal | str | int, currency: str) -> "Money":
        """From major units. Raises ValueError for more decimals than the currency has: nothing is rounded silently."""
        minor = Decimal(amount).scaleb(minor_digits(currency))
        if minor != minor.to_integral_value():
            raise ValueError(f"{amount} has more decimals than {currency} has ({minor_digits(currency)})")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"


def to_units(amount: Decimal, decimals: int, rounding: Rounding = "down") -> int:
    """A decimal amount as scaled integer units: to_units(Decimal("1.25"), 1) → 12."""
    return int(amount.scaleb(decimals).to_integral_value(_ROUNDING[rounding]))


def from_units(units: int, decimals: int) -> Decimal:
    """Scaled integer units as a decimal: from_units(12, 1) → Decimal("1.2")."""
    return Decimal(units).scaleb(-decimals)
