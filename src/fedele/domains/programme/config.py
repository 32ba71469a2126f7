"""The programme's own sections of its file: `programme`, `currencies`, `places` and `texts`."""

from datetime import date, datetime, time, timedelta
from datetime import date as dt_date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from fedele.domains.programme.types import (
    Colour,
    Country,
    Defines,
    IsoCurrency,
    Items,
    Key,
    Locale,
    NotNegative,
    Period,
    Section,
    Text,
    TierRef,
    TimeZone,
    WeeklyWindow,
)
from fedele.kernel.languages import PluralForm, plural_form
from fedele.kernel.money import Rounding


class Colours(Section):
    """The brand's colours, for apps, cards and messages."""

    background: Colour = "#FFFFFF"
    foreground: Colour = "#1A1A1A"
    accent: Colour = "#1A1A1A"
    label: Colour = "#5F5F5F"


class ProgrammeConfig(Section):
    """Section `programme`: who we are, where our days begin and end, which money and languages we speak."""

    key: Key
    name: Text
    time_zone: TimeZone
    """Days, months and years of the programme begin at midnight here."""
    home_currency: IsoCurrency
    """The money in which worth, budgets and reports are told."""
    default_locale: Locale = "en"
    locales: tuple[Locale, ...] = ("en",)
    """The locales that every text should have."""
    colours: Colours = Colours()
    tagline: Text | None = None
    terms_url: str | None = Field(default=None, pattern="^https://")
    support_url: str | None = Field(default=None, pattern="^(https://|mailto:)")

    @model_validator(mode="after")
    def _default_is_spoken(self) -> "ProgrammeConfig":
        if self.default_locale not in self.locales:
            raise ValueError(f"default_locale '{self.default_locale}' is missing in locales")
        return self


ActivityKind = Literal["earn", "burn", "purchase", "event"]


class NeverExpires(Section):
    """The units stay until they are spent."""

    type: Literal["never"] = "never"


class RollingExpiry(Section):
    """Units expire a period after they were earned (or became active)."""

    type: Literal["rolling"]
    period: Period
    end_of: Literal["day", "month", "year"] = "day"
    """They live until the end of the day, month or year in which the period ends, in the programme's time zone."""
    activity_extends: Period | None = None
    """Each calendar month in which the member is active gives all units earned before it so much longer, once."""
    activity: tuple[ActivityKind, ...] = ("earn", "purchase")
    """What counts as activity, for `activity_extends`."""

    @model_validator(mode="after")
    def _extends_by_something(self) -> "RollingExpiry":
        if self.activity_extends is not None and self.activity_extends == Period():
            raise ValueError("activity_extends needs days, months or years")
        return self


class FixedDateExpiry(Section):
    """All units expire on the same day of the year."""

    type: Literal["fixed_date"]
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    years: int = Field(default=0, ge=0, le=10)
    """Whole years to wait before that date counts."""

    @model_validator(mode="after")
    def _exists(self) -> "FixedDateExpiry":
        date(2024, self.month, self.day)  # a leap year: 29 February is allowed
        return self


class InactivityExpiry(Section):
    """All units expire when the member has been idle for a period; any activity moves the date."""

    type: Literal["inactivity"]
    period: Period
    end_of: Literal["day", "month"] = "day"
    activity: tuple[ActivityKind, ...] = ("earn", "purchase")
    """earn: units of any currency; burn: units spent; purchase: any; event: any that is recorded."""


Expiry = Annotated[
    NeverExpires | RollingExpiry | FixedDateExpiry | InactivityExpiry,
    Field(discriminator="type"),
]


class Pay(Section):
    """Paying a part of a basket with units. The currency needs a `worth`."""

    share_max_percent: Decimal = Field(default=Decimal(100), gt=0, le=100, max_digits=5, decimal_places=2)
    """At most this share of the basket's original price, before discounts."""
    minimum: NotNegative = Decimal(0)
    """The fewest units that can pay."""
    step: NotNegative = Decimal(0)
    """Units pay in whole multiples of this; 0: any number."""


