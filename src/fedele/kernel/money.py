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


# ISO 4217, the currencies in use (list one, without funds, metals and test codes).
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG "
    "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD "
    "TWD TZS UAH UGX USD UYU UYI UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
)
_IN_USE = frozenset(_CODES[place : place + 3] for place in range(0, len(_CODES), 4))


def is_currency(code: str) -> bool:
    """Whether this is the ISO 4217 code of a currency in use."""
    return code in _IN_USE


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
