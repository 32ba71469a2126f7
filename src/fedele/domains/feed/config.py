"""Section `feed` of the programme file: how much of what a home screen shows, and the cards with content of its own."""

from typing import Literal

from pydantic import Field

from fedele.domains.programme.types import Dates, Items, Key, Section, Text
from fedele.kernel.vocabulary import MemberCondition

CardKind = Literal[
    "offer", "product", "reward", "survey", "progress", "content", "expiry", "challenge", "referral", "event"
]  # fmt: skip
Placement = Literal["home", "offers", "receipt"]


class ContentCard(Section):
    """A card that only tells something: news, a recipe, an event."""

    key: Key
    title: Text
    body: Text
    image: str | None = Field(default=None, pattern="^(https://|/)")
    action: Text | None = None
    deep_link: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+.-]*://|^/")
    dates: Dates = Dates()
    when: MemberCondition | None = None
    """CEL over member and now: who sees it."""
    locales: tuple[str, ...] = ()
    """Only for members who are spoken to in one of these languages ("it", "pt-BR"); none: everybody."""
    priority: int = Field(default=0, ge=-100, le=100)


class ContentCards(Items[ContentCard]):
    """The programme's own cards."""


class Fatigue(Section):
    """When a card has been seen so often without a tap that it rests."""

    seen: int = Field(default=12, ge=1, le=1000)
    """Seen so often …"""
    days: int = Field(default=14, ge=1, le=90)
    """… within so many days, not once tapped: hidden until the count falls."""


class PlacementConfig(Section):
    """One of the app's places for a feed, where it differs from the home screen."""

    kinds: tuple[CardKind, ...] = ()
    """Only these kinds; none: all."""
    cards_max: dict[CardKind, int] = Field(default_factory=dict)
    """Instead of the feed's own limits, kind by kind."""


class FeedConfig(Section):
    """Section `feed`."""

    length: int = Field(default=20, ge=1, le=200)
    """Cards of a first page if the app does not say."""
    cards_max: dict[CardKind, int] = Field(
        default={"survey": 1, "progress": 1, "content": 4, "expiry": 1, "challenge": 3, "referral": 1, "event": 2}
    )
    """At most so many of a kind in one feed."""
    per_group_max: int = Field(default=3, ge=1, le=200)
    """At most so many cards of one group in one feed: products of one category."""
    placements: dict[Placement, PlacementConfig] = Field(
        default={
            "offers": PlacementConfig(kinds=("offer", "product")),
            "receipt": PlacementConfig(kinds=("offer", "reward", "progress", "survey", "challenge", "referral")),
        }
    )
    """Other places than the home screen."""
    fatigue: Fatigue = Fatigue()
    exploration: float = Field(default=0.06, ge=0.05, le=0.1)
    """The share of places that go to any card at all, so that every card gets its chance and learning stays honest."""
    personalization: Literal["opt_out", "opt_in"] = "opt_out"
    """Whether what a member bought is used until they say no, or only once they say yes."""
    learn_every_days: int = Field(default=7, ge=1, le=90)
    """How often the worker fits a new policy from what was seen. It serves nobody before it is promoted."""
    content: ContentCards = ContentCards()
