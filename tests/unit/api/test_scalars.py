"""Scalars take what they mean and refuse the rest with a reason, never with a crash."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from fedele.api.scalars import SCALARS, URL, Locale, Money, MonthDay, TimeZone
from fedele.kernel import money

JUNK: list[Any] = [None, True, 1.5, [], {}, "", " ", "x" * 5_000, "\x00", "1e5", "NaN", "--13-01", "http:/x"]


def parse(kind: object, value: Any) -> Any:
    """As a client's variable is read."""
    read = SCALARS[kind].parse_value
    assert read is not None
    return read(value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Decimal, "12.50", Decimal("12.50")), (Decimal, "-3", Decimal(-3)), (Decimal, 7, Decimal(7)),
        (datetime, "2026-11-21T12:00:00+01:00", datetime(2026, 11, 21, 11, tzinfo=UTC)),
        (datetime, "2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        (Locale, "it", "it"), (Locale, "zh-Hant-TW", "zh-Hant-TW"), (TimeZone, "Europe/Rome", "Europe/Rome"),
        (MonthDay, "--02-29", "--02-29"), (URL, "https://a.example/b?c=d", "https://a.example/b?c=d"),
        (UUID, "019ab3c5-0000-7000-8000-000000000000", UUID("019ab3c5-0000-7000-8000-000000000000")),
    ],
)  # fmt: skip
def test_a_good_value_is_read(kind: object, text: Any, value: Any) -> None:
    """Each scalar reads its own form."""
    assert parse(kind, text) == value


@pytest.mark.parametrize("kind", list(SCALARS))
@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
def test_junk_is_refused(kind: object, value: Any) -> None:
    """With a ValueError, which graphql-core turns into a message: our bug would be any other exception."""
    with pytest.raises(ValueError):
        parse(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Decimal, "1e400"), (Decimal, "1" * 21), (Decimal, "٣"), (datetime, "2026-11-21T12:00:00"),
        (MonthDay, "--02-30"),
        (MonthDay, "--04-31"), (URL, "javascript:alert(1)"), (URL, "https://a b"), (Locale, "italiano!"),
        (TimeZone, "Mars/Base"),
    ],
)  # fmt: skip
def test_what_looks_right_but_is_not_is_refused(kind: object, value: str) -> None:
    """No exponents, no other script's digits, no instant without its offset, no day that no year has."""
    with pytest.raises(ValueError):
        parse(kind, value)


def test_money_keeps_its_currencys_decimals() -> None:
    """Never a float, never an exponent."""
    write = SCALARS[Decimal].serialize
    assert write is not None
    for minor, currency, text in (
        (1250, "EUR", "12.50"),
        (100, "JPY", "100"),
        (-5, "KWD", "-0.005"),
        (0, "EUR", "0.00"),
    ):
        value = Money.of(money.Money(minor, currency))
        assert (write(value.amount), value.currency) == (text, currency)
    assert write(Decimal("1E+3")) == "1000"
