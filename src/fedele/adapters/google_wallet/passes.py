"""Rewards and claimed offers as Google's offers, seats as its event tickets: pure functions of design and state.

Source: walletobjects v1, OfferClass, OfferObject, EventTicketClass, EventTicketObject. A class is what all holders of
one reward, or all guests of one event, share; so its words are there in every language of the programme.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from fedele.adapters.apple_wallet.design import Design
from fedele.adapters.google_wallet.payloads import (
    Barcode,
    CallbackOptions,
    Image,
    LocalizedString,
    MerchantLocation,
    PassConstraints,
    TextModule,
    TranslatedString,
    Uri,
    _Part,
    localized,
    merchant_locations,
)
from fedele.adapters.google_wallet.save_links import object_id
from fedele.domains.wallet.types import LOCATIONS_MAX, CardState, CardTicket, CardVoucher, Words

State = Literal["ACTIVE", "COMPLETED", "EXPIRED", "INACTIVE"]


class DateTime(_Part):
    """An instant, with its offset."""

    date: datetime


class TimeInterval(_Part):
    """While it holds."""

    end: DateTime


class _Class(_Part):
    id: str
    issuer_name: str
    hex_background_color: str
    review_status: Literal["UNDER_REVIEW"] = "UNDER_REVIEW"
    multiple_devices_and_holders_allowed_status: Literal["ONE_USER_ALL_DEVICES"] = "ONE_USER_ALL_DEVICES"
    text_modules_data: tuple[TextModule, ...] = ()
    callback_options: CallbackOptions | None = None


class OfferClass(_Class):
    """What all holders of one reward share."""

    provider: str
    title: str
    localized_title: LocalizedString
    localized_details: LocalizedString | None = None
    title_image: Image
    redemption_channel: Literal["INSTORE"] = "INSTORE"


class EventVenue(_Part):
    """Where an event is."""

    name: LocalizedString
    address: LocalizedString


class EventDateTime(_Part):
    """When an event is."""

    start: datetime
    end: datetime


class EventTicketClass(_Class):
    """What all guests of one event share."""

    event_id: str
    event_name: LocalizedString
    logo: Image
    venue: EventVenue | None = None
    date_time: EventDateTime


class _Object(_Part):
    id: str
    class_id: str
    state: State
    barcode: Barcode | None = None
    valid_time_interval: TimeInterval | None = None
    text_modules_data: tuple[TextModule, ...] = ()
    merchant_locations: tuple[MerchantLocation, ...] = Field(default=(), max_length=LOCATIONS_MAX)
    pass_constraints: PassConstraints = PassConstraints(screenshot_eligibility="INELIGIBLE")
    notify_preference: Literal["NOTIFY_ON_UPDATE"] | None = "NOTIFY_ON_UPDATE"


class OfferObject(_Object):
    """One member's reward or claimed offer."""


class EventTicketObject(_Object):
    """One member's seat."""

    ticket_holder_name: str | None = None


def class_of(design: Design, card: CardState, class_id: str, logo_url: str, background: str) -> _Class | None:
    """The class of a pass's subject; None where the pass no longer says what it is for: its class is there already."""
    common = {"id": class_id, "issuer_name": card.programme_name, "hex_background_color": background}
    logo, words = Image(source_uri=Uri(uri=logo_url)), design.google
    how = TextModule(
        id="how", localized_header=localized(words["howLabel"]), localized_body=localized(words["howText"])
    )
    if card.kind == "ticket":
        return _ticket_class(card.ticket, card.locale, logo, how, common) if card.ticket else None
    return _offer_class(card.voucher, card, logo, how, common) if card.voucher else None


def _offer_class(
    voucher: CardVoucher, card: CardState, logo: Image, how: TextModule, common: dict[str, str]
) -> OfferClass:
    title = in_languages(voucher.names, voucher.name, card.locale)
    details = in_languages(voucher.descriptions, voucher.description, card.locale) if voucher.description else None
    return OfferClass(
        **common,
        provider=card.programme_name,
        title=title.default_value.value,
        localized_title=title,
        localized_details=details,
        title_image=logo,
        text_modules_data=(how,),
    )


def _ticket_class(
    ticket: CardTicket, locale: str, logo: Image, how: TextModule, common: dict[str, str]
) -> EventTicketClass:
    place = in_languages(ticket.venues, ticket.venue, locale) if ticket.venue else None
    return EventTicketClass(
        **common,
        event_id=ticket.key,
        event_name=in_languages(ticket.names, ticket.name, locale),
        logo=logo,
        venue=EventVenue(name=place, address=place) if place else None,
        date_time=EventDateTime(start=ticket.starts_at, end=ticket.ends_at),
        text_modules_data=(how,),
    )


def object_of(design: Design, issuer_id: str, class_id: str, card: CardState) -> _Object:
    """The object. One that is used, over or withdrawn has no code any more."""
    kind = EventTicketObject if card.kind == "ticket" else OfferObject
    common = {"id": object_id(issuer_id, card.serial), "class_id": class_id, "state": state_of(card)}
    if card.voided:
        return kind.model_validate(common)
    words, modules = design.google, []
    if card.voucher is not None and card.voucher.terms:
        header = localized(words["termsLabel"])
        modules.append(TextModule(id="terms", localized_header=header, body=card.voucher.terms))
    if card.ticket is not None and card.kind == "ticket":
        header = localized(words["personsLabel"])
        modules.append(TextModule(id="persons", localized_header=header, body=str(card.ticket.persons)))
        common["ticket_holder_name"] = card.display_name or ""
    return kind(
        **common,
        barcode=Barcode(value=card.card_code, alternate_text=card.card_code) if card.card_code else None,
        valid_time_interval=TimeInterval(end=DateTime(date=card.expires_at)) if card.expires_at else None,
        text_modules_data=tuple(modules),
        merchant_locations=merchant_locations(card.places),
    )


def state_of(card: CardState) -> State:
    """Google's word for where the pass is in its life."""
    if not card.voided:
        return "ACTIVE"
    return {"used": "COMPLETED", "expired": "EXPIRED"}.get(card.ended or "", "INACTIVE")  # type: ignore[return-value]


def in_languages(words: Words, fallback: str | None, locale: str) -> LocalizedString:
    """The programme's words in Google's shape; words for every language count as the reader's."""
    named = {language or locale: text for language, text in words} or {locale: fallback or ""}
    default = "en" if "en" in named else next(iter(named))
    return LocalizedString(
        default_value=TranslatedString(language=default, value=named[default]),
        translated_values=tuple(
            TranslatedString(language=language, value=text) for language, text in named.items() if language != default
        ),
    )
