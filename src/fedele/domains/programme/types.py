"""Words of the programme: versions and changes, and the field types from which every room builds its config models.

A config model is frozen pydantic with `extra="forbid"` (derive from Section). A key that others may name is
`Annotated[Key, Defines("currency")]`; a field that names one is `Annotated[str, Refers("currency")]`: both are
checked across all sections, at the line of the mistake.
"""

import calendar
import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NewType, TypeAlias, TypeVar, cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    RootModel,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from fedele.kernel.docstrings import attribute_docstrings

ProgrammeVersion = NewType("ProgrammeVersion", int)
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

ReferenceKind: TypeAlias = Literal[
    "currency", "place", "tier", "reward", "offer", "survey", "rule", "message", "campaign",
    "membership", "challenge", "streak", "badge", "surprise", "area",
    "journey", "segment",
]  # fmt: skip


class Section(BaseModel):
    """Base of every config model: frozen, and a key that nobody knows is a mistake, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe each key by the words under it, unless its field says something itself."""
        made = handler(schema)
        models = [base for base in reversed(cls.__mro__) if issubclass(base, Section)]
        words = {name: text for model in models for name, text in attribute_docstrings(model).items()}
        properties = handler.resolve_ref_schema(made).get("properties", {})
        for name, field in cls.model_fields.items():
            if field.description is None and name in words:
                properties[field.alias or name]["description"] = words[name]
        return made


class Items(RootModel[tuple[T, ...]], Generic[T]):
    """A section that is a list."""

    model_config = ConfigDict(frozen=True)
    root: tuple[T, ...] = ()

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)


@dataclasses.dataclass(frozen=True, slots=True)
class Defines:
    """Marks the key field by which other sections name this thing. Keys of one kind are unique in the file."""

    kind: ReferenceKind


@dataclasses.dataclass(frozen=True, slots=True)
class Refers:
    """Marks a field that must name an existing thing of this kind."""

    kind: ReferenceKind


@dataclasses.dataclass(frozen=True, slots=True)
class Programme:
    """One version of the programme, read and checked. Get a room's part with `section(ItsConfigModel)`."""

    version: ProgrammeVersion
    effective_from: datetime
    sections: Mapping[str, BaseModel]
    source_text: str = dataclasses.field(default="", repr=False)
    _by_model: Mapping[type[BaseModel], BaseModel] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find each section by its model once: a sale asks for two dozen of them."""
        by_model = {type(section): section for section in reversed([*self.sections.values()])}
        object.__setattr__(self, "_by_model", by_model)

    def section(self, model: type[M]) -> M:
        """The section read by this model. Raises KeyError if bootstrap registered no such section."""
        try:
            return cast(M, self._by_model[model])
        except KeyError:
            raise KeyError(f"{model.__name__} is not a registered section of the programme file") from None


VersionState: TypeAlias = Literal["in_force", "scheduled", "past", "replaced", "withdrawn"]


@dataclasses.dataclass(frozen=True, slots=True)
class VersionRecord:
    """One applied version, without its text. `replaced`: another that begins at the same time came after it."""

    version: ProgrammeVersion
    effective_from: datetime
    recorded_at: datetime
    actor: str
    state: VersionState
    ends_at: datetime | None = None  # when the next one begins, for what is, was or will be in force


@dataclasses.dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing did. `created` is False where it was withdrawn before."""

    version: ProgrammeVersion
    effective_from: datetime
    created: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a programme file. `path` is where in the file ("earning.rules[0].multiplier")."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.message}" if self.path else f"line {self.line}: {self.message}"


@dataclasses.dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file did. `created` is False where the same text was in force already."""

    programme: Programme
    created: bool
    warnings: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions, in words; `path` is within the section: "rules[base].multiplier"."""

    section: str
    path: str
    kind: Literal["added", "removed", "changed"]
    words: str
    before: Any = None
    after: Any = None


_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError("must be a key: small letters, digits, '-' and '_', at most 63 characters")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone like 'Europe/Rome'")
    return value


def _locale(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", value):
        raise ValueError("must be a locale like 'it' or 'it-IT'")
    return value


def _clock_time(value: Any) -> Any:
    if isinstance(value, str):
        if value == "24:00":
            return time.max
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("must be a time of day like '07:30'")
    return value


def _clock_text(value: time) -> str:
    return "24:00" if value == time.max else value.strftime("%H:%M")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Key = Annotated[str, AfterValidator(_key), Field(description="Small letters, digits, '-' and '_'.")]
TimeZone = Annotated[str, AfterValidator(_zone), Field(description="IANA time zone, 'Europe/Rome'.")]
Locale = Annotated[str, AfterValidator(_locale), Field(description="Locale, 'it' or 'it-IT'.")]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166 country, 'IT'.")]
IsoCurrency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 currency, 'EUR'.")]
Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$", description="Colour as '#RRGGBB'.")]
Positive = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 12, max_digits=18)]
NotNegative = Annotated[Decimal, Field(ge=0, lt=Decimal(10) ** 12, max_digits=18)]
ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    PlainSerializer(_clock_text, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$", "description": "'07:30'."}),
]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CurrencyRef = Annotated[str, Refers("currency")]
PlaceRef = Annotated[str, Refers("place")]
TierRef = Annotated[str, Refers("tier")]
RewardRef = Annotated[str, Refers("reward")]
SurveyRef = Annotated[str, Refers("survey")]


