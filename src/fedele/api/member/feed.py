"""What every card of the feed has. The kinds, and the tuple that lists them, are in `home_feed.py`."""

import strawberry

from fedele.api.scalars import URL


@strawberry.type
class Image:
    """A picture, ready to show."""

    url: URL
    alt: str | None = strawberry.field(default=None, description="What it shows, for those who do not see it.")


@strawberry.type
class Action:
    """What the card's button does."""

    label: str = strawberry.field(description="In the member's language.")
    url: str = strawberry.field(description="A deep link into the app.")


@strawberry.interface
class FeedCard:
    """One card of the home feed. Ask for the kinds you can draw with `... on OfferCard`."""

    id: strawberry.ID
    kind: str = strawberry.field(description='"offer", "reward", "survey", "progress", "product", "expiry", …')
    title: str
    body: str | None
    image: Image | None
    action: Action | None
    reason: str = strawberry.field(description="Why the member sees this, in their language.")
    token: str = strawberry.field(description="Echo it in `recordFeedEvents`: it carries slot and propensity.")
