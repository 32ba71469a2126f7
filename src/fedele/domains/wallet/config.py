"""Section `wallet` of the programme file: how the card looks and what it tells."""

from typing import Literal

from pydantic import Field

from fedele.domains.programme.types import Colour, CurrencyRef, Key, PlaceRef, Section, Text

CardFieldSource = Literal["balance", "tier", "next_tier", "member_name", "member_since", "next_expiry", "text"]


class CardField(Section):
    """One field of the card."""

    key: Key
    shows: CardFieldSource
    label: Text
    currency: CurrencyRef | None = None
    """For `balance` and `next_expiry`: of which currency; unset: the first."""
    text: Text | None = None
    """For `text`: the words."""
    change_message: Text | None = None
    """What the phone says when the value changes; must hold %@ where the new value goes."""


class WalletConfig(Section):
    """Section `wallet`. Colours that are not set are the programme's."""

    design: Key = "default"
    """Folder under passes/ with pictures and strings."""
    background: Colour | None = None
    foreground: Colour | None = None
    label: Colour | None = None
    header: tuple[CardField, ...] = Field(default=(), max_length=3)
    primary: tuple[CardField, ...] = Field(default=(), max_length=1)
    secondary: tuple[CardField, ...] = Field(default=(), max_length=4)
    back: tuple[CardField, ...] = Field(default=(), max_length=20)
    places: tuple[PlaceRef, ...] | Literal["nearest"] = "nearest"
    """Places that bring the card to the lock screen; both wallets read ten."""
    relevant_text: Text | None = None
    """The line on the lock screen near a place."""
    barcode: Literal["qr", "pdf417", "aztec", "code128"] = "qr"
