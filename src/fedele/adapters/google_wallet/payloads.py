"""The loyalty class and object as Google's REST API takes them: typed, and pure functions of design and state.

Source: walletobjects v1, LoyaltyClass and LoyaltyObject (developers.google.com/wallet/reference/rest/v1). `locations`
is dead: places go into the class as merchantLocations, ten at most.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.apple_wallet.figures import figures
from fedele.adapters.google_wallet.save_links import class_id, object_id
from fedele.domains.wallet.ports import GoogleMessage
from fedele.domains.wallet.types import LOCATIONS_MAX, CardPlace, CardState, PassKind, subject_of

DEFAULT_LANGUAGE = "en"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class TranslatedString(_Part):
    """Words in one language."""

    language: str
    value: str


class LocalizedString(_Part):
    """Words in several languages; the default one is shown where a phone's is missing."""

    default_value: TranslatedString
    translated_values: tuple[TranslatedString, ...] = ()


class Uri(_Part):
    """An address."""

    uri: str


class Image(_Part):
    """A picture that Google fetches."""

    source_uri: Uri


class MerchantLocation(_Part):
    """A place that brings the card up."""

    latitude: float
    longitude: float


class TextModule(_Part):
    """A titled text on the card's back."""

    id: str
    localized_header: LocalizedString
    body: str | None = None
    localized_body: LocalizedString | None = None


class PassConstraints(_Part):
    """What the phone keeps from happening."""

    screenshot_eligibility: Literal["ELIGIBLE", "INELIGIBLE"]


class Barcode(_Part):
    """The code for the scanner."""

    type: Literal["QR_CODE"] = "QR_CODE"
    value: str
    alternate_text: str


class TotpParameters(_Part):
    """The secret of one rotating value: base16, and how many digits are shown."""

    key: str = Field(repr=False)
    value_length: int


class TotpDetails(_Part):
    """How the rotating value is made: RFC 6238."""

    algorithm: Literal["TOTP_SHA1"] = "TOTP_SHA1"
    period_millis: str
    parameters: tuple[TotpParameters, ...]


class RotatingBarcode(_Part):
    """A code that the phone makes anew by itself: `{totp_value_0}` in the pattern is replaced."""

    type: Literal["QR_CODE"] = "QR_CODE"
    value_pattern: str
    totp_details: TotpDetails


class CallbackOptions(_Part):
    """Where Google says that a card was saved or deleted."""

    url: str


class Message(_Part):
    """Words that were sent to the card: kept on its back, and announced where `TEXT_AND_NOTIFY` adds them."""

    id: str
    header: str
    body: str
    message_type: Literal["TEXT", "TEXT_AND_NOTIFY"] = "TEXT"


class PointsBalance(_Part):
    """The balance as text, formatted for the member."""

    string: str


class LoyaltyPoints(_Part):
    """A balance with its name."""

    localized_label: LocalizedString
    balance: PointsBalance


class LoyaltyClass(_Part):
    """What all cards of a design share."""

    id: str
    issuer_name: str
    program_name: str
    program_logo: Image
    hex_background_color: str
    review_status: Literal["UNDER_REVIEW"] = "UNDER_REVIEW"
    multiple_devices_and_holders_allowed_status: Literal["ONE_USER_ALL_DEVICES"] = "ONE_USER_ALL_DEVICES"
    localized_account_name_label: LocalizedString
    localized_account_id_label: LocalizedString
    merchant_locations: tuple[MerchantLocation, ...] = Field(default=(), max_length=LOCATIONS_MAX)
    text_modules_data: tuple[TextModule, ...] = ()
    callback_options: CallbackOptions | None = None


class LoyaltyObject(_Part):
    """One member's card."""

    id: str
    class_id: str
    state: Literal["ACTIVE", "INACTIVE"]
    account_id: str | None = None
    account_name: str | None = None
    barcode: Barcode | None = None
    rotating_barcode: RotatingBarcode | None = None
    loyalty_points: LoyaltyPoints | None = None
    text_modules_data: tuple[TextModule, ...] = ()
    messages: tuple[Message, ...] = ()
    merchant_locations: tuple[MerchantLocation, ...] = Field(default=(), max_length=LOCATIONS_MAX)
    linked_offer_ids: tuple[str, ...] = ()
    """Offer objects that Google shows beside the card. They must exist there."""
    linked_object_ids: tuple[str, ...] = ()
    """Tickets likewise."""
    pass_constraints: PassConstraints = PassConstraints(screenshot_eligibility="INELIGIBLE")
    notify_preference: Literal["NOTIFY_ON_UPDATE"] | None = "NOTIFY_ON_UPDATE"
    """Unset: the member is not told. Google forgets it after each request."""