def _text(value: Any) -> Any:
    if isinstance(value, int | Decimal):
        raise ValueError(f"must be a text (put {value} in quotes), or one text per locale")  # noqa: TRY004 - pydantic's
    return {"": value} if isinstance(value, str) else value


class Text(RootModel[dict[str, str]]):
    """A text in several languages: `{en: Hello, it: Ciao}`, or one plain string for every language."""

    model_config = ConfigDict(frozen=True)
    root: Annotated[
        dict[Annotated[str, AfterValidator(lambda key: key and _locale(key))], str],
        BeforeValidator(_text),
        Field(min_length=1),
        WithJsonSchema(
            {
                "oneOf": [
                    {"type": "string"},
                    {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
                ],
                "description": "A plain text, or one per locale: {en: Hello, it: Ciao}.",
            }
        ),
    ]

    def in_locale(self, locale: str, default: str = "en") -> str:
        """The text for a locale: it-CH → it → the default locale → its language → whatever comes first."""
        for candidate in (locale, locale.partition("-")[0], "", default, default.partition("-")[0]):
            if candidate in self.root:
                return self.root[candidate]
        return next(iter(self.root.values()))

    @model_serializer(mode="plain")
    def _as_written(self) -> str | dict[str, str]:
        return self.root[""] if list(self.root) == [""] else self.root

    def speaks(self, locale: str) -> bool:
        """Whether there is a text for this locale or its language."""
        return locale in self.root or locale.partition("-")[0] in self.root

    def __hash__(self) -> int:
        return hash(tuple(self.root.items()))


class Amount(Section):
    """An amount of one of the programme's currencies: `{currency: points, amount: 50}`."""

    currency: CurrencyRef
    amount: Positive


class Period(Section):
    """A length of calendar time. Months and years keep the day of the month, and stop at a month's last day."""

    days: int = Field(default=0, ge=0, le=36_525)
    months: int = Field(default=0, ge=0, le=1_200)
    years: int = Field(default=0, ge=0, le=100)

    def after(self, day: date) -> date:
        """The day this period ends when it begins on `day`: 31 January + 1 month is the last day of February."""
        months = day.year * 12 + day.month - 1 + self.months + 12 * self.years
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)


_DAYS = {
    "anyOf": [{"enum": list(WEEKDAYS)}, {"type": "array", "items": {"enum": list(WEEKDAYS)}}],
    "description": "A day of the week, or several: sun, or [mon, tue]. Unset: every day.",
}


class WeeklyWindow(Section):
    """Hours on some days of the week, local: `{days: [mon, tue], opens: '07:00', closes: '10:00'}`.

    A window that closes before it opens runs over midnight and belongs to the day on which it opens.
    """

    days: Annotated[tuple[Weekday, ...], BeforeValidator(_listed), WithJsonSchema(_DAYS)] = WEEKDAYS
    opens: ClockTime = time(0)
    closes: ClockTime = time.max

    def contains(self, local: datetime) -> bool:
        """Whether a local date and time lies in the window (closing time excluded)."""
        today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[local.weekday() - 1]
        clock = local.time()
        if self.opens < self.closes:
            return today in self.days and (self.opens <= clock < self.closes or clock == self.closes == time.max)
        return (today in self.days and clock >= self.opens) or (yesterday in self.days and clock < self.closes)

    def closing(self, local: datetime) -> datetime:
        """The instant at which the window closes that contains this local date and time."""
        next_day = self.closes <= self.opens and local.time() >= self.opens
        day = local.date() + timedelta(days=1 if next_day or self.closes == time.max else 0)
        closes = time(0) if self.closes == time.max else self.closes
        return datetime.combine(day, closes, local.tzinfo)


def within(windows: tuple[WeeklyWindow, ...], instant: datetime, time_zone: str) -> bool:
    """Whether an instant, seen in this time zone, lies in one of the windows. No windows: always."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return not windows or any(window.contains(local) for window in windows)


class Dates(Section):
    """From one local date to another, both included: `{starts: 2026-11-01, ends: 2026-12-24}`. Each may be missing."""

    starts: date | None = None
    ends: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Dates":
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError(f"ends on {self.ends}, before it starts on {self.starts}")
        return self

    def starts_at(self, time_zone: str) -> datetime | None:
        """The instant of the first midnight, in this time zone."""
        return datetime.combine(self.starts, time(0), ZoneInfo(time_zone)) if self.starts else None

    def ends_at(self, time_zone: str) -> datetime | None:
        """The first instant after the last day, in this time zone."""
        if self.ends is None:
            return None
        return datetime.combine(self.ends + timedelta(days=1), time(0), ZoneInfo(time_zone))

    def contains(self, instant: datetime, time_zone: str) -> bool:
        """Whether an instant lies within, in this time zone."""
        if self.starts is None and self.ends is None:
            return True
        today = instant.astimezone(ZoneInfo(time_zone)).date()
        return (self.starts is None or self.starts <= today) and (self.ends is None or today <= self.ends)
