"""The columns of each kind of file, and how their text becomes values. Every parser raises RowInvalid."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import orjson

from fedele.domains.exchange.errors import ImportFileUnreadable
from fedele.domains.exchange.types import ImportFile, ImportKind, RowInvalid
from fedele.domains.members.types import Channel, MonthDay, Purpose
from fedele.kernel.money import Money, minor_digits

# kind → (columns that every row must fill, columns that it may)
COLUMNS: Mapping[ImportKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "members": (
        (),
        ("member", "email", "phone", "name", "locale", "time_zone", "birthday", "joined_at", "home_store", "consents",
         "preferences"),
    ),
    "purchases": (
        ("store", "receipt", "occurred_at", "quantity", "amount"),
        ("member", "email", "phone", "card", "currency", "channel", "line", "sku", "tax", "discount", "kind", "name",
         "category", "department", "brand", "returns_receipt", "returns_store", "returns_line"),
    ),
    "balances": (("currency", "amount"), ("member", "email", "phone", "card", "key", "earned_at", "expires_at")),
    "places": (
        ("key", "name", "latitude", "longitude"),
        ("radius_metres", "time_zone", "country", "address", "tags"),
    ),
    "products": (("sku", "name"), ("category", "department", "brand", "cost", "cost_from")),
    "codes": (("reward", "code"), ()),
    "coupons": (
        ("key", "title"),
        ("body", "percent", "value", "discount_max", "minimum_spend", "category", "department", "brand", "skus",
         "starts", "ends", "total", "per_member", "use_within_hours", "priority"),
    ),
}  # fmt: skip
MEMBER_COLUMNS = ("member", "email", "phone", "card")
_CENTS = re.compile(r"-?[0-9]{1,12}\.[0-9]{2}", re.ASCII)
NUMBER_LENGTH_MAX = 32  # characters of a number, and powers of ten
_DATED_BIRTHDAY = re.compile(r"(?:\d{4}-)?(\d{1,2})-(\d{1,2})")


def check_head(kind: ImportKind, file: ImportFile, present: Mapping[str, str]) -> None:
    """Raise ImportFileUnreadable if the file lacks a column, or has one that nobody knows: a misspelt one would
    otherwise be lost in silence. A column of a known prefix `x_` is the file's own and is ignored."""
    needed, optional = COLUMNS[kind]
    missing = [column for column in needed if column not in present]
    unknown = [column for column in present if column not in (*needed, *optional) and not column.startswith("x_")]
    if missing:
        raise ImportFileUnreadable(
            file=str(file.path), problem=f"the column {missing[0]} is missing. --map theirs={missing[0]} renames one."
        )
    if unknown:
        known = ", ".join((*needed, *optional))
        raise ImportFileUnreadable(
            file=str(file.path),
            problem=f"the column {unknown[0]} is not known. Known are {known}; --map {unknown[0]}=x_ignored skips one.",
        )


def needed(values: Mapping[str, str], column: str) -> str:
    """A value that must be there."""
    if text := values.get(column, ""):
        return text
    raise RowInvalid(column, "is empty")


def number(values: Mapping[str, str], column: str, default: str = "") -> Decimal:
    """A decimal number, of no more digits than anything that is counted or paid can have."""
    text = values.get(column) or default
    if len(text) > NUMBER_LENGTH_MAX:
        raise RowInvalid(column, f"{text[:NUMBER_LENGTH_MAX]!r}… is no number that can be counted with")
    if text.isascii() and text.isdigit():
        return Decimal(int(text))
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise RowInvalid(column, f"{text!r} is not a number" if text else "is empty") from None
    if not value.is_finite():
        raise RowInvalid(column, f"{text!r} is not a number")
    # 1E+999999 is short to write; what is done with it would fail, or take for ever.
    if abs(value.adjusted()) > NUMBER_LENGTH_MAX:
        raise RowInvalid(column, f"{text!r} is no number that can be counted with")
    return value


def whole(values: Mapping[str, str], column: str, default: str = "") -> int:
    """A whole number."""
    value = number(values, column, default)
    if value != value.to_integral_value():
        raise RowInvalid(column, f"{value} is not a whole number")
    return int(value)


def money(values: Mapping[str, str], column: str, currency: str, default: str = "") -> int:
    """An amount in major units, as minor units."""
    text = values.get(column) or default
    if text == "0":
        return 0
    if _CENTS.fullmatch(text) and minor_digits(currency) == 2:  # what nearly every amount of a large file looks like
        return int(text.replace(".", ""))
    amount = number(values, column, default)
    try:
        return Money.parse(amount, currency).minor
    except ValueError as error:
        raise RowInvalid(column, str(error)) from None


def instant(values: Mapping[str, str], column: str, time_zone: str) -> datetime | None:
    """An ISO 8601 instant; a date alone is its midnight. Without an offset it is on the programme's own clock: a time
    that a clock change skips is read as if the change had not come yet, one that it repeats is the first of the two."""
    text = values.get(column, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RowInvalid(column, f"{text!r} is not a time; write it like 2026-11-21T18:30:00+01:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(time_zone))


def day(values: Mapping[str, str], column: str) -> date | None:
    """An ISO 8601 date."""
    text = values.get(column, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RowInvalid(column, f"{text!r} is not a date; write it like 2026-11-21") from None


def birthday(values: Mapping[str, str]) -> MonthDay | None:
    """A birthday: `MM-DD`, or `YYYY-MM-DD` whose year is forgotten."""
    text = values.get("birthday", "")
    if not text:
        return None
    match = _DATED_BIRTHDAY.fullmatch(text)
    try:
        return MonthDay(int(match[1]), int(match[2])) if match else _no_birthday(text)
    except ValueError:
        return _no_birthday(text)


def _no_birthday(text: str) -> MonthDay:
    raise RowInvalid("birthday", f"{text!r} is not a birthday; write it like 05-31")


def consents(values: Mapping[str, str]) -> tuple[tuple[Purpose, Channel], ...]:
    """Consents given: `marketing:push surveys:in_app`. Silence is no."""
    given = []
    for word in values.get("consents", "").split():
        purpose, _, channel = word.partition(":")
        try:
            given.append((Purpose(purpose), Channel(channel)))
        except ValueError:
            raise RowInvalid("consents", f"{word!r} is not a purpose and channel like marketing:push") from None
    return tuple(given)


def mapping(values: Mapping[str, str], column: str) -> dict[str, object]:
    """A JSON object."""
    text = values.get(column, "")
    try:
        value = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise RowInvalid(column, "this is not JSON") from None
    if not isinstance(value, dict):
        raise RowInvalid(column, "this is not a JSON object")
    return value
