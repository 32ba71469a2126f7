"""The home feed: the members' cards of every kind, and what was done with them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self, cast
from uuid import UUID

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.challenges import Challenge, Streak
from fedele.api.member.community import Gathering
from fedele.api.member.feed import Action, FeedCard, Image
from fedele.api.member.offers import Offer
from fedele.api.member.programme import Currency, Speaker
from fedele.api.member.referrals import Referral
from fedele.api.member.rewards import Reward
from fedele.api.member.standing import PositionInput, standing_of
from fedele.api.member.surveys import Survey
from fedele.api.member.tiers import TierStatus
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL
from fedele.domains.activity import types as activity
from fedele.domains.challenges.types import ChallengeView, StreakView
from fedele.domains.community.types import OpenGathering
from fedele.domains.feed import commands, errors, queries
from fedele.domains.feed import types as records
from fedele.domains.offers.types import OpenOffer
from fedele.domains.programme.config import Currencies
from fedele.domains.referrals.types import Overview
from fedele.domains.rewards.types import Offered
from fedele.domains.surveys.types import OpenSurvey
from fedele.domains.tiers import types as tiers
from fedele.kernel.money import from_units
from fedele.kernel.refusal import InvalidInput

strawberry.enum(records.FeedEventKind, description="What happened to a card.")


@strawberry.enum(description="Where in the app the feed is shown.")
class Placement(Enum):
    """The app's places for a feed."""

    HOME = "home"
    OFFERS = "offers"
    RECEIPT = "receipt"


@strawberry.type
class OfferCard(FeedCard):
    """An offer open here and now."""

    offer: Offer


@strawberry.type
class RewardCard(FeedCard):
    """A reward within reach, or worth saving for."""

    reward: Reward


@strawberry.type
class SurveyCard(FeedCard):
    """A survey that can be answered now."""

    survey: Survey


@strawberry.type
class ProgressCard(FeedCard):
    """How far it is to the next tier."""

    progress: TierStatus | None


@strawberry.type
class Product:
    """An article of the catalogue."""

    sku: str
    name: str
    category: str | None
    department: str | None
    brand: str | None

    @classmethod
    def of(cls, record: activity.Product) -> Self:
        """From the record."""
        return cls(
            sku=record.sku,
            name=record.name,
            category=record.category,
            department=record.department,
            brand=record.brand,
        )


@strawberry.type
class ProductCard(FeedCard):
    """A product that fits the member: bought often, due again, bought with what they buy, or what many buy."""

    product: Product
    offer: Offer | None = strawberry.field(description="An offer open now that is about this product.")


@strawberry.type
class ExpiryCard(FeedCard):
    """Value that ends within thirty days."""

    currency: Currency
    amount: Decimal = strawberry.field(description="All that ends within thirty days.")
    expires_at: datetime = strawberry.field(description="When the first of it ends.")


@strawberry.type
class ContentCard(FeedCard):
    """News, a recipe, an event."""

    deep_link: str | None


@strawberry.type
class ChallengeCard(FeedCard):
    """A challenge or a streak under way, or one to join."""

    challenge: Challenge | None = strawberry.field(description="Null where the card is about a streak.")
    streak: Streak | None = strawberry.field(description="Null where the card is about a challenge.")


@strawberry.type
class ReferralCard(FeedCard):
    """An invitation to bring a friend."""

    referral: Referral


@strawberry.type
class EventCard(FeedCard):
    """A gathering that the member is invited to, with seats left."""

    gathering: Gathering


CARD_TYPES: tuple[type, ...] = (
    EventCard,
    ChallengeCard,
    ReferralCard,
    OfferCard,
    RewardCard,
    SurveyCard,
    ProgressCard,
    ProductCard,
    ExpiryCard,
    ContentCard,
)


def _offer(subject: object, situation: records.Situation) -> dict[str, Any]:
    return {"offer": Offer.of(cast(OpenOffer, subject), situation.programme, situation.locale)}


def _reward(subject: object, situation: records.Situation) -> dict[str, Any]:
    return {"reward": Reward.of(cast(Offered, subject), situation.programme, situation.locale)}


def _survey(subject: object, situation: records.Situation) -> dict[str, Any]:
    return {"survey": Survey.of(cast(OpenSurvey, subject), situation.programme, situation.locale)}


def _progress(subject: object, situation: records.Situation) -> dict[str, Any]:
    return {"progress": TierStatus.of(cast(tiers.TierStatus, subject), situation.programme, situation.locale)}


def _product(subject: object, _situation: records.Situation) -> dict[str, Any]:
    return {"product": Product.of(cast(activity.Product, subject))}


def _expiry(subject: object, situation: records.Situation) -> dict[str, Any]:
    expiring = cast(records.Expiring, subject)
    currency = situation.programme.section(Currencies).get(expiring.currency)
    return {
        "currency": Currency.of(currency, Speaker(situation.programme, situation.locale)),
        "amount": from_units(expiring.units, currency.decimals),
        "expires_at": expiring.expires_at,
    }


def _content(subject: object, _situation: records.Situation) -> dict[str, Any]:
    return {"deep_link": getattr(subject, "deep_link", None)}


