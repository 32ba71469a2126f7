"""The names of conditions as columns of `member_facts f`: in SQL for the translation, in Python for the evaluator."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Row
from fedele.domains.members.types import MonthDay
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.conditions.translation import NoSql, Parameters, SqlKind, Term
from fedele.domains.segments.types import RfmCuts, now_values
from fedele.kernel.expressions import Bindings
from fedele.kernel.money import Money, from_units
from fedele.kernel.vocabulary import SEGMENT_ENVIRONMENT

# Facts that are a column as it stands, and the column.
_COLUMNS: Mapping[str, tuple[SqlKind, str]] = {
    "member.tier": ("text", "tier"), "member.locale": ("text", "locale"), "member.country": ("text", "country"),
    "member.time_zone": ("text", "time_zone"), "member.favourite_store": ("text", "home_store"),
    "member.joined_at": ("moment", "joined_at"), "member.first_purchase_at": ("moment", "first_purchase_at"),
    "member.purchases_count": ("int", "purchases_count"), "member.purchases_30_days": ("int", "purchases_30"),
    "member.purchases_90_days": ("int", "purchases_90"), "member.purchases_12_months": ("int", "purchases_365"),
    "member.redemptions_12_months": ("int", "redemptions_365"), "member.usual_gap_days": ("double", "usual_gap_days"),
    "member.birth_month": ("int", "birthday_month"), "member.birth_day": ("int", "birthday_day"),
    "member.memberships": ("texts", "memberships"), "member.badges": ("texts", "badges"),
    "member.segments": ("texts", "segments"), "member.categories": ("texts", "categories"),
    "member.departments": ("texts", "departments"), "member.stores": ("texts", "stores"),
    "member.channels": ("texts", "channels"), "member.consents": ("texts", "consents"),
    "member.attributes": ("dyn", "attributes"), "member.answers": ("dyn", "answers"),
    "member.events_90_days": ("dyn", "events"),
}  # fmt: skip
# Days since a local day of the programme's.
_AGES = {
    "member.days_since_joined": "joined_day", "member.days_since_purchase": "last_purchase_day",
    "member.days_since_visit": "last_visit_day", "member.days_since_redemption": "last_redemption_day",
}  # fmt: skip
# Money in minor units of the home currency.
_SUMS = {
    "member.spend_12_months": "spend_365", "member.spend_30_days": "spend_30", "member.spend_90_days": "spend_90",
}  # fmt: skip
# Names whose answer changes by the hour, not only by the day.
HOURLY = frozenset({"now", "now.time", "now.hour"})
WINDOWS_DAYS = (30, 90, 365)


@dataclasses.dataclass(frozen=True)
class FactNames:
    """How conditions read at one instant under one programme version."""

    now: datetime
    time_zone: str
    home_currency: str
    decimals: Mapping[str, int]  # by currency of value
    default_locale: str
    cuts: RfmCuts | None = None

    @classmethod
    def of(cls, programme: Programme, now: datetime, cuts: RfmCuts | None = None) -> "FactNames":
        """For this programme at this instant; without cut points, RFM scores are not known."""
        config = programme.section(ProgrammeConfig)
        decimals = {currency.key: currency.decimals for currency in programme.section(Currencies)}
        return cls(now, config.time_zone, config.home_currency, decimals, config.default_locale, cuts)

    @cached_property
    def today(self) -> date:
        """The programme's local day."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()

    @cached_property
    def _minor(self) -> int:
        """How many minor units make one of the home currency."""
        return int(1 / Money(1, self.home_currency).decimal)

    def since(self, days: int) -> datetime:
        """The local midnight with which the last `days` local days began, today being one of them."""
        first = self.today - timedelta(days=days - 1)
        return datetime.combine(first, datetime.min.time(), ZoneInfo(self.time_zone))

    def term(self, name: str, parameters: Parameters) -> Term:
        """The SQL of a name over `member_facts f`; raises NoSql where it has none."""
        if name in _COLUMNS:
            kind, column = _COLUMNS[name]
            return Term(f"f.{column}::bigint" if column.startswith("birthday") else f"f.{column}", kind)
        if name in _AGES:
            return Term(f"({parameters.add(self.today, 'date')} - f.{_AGES[name]})::bigint", "int")
        if name in _SUMS:
            return Term(f"(f.{_SUMS[name]}::float8 / {parameters.add(float(self._minor), 'float8')})", "double")
        if name == "member.balances":
            return Term("f.balances", "balances")
        if name == "member.days_since_birthday":
            days = parameters.add(self._days_since_birthdays, "bigint[]")
            return Term(f"({days})[(f.birthday_month - 1) * 31 + f.birthday_day]", "int")
        if name.startswith("member.rfm_"):
            return self._rfm(name, parameters)
        return self._now(name, parameters)

    def _now(self, name: str, parameters: Parameters) -> Term:
        values = now_values(self.now, self.time_zone)
        if name == "now":
            return Term(parameters.add(values["now"], "timestamptz"), "moment")
        if name in values:
            return parameters.term(values[name])
        raise NoSql(f"the name {name}")

    def _rfm(self, name: str, parameters: Parameters) -> Term:
        if self.cuts is None:
            return Term("NULL::bigint", "int")
        if name == "member.rfm_recency":
            age = f"({parameters.add(self.today, 'date')} - f.last_purchase_day)::bigint"
            score = f"5 - width_bucket({age} - 1, {parameters.add(list(self.cuts.recency_days), 'bigint[]')})"
        else:
            of_frequency = name == "member.rfm_frequency"
            column = "purchases_365" if of_frequency else "spend_365"
            cuts = self.cuts.frequency if of_frequency else self.cuts.monetary_minor
            score = f"1 + width_bucket(f.{column} - 1, {parameters.add(list(cuts), 'bigint[]')})"
        return Term(f"CASE WHEN f.purchases_365 > 0 THEN ({score})::bigint END", "int")

    def balance(self, currency: str) -> Term | None:
        """The available balance of a declared currency, in whole units with decimals."""
        if currency not in self.decimals:
            return None
        units = f"coalesce((f.balances ->> '{currency}')::bigint, 0)"
        return Term(f"({units}::float8 / {float(10 ** self.decimals[currency])}::float8)", "double")

    @cached_property
    def _days_since_birthdays(self) -> list[int | None]:
        """Days since each day of the year, at (month - 1) · 31 + day; None for what is no day."""
        return [self._days_since(month, day) for month in range(1, 13) for day in range(1, 32)]

    def _days_since(self, month: int, day: int) -> int | None:
        try:
            return MonthDay(month, day).days_since(self.today)
        except ValueError:
            return None

    def bindings(self, row: Row, names: Sequence[str] | frozenset[str] = ()) -> Bindings:
        """A row of member_facts as the evaluator takes it; only these names, or all."""
        values = self._values(row)
        wanted = {name: value for name, value in values.items() if not names or name in names}
        return SEGMENT_ENVIRONMENT.bind(wanted)

    def _values(self, row: Row) -> dict[str, Any]:
        values = now_values(self.now, self.time_zone)
        values |= {name: row[column] for name, (_, column) in _COLUMNS.items()}
        values |= {name: (self.today - row[day]).days if row[day] else None for name, day in _AGES.items()}
        values |= {name: Money(row[column], self.home_currency).decimal for name, column in _SUMS.items()}
        held = row["balances"]
        values["member.balances"] = {
            key: from_units(held.get(key, 0), decimals) for key, decimals in self.decimals.items()
        }
        month, day = row["birthday_month"], row["birthday_day"]
        values["member.days_since_birthday"] = self._days_since(month, day) if month and day else None
        if self.cuts is not None and row["purchases_365"] > 0:
            age = values["member.days_since_purchase"]
            values["member.rfm_recency"] = (
                5 - sum(cut < age for cut in self.cuts.recency_days) if age is not None else None
            )
            values["member.rfm_frequency"] = 1 + sum(cut < row["purchases_365"] for cut in self.cuts.frequency)
            values["member.rfm_monetary"] = 1 + sum(cut < row["spend_365"] for cut in self.cuts.monetary_minor)
        return values
