"""Generated histories of one programme's books: what Hypothesis chooses, played on the real ledger month by month."""

import dataclasses
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from fedele.db.database import Database
from fedele.domains.analytics.types import Flow
from fedele.domains.ledger import commands
from fedele.domains.ledger.types import Posting
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal
from tests.factories import ledger

BEGINS = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
OPERATIONS = (
    "earn",
    "pending",
    "burn",
    "restore",
    "clawback",
    "hold",
    "release",
    "capture",
    "adjust",
    "settle",
    "expire",
)

# (whose, hours later, which operation, of how many units, a number to choose by)
steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 24 * 40),
        st.sampled_from(OPERATIONS),
        st.integers(1, 300),
        st.integers(0, 999),
    ),
    min_size=1,
    max_size=40,
)


@dataclasses.dataclass
class Player:
    """Plays steps for a few members in both currencies, and notes what all lots together hold at each month's end."""

    database: Database
    admin: Any
    members: Sequence[MemberId]
    now: datetime = BEGINS
    done: dict[tuple[MemberId, str, str], list[Posting]] = dataclasses.field(default_factory=dict)
    seen: dict[tuple[str, date], int] = dataclasses.field(default_factory=dict)

    async def play(self, step: tuple[int, int, str, int, int]) -> None:
        """Turn the clock on and post one operation; what the ledger refuses did not happen."""
        whose, hours, kind, units, choice = step
        await self.turn(hours)
        member, currency = self.members[whose], (ledger.POINTS, ledger.STARS)[choice % 2]
        operation = self._operation(member, currency, kind, units, choice)
        if operation is None:
            return
        try:
            async with self.database.transaction() as tx:
                (posting,) = await commands.post(tx, member, [operation], Moment(self.now))
        except Refusal:
            return
        if posting.transaction_id is not None:
            self.done.setdefault((member, currency, operation.op), []).append(posting)

    async def turn(self, hours: int) -> None:
        """Let time pass, looking at the lots whenever a month of Rome ends."""
        later = self.now + timedelta(hours=hours)
        while self._month(self.now) != self._month(later):
            month = self._month(self.now)
            for row in await self.admin.fetch("SELECT currency, sum(remaining + reserved) AS held FROM lot GROUP BY 1"):
                self.seen[row["currency"], month] = int(row["held"])
            self.now = self._next(month)
        self.now = max(later, self.now)

    def _operation(self, member: MemberId, currency: str, kind: str, units: int, choice: int) -> Any:
        common: dict[str, Any] = {"currency": currency}
        ends = self.now + timedelta(days=20 + choice % 90) if choice % 3 else None
        match kind:
            case "earn":
                return ledger.earn(units, expires_at=ends, **common)
            case "pending":
                starts = self.now + timedelta(days=choice % 30 + 1)
                return ledger.earn(units, activates_at=starts, expires_at=None, **common)
            case "burn" | "settle" | "expire":
                return ledger.burn(units, **common) if kind == "burn" else getattr(ledger, kind)(**common)
            case "hold":
                return ledger.hold(units, **common)
            case "adjust":
                return ledger.adjust(units if choice % 2 else -units, mode="debt", **common)
            case _:
                return self._reversal(member, currency, kind, units, choice)

    def _reversal(self, member: MemberId, currency: str, kind: str, units: int, choice: int) -> Any:
        reverses = {"restore": "burn", "clawback": "earn", "release": "hold", "capture": "hold"}[kind]
        earlier = self.done.get((member, currency, reverses))
        if not earlier:
            return None
        of = earlier[choice % len(earlier)]
        some = {"units": min(units, of.units), "currency": currency}
        if kind == "clawback":
            return ledger.clawback(of, ("clamp", "debt", "pending")[choice % 3], **some)
        return getattr(ledger, kind)(of, **some)

    @staticmethod
    def _month(instant: datetime) -> date:
        return instant.astimezone(ROME).date().replace(day=1)

    @staticmethod
    def _next(month: date) -> datetime:
        later = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return datetime(later.year, later.month, 1, tzinfo=ROME).astimezone(UTC)


def month_number(number: int) -> date:
    """The first of the month so many months after January 2024."""
    return date(2024 + number // 12, number % 12 + 1, 1)


def simulated_flows(
    seed: int, months: int, lifetime: int, *, monthly: float, loyal: float, members: int = 600
) -> list[Flow]:
    """The flows of a programme whose behaviour is known: each month every member earns; a loyal share of them spends
    each unit with the chance `monthly` a month, the others never; what reaches `lifetime` months breaks.

    Units of one lot are spent together or not at all: the hardest case for a forecast.
    """
    chance = random.Random(seed)
    totals: dict[tuple[date, date, date, int], list[int]] = {}

    def note(cohort: int, month: int, member: int, place: int, units: int) -> None:
        key = (month_number(cohort), month_number(cohort + lifetime), month_number(month), member % 16)
        totals.setdefault(key, [0, 0, 0])[place] += units

    for member in range(members):
        spends = chance.random() < loyal
        for cohort in range(months):
            units = chance.randint(20, 200)
            note(cohort, cohort, member, 0, units)
            for month in range(cohort, months):
                if month == cohort + lifetime:
                    note(cohort, month, member, 2, units)
                    break
                if spends and chance.random() < monthly:
                    note(cohort, month, member, 1, units)
                    break
    return [
        Flow("points", cohort, True, ends, group, month, issued, burned, expired, 0, 0.0)
        for (cohort, ends, month, group), (issued, burned, expired) in totals.items()
    ]