def _challenge(subject: object, situation: records.Situation) -> dict[str, Any]:
    programme, locale = situation.programme, situation.locale
    if isinstance(subject, StreakView):
        return {"challenge": None, "streak": Streak.of(subject, programme, locale)}
    return {"challenge": Challenge.of(cast(ChallengeView, subject), programme, locale), "streak": None}


def _referral(subject: object, situation: records.Situation) -> dict[str, Any]:
    return {"referral": Referral.of(cast(Overview, subject), situation.programme, situation.locale)}


def _gathering(subject: object, situation: records.Situation) -> dict[str, Any]:
    found = cast(OpenGathering, subject)
    gathering = Gathering.of(found.gathering, situation.programme, situation.locale, None, found.taken)
    return {"gathering": gathering}


# Kind of candidate → the card's type, and what it has besides.
CARDS: Mapping[str, tuple[type[FeedCard], Callable[[object, records.Situation], dict[str, Any]]]] = {
    "offer": (OfferCard, _offer),
    "reward": (RewardCard, _reward),
    "survey": (SurveyCard, _survey),
    "progress": (ProgressCard, _progress),
    "product": (ProductCard, _product),
    "expiry": (ExpiryCard, _expiry),
    "content": (ContentCard, _content),
    "challenge": (ChallengeCard, _challenge),
    "referral": (ReferralCard, _referral),
    "event": (EventCard, _gathering),
}


@strawberry.type
class FeedFields(MemberBase):
    """The feed's part of Member."""

    @strawberry.field
    async def feed(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        placement: Placement = Placement.HOME,
        at: PositionInput | None = None,
    ) -> Connection[FeedCard]:
        """The cards for this member here and now, the most fitting first, each with why it is shown. Asking writes
        nothing; tell with `recordFeedEvents` what was really seen."""
        context = info.context
        standing = await standing_of(context, self.member_id)
        moment = context.moment.at(at.position() if at else None)
        situation = records.Situation(
            standing.programme,
            self.member_id,
            moment,
            standing.locale,
            standing.facts,
            standing.tier,
            placement.value,
        )
        feeds = context.services.get(queries.Feeds)
        page = await queries.build_feed(context.reader, feeds.sources, situation, page_size(first), after)
        return connection(page, lambda ranked: _card(ranked, situation, page, feeds.tokens))


def _card(
    ranked: records.Ranked, situation: records.Situation, page: queries.FeedPage, tokens: queries.FeedTokens
) -> FeedCard:
    candidate = ranked.candidate
    card_type, own = CARDS[candidate.kind]
    action = None
    if candidate.deep_link and candidate.action:
        action = Action(label=candidate.action, url=candidate.deep_link)
    return card_type(
        id=ids.key_id("card", f"{candidate.kind}:{candidate.key}"),
        kind=candidate.kind,
        title=candidate.title,
        body=candidate.body,
        image=Image(url=URL(candidate.image)) if candidate.image else None,
        action=action,
        reason=ranked.reason,
        token=tokens.make(situation.member_id, queries.shown(ranked, situation, page)),
        **own(candidate.subject, situation),
        **({"offer": _covering(candidate, situation)} if card_type is ProductCard else {}),
    )


def _covering(candidate: records.Candidate, situation: records.Situation) -> Offer | None:
    if candidate.offer is None:
        return None
    return Offer.of(cast(OpenOffer, candidate.offer), situation.programme, situation.locale)


@user_error(errors.FeedTokenInvalid, errors.FeedBatchTooLarge)
class RecordFeedEventsUserError(UserError):
    """Why the events were not kept."""


@strawberry.type
class RecordFeedEventsPayload:
    """How many of the events were new, or why none was kept."""

    recorded: int | None = None
    user_errors: list[RecordFeedEventsUserError] = strawberry.field(default_factory=list)


@strawberry.input
class FeedEventInput:
    """Something that happened to a card."""

    id: UUID = strawberry.field(description="Made by the phone, once: sending it again changes nothing.")
    token: str = strawberry.field(description="The card's token, as it came.")
    kind: records.FeedEventKind
    occurred_at: datetime


@strawberry.input
class RecordFeedEventsInput:
    """A batch; at most two hundred. All of it is kept, or nothing."""

    events: list[FeedEventInput]


@strawberry.type
class FeedMutation:
    """What members do with their feed."""

    @mutation_field(requires=MEMBER)
    async def record_feed_events(self, info: Info, input: RecordFeedEventsInput) -> RecordFeedEventsPayload | None:
        """Tell which cards were seen, clicked and dismissed. A dismissed card stays away for thirty days."""
        context, member_id = info.context, info.context.member_id
        tokens = context.services.get(queries.Feeds).tokens
        events = [_event(event, tokens, info) for event in input.events]
        async with context.database.transaction() as tx:
            recorded = await commands.record_feed_events(tx, member_id, events, context.moment)
        return RecordFeedEventsPayload(recorded=recorded)


def _event(event: FeedEventInput, tokens: queries.FeedTokens, info: Info) -> records.FeedEvent:
    if event.occurred_at.tzinfo is None:
        raise InvalidInput(problem="occurredAt needs its offset from UTC, as in 2026-11-21T09:30:00Z.", field="events")
    card = tokens.read(info.context.member_id, event.token)
    return records.FeedEvent(event.id, event.kind, card, event.occurred_at)
