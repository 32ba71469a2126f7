"""A programme of one member in plain Python, written from the programme file and the promises, not from the code.

What the till, the ledger and the tiers do together: earn by rules and tier, pay with points, return in pieces, settle,
expire, follow the tier, keep alive by activity. Hypothesis plays the same on it and on the real thing.
"""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.factories.ledger_model import Done, LedgerModel, Refused

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)  # nine days before the clocks change

POINTS_LIVE_DAYS = 4

PROGRAMME = """
format: 1
programme: {key: machine, name: Machine, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, debt: DEBT, restore_grace: {days: 3},
     expiry: {type: rolling, period: {days: 4}}, expiry_by_tier: {gold: {type: never}}}
  - {key: stars, name: stars, kind: stars, decimals: 1, debt: clamp,
     expiry: {type: inactivity, period: {days: 6}, activity: [purchase, earn]}}
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, caps: [{per: day, amount: 90}]}
    - {key: piece, type: purchase_fixed, name: Piece, currency: stars, for: unit, amount: 1.2, pending_days: 2}
    - {key: ride, type: event_award, name: Ride, currency: points, event: ride, amount: 7, times_max: 3}
tiers:
  counter: {type: spend}
  window: {type: calendar_year, kept_years: 1}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: gold, name: Gold, threshold: 60, multiplier: 1.5}
"""


@dataclasses.dataclass(frozen=True)
class Bought:
    """A line: pieces and cents."""

    pieces: int
    cents: int


@dataclasses.dataclass(eq=False)
class Sold:
    """A purchase as it is remembered for returns."""

    lines: tuple[Bought, ...]
    day: date
    eligible: list[int]
    earned: dict[str, tuple[Done, list[int]]]  # currency → the earn, and what each line brought
    paid: Done | None
    cents_paid: int
    back: list[int]
    taken: dict[str, int] = dataclasses.field(default_factory=dict)  # of each earn, what returns have taken so far


def midnight_after(day: date) -> datetime:
    """The instant at which a day ends in Rome."""
    return datetime(day.year, day.month, day.day, tzinfo=ROME) + timedelta(days=1)


