"""Apple's pass.json as types: every key a store card, coupon, event ticket or generic pass may carry, up to iOS 27.

Names and meaning: Apple, "Wallet Passes" (developer.apple.com/documentation/walletpasses/pass). Wallet does not say
what it dislikes: a pass that breaks a rule here is refused, or silently loses the field, on the phone. A design is
therefore checked when it is loaded.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

from fedele.adapters.apple_wallet import symbols
from fedele.adapters.apple_wallet.semantics import Semantics

Colour = Annotated[str, StringConstraints(pattern=r"^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$")]
Text = Annotated[str, StringConstraints(min_length=1)]
ROW_FIELDS_MAX = 4
STYLES = ("storeCard", "coupon", "eventTicket", "generic")
DateStyle = Literal["PKDateStyleNone", "PKDateStyleShort", "PKDateStyleMedium", "PKDateStyleLong", "PKDateStyleFull"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class PassField(_Part):
    """One labelled value on the card. Balances are text, already formatted: a numeric 0 vanishes in some readers."""

    key: Text
    value: str | int | float
    label: str | None = None
    attributed_value: str | None = None
    change_message: str | None = None
    currency_code: str | None = None
    data_detector_types: (
        tuple[
            Literal[
                "PKDataDetectorTypePhoneNumber",
                "PKDataDetectorTypeLink",
                "PKDataDetectorTypeAddress",
                "PKDataDetectorTypeCalendarEvent",
            ],
            ...,
        ]
        | None
    ) = None
    date_style: DateStyle | None = None
    time_style: DateStyle | None = None
    ignores_time_zone: bool | None = None
    is_relative: bool | None = None
    number_style: (
        Literal["PKNumberStyleDecimal", "PKNumberStylePercent", "PKNumberStyleScientific", "PKNumberStyleSpellOut"]
        | None
    ) = None
    row: Literal[0, 1] | None = None
    semantics: Semantics | None = None
    text_alignment: (
        Literal["PKTextAlignmentLeft", "PKTextAlignmentCenter", "PKTextAlignmentRight", "PKTextAlignmentNatural"] | None
    ) = None

    @field_validator("change_message")
    @classmethod
    def _says_what_changed(cls, message: str | None) -> str | None:
        # A key of pass.strings may stand here; its translations are checked where the strings are known.
        if message is not None and " " in message and "%@" not in message:
            raise ValueError("a changeMessage without %@ notifies nobody; put %@ where the new value belongs")
        return message


class PassFields(_Part):
    """The fields of a style, by their place on the card."""

    header_fields: tuple[PassField, ...] = Field(default=(), max_length=3)
    primary_fields: tuple[PassField, ...] = ()
    secondary_fields: tuple[PassField, ...] = ()
    auxiliary_fields: tuple[PassField, ...] = ()
    back_fields: tuple[PassField, ...] = ()
    additional_info_fields: tuple[PassField, ...] = ()
    footer_fields: tuple[PassField, ...] = ()

    def all_fields(self) -> tuple[PassField, ...]:
        """Every field, front and back."""
        front = self.header_fields + self.primary_fields + self.secondary_fields + self.auxiliary_fields
        return front + self.back_fields + self.additional_info_fields + self.footer_fields

    @model_validator(mode="after")
    def _keys_differ(self) -> "PassFields":
        keys = [field.key for field in self.all_fields()]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"field keys must differ: {', '.join(sorted(twice))}")
        return self


class ClassicFields(PassFields):
    """The fields of a store card, coupon, event ticket or generic pass: what every iOS draws."""

    primary_fields: tuple[PassField, ...] = Field(default=(), max_length=1)
    footer_fields: tuple[PassField, ...] = Field(default=(), max_length=0)

    @model_validator(mode="after")
    def _front_holds_them(self) -> "ClassicFields":
        if len(self.secondary_fields) + len(self.auxiliary_fields) > ROW_FIELDS_MAX * 2:
            raise ValueError(f"the front shows {ROW_FIELDS_MAX * 2} secondary and auxiliary fields at most")
        return self


class StripFields(ClassicFields):
    """Fields of a store card or coupon: secondary and auxiliary ones share one row."""

    @model_validator(mode="after")
    def _one_row_holds_them(self) -> "StripFields":
        if len(self.secondary_fields) + len(self.auxiliary_fields) > ROW_FIELDS_MAX:
            raise ValueError(f"secondary and auxiliary fields share one row of {ROW_FIELDS_MAX}; Wallet drops the rest")
        return self


class PosterFields(PassFields):
    """The poster face of iOS 27: one header field, four primary ones, one footer; what is more is dropped."""

    header_fields: tuple[PassField, ...] = Field(default=(), max_length=1)
    primary_fields: tuple[PassField, ...] = Field(default=(), max_length=4)
    secondary_fields: tuple[PassField, ...] = Field(default=(), max_length=0)
    auxiliary_fields: tuple[PassField, ...] = Field(default=(), max_length=0)
    footer_fields: tuple[PassField, ...] = Field(default=(), max_length=1)


class Barcode(_Part):
    """A code for the scanner. QR is the one that tills and cameras read best."""

    format: symbols.Format
    message: Text
    message_encoding: Text = "iso-8859-1"
    alt_text: str | None = None

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "Barcode":
        if reason := symbols.why_not(self.format, self.message, self.message_encoding):
            raise ValueError(reason)
        return self


class Location(_Part):
    """A place where the card comes up on the lock screen."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    altitude: float | None = None
    relevant_text: str | None = None


