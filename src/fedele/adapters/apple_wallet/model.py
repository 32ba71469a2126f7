"""Apple's pass.json as types: every key a store card may carry, with the rules Wallet enforces without saying so.

Names and meaning: Apple, "Wallet Passes" (developer.apple.com/documentation/walletpasses/pass). A pass that breaks
a rule here is refused, or silently loses the field, on the phone; a design is therefore checked when it is loaded.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

Colour = Annotated[str, StringConstraints(pattern=r"^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$")]
Text = Annotated[str, StringConstraints(min_length=1)]
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
    semantics: dict[str, Any] | None = None
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

    def all_fields(self) -> tuple[PassField, ...]:
        """Every field, front and back."""
        front = self.header_fields + self.primary_fields + self.secondary_fields + self.auxiliary_fields
        return front + self.back_fields + self.additional_info_fields

    @model_validator(mode="after")
    def _keys_differ(self) -> "PassFields":
        keys = [field.key for field in self.all_fields()]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"field keys must differ: {', '.join(sorted(twice))}")
        return self


class Barcode(_Part):
    """A code for the scanner. QR is the one that tills and cameras read best."""

    format: Literal["PKBarcodeFormatQR", "PKBarcodeFormatPDF417", "PKBarcodeFormatAztec", "PKBarcodeFormatCode128"]
    message: Text
    message_encoding: str = "iso-8859-1"
    alt_text: str | None = None


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

    date: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None


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

    store_card: PassFields | None = None
    coupon: PassFields | None = None
    event_ticket: PassFields | None = None
    generic: PassFields | None = None

    barcodes: tuple[Barcode, ...] = ()
    barcode: Barcode | None = None
    nfc: Nfc | None = None
    locations: tuple[Location, ...] = Field(default=(), max_length=10)
    max_distance: float | None = Field(default=None, gt=0, strict=True)
    beacons: tuple[Beacon, ...] = Field(default=(), max_length=10)
    relevant_date: datetime | None = None
    relevant_dates: tuple[RelevantDate, ...] = ()

    web_service_url: str | None = Field(default=None, alias="webServiceURL")
    authentication_token: Annotated[str, StringConstraints(min_length=16)] | None = None
    app_launch_url: str | None = Field(default=None, alias="appLaunchURL")
    associated_store_identifiers: tuple[int, ...] = ()
    user_info: dict[str, Any] | None = None
    semantics: dict[str, Any] | None = None
    expiration_date: datetime | None = None
    voided: bool | None = None
    sharing_prohibited: bool | None = None

    @model_validator(mode="after")
    def _one_style(self) -> "PassDocument":
        styles = [self.store_card, self.coupon, self.event_ticket, self.generic]
        if sum(style is not None for style in styles) != 1:
            raise ValueError("a pass has exactly one of storeCard, coupon, eventTicket, generic")
        return self

    @model_validator(mode="after")
    def _reaches_home(self) -> "PassDocument":
        if (self.web_service_url is None) != (self.authentication_token is None):
            raise ValueError("webServiceURL and authenticationToken come together or not at all")
        if self.web_service_url and self.web_service_url.endswith("/"):
            raise ValueError("webServiceURL has no trailing slash")
        return self

    @property
    def fields(self) -> PassFields:
        """The fields of whichever style this pass has."""
        style = self.store_card or self.coupon or self.event_ticket or self.generic
        if style is None:
            raise AssertionError("validation let a pass without a style through")
        return style
