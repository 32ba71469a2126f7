"""What journeys do when something happened elsewhere."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.auto_rewards.events import AutoRewardIssued
from fedele.domains.challenges.events import BadgeEarned, ChallengeCompleted
from fedele.domains.community.events import GatheringAttended, ReviewDecided
from fedele.domains.journeys import commands
from fedele.domains.journeys.commands import Engine
from fedele.domains.journeys.events import JourneyWebhookAsked
from fedele.domains.journeys.ports import Told, WebhookSender
from fedele.domains.ledger.events import PointsExpired
from fedele.domains.members.events import ConsentChanged, MemberEnrolled, MemberErased
from fedele.domains.memberships.events import MembershipEnded, MembershipStarted, PaymentFailed
from fedele.domains.messaging.events import MessageReported
from fedele.domains.messaging.ports import Clock
from fedele.domains.offers.events import OfferClaimed, OfferTriggered
from fedele.domains.referrals.events import ReferralApplied, ReferralPaid
from fedele.domains.rewards.events import RedemptionUsed, RewardRedeemed
from fedele.domains.segments.events import SegmentEntered, SegmentLeft
from fedele.domains.surveys.events import SurveyAnswered, SurveyOpened
from fedele.domains.tiers.events import TierChanged
from fedele.jobs.types import Handler
from fedele.kernel.event import Event

# What a trigger, a goal, an exit or a wait can name, of the rooms beneath. Every kind costs a job for each event.
HEARD: tuple[type[Event], ...] = (
    MemberEnrolled, ConsentChanged, PurchaseRecorded, PurchaseReturned, ActivityRecorded, PointsExpired,
    SegmentEntered, SegmentLeft, TierChanged, MembershipStarted, MembershipEnded, PaymentFailed,
    RewardRedeemed, RedemptionUsed, AutoRewardIssued, OfferClaimed, ChallengeCompleted, BadgeEarned,
    ReferralApplied, ReferralPaid, SurveyOpened, SurveyAnswered, OfferTriggered, MessageReported,
    ReviewDecided, GatheringAttended,
)  # fmt: skip


def handlers(
    engine: Engine, sender: WebhookSender, clock: Clock, others: tuple[type[Event], ...] = ()
) -> tuple[Handler, ...]:
    """Journeys' handlers, for bootstrap's list. `others`: what rooms beside this one announce."""

    async def forget(event: MemberErased, _outbox_id: UUID) -> None:
        async with engine.database.transaction() as tx:
            await commands.forget_member(tx, event.member_id)

    async def tell(event: JourneyWebhookAsked, _outbox_id: UUID) -> None:
        data = {
            "member": str(event.member_id), "journey": event.journey_key, "step": event.step_key,
            "topic": event.topic, "data": event.data,
        }  # fmt: skip
        await sender.tell(Told(event.message_id, "journey.step", event.occurred_at, data))

    return (
        *(Handler(_name(kind), kind, _hearing(engine, clock)) for kind in (*HEARD, *others)),
        Handler("journeys.forget_member", MemberErased, forget),
        Handler("journeys.tell_webhook", JourneyWebhookAsked, tell),
    )


def _name(kind: type[Event]) -> str:
    return f"journeys.hear_{kind.kind.replace('.', '_')}"


def _hearing(engine: Engine, clock: Clock) -> Callable[[Event, UUID], Awaitable[None]]:
    async def hear(event: Event, outbox_id: UUID) -> None:
        await commands.hear(engine, event, outbox_id, clock())

    return hear
