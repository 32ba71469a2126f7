"""Section `wallet` of the programme file: which design the card has and what depends on the programme.

How the card looks and every word on it belong to the design's folder (passes/README.md): a designer changes them
without touching the programme.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from fedele.domains.programme.types import CurrencyRef, Key, PlaceRef, Section, Text

_Short = Annotated[int, Field(ge=0, le=65535)]


class Beacon(Section):
    """A Bluetooth beacon in a shop, near which the card comes up on the lock screen."""

    uuid: UUID
    major: _Short | None = None
    minor: _Short | None = None
    text: Text | None = None
    """The line shown there."""


class Nfc(Section):
    """Contactless reading of the card at the till (Apple's value-added services).

    Apple must have allowed it for the pass type: ask at developer.apple.com. The card then says the member's card code.
    """

    encryption_public_key: Annotated[str, Field(pattern="^[A-Za-z0-9+/]+={0,2}$", min_length=40)]
    """The terminal's public key: base64 of an X.509 SubjectPublicKeyInfo on the curve P-256."""
    requires_authentication: bool = False
    """The phone asks for face, finger or code first."""


class WalletConfig(Section):
    """Section `wallet`."""

    design: Key = "grocer"
    """The folder of the card's design, under passes/."""
    currency: CurrencyRef | None = None
    """The balance in the large figures (${balance}) and the expiry shown; unset: the first currency."""
    places: tuple[PlaceRef, ...] | Literal["nearest"] = "nearest"
    """Places near which the card comes up on the lock screen: these, or the nearest to the member's own store."""
    beacons: Annotated[tuple[Beacon, ...], Field(max_length=10)] = ()
    """Bluetooth beacons that bring the card up; both wallets read ten at most."""
    nfc: Nfc | None = None
    """Contactless reading at the till; unset: the card is scanned."""
