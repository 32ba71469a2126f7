"""What the feed knows about the member, for the member to see and to reset."""

from datetime import datetime, timedelta
from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.home_feed import Product
from fedele.api.member.standing import standing_of
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.feed import commands as feed_commands
from fedele.domains.feed import queries as feed
from fedele.domains.feed.types import Situation
from fedele.domains.recommendations import commands, queries
from fedele.domains.recommendations import types as records

PRODUCTS_MAX = 20


@strawberry.type
class ProductTaste:
    """What is remembered of one product the member buys."""

    product: Product
    times: int = strawberry.field(description="On how many receipts it was, within what is remembered.")
    last_bought_at: datetime
    usual_days: int | None = strawberry.field(description="The usual days between two purchases; null before two.")
    due_at: datetime | None = strawberry.field(description="When it is usually bought again.")
    chance: float = strawberry.field(description="How likely we hold it that it is bought within 28 days, 0 to 1.")

    @classmethod
    def of(cls, record: records.Recommended) -> Self:
        """From the record."""
        known = record.known
        assert known.last_at is not None, "what was never bought is no taste"
        return cls(
            product=Product.of(known.product),
            times=known.times,
            last_bought_at=known.last_at,
            usual_days=round(known.gap / timedelta(days=1)) if known.gap else None,
            due_at=known.due_at,
            chance=round(record.chance, 3),
        )


@strawberry.type
class CategoryTaste:
    """How much the member is drawn to a category."""

    category: str
    times: int = strawberry.field(description="On how many receipts its products were.")
    last_bought_at: datetime
    chance: float = strawberry.field(description="How likely we hold it that it is bought within 28 days, 0 to 1.")


@strawberry.type
class DismissedCard:
    """A card that the member waved away."""

    kind: str
    key: str
    until: datetime = strawberry.field(description="It stays away until then.")


@strawberry.type
class FeedProfile:
    """All that the feed goes by, and nothing else: what was bought, and what was done with cards."""

    personal: bool = strawberry.field(
        description="Whether any of it is used. Turn it off with `setConsent` for PERSONALIZATION; the feed stays."
    )
    policy: str = strawberry.field(description="The name of the rules that order this member's cards.")
    seen_count: int = strawberry.field(description="Cards seen, as far as is remembered.")
    tapped_count: int = strawberry.field(description="Cards tapped, as far as is remembered.")
    since: datetime | None = strawberry.field(description="The oldest of what is remembered of cards.")
    dismissed: list[DismissedCard]
    products: list[ProductTaste] = strawberry.field(description="The likeliest first; at most twenty.")
    categories: list[CategoryTaste] = strawberry.field(description="The likeliest first; at most ten.")


@strawberry.type
class FeedProfileFields(MemberBase):
    """What the feed knows."""

    @strawberry.field
    async def feed_profile(self, info: Info) -> FeedProfile:
        """What the feed knows about the member, and goes by. `resetFeed` forgets it."""
        context = info.context
        standing = await standing_of(context, self.member_id)
        situation = Situation(
            standing.programme, self.member_id, context.moment, standing.locale, standing.facts, standing.tier
        )
        kept = await feed.profile_of(context.reader, situation)
        tastes = await queries.tastes_of(context.reader, self.member_id, context.moment)
        categories = await queries.categories_of(context.reader, self.member_id, context.moment)
        return FeedProfile(
            personal=kept.personal,
            policy=kept.policy,
            seen_count=kept.seen_count,
            tapped_count=kept.tapped_count,
            since=kept.since,
            dismissed=[DismissedCard(kind=kind, key=key, until=until) for kind, key, until in kept.dismissed],
            products=[ProductTaste.of(one) for one in tastes if one.known.times][:PRODUCTS_MAX],
            categories=[
                CategoryTaste(
                    category=one.category, times=one.times, last_bought_at=one.last_at, chance=round(one.chance, 3)
                )
                for one in categories
            ],
        )


@user_error()
class ResetFeedUserError(UserError):
    """Why nothing was forgotten."""


@strawberry.type
class ResetFeedPayload:
    """Whether it is forgotten."""

    reset: bool | None = None
    user_errors: list[ResetFeedUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ResetFeedInput:
    """What to forget; both unless said otherwise."""

    products: bool = strawberry.field(default=True, description="What was bought counts for no card any more.")
    cards: bool = strawberry.field(default=True, description="What was seen, tapped and waved away is deleted.")


@strawberry.type
class FeedProfileMutation:
    """What members do about what is known of them."""

    @mutation_field(requires=MEMBER)
    async def reset_feed(self, info: Info, input: ResetFeedInput) -> ResetFeedPayload | None:
        """Forget what the feed knows about the member: what they bought until now counts for no card any more, and
        what they saw, tapped and waved away is deleted. Receipts, points and tiers stay as they are."""
        context, member_id = info.context, info.context.member_id
        async with context.database.transaction() as tx:
            if input.products:
                await commands.reset_taste(tx, member_id, context.moment)
            if input.cards:
                await feed_commands.reset_feed(tx, member_id)
        return ResetFeedPayload(reset=input.products or input.cards)