def loyalty_class(
    design: Design, issuer_id: str, programme_name: str, logo_url: str, background: str, places: tuple[CardPlace, ...]
) -> LoyaltyClass:
    """The class of a design. `background` is #rrggbb; `logo_url` is public, over https."""
    words = design.google
    return LoyaltyClass(
        id=class_id(issuer_id, design.name),
        issuer_name=programme_name,
        program_name=programme_name,
        program_logo=Image(source_uri=Uri(uri=logo_url)),
        hex_background_color=background,
        localized_account_name_label=localized(words["accountNameLabel"]),
        localized_account_id_label=localized(words["accountIdLabel"]),
        merchant_locations=merchant_locations(places),
        text_modules_data=(
            TextModule(
                id="how",
                localized_header=localized(words["howLabel"]),
                localized_body=localized(words["howText"]),
            ),
        ),
    )


def loyalty_object(
    design: Design, issuer_id: str, card: CardState, message: GoogleMessage | None = None
) -> LoyaltyObject:
    """The member's object. A voided card is inactive and says nothing. `message` was added to it before, and stays."""
    common = {"id": object_id(issuer_id, card.serial), "class_id": class_id(issuer_id, design.name)}
    if card.voided:
        return LoyaltyObject(**common, state="INACTIVE")
    write, words = figures(card.locale), design.google
    first = card.balances[0] if card.balances else None
    modules = []
    if card.tier_name:
        modules.append(TextModule(id="tier", localized_header=localized(words["tierLabel"]), body=card.tier_name))
    if card.expiry:
        body = f"{write.amount(card.expiry.amount)} · {write.day(card.expiry.on, 'medium')}"
        modules.append(TextModule(id="expiring", localized_header=localized(words["expiringLabel"]), body=body))
    return LoyaltyObject(
        **common,
        state="ACTIVE",
        account_id=card.card_code,
        account_name=card.display_name,
        barcode=Barcode(value=card.card_code, alternate_text=card.card_code) if card.card_code else None,
        loyalty_points=LoyaltyPoints(
            localized_label=localized(words["balanceLabel"]),
            balance=PointsBalance(string=write.amount(first.available)),
        )
        if first
        else None,
        text_modules_data=tuple(modules),
        messages=(message_of(message, notify=False),) if message else (),
        merchant_locations=merchant_locations(card.places),
        linked_offer_ids=_linked(issuer_id, card, ("reward", "offer")),
        linked_object_ids=_linked(issuer_id, card, ("ticket",)),
    )


def _linked(issuer_id: str, card: CardState, kinds: Sequence[PassKind]) -> tuple[str, ...]:
    kind_of = {serial: subject.kind for serial in card.linked if (subject := subject_of(serial))}
    return tuple(object_id(issuer_id, serial) for serial, kind in kind_of.items() if kind in kinds)


def message_of(message: GoogleMessage, *, notify: bool) -> Message:
    """A message in Google's shape; `notify` when it is added, never when it is kept."""
    kind: Literal["TEXT", "TEXT_AND_NOTIFY"] = "TEXT_AND_NOTIFY" if notify else "TEXT"
    return Message(id=message.id, header=message.header, body=message.body, message_type=kind)


def merchant_locations(places: Sequence[CardPlace]) -> tuple[MerchantLocation, ...]:
    """Where a pass comes up: ten places at most."""
    return tuple(MerchantLocation(latitude=one.latitude, longitude=one.longitude) for one in places[:LOCATIONS_MAX])


def as_json(payload: BaseModel) -> dict[str, Any]:
    """What goes over the wire: Google's names, nothing that is not set."""
    dumped = payload.model_dump(by_alias=True, exclude_none=True, mode="json")
    return {key: value for key, value in dumped.items() if value != []}


def localized(words: dict[str, str]) -> LocalizedString:
    """google.json's `{en: …, it: …}` in Google's shape."""
    default = DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in words else next(iter(words))
    return LocalizedString(
        default_value=TranslatedString(language=default, value=words[default]),
        translated_values=tuple(
            TranslatedString(language=language, value=value) for language, value in words.items() if language != default
        ),
    )