class Beacon(_Part):
    """A Bluetooth beacon near which the card comes up."""

    proximity_uuid: Text = Field(alias="proximityUUID")
    major: int | None = Field(default=None, ge=0, le=65535)
    minor: int | None = Field(default=None, ge=0, le=65535)
    relevant_text: str | None = None


class RelevantDate(_Part):
    """A moment, or a span, when the card is relevant (iOS 18)."""

    date: AwareDatetime | None = None
    start_date: AwareDatetime | None = None
    end_date: AwareDatetime | None = None

    @model_validator(mode="after")
    def _moment_or_span(self) -> "RelevantDate":
        if (self.date is None) == (self.start_date is None) or (self.start_date is None) != (self.end_date is None):
            raise ValueError("is a date, or a startDate with an endDate")
        if self.start_date and self.end_date and self.end_date <= self.start_date:
            raise ValueError("endDate must come after startDate")
        return self


class FeaturedAction(_Part):
    """A tile below the card's face (iOS 27): Wallet draws icon and words by its type, and opens the address."""

    identifier: Text
    type: Annotated[str, StringConstraints(pattern="^[a-z][A-Za-z]*$")]
    url: Annotated[str, StringConstraints(pattern="^(https://|tel:|mailto:|[a-z][a-z0-9+.-]*://)")]


class Nfc(_Part):
    """Value-added services over NFC; needs Apple's permission for the pass type."""

    message: Annotated[str, StringConstraints(max_length=64)]
    encryption_public_key: Text
    requires_authentication: bool | None = None


