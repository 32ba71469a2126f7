"""Numbers and days as a member's language writes them. Babel says how, once a language; it is too slow per pass."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

_DAYS_REMEMBERED_MAX = 4096


class Figures:
    """How one language writes figures."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._thousands = _thousands_symbol(locale)
        self._days: dict[tuple[date, str], str] = {}

    def amount(self, amount: Decimal) -> str:
        """Grouped by thousands, all of its decimals, nothing rounded."""
        digits = str(amount)
        if self._thousands is None or not digits.isdecimal():  # a sign, a fraction, an exponent
            return format_decimal(amount, locale=self.locale, decimal_quantization=False)
        return digits if len(digits) < 4 else f"{int(digits):,}".replace(",", self._thousands)

    def day(self, day: date, pattern: str) -> str:
        """A date by a CLDR pattern ("LLLL y") or width ("medium")."""
        found = self._days.get((day, pattern))
        if found is None:
            if len(self._days) >= _DAYS_REMEMBERED_MAX:
                self._days.clear()
            found = self._days[day, pattern] = format_date(day, pattern, locale=self.locale)
        return found

    def hour(self, at: datetime) -> str:
        """A time of day by the clock of its own offset."""
        return format_time(at.replace(tzinfo=None), "short", locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount in major units; whole ones without decimals."""
        pattern = None if amount != int(amount) else self.locale.currency_formats["standard"].pattern.replace(".00", "")
        return format_currency(amount, currency, pattern, locale=self.locale, currency_digits=pattern is None)

    def percent(self, percent: Decimal) -> str:
        """A share of a hundred, all of its decimals."""
        return format_percent(percent / 100, locale=self.locale, decimal_quantization=False)


@lru_cache(maxsize=256)
def figures(tag: str) -> Figures:
    """For a BCP 47 tag: the language alone where the region is unknown, English where both are."""
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Figures(Locale.parse(candidate, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    return Figures(Locale("en"))


def _thousands_symbol(locale: Locale) -> str | None:
    """What stands between thousands, in a language that groups whole numbers by three and needs no more; else None."""
    symbol = format_decimal(Decimal(1000), locale=locale).removeprefix("1").removesuffix("000")
    plain = f"{-12345678:,}".replace(",", symbol)
    return symbol if format_decimal(Decimal(-12345678), locale=locale) == plain else None
