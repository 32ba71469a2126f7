"""The fuse box: every registry as a visible tuple or mapping. `wiring.py` joins them to real things."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel

from fedele.db.database import Database, Queryable
from fedele.domains.activity import queries as activity_queries
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.auth.handlers import handlers as auth_handlers
from fedele.domains.auth.jobs import schedules as auth_schedules
from fedele.domains.auto_rewards import handlers as auto_rewards
from fedele.domains.auto_rewards import queries as auto_reward_queries
from fedele.domains.auto_rewards.commands import issue_at_day_end
from fedele.domains.auto_rewards.config import AutoRewardsConfig
from fedele.domains.budgets.handlers import handlers as budget_handlers
from fedele.domains.budgets.jobs import tend as tend_budgets
from fedele.domains.challenges import handlers as challenges
from fedele.domains.challenges import queries as challenges_queries
from fedele.domains.challenges.config import BadgesConfig, ChallengesConfig, StreaksConfig, SurprisesConfig
from fedele.domains.challenges.events import BadgeEarned
from fedele.domains.challenges.feed import FEED_SOURCE as CHALLENGES_IN_FEED
from fedele.domains.checkout import handlers as checkout
from fedele.domains.checkout.ports import Till
from fedele.domains.closing import handlers as closing
from fedele.domains.closing.config import ClosingConfig
from fedele.domains.closing.events import ExpiryAnnounced
from fedele.domains.closing.jobs import close_schedule
from fedele.domains.closing.steps import own_steps
from fedele.domains.closing.types import ClosingStep
from fedele.domains.community import handlers as community
from fedele.domains.community import queries as community_queries
from fedele.domains.community.config import ContestsConfig, GatheringsConfig, ReviewsConfig
from fedele.domains.community.feed import FEED_SOURCE as GATHERINGS_IN_FEED
from fedele.domains.community.jobs import deciding_schedule
from fedele.domains.earning import handlers as earning
from fedele.domains.earning.commands import follow_tier
from fedele.domains.earning.config import EarningConfig
from fedele.domains.feed import handlers as feed
from fedele.domains.feed import queries as feed_queries
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.learning.jobs import schedules as feed_schedules
from fedele.domains.feed.own_sources import OWN_SOURCES
from fedele.domains.feed.types import FeedSource
from fedele.domains.fraud import handlers as fraud
from fedele.domains.fraud import queries as fraud_queries
from fedele.domains.fraud.config import FraudConfig
from fedele.domains.journeys import handlers as journeys
from fedele.domains.journeys import queries as journey_queries
from fedele.domains.journeys.commands import Engine as JourneyEngine
from fedele.domains.journeys.config import JourneysConfig
from fedele.domains.journeys.jobs import schedules as journey_schedules
from fedele.domains.journeys.ports import WebhookSender
from fedele.domains.ledger.events import (
    PointsAdjusted,
    PointsBurned,
    PointsClawedBack,
    PointsEarned,
    PointsExpired,
    PointsHeld,
    PointsRestored,
    PointsSettled,
)
from fedele.domains.ledger.jobs import checkpoint as checkpoint_ledger
from fedele.domains.ledger.jobs import settle as settle_ledger
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.events import ConsentChanged, MemberEnrolled, ProfileChanged
from fedele.domains.members.queries import export_personal_data
from fedele.domains.memberships import handlers as memberships
from fedele.domains.memberships import queries as memberships_queries
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.events import MembershipEnded, MembershipStarted
from fedele.domains.memberships.jobs import renewal_schedule
from fedele.domains.memberships.ports import PaymentProvider
from fedele.domains.messaging import handlers as messaging
from fedele.domains.messaging import queries as messaging_queries
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.offers import handlers as offers
from fedele.domains.offers import queries as offer_queries
from fedele.domains.offers.config import AreasConfig, LocationConfig, OffersConfig
from fedele.domains.offers.feed import FEED_SOURCE as OFFERS_IN_FEED
from fedele.domains.offers.geography.stored import FenceStore
from fedele.domains.offers.jobs import schedules as offer_schedules
from fedele.domains.offers.ports import WeatherSource
from fedele.domains.programme.config import Currencies, Places, ProgrammeConfig, Texts
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.recommendations import handlers as recommendations
from fedele.domains.recommendations import queries as recommendations_queries
from fedele.domains.recommendations.feed import FEED_SOURCE as PRODUCTS_IN_FEED
from fedele.domains.recommendations.jobs import schedules as recommendations_schedules
from fedele.domains.referrals import handlers as referrals
from fedele.domains.referrals import queries as referrals_queries
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.feed import FEED_SOURCE as REFERRALS_IN_FEED
from fedele.domains.referrals.jobs import schedules as referrals_schedules
from fedele.domains.rewards import handlers as rewards
from fedele.domains.rewards import queries as reward_queries
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.events import RedemptionCancelled, RewardRedeemed
from fedele.domains.rewards.feed import FEED_SOURCE as REWARDS_IN_FEED
from fedele.domains.rewards.jobs import schedules as reward_schedules
from fedele.domains.segments import handlers as segments
from fedele.domains.segments import queries as segment_queries
from fedele.domains.segments.config import SegmentsConfig
from fedele.domains.segments.jobs import schedules as segment_schedules
from fedele.domains.support import handlers as support
from fedele.domains.support import queries as support_queries
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.events import CaseOverdue, CaseResolved
from fedele.domains.support.jobs import schedules as support_schedules
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.surveys import handlers as surveys
from fedele.domains.surveys import queries as surveys_queries
from fedele.domains.surveys.config import SurveyLimits, SurveysConfig
from fedele.domains.surveys.events import SurveyAnswered
from fedele.domains.surveys.feed import FEED_SOURCE as SURVEYS_IN_FEED
from fedele.domains.surveys.jobs import schedules as surveys_schedules
from fedele.domains.tiers import handlers as tiers
from fedele.domains.tiers import queries as tiers_queries
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.feed import FEED_SOURCE as PROGRESS_IN_FEED
from fedele.domains.till import handlers as till_room
from fedele.domains.till import queries as till_queries
from fedele.domains.till.config import TillConfig
from fedele.domains.till.jobs import schedules as till_schedules
from fedele.domains.wallet import handlers as wallet
from fedele.domains.wallet import queries as wallet_queries
from fedele.domains.wallet.commands import GoogleWriter
from fedele.domains.wallet.config import WalletConfig
from fedele.domains.wallet.ports import PassAssembler, PassPush
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId

# The programme file's top-level keys, and the room that reads each.
PROGRAMME_SECTIONS: Mapping[str, type[BaseModel]] = {
    "programme": ProgrammeConfig,
    "members": MembersConfig,
    "currencies": Currencies,
    "places": Places,
    "segments": SegmentsConfig,
    "earning": EarningConfig,
    "tiers": TiersConfig,
    "memberships": MembershipsConfig,
    "rewards": RewardsConfig,
    "auto_rewards": AutoRewardsConfig,
    "offers": OffersConfig,
    "areas": AreasConfig,
    "location": LocationConfig,
    "surveys": SurveysConfig,
    "survey_limits": SurveyLimits,
    "challenges": ChallengesConfig,
    "streaks": StreaksConfig,
    "badges": BadgesConfig,
    "surprises": SurprisesConfig,
    "referral": ReferralConfig,
    "reviews": ReviewsConfig,
    "contests": ContestsConfig,
    "gatherings": GatheringsConfig,
    "support": SupportConfig,
    "messages": MessagesConfig,
    "journeys": JourneysConfig,
    "closing": ClosingConfig,
    "wallet": WalletConfig,
    "feed": FeedConfig,
    "fraud": FraudConfig,
    "till": TillConfig,
    "texts": Texts,
}

# Where the feed's cards come from: one line per room that has some.
FEED_SOURCES: tuple[FeedSource, ...] = (
    *OWN_SOURCES,
    PRODUCTS_IN_FEED,
    PROGRESS_IN_FEED,
    REWARDS_IN_FEED,
    OFFERS_IN_FEED,
    SURVEYS_IN_FEED,
    CHALLENGES_IN_FEED,
    REFERRALS_IN_FEED,
    GATHERINGS_IN_FEED,
)


# After which events what segments know of a member is another: its facts are made again (`segments.facts`).
FACT_EVENTS: tuple[type[Event], ...] = (
    MemberEnrolled,
    ProfileChanged,
    ConsentChanged,
    PurchaseRecorded,
    PurchaseReturned,
    ActivityRecorded,
    PointsEarned,
    PointsSettled,
    PointsBurned,
    PointsRestored,
    PointsHeld,
    PointsClawedBack,
    PointsExpired,
    PointsAdjusted,
    TierChanged,
    MembershipStarted,
    MembershipEnded,
    BadgeEarned,
    RewardRedeemed,
    RedemptionCancelled,
    SurveyAnswered,
)


# The day's close, in order: settle pending → auto-rewards → tiers → expiry → tiers.
CLOSING_STEPS: tuple[ClosingStep, ...] = own_steps(
    follow_tier,
    ClosingStep("auto_rewards", auto_reward_queries.members_due, issue_at_day_end, auto_reward_queries.next_due),
)


# What journeys hear of rooms that stand beside them, and so cannot be named there.
HEARD_BY_JOURNEYS: tuple[type[Event], ...] = (ExpiryAnnounced, CaseOverdue, CaseResolved)


def handlers_of(
    database: Database,
    programmes: ProgrammeSource,
    clock: Callable[[], Moment],
    delivery: Delivery,
    wallets: PassAssembler,
    pass_push: PassPush,
    till: Till,
    payments: PaymentProvider,
    webhooks: WebhookSender,
    analyser: TextAnalyser,
) -> tuple[Handler, ...]:
    """What follows an event: one line per room that listens."""
    return (
        *auth_handlers(database),
        *budget_handlers(),
        *fraud.handlers(database, programmes.at, clock),
        *segments.handlers(database, programmes.at, clock, FACT_EVENTS),
        *messaging.handlers(delivery),
        *feed.handlers(database),
        *recommendations.handlers(database, clock),
        *tiers.handlers(database, programmes.at, clock),
        *earning.handlers(database, programmes, clock),
        *rewards.handlers(database, programmes.at, clock),
        *auto_rewards.handlers(database, programmes.at, clock),
        *offers.handlers(database, programmes.at, clock),
        *surveys.handlers(database, programmes.at, clock),
        *challenges.handlers(database, programmes.at, clock),
        *referrals.handlers(database, programmes.at, till.peppers, clock),
        *community.handlers(database, programmes.at, clock),
        *memberships.handlers(database, programmes, payments, clock),
        *closing.handlers(database, programmes.at, clock),
        *journeys.handlers(JourneyEngine(database, programmes), webhooks, clock, HEARD_BY_JOURNEYS),
        *support.handlers(database, programmes.at, analyser, clock),
        *till_room.handlers(database, programmes.at, clock),
        *checkout.handlers(till, clock),
        *wallet.handlers(database, programmes, wallets, pass_push, clock),
    )


def schedules_of(
    database: Database,
    programmes: ProgrammeSource,
    delivery: Delivery,
    payments: PaymentProvider,
    weather: WeatherSource | None,
    fences: FenceStore,
    wallets: PassAssembler,
    google: GoogleWriter | None,
    analyser: TextAnalyser,
    clock: Callable[[], Moment],
) -> tuple[Schedule, ...]:
    """What follows the clock: one line per room that has such work."""
    return (
        *auth_schedules(database),
        tend_budgets(database),
        *feed_schedules(database, programmes.at),
        *recommendations_schedules(database),
        *fraud.schedules(database),
        *segment_schedules(database, programmes.at),
        *reward_schedules(database, programmes),
        *referrals_schedules(database, programmes),
        *surveys_schedules(database, programmes),
        *offer_schedules(database, programmes, weather, fences),
        *till_schedules(database, programmes.at),
        *messaging.schedules(delivery),
        settle_ledger(database),
        checkpoint_ledger(database),
        renewal_schedule(database, programmes, payments),
        close_schedule(database, programmes, CLOSING_STEPS),
        deciding_schedule(database, programmes.at),
        *support_schedules(database, programmes.at, analyser, clock),
        *journey_schedules(JourneyEngine(database, programmes)),
        wallet.sweep_schedule(database, programmes, wallets),
        *wallet.google_schedules(google),
    )


# What a member's data export holds: one function per room that keeps something of theirs.
DATA_EXPORTS: Mapping[str, Callable[[Queryable, MemberId], Awaitable[Any]]] = {
    "member": export_personal_data,
    "activity": activity_queries.export_personal_data,
    "till": till_queries.export_personal_data,
    "tiers": tiers_queries.export_personal_data,
    "memberships": memberships_queries.export_personal_data,
    "rewards": reward_queries.export_personal_data,
    "wallet": wallet_queries.export_personal_data,
    "offers": offer_queries.export_personal_data,
    "challenges": challenges_queries.export_personal_data,
    "referrals": referrals_queries.export_personal_data,
    "community": community_queries.export_personal_data,
    "support": support_queries.export_personal_data,
    "surveys": surveys_queries.export_personal_data,
    "fraud": fraud_queries.export_personal_data,
    "messaging": messaging_queries.export_personal_data,
    "feed": feed_queries.export_personal_data,
    "recommendations": recommendations_queries.export_personal_data,
    "journeys": journey_queries.export_personal_data,
    "segments": segment_queries.export_personal_data,
}
