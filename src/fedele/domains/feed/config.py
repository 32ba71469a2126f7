"""Section `feed` of the programme file: how much of what a home screen shows, and the cards with content of its own."""

from typing import Literal

from pydantic import Field

from fedele.domains.programme.types import Dates, Items, Key, Section, Text
from fedele.kernel.vocabulary import MemberCondition

CardKind = Literal[
    "offer", "product", "reward", "survey", "progress", "content", "expiry", "challenge", "referral"
]  # fmt: skip


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
    priority: int = Field(default=0, ge=-100, le=100)


class ContentCards(Items[ContentCard]):
    """The programme's own cards."""


class FeedConfig(Section):
    """Section `feed`."""

    length: int = Field(default=20, ge=1, le=200)
    """Cards of a first page if the app does not say."""
    cards_max: dict[CardKind, int] = Field(
        default={"survey": 1, "progress": 1, "content": 4, "expiry": 1, "challenge": 3, "referral": 1}
    )
    """At most so many of a kind in the first page."""
    content: ContentCards = ContentCards()