class Currency(Section):
    """One of the programme's currencies: points, stars, stamps, store credit."""

    key: Annotated[Key, Defines("currency")]
    name: Text
    """Plural, as in "1,250 points"."""
    name_one: Text | None = None
    """Singular, where the language has one."""
    name_forms: dict[Locale, dict[PluralForm, str]] = Field(default_factory=dict)
    """The other plurals of languages that have them, in CLDR's forms: {ru: {few: балла}}."""
    kind: Literal["points", "stars", "stamps", "cashback", "credit"] = "points"
    decimals: int = Field(default=0, ge=0, le=4)
    """Digits after the point that the ledger keeps; 1.2 stars need 1."""
    worth: NotNegative = Decimal(0)
    """What one unit (1 point, not 1 of its decimals) is worth in the home currency: 0.01."""
    pay: Pay = Pay()
    """How much of a basket these units can pay."""
    rounding: Rounding = "down"
    """How awards are rounded to `decimals`, at the rule's rounding point."""
    expiry: Expiry = NeverExpires()
    expiry_by_tier: dict[TierRef, Expiry] = Field(default_factory=dict)
    """Another expiry for members of some tiers."""
    debt: Literal["clamp", "debt", "pending"] = "debt"
    """When a return takes back units that are spent already: `debt` nets them from later earning, `clamp` forgives;
    `pending` takes back only what cannot be spent yet, and forgives the rest."""
    restore_grace: Period = Period(days=30)
    """Units that paid for what comes back keep their own expiry; where that has passed, they live so long from then."""

    def named(self, amount: Decimal, locale: str, default: str = "en") -> str:
        """The name as it stands after this amount, in a reader's language: 1 point, 2 балла."""
        form = plural_form(amount, locale)
        forms = self.name_forms.get(locale) or self.name_forms.get(locale.partition("-")[0]) or {}
        if form in forms:
            return forms[form]
        one = self.name_one if form == "one" else None
        return (one if one and (one.speaks(locale) or "" in one.root) else self.name).in_locale(locale, default)

    def kept_restored_until(self, at: datetime, time_zone: str) -> datetime:
        """Until when units live that come back at `at` after their own expiry: to the end of that day, at least."""
        day = self.restore_grace.after(at.astimezone(ZoneInfo(time_zone)).date())
        return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(time_zone))


class Currencies(Items[Currency]):
    """Section `currencies`."""

    def get(self, key: str) -> Currency:
        """The currency of this key. Raises KeyError."""
        for currency in self.root:
            if currency.key == key:
                return currency
        raise KeyError(key)


class SpecialDay(Section):
    """A day with other opening hours than its weekday's: a holiday, an inventory."""

    date: dt_date
    every_year: bool = False
    """The same day of every year: 25 December."""
    hours: tuple[WeeklyWindow, ...] = ()
    """Hours on that day (their `days` do not count); none: closed. The night before may still run into it."""

    def falls_on(self, day: dt_date) -> bool:
        """Whether this local day is it."""
        return day == self.date or (self.every_year and (day.month, day.day) == (self.date.month, self.date.day))


class Beacon(Section):
    """A Bluetooth beacon that hangs at a place (iBeacon's names)."""

    uuid: str = Field(pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")
    major: int = Field(default=0, ge=0, le=65535)
    minor: int = Field(default=0, ge=0, le=65535)


class Place(Section):
    """A shop, or another point on the map that offers and wallet cards know."""

    key: Annotated[Key, Defines("place")]
    """The store's id as tills and imports send it: 'store-367'."""
    name: Text
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    radius_metres: int = Field(default=150, ge=100, le=50_000)
    """How near counts as being there; phones cannot tell less than 100 metres."""
    time_zone: TimeZone | None = None
    """If it is another than the programme's."""
    country: Country | None = None
    address: str | None = None
    hours: tuple[WeeklyWindow, ...] = ()
    """Opening hours, local; none: always open."""
    special_days: tuple[SpecialDay, ...] = ()
    """Days that differ: holidays above all."""
    beacons: tuple[Beacon, ...] = ()
    tags: tuple[Key, ...] = ()


class Places(Items[Place]):
    """Section `places`."""


class Texts(Section):
    """Section `texts`: words of the programme beyond those that belong to a rule, an offer or a message."""

    how_it_works: Text | None = None
    ways_to_earn_title: Text | None = None
    join_title: Text | None = None
    join_body: Text | None = None
    refusals: dict[str, Text] = Field(default_factory=dict)
    """Own words for a refusal, by its code: OFFER_CLOSED."""
    more: dict[Key, Text] = Field(default_factory=dict)
    """Any other text that the app asks for by its key."""
