"""The API's own scalars and its Money. Decimals travel as text: a phone's float would lose cents."""

import functools
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NewType, Self
from uuid import UUID
from zoneinfo import available_timezones

import strawberry
from strawberry.types.scalar import ScalarDefinition

from fedele.kernel import money

Locale = NewType("Locale", str)
TimeZone = NewType("TimeZone", str)
MonthDay = NewType("MonthDay", str)
URL = NewType("URL", str)

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_MONTH_DAY = re.compile(r"--(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
_DAYS_MAX = {"02": 29, "04": 30, "06": 30, "09": 30, "11": 30}


@strawberry.type
class Money:
    """An exact amount of money."""

    amount: Decimal = strawberry.field(description='In major units, with the currency\'s own decimals: "12.50".')
    currency: str = strawberry.field(description="ISO 4217, such as EUR.")

    @classmethod
    def of(cls, value: money.Money) -> Self:
        """From the kernel's minor units."""
        return cls(amount=value.decimal, currency=value.currency)


def _parse_locale(value: Any) -> str:
    if not isinstance(value, str) or not _LOCALE.fullmatch(value):
        raise ValueError('a Locale is a BCP 47 tag such as "it" or "ar-EG"')
    return value


@functools.cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder of files: once a process


def _parse_time_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in _time_zones():
        raise ValueError('a TimeZone is an IANA name such as "Europe/Rome"')
    return value


def _parse_month_day(value: Any) -> str:
    match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[2]) > _DAYS_MAX.get(match[1], 31):
        raise ValueError('a MonthDay is "--MM-DD", such as "--02-29"')
    return str(value)


def _parse_url(value: Any) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise ValueError("a URL begins with https:// or http:// and has no spaces")
    return value


def _parse_decimal(value: Any) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError('a Decimal is text such as "12.50": digits, one point, no exponent')
    return Decimal(text)


def _parse_datetime(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a DateTime is ISO 8601 text")  # noqa: TRY004 - graphql-core reports ValueErrors
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError('a DateTime needs an offset: "2026-11-21T08:30:00+01:00" or "…Z"')
    return instant


def _parse_uuid(value: Any) -> UUID:
    if not isinstance(value, str):
        raise ValueError("a UUID is text")  # noqa: TRY004 - graphql-core reports ValueErrors
    return UUID(value)


def _print_decimal(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _text(name: str, description: str, parse: Callable[[Any], str]) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=str, parse_value=parse)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal, as text: "12.50".',
        serialize=_print_decimal,
        parse_value=_parse_decimal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601 with its offset.",
        serialize=datetime.isoformat,
        parse_value=_parse_datetime,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="An id that the client makes, as RFC 9562 writes it. Ids that we make are opaque: ID.",
        serialize=str,
        parse_value=_parse_uuid,
    ),
    Locale: _text("Locale", "A BCP 47 language tag: it, ar-EG.", _parse_locale),
    TimeZone: _text("TimeZone", "An IANA time zone: Europe/Rome.", _parse_time_zone),
    MonthDay: _text("MonthDay", "A day of any year, as in ISO 8601: --02-29.", _parse_month_day),
    URL: _text("URL", "An absolute http(s) address.", _parse_url),
}
