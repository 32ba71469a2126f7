"""One purchase or event to count, with what is known of its member at its own time."""

import dataclasses
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.activity.types import ActivityEvent, Purchase
from fedele.domains.challenges.config import (
    Challenge,
    ChallengesConfig,
    Countable,
    Streak,
    StreaksConfig,
    SurprisesConfig,
)
from fedele.domains.challenges.counting import count_event, count_purchase, in_time
from fedele.domains.challenges.periods import first_day, local_day, window_of
from fedele.domains.challenges.types import CountableKind, Counted, SourceKind
from fedele.domains.earning.queries import event_bindings, line_bindings, purchase_bindings
from fedele.domains.earning.types import Earner, Occasion, Sale
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

# Purchases before this one: conditions ask for them "without the present one", and it is stored already.
_BEFORE = """
SELECT count(*) AS purchases, max(occurred_at) AS last_at FROM purchase
 WHERE member_id = $1 AND (occurred_at, purchase_id) < ($2, $3)
"""


@dataclasses.dataclass(frozen=True)
class Source:
    """A purchase or an event of an active member, under the programme of its own time."""

    programme: Programme
    happened: Purchase | ActivityEvent
    facts: dict[str, Any]
    tier: str | None

    @classmethod
    async def read(cls, tx: Transaction, programme: Programme, happened: Purchase | ActivityEvent) -> "Source | None":
        """With the member's facts at its time; None for a member who is not active (any more)."""
        at = happened.occurred_at
        found = await find_facts(tx, programme, happened.member_id, at)
        if found is None or not found.active:
            return None
        status = await status_of(tx, programme, happened.member_id, Moment(at))
        before = await tx.fetch_row(_BEFORE, happened.member_id, at, happened.id)
        assert before is not None, "an aggregate always answers"
        time_zone = programme.section(ProgrammeConfig).time_zone
        last_at, tier = before["last_at"], status.current if status else None
        facts = {
            **found.values,
            "member.tier": tier or "",
            "member.purchases_count": before["purchases"],
            "member.days_since_purchase": (local_day(at, time_zone) - local_day(last_at, time_zone)).days
            if last_at
            else None,
        }
        return cls(programme, happened, facts, tier)

    @property
    def id(self) -> UUID:
        """The purchase's or the event's id."""
        return self.happened.id

    @property
    def member_id(self) -> MemberId:
        """Whose it is."""
        return self.happened.member_id

    @property
    def kind(self) -> SourceKind:
        """What it is."""
        return "purchase" if isinstance(self.happened, Purchase) else "event"

    @property
    def purchase(self) -> Purchase | None:
        """The purchase, if it is one."""
        return self.happened if isinstance(self.happened, Purchase) else None

    @property
    def time_zone(self) -> str:
        """The programme's."""
        return self.programme.section(ProgrammeConfig).time_zone

    @cached_property
    def whole(self) -> Bindings:
        """The values of conditions about the purchase or the event."""
        if isinstance(self.happened, Purchase):
            return purchase_bindings(self._sale, self._earner, self.time_zone)
        event = self.happened
        occasion = Occasion(event.name, event.occurred_at, event.store_id, properties=event.properties)
        return event_bindings(occasion, self._earner, self.time_zone)

    @cached_property
    def lines(self) -> list[Bindings]:
        """The values of conditions about each line."""
        if not isinstance(self.happened, Purchase):
            return []
        return line_bindings(self._sale, self._earner, self.time_zone, self._names)

    @property
    def _names(self) -> frozenset[str]:
        """The names that some goal reads of a line: binding all of them for every line would be quadratic."""
        conditions = (getattr(what.goal, "when", None) for what in countables(self.programme).values())
        return frozenset[str]().union(*(when.names for when in conditions if when is not None))

    @property
    def _sale(self) -> Sale:
        bought = self.happened
        assert isinstance(bought, Purchase), "asked for purchases only"
        return Sale(
            bought.store_id, bought.occurred_at, bought.currency, bought.lines, bought.tenders, bought.channel,
            bought.attributes,
        )  # fmt: skip

    @property
    def _earner(self) -> Earner:
        return Earner(self.facts, self.tier)

    def counted(self, what: Challenge | Streak, joined_at: datetime | None) -> tuple[str, Counted] | None:
        """The period it counts in and what it counts for; None for nothing."""
        at = self.happened.occurred_at
        if what.joining == "opt_in" and joined_at is None:
            return None
        if not in_time(at, joined_at if what.joining == "opt_in" else None, what.counts_from == "start"):
            return None
        began_at = joined_at if what.joining == "opt_in" and joined_at else self.facts["member.joined_at"]
        period = self._period(what, began_at)
        if period is None or not self._is_for(what):
            return None
        config = self.programme.section(ProgrammeConfig)
        if isinstance(self.happened, Purchase):
            counted = count_purchase(
                what.goal, self.happened, self.lines, self.whole, config.home_currency, config.time_zone
            )
        else:
            counted = count_event(what.goal, self.happened, self.whole, config.time_zone)
        return (period, counted) if counted else None

    def _period(self, what: Challenge | Streak, began_at: datetime) -> str | None:
        at = self.happened.occurred_at
        if isinstance(what, Challenge):
            window = window_of(what, at, began_at, self.time_zone)
            return window.period if window else None
        if not what.dates.contains(at, self.time_zone):
            return None
        return first_day(what.every, local_day(at, self.time_zone)).isoformat()

    def _is_for(self, what: Countable) -> bool:
        if what.when is None:
            return True
        names = MEMBER_ENVIRONMENT.names
        values = {name: value for name, value in self.whole.values.items() if name in names}
        return what.when.holds(MEMBER_ENVIRONMENT.bind(values))


def countables(programme: Programme) -> dict[tuple[CountableKind, str], Challenge | Streak]:
    """Everything of the programme that counts something."""
    found: dict[tuple[CountableKind, str], Challenge | Streak] = {}
    for challenge in programme.section(ChallengesConfig):
        found["challenge", challenge.key] = challenge
    for streak in programme.section(StreaksConfig):
        found["streak", streak.key] = streak
    return found


def listens(programme: Programme) -> bool:
    """Whether this version of the programme has anything that purchases or events could count for."""
    return bool(countables(programme)) or len(programme.section(SurprisesConfig)) > 0
