"""A ledger of one member and currency in plain Python: lists and integers, written from the promises, not from the SQL.

Hypothesis plays the same operations on it and on the database; whatever differs is a fault in one of them.
"""

import dataclasses
from datetime import UTC, datetime

FOREVER = datetime.max.replace(tzinfo=UTC)


class Refused(Exception):
    """The model's no, with the code that the ledger must answer with."""


@dataclasses.dataclass(eq=False)
class ModelLot:
    """Some units of one origin."""

    number: int
    original: int
    remaining: int
    active: bool
    activates_at: datetime | None
    expires_at: datetime | None
    held: int = 0
    expired: int = 0

    def gone(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def order(self) -> tuple[datetime, int]:
        """Its place in the queue of burning."""
        return (self.expires_at or FOREVER, self.number)


@dataclasses.dataclass(eq=False)
class Done:
    """An operation that may be reversed later: what it asked for, what of it was reversed, whom it touched."""

    kind: str
    requested: int
    reversed: int = 0
    uses: dict[int, int] = dataclasses.field(default_factory=dict)
    lot: ModelLot | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a posting must say."""

    units: int
    waived: int = 0
    debt_paid: int = 0
    debt_incurred: int = 0
    lots: tuple[tuple[int, int], ...] = ()
    done: Done | None = None


class LedgerModel:
    """The member's lots, debt and lifetime."""

    def __init__(self) -> None:
        self.lots: list[ModelLot] = []
        self.debt = 0
        self.issued = 0
        self.revoked = 0

    def queue(self, now: datetime) -> list[ModelLot]:
        """What may be spent, in the order in which it burns."""
        live = [lot for lot in self.lots if lot.active and lot.remaining and not lot.gone(now)]
        return sorted(live, key=lambda lot: lot.order)

    def spendable(self, now: datetime) -> int:
        """How much that is."""
        return sum(lot.remaining for lot in self.queue(now))

    @property
    def pending(self) -> int:
        """Units that await their activation."""
        return sum(lot.remaining for lot in self.lots if not lot.active)

    @property
    def held(self) -> int:
        """Units on hold."""
        return sum(lot.held for lot in self.lots)

    @property
    def lifetime(self) -> int:
        """Earned and kept."""
        return self.issued - self.revoked - self.pending

    def take(self, units: int, now: datetime) -> dict[int, int]:
        """Take up to so many units; lot number → units."""
        taken: dict[int, int] = {}
        for lot in self.queue(now):
            part = min(units - sum(taken.values()), lot.remaining)
            if part:
                lot.remaining -= part
                taken[lot.number] = part
        return taken

    def pay_debt(self, now: datetime) -> int:
        """Let what is spendable pay what is owed."""
        paid = sum(self.take(self.debt, now).values())
        self.debt -= paid
        return paid

    def issue(
        self, kind: str, units: int, now: datetime, activates_at: datetime | None, expires_at: datetime | None
    ) -> Outcome:
        """A new lot."""
        if activates_at and expires_at and expires_at <= activates_at:
            raise Refused("INVALID_INPUT")
        active = activates_at is None or activates_at <= now
        lot = ModelLot(len(self.lots), units, units, active, activates_at, expires_at)
        self.lots.append(lot)
        if kind == "earn":
            self.issued += units
        paid = self.pay_debt(now) if active else 0
        return Outcome(units, debt_paid=paid, lots=((lot.number, units),), done=Done(kind, units, lot=lot))

    def settle(self, now: datetime) -> Outcome:
        """Activate what is due."""
        due = [lot for lot in self.lots if not lot.active and lot.remaining and lot.activates_at <= now]  # type: ignore[operator]
        due.sort(key=lambda lot: (lot.activates_at, lot.number))
        for lot in due:
            lot.active = True
        lots = tuple((lot.number, lot.remaining) for lot in due)
        return Outcome(sum(units for _, units in lots), debt_paid=self.pay_debt(now), lots=lots)

    def burn(self, kind: str, units: int, now: datetime) -> Outcome:
        """Spend, or hold."""
        if units > self.spendable(now):
            raise Refused("INSUFFICIENT_POINTS")
        taken = self.take(units, now)
        if kind == "hold":
            for number, part in taken.items():
                self.lots[number].held += part
        return Outcome(units, lots=tuple(taken.items()), done=Done(kind, units, uses=dict(taken)))

    def reverse(self, done: Done, units: int | None) -> int:
        """How many units a reversal may take, noted against the original."""
        left = done.requested - done.reversed
        if left == 0 or (units or 0) > left:
            raise Refused("LEDGER_EXCEEDS_ORIGINAL")
        done.reversed += units or left
        return units or left

    def unuse(self, done: Done, units: int, oldest_first: bool) -> list[tuple[ModelLot, int]]:
        """Which lots get how many of the units that an operation had taken."""
        parts = []
        touched = sorted((self.lots[number] for number, part in done.uses.items() if part), key=lambda lot: lot.order)
        for lot in touched if oldest_first else reversed(touched):
            part = min(units, done.uses[lot.number])
            done.uses[lot.number] -= part
            units -= part
            if part:
                parts.append((lot, part))
        return parts

    def restore(self, done: Done, units: int | None, now: datetime, keep_until: datetime | None) -> Outcome:
        """Give a burn back."""
        units = self.reverse(done, units)
        parts = self.unuse(done, units, oldest_first=False)
        for lot, part in parts:
            if lot.gone(now) and keep_until and keep_until > now:
                lot.expired += lot.remaining
                lot.remaining = 0
                lot.expires_at = keep_until
            lot.remaining += part
        lots = tuple((lot.number, part) for lot, part in parts)
        return Outcome(units, debt_paid=self.pay_debt(now), lots=lots)

    def release(self, done: Done, units: int | None, now: datetime) -> Outcome:
        """Give held units back."""
        units = self.reverse(done, units)
        parts = self.unuse(done, units, oldest_first=False)
        for lot, part in parts:
            lot.held -= part
            lot.remaining += part
        return Outcome(units, debt_paid=self.pay_debt(now), lots=tuple((lot.number, part) for lot, part in parts))

    def capture(self, done: Done, units: int | None) -> Outcome:
        """Spend held units."""
        units = self.reverse(done, units)
        parts = self.unuse(done, units, oldest_first=True)
        for lot, part in parts:
            lot.held -= part
        uses = {lot.number: part for lot, part in parts}
        return Outcome(units, lots=tuple(uses.items()), done=Done("capture", units, uses=dict(uses)))

    def clawback(self, done: Done, units: int | None, mode: str, now: datetime) -> Outcome:
        """Take an earn back."""
        asked = self.reverse(done, units)
        lot = done.lot
        assert lot is not None
        own = faded = 0
        touched: list[tuple[int, int]] = []
        if mode != "pending" or not lot.active:
            in_lot = min(asked, lot.remaining)
            lot.remaining -= in_lot
            faded = in_lot if lot.active and lot.gone(now) else 0
            own = in_lot - faded
            swept = min(asked - in_lot, lot.expired)
            lot.expired -= swept
            faded += swept
            if in_lot + swept:
                touched.append((lot.number, in_lot))
        others = self.take(asked - own - faded, now) if mode != "pending" else {}
        short = asked - own - faded - sum(others.values())
        owed = short if mode == "debt" else 0
        self.debt += owed
        taken = own + sum(others.values()) + owed
        if done.kind == "earn":
            self.revoked += taken + faded
        return Outcome(taken, waived=asked - taken, debt_incurred=owed, lots=(*touched, *others.items()), done=None)

    def expire(self, now: datetime) -> Outcome:
        """Sweep."""
        due = sorted(
            (lot for lot in self.lots if lot.active and lot.remaining and lot.gone(now)), key=lambda lot: lot.order
        )
        lots = tuple((lot.number, lot.remaining) for lot in due)
        for lot in due:
            lot.expired += lot.remaining
            lot.remaining = 0
        return Outcome(sum(units for _, units in lots), lots=lots)

    def adjust_down(self, units: int, mode: str, now: datetime) -> Outcome:
        """A correction downward by `units` > 0."""
        if mode == "refuse" and units > self.spendable(now):
            raise Refused("INSUFFICIENT_POINTS")
        taken = self.take(units, now)
        got = sum(taken.values())
        owed = units - got if mode == "debt" else 0
        self.debt += owed
        return Outcome(-got - owed, waived=units - got - owed, debt_incurred=owed, lots=tuple(taken.items()))

    def move_expiry(self, lot: ModelLot, expires_at: datetime | None, now: datetime) -> Outcome:
        """Another expiry for one lot."""
        if lot.gone(now) or lot.expires_at == expires_at:
            return Outcome(0)
        lot.expires_at = expires_at
        units = lot.remaining + lot.held
        return Outcome(units, lots=((lot.number, units),))
