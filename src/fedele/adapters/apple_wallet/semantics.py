"""Semantic tags: what a pass or a field means, for the phone's own use (calendar, maps, suggestions, poster tickets).

Names and types: Apple, "Wallet Passes", SemanticTags. Here are the tags that store cards, coupons, generic passes and
event tickets may carry; a boarding pass is none of ours. A phone ignores an unknown tag in silence, so it is refused.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

EventType = Literal[
    "PKEventTypeGeneric",
    "PKEventTypeLivePerformance",
    "PKEventTypeMovie",
    "PKEventTypeSports",
    "PKEventTypeConference",
    "PKEventTypeConvention",
    "PKEventTypeWorkshop",
    "PKEventTypeSocialGathering",
]
Amount = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")] | Decimal


class _Tag(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class CurrencyAmount(_Tag):
    """Money: the amount in major units, and its ISO 4217 currency."""

    amount: Amount
    currency_code: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class SemanticLocation(_Tag):
    """A place on the map."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Seat(_Tag):
    """Where somebody sits."""

    seat_aisle: str | None = None
    seat_description: str | None = None
    seat_identifier: str | None = None
    seat_level: str | None = None
    seat_number: str | None = None
    seat_row: str | None = None
    seat_section: str | None = None
    seat_section_color: str | None = None
    seat_type: str | None = None


class EventDateInfo(_Tag):
    """When an event is, and how exactly that is known."""

    date: datetime | None = None
    ignore_time_components: bool | None = None
    is_all_day: bool | None = None
    is_tentative: bool | None = None
    is_undetermined: bool | None = None
    time_zone: str | None = None
    unannounced: bool | None = None


class WifiNetwork(_Tag):
    """A network that the holder may use."""

    ssid: str
    password: str


class Semantics(_Tag):
    """Every tag of a card, a coupon, a generic pass or an event ticket."""

    additional_ticket_attributes: str | None = None
    admission_level: str | None = None
    admission_level_abbreviation: str | None = None
    album_ids: tuple[str, ...] | None = Field(default=None, alias="albumIDs")
    artist_ids: tuple[str, ...] | None = Field(default=None, alias="artistIDs")
    attendee_name: str | None = None
    away_team_abbreviation: str | None = None
    away_team_location: str | None = None
    away_team_name: str | None = None
    balance: CurrencyAmount | None = None
    duration: float | None = Field(default=None, ge=0)
    entrance_description: str | None = None
    event_end_date: datetime | None = None
    event_live_message: str | None = None
    event_name: str | None = None
    event_start_date: datetime | None = None
    event_start_date_info: EventDateInfo | None = None
    event_type: EventType | None = None
    genre: str | None = None
    home_team_abbreviation: str | None = None
    home_team_location: str | None = None
    home_team_name: str | None = None
    league_abbreviation: str | None = None
    league_name: str | None = None
    membership_program_name: str | None = None
    membership_program_number: str | None = None
    membership_program_status: str | None = None
    performer_names: tuple[str, ...] | None = None
    playlist_ids: tuple[str, ...] | None = Field(default=None, alias="playlistIDs")
    priority_status: str | None = None
    seats: tuple[Seat, ...] | None = None
    silence_requested: bool | None = None
    sport_name: str | None = None
    tailgating_allowed: bool | None = None
    total_price: CurrencyAmount | None = None
    venue_box_office_open_date: datetime | None = None
    venue_close_date: datetime | None = None
    venue_doors_open_date: datetime | None = None
    venue_entrance: str | None = None
    venue_entrance_door: str | None = None
    venue_entrance_gate: str | None = None
    venue_entrance_portal: str | None = None
    venue_fan_zone_open_date: datetime | None = None
    venue_gates_open_date: datetime | None = None
    venue_location: SemanticLocation | None = None
    venue_name: str | None = None
    venue_open_date: datetime | None = None
    venue_parking_lots_open_date: datetime | None = None
    venue_phone_number: str | None = None
    venue_region_name: str | None = None
    venue_room: str | None = None
    wifi_access: tuple[WifiNetwork, ...] | None = None
