"""Section `wallet` of the programme file: which design the card has and what depends on the programme.

How the card looks and every word on it belong to the design's folder (passes/README.md): a designer changes them
without touching the programme.
"""

from typing import Literal

from fedele.domains.programme.types import CurrencyRef, Key, PlaceRef, Section


class WalletConfig(Section):
    """Section `wallet`."""

    design: Key = "grocer"
    """The folder of the card's design, under passes/."""
    currency: CurrencyRef | None = None
    """The balance in the large figures (${balance}) and the expiry shown; unset: the first currency."""
    places: tuple[PlaceRef, ...] | Literal["nearest"] = "nearest"
    """Places near which the card comes up on the lock screen: these, or the nearest to the member's own store."""
