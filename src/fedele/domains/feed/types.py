"""The records of the feed."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from babel.numbers import format_decimal

from fedele.db.database import Queryable
from fedele.domains.feed.config import CardKind
from fedele.domains.programme.config import Currency, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import from_units

EPOCH_SECONDS = 6 * 3600


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """For whom, when, where and in which language a feed is made: what every source is handed."""

    programme: Programme
    member_id: MemberId
    moment: Moment
    locale: str
    facts: MemberFacts
    tier: str | None

    @property
    def epoch(self) -> int:
        """The number of the six hours that the moment lies in: within it the same candidates keep their order."""
        return int(self.moment.now.timestamp()) // EPOCH_SECONDS

    def say(self, text: Text) -> str:
        """A text in the member's language."""
        return text.in_locale(self.locale, self.programme.section(ProgrammeConfig).default_locale)

    def say_units(self, currency: Currency, units: int) -> str:
        """An amount of one of the programme's currencies in the member's language: "1,250 points"."""
        amount = from_units(units, currency.decimals)
        name = currency.named(amount, self.locale, self.programme.section(ProgrammeConfig).default_locale)
        return f"{format_decimal(amount, locale=babel_locale(self.locale))} {name}"


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One reason for a card's place, and how much it counts for. The terms of a card sum to its score."""

    name: str
    weight: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A card that could be shown, in the member's words. `subject` is what it is about, for the API to wrap."""

    kind: CardKind
    key: str  # unique among the cards of its kind
    title: str
    body: str | None = None
    image: str | None = None
    action: str | None = None
    deep_link: str | None = None
    reason: str
    terms: tuple[Term, ...]
    subject: object = None
    until: datetime | None = None

    @property
    def score(self) -> float:
        """How much it deserves to be seen."""
        return sum(term.weight for term in self.terms)


@dataclasses.dataclass(frozen=True, slots=True)
class Ranked:
    """A card at its place. `propensity`: how likely the ranking was to put this card here, given those before."""

    candidate: Candidate
    slot: int
    propensity: float
    draw: float  # the perturbed score it was sorted by: what cursors hold


@dataclasses.dataclass(frozen=True, slots=True)
class FeedSource:
    """A room's cards: reads in few statements, decides purely."""

    name: str
    candidates: Callable[[Queryable, Situation], Awaitable[Sequence[Candidate]]]


class FeedEventKind(StrEnum):
    """What happened to a card. SEEN: at least half of it for a second, as the phone measures."""

    SEEN = "seen"
    CLICKED = "clicked"
    DISMISSED = "dismissed"


@dataclasses.dataclass(frozen=True, slots=True)
class ShownCard:
    """What a card's token says: which card, where, how likely, under which policy."""

    kind: str
    key: str
    slot: int
    propensity: float
    epoch: int
    policy: str


@dataclasses.dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that happened to a card. `id` is the phone's: sending it again changes nothing."""

    id: UUID
    kind: FeedEventKind
    card: ShownCard
    occurred_at: datetime
