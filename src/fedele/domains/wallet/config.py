"""Section `wallet` of the programme file: which design the card has and what depends on the programme.

How the card looks and every word on it belong to the design's folder (passes/README.md): a designer changes them
without touching the programme.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.programme.types import CurrencyRef, Key, PlaceRef, Refers, RewardRef, Section, Text

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


class JoinConsent(Section):
    """One box on the page where people join: never ticked before they tick it."""

    purpose: Purpose
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    """How what was agreed to may be used."""
    text: Text
    """What they agree to, in the programme's own words."""


class JoinCode(Section):
    """A code in the page's address, and so in a QR code: of a shop's window, a leaflet, a campaign."""

    code: Annotated[str, Field(pattern="^[a-z0-9](-?[a-z0-9]){1,31}$")]
    """The end of the address: small letters, digits and single hyphens."""
    place: PlaceRef | None = None
    """Who joins here has this as their own store."""
    offer: Annotated[str, Refers("offer")] | None = None
    """Claimed for whoever joins with this code, if it is open to them then."""
    source: Key = "join"
    """Where members came from, as reports tell it: window, leaflet, spring-fair."""


class Join(Section):
    """The page `/join/{code}`, where people join without an app."""

    version: Key
    """The version of the texts of `consents`; every consent is kept with it. Raise it when you change a text."""
    consents: tuple[JoinConsent, ...] = ()
    codes: Annotated[tuple[JoinCode, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> "Join":
        for what, names in (
            ("code", [one.code for one in self.codes]),
            ("purpose", [one.purpose.value for one in self.consents]),
        ):
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ValueError(f"the {what} '{twice}' stands here twice")
        return self

    def find(self, code: str) -> JoinCode | None:
        """The declaration of this code."""
        return next((one for one in self.codes if one.code == code), None)


class VoucherPasses(Section):
    """Rewards that members hold, each as a coupon of its own."""

    design: Key
    """The folder of the coupon's design, under passes/."""
    only: tuple[RewardRef, ...] = ()
    """These rewards; none: all that are shown or scanned somewhere (no donations, draws, gifts that are sent)."""


class OfferPasses(Section):
    """Claimed offers, each as a coupon that says the card's code and comes up while it can be used."""

    design: Key
    """The folder of the coupon's design, under passes/."""
    only: Annotated[tuple[Annotated[str, Refers("offer")], ...], Field(min_length=1)]
    """These offers: named one by one, since most offers are not worth a place in a wallet."""


class TicketPasses(Section):
    """Seats at gatherings, and experiences with a date, each as a ticket."""

    design: Key
    """The folder of the ticket's design, under passes/."""
    up_minutes_before: int = Field(default=180, ge=0, le=24 * 60)
    """From then on until the end the ticket comes up on the lock screen by itself."""


class Passes(Section):
    """What members may add to their wallet beside the card. A kind that is not named has no passes."""

    rewards: VoucherPasses | None = None
    offers: OfferPasses | None = None
    tickets: TicketPasses | None = None


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
    passes: Passes = Passes()
    """Rewards, offers and tickets as passes of their own."""
    join: Join | None = None
    """Joining on a web page; unset: there is none."""
