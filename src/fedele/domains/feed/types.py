"""The records of the feed."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from babel.numbers import format_decimal

from fedele.db.database import Queryable
from fedele.domains.feed.config import CardKind, Placement
from fedele.domains.programme.config import Currency, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import from_units

EPOCH_SECONDS = 6 * 3600
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """For whom, when, where and in which language a feed is made: what every source is handed."""

    programme: Programme
    member_id: MemberId
    moment: Moment
    locale: str
    facts: MemberFacts
    tier: str | None
    placement: Placement = "home"
    personal: bool = True  # whether the member's own history may be used for taste
    _shared: dict[str, "asyncio.Future[Any]"] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    async def once(self, name: str, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What several sources need, read for the first that asks."""
        if name not in self._shared:
            self._shared[name] = asyncio.ensure_future(read())
        found: T = await self._shared[name]
        return found

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
    """One fact about a card, and how much it counts for. The terms of a card sum to its score.

    `weight` is what the hand-written policy gives it; a learned one multiplies it. `reason`: the fact in the member's
    words, if it is worth citing.
    """

    name: str
    weight: float
    reason: str | None = None


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
    group: str | None = None  # few of one group in a feed, for variety: a product's category
    covers: Callable[[object], bool] | None = None  # of an offer: whether it is about this subject of another card
    offer: object = None  # the subject of the offer that covers this card's subject

    @property
    def score(self) -> float:
        """How much it deserves to be seen."""
        return sum(term.weight for term in self.terms)


@dataclasses.dataclass(frozen=True, slots=True)
class Expiring:
    """The subject of a card about value that ends soon: all units that do, and when the first of them do."""

    currency: str
    units: int
    expires_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Ranked:
    """A card at its place. `propensity`: how likely the ranking was to put this card here, given those before."""

    candidate: Candidate
    slot: int
    propensity: float
    policy: "Policy"
    mark: "Mark"  # how far both draws had come: what a cursor holds
    choice: tuple[Candidate, ...] = ()  # at the place of the experiment: who could have taken it, this card first

    @property
    def terms(self) -> tuple[Term, ...]:
        """The facts as the policy weighs them; they sum to the score that the card was drawn by."""
        return self.policy.weigh(self.candidate.terms)

    @property
    def cited(self) -> Term | None:
        """The weightiest fact that has words and speaks for the card; without one, the weightiest that does."""
        best, best_rank = None, (False, 0.0)
        for term in self.candidate.terms:
            weight = self.policy.weight(term)
            if weight > 0 and (rank := (term.reason is not None, weight)) > best_rank:
                best, best_rank = term, rank
        return best

    @property
    def score(self) -> float:
        """What the policy gives it."""
        return sum(term.weight for term in self.terms)

    @property
    def reason(self) -> str:
        """Why the member sees this card: its weightiest fact that has words, else the card's own sentence."""
        cited = self.cited
        return cited.reason if cited is not None and cited.reason else self.candidate.reason


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A position in an order: whatever was drawn at or above either of the two draws has had its turn."""

    slot: int
    draw: float
    floor_draw: float
    counts: Mapping[str, int]  # cards of a kind ("kind") and of a group (":group") so far


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """How much each fact counts: a factor per name of a term, 1 where none is given."""

    version: str
    factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    temperature: float = 0.35

    def weight(self, term: Term) -> float:
        """What a fact counts for."""
        return term.weight * self.factors.get(term.name, 1.0)

    def scores(self, cards: Sequence[Candidate]) -> list[float]:
        """What each card is worth. Written for speed: it looks at every fact of every card."""
        factors, scores = self.factors, []
        for card in cards:
            score = 0.0
            for term in card.terms:
                score += term.weight * factors[term.name] if term.name in factors else term.weight
            scores.append(score)
        return scores

    def weigh(self, terms: Sequence[Term]) -> tuple[Term, ...]:
        """The terms under this policy."""
        if not self.factors:
            return tuple(terms)
        return tuple(Term(t.name, t.weight * self.factors.get(t.name, 1.0), t.reason) for t in terms)


@dataclasses.dataclass(frozen=True, slots=True)
class FeedSource:
    """A room's cards: reads in few statements, decides purely."""

    name: str
    candidates: Callable[[Queryable, Situation], Awaitable[Sequence[Candidate]]]


class FeedEventKind(StrEnum):
    """What happened to a card. SEEN: at least half of it for a second, as the phone measures. REDEEMED: what it
    offered was used."""

    SEEN = "seen"
    CLICKED = "clicked"
    DISMISSED = "dismissed"
    REDEEMED = "redeemed"


@dataclasses.dataclass(frozen=True, slots=True)
class ShownCard:
    """What a card's token says: which card, where, how likely, under which policy, and with which facts.

    `choice` is there for one place of some feeds: every card that could have taken that place (see `choices.py`).
    """

    kind: str
    key: str
    slot: int
    propensity: float
    epoch: int
    policy: str
    placement: str = "home"
    features: Mapping[str, float] = dataclasses.field(default_factory=dict)
    choice: bytes | None = None

    @property
    def shown_id(self) -> UUID:
        """The same for every report about this card of this feed, whatever else the token says."""
        named = f"{self.placement}\0{self.epoch}\0{self.policy}\0{self.kind}\0{self.key}\0{self.slot}"
        return UUID(bytes=hashlib.blake2b(named.encode(), digest_size=16).digest())


@dataclasses.dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that happened to a card. `id` is the phone's; one card of one feed is seen, tapped … once."""

    id: UUID
    kind: FeedEventKind
    card: ShownCard
    occurred_at: datetime