def half_up(amount: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return int(amount + Fraction(1, 2))


def spread(units: int, weights: list[int]) -> list[int]:
    """Share units by weight: everybody's whole part, then one more for the largest remainders, the first of equals."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [Fraction(units * weight, total) for weight in weights]
    parts = [int(share) for share in exact]
    places = sorted(range(len(weights)), key=lambda place: (-(exact[place] - parts[place]), place))
    for place in places[: units - sum(parts)]:
        parts[place] += 1
    return parts


class ProgrammeModel:
    """The member: two currencies, a tier, what was counted, a cap."""

    def __init__(self, debt: str) -> None:
        self.debt_mode = debt
        self.books = {"points": LedgerModel(), "stars": LedgerModel()}
        self.gold = False
        self.spent = 0  # cents that qualify, this calendar year
        self.capped: dict[date, int] = {}
        self.rides = 0
        self.sold: list[Sold] = []

    def buy(self, now: datetime, lines: tuple[Bought, ...], points_cents: int) -> None:
        """A sale. Refused, and nothing happened, if the points are not there."""
        points, day = self.books["points"], now.astimezone(ROME).date()
        if points_cents > points.spendable(now):
            raise Refused("INSUFFICIENT_POINTS")
        paid = points.burn("burn", points_cents, now).done if points_cents else None
        by_points = spread(points_cents, [line.cents for line in lines])
        eligible = [line.cents - part for line, part in zip(lines, by_points, strict=True)]
        sold = Sold(lines, day, eligible, {}, paid, points_cents, [0] * len(lines))
        self._earn_points(now, day, sold)
        pieces = [12 * line.pieces if money else 0 for line, money in zip(lines, eligible, strict=True)]
        self._earn_stars(now, day, sold, pieces)
        self.spent += sum(eligible)
        self.sold.append(sold)
        self._keep_stars_alive(now)
        if not self.gold and self.spent >= 6000:
            self._stand(True, now)

    def _earn_points(self, now: datetime, day: date, sold: Sold) -> None:
        rate = Fraction(3, 200) if self.gold else Fraction(1, 100)
        units = int(sum(sold.eligible) * rate)
        lines = spread(units, sold.eligible)
        fits = min(units, max(0, 90 - self.capped.get(day, 0)))
        if fits < units:
            lines = spread(fits, lines)
        if fits:
            self.capped[day] = self.capped.get(day, 0) + fits
            ends = None if self.gold else midnight_after(day + timedelta(days=POINTS_LIVE_DAYS))
            sold.earned["points"] = (self._issue("points", fits, now, None, ends), lines)

    def _earn_stars(self, now: datetime, day: date, sold: Sold, pieces: list[int]) -> None:
        if sum(pieces):
            active = midnight_after(day + timedelta(days=1))
            ends = midnight_after(active.astimezone(ROME).date() + timedelta(days=6))
            sold.earned["stars"] = (self._issue("stars", sum(pieces), now, active, ends), pieces)

    def _issue(self, key: str, units: int, now: datetime, active: datetime | None, ends: datetime | None) -> Done:
        done = self.books[key].issue("earn", units, now, active, ends).done
        assert done is not None
        return done

    def ride(self, now: datetime) -> None:
        """An event: worth 7 points, three times in a lifetime."""
        day = now.astimezone(ROME).date()
        if self.rides < 3:
            self.rides += 1
            self._issue(
                "points", 7, now, None, None if self.gold else midnight_after(day + timedelta(days=POINTS_LIVE_DAYS))
            )
            self._keep_stars_alive(now)

    def give_back(self, now: datetime, number: int, line: int, pieces: int) -> None:
        """Pieces of a line come back: first what paid for them, then what they earned."""
        sold = self.sold[number]
        before = self._share_back(sold, [bought.cents for bought in sold.lines])
        counted = self._share_back(sold, sold.eligible)
        sold.back[line] += pieces
        after = self._share_back(sold, [bought.cents for bought in sold.lines])
        whole = sum(bought.cents for bought in sold.lines)
        if sold.paid is not None:
            home = sold.cents_paid * after // whole - sold.cents_paid * before // whole
            if home:
                grace = midnight_after(now.astimezone(ROME).date() + timedelta(days=3))
                self.books["points"].restore(sold.paid, home, now, grace)
        for key, (done, lines) in sold.earned.items():
            self._take(now, sold, key, done, self._share_back(sold, lines))
        self.spent -= self._share_back(sold, sold.eligible) - counted
        if self.gold and self.spent < 6000:
            self._stand(False, now)

    def _take(self, now: datetime, sold: Sold, key: str, done: Done, target: int) -> None:
        """Take an earn back up to `target`, with what earlier returns could not take."""
        if key == "points":
            self.capped[sold.day] -= target - sold.taken.get(key, 0)
        sold.taken[key] = target
        wanted = target - done.reversed
        if wanted <= 0:
            return
        book, lot = self.books[key], done.lot
        assert lot is not None
        faded = min(max(0, wanted - lot.remaining), lot.expired)
        faded += min(wanted, lot.remaining) if lot.active and lot.gone(now) else 0
        mode = self.debt_mode if key == "points" else "clamp"
        outcome = book.clawback(done, wanted, mode, now)
        done.reversed -= wanted - outcome.units - faded  # forgiven for now: asked for again by the next return

    def _share_back(self, sold: Sold, amounts: list[int]) -> int:
        """Of these amounts per line, what has come back altogether."""
        return sum(
            half_up(Fraction(amount * back, line.pieces))
            for amount, back, line in zip(amounts, sold.back, sold.lines, strict=True)
        )

    def redeem(self, now: datetime, units: int) -> None:
        """Spend points on something else."""
        self.books["points"].burn("burn", units, now)

    def sweep(self, now: datetime) -> None:
        """The clock's work."""
        for book in self.books.values():
            book.settle(now)
            book.expire(now)

    def _keep_stars_alive(self, now: datetime) -> None:
        """All stars live on for six days from a purchase or an earning; none ends sooner for it."""
        until = midnight_after(now.astimezone(ROME).date() + timedelta(days=6))
        for lot in self.books["stars"].lots:
            if (lot.remaining or lot.held) and not lot.gone(now):
                assert lot.expires_at is not None
                lot.expires_at = max(lot.expires_at, until)

    def _stand(self, gold: bool, now: datetime) -> None:
        """Another tier: points that live by it follow, never shorter than from today."""
        self.gold = gold
        for lot in self.books["points"].lots:
            if (lot.remaining or lot.held) and not lot.gone(now):
                if gold:
                    lot.expires_at = None
                else:
                    fresh = midnight_after(now.astimezone(ROME).date() + timedelta(days=POINTS_LIVE_DAYS))
                    # What was dated while gold (the grace of a return) keeps its date, if that is sooner.
                    lot.expires_at = fresh if lot.expires_at is None else min(lot.expires_at, fresh)