class PassDocument(_Part):
    """pass.json as a whole."""

    format_version: Literal[1] = 1
    pass_type_identifier: Annotated[str, StringConstraints(pattern=r"^pass\.[A-Za-z0-9.-]+$")]
    team_identifier: Text
    serial_number: Text
    organization_name: Text
    description: Text
    logo_text: str | None = None
    background_color: Colour | None = None
    foreground_color: Colour | None = None
    label_color: Colour | None = None
    suppress_strip_shine: bool | None = None
    grouping_identifier: str | None = None

    store_card: StripFields | None = None
    coupon: StripFields | None = None
    event_ticket: ClassicFields | None = None
    generic: ClassicFields | None = None
    poster_generic: PosterFields | None = None
    """Beside one of the four above: iOS 27 shows the poster, an older phone the other."""
    preferred_style_schemes: tuple[Literal["posterEventTicket", "eventTicket"], ...] = ()
    featured_actions: tuple[FeaturedAction, ...] = Field(default=(), max_length=2)

    barcodes: tuple[Barcode, ...] = ()
    barcode: Barcode | None = None
    nfc: Nfc | None = None
    locations: tuple[Location, ...] = Field(default=(), max_length=10)
    max_distance: float | None = Field(default=None, gt=0, strict=True)
    beacons: tuple[Beacon, ...] = Field(default=(), max_length=10)
    relevant_date: AwareDatetime | None = None
    relevant_dates: tuple[RelevantDate, ...] = ()

    web_service_url: str | None = Field(default=None, alias="webServiceURL")
    authentication_token: Annotated[str, StringConstraints(min_length=16)] | None = None
    app_launch_url: str | None = Field(default=None, alias="appLaunchURL")
    associated_store_identifiers: tuple[int, ...] = ()
    auxiliary_store_identifiers: tuple[int, ...] = ()
    user_info: dict[str, Any] | None = None
    semantics: Semantics | None = None
    expiration_date: AwareDatetime | None = None
    voided: bool | None = None
    sharing_prohibited: bool | None = None

    # What only the poster of an event ticket shows (iOS 18).
    event_logo_text: str | None = None
    footer_background_color: Colour | None = None
    suppress_header_darkening: bool | None = None
    use_automatic_colors: bool | None = None
    accessibility_url: str | None = Field(default=None, alias="accessibilityURL")
    add_on_url: str | None = Field(default=None, alias="addOnURL")
    bag_policy_url: str | None = Field(default=None, alias="bagPolicyURL")
    contact_venue_email: str | None = None
    contact_venue_phone_number: str | None = None
    contact_venue_website: str | None = None
    directions_information_url: str | None = Field(default=None, alias="directionsInformationURL")
    merchandise_url: str | None = Field(default=None, alias="merchandiseURL")
    order_food_url: str | None = Field(default=None, alias="orderFoodURL")
    parking_information_url: str | None = Field(default=None, alias="parkingInformationURL")
    purchase_parking_url: str | None = Field(default=None, alias="purchaseParkingURL")
    sell_url: str | None = Field(default=None, alias="sellURL")
    transfer_url: str | None = Field(default=None, alias="transferURL")
    transit_information_url: str | None = Field(default=None, alias="transitInformationURL")

    @model_validator(mode="after")
    def _one_style(self) -> "PassDocument":
        styles = [self.store_card, self.coupon, self.event_ticket, self.generic]
        if sum(style is not None for style in styles) != 1:
            raise ValueError("a pass has exactly one of storeCard, coupon, eventTicket, generic")
        return self

    @model_validator(mode="after")
    def _older_phones_have_a_code(self) -> "PassDocument":
        formats = [barcode.format for barcode in self.barcodes]
        if formats and not any(each in symbols.ON_EVERY_PHONE for each in formats):
            raise ValueError(f"barcodes: {formats[0]} needs iOS 27; add a PKBarcodeFormatQR after it for older phones")
        if formats and formats[0] in symbols.ON_EVERY_PHONE and len(formats) > 1:
            raise ValueError(f"barcodes: every phone draws {formats[0]}, so what follows it is never seen; put it last")
        return self

    @model_validator(mode="after")
    def _actions_differ(self) -> "PassDocument":
        names = [action.identifier for action in self.featured_actions]
        if len(set(names)) != len(names):
            raise ValueError("featuredActions: identifiers must differ")
        return self

    @model_validator(mode="after")
    def _an_app_to_launch(self) -> "PassDocument":
        if self.app_launch_url and not self.associated_store_identifiers:
            raise ValueError("appLaunchURL needs associatedStoreIdentifiers, or there is no app to launch")
        return self

    @model_validator(mode="after")
    def _reaches_home(self) -> "PassDocument":
        if (self.web_service_url is None) != (self.authentication_token is None):
            raise ValueError("webServiceURL and authenticationToken come together or not at all")
        if self.web_service_url and self.web_service_url.endswith("/"):
            raise ValueError("webServiceURL has no trailing slash")
        return self

    @property
    def fields(self) -> ClassicFields:
        """The fields of whichever style this pass has."""
        style = self.store_card or self.coupon or self.event_ticket or self.generic
        if style is None:
            raise AssertionError("validation let a pass without a style through")
        return style
