"""The fuse box: every registry as a visible tuple or mapping. `wiring.py` joins them to real things."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel

from fedele.db.database import Database, Queryable
from fedele.domains.activity import queries as activity_queries
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
from fedele.domains.challenges.feed import FEED_SOURCE as CHALLENGES_IN_FEED
from fedele.domains.checkout import handlers as checkout
from fedele.domains.checkout.ports import Till
from fedele.domains.closing import handlers as closing
from fedele.domains.closing.config import ClosingConfig
from fedele.domains.closing.jobs import close_schedule
from fedele.domains.closing.steps import own_steps
from fedele.domains.closing.types import ClosingStep
from fedele.domains.earning import handlers as earning
from fedele.domains.earning.commands import follow_tier
from fedele.domains.earning.config import EarningConfig
from fedele.domains.feed import handlers as feed
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.own_sources import OWN_SOURCES
from fedele.domains.feed.types import FeedSource
from fedele.domains.fraud import handlers as fraud
from fedele.domains.fraud import queries as fraud_queries
from fedele.domains.fraud.config import FraudConfig
from fedele.domains.ledger.jobs import checkpoint as checkpoint_ledger
from fedele.domains.ledger.jobs import settle as settle_ledger
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.queries import export_personal_data
from fedele.domains.memberships import handlers as memberships
from fedele.domains.memberships import queries as memberships_queries
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.jobs import renewal_schedule
from fedele.domains.memberships.ports import PaymentProvider
from fedele.domains.messaging import handlers as messaging
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.feed import FEED_SOURCE as OFFERS_IN_FEED
from fedele.domains.programme.config import Currencies, Places, ProgrammeConfig, Texts
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.referrals import handlers as referrals
from fedele.domains.referrals import queries as referrals_queries
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.feed import FEED_SOURCE as REFERRALS_IN_FEED
from fedele.domains.referrals.jobs import schedules as referrals_schedules
from fedele.domains.rewards import handlers as rewards
from fedele.domains.rewards import queries as reward_queries
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.feed import FEED_SOURCE as REWARDS_IN_FEED
from fedele.domains.rewards.jobs import schedules as reward_schedules
from fedele.domains.surveys import handlers as surveys
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.feed import FEED_SOURCE as SURVEYS_IN_FEED
from fedele.domains.tiers import handlers as tiers
from fedele.domains.tiers import queries as tiers_queries
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.feed import FEED_SOURCE as PROGRESS_IN_FEED
from fedele.domains.till import handlers as till_room
from fedele.domains.till import queries as till_queries
from fedele.domains.till.config import TillConfig
from fedele.domains.till.jobs import schedules as till_schedules
from fedele.domains.wallet import handlers as wallet
from fedele.domains.wallet import queries as wallet_queries
from fedele.domains.wallet.config import WalletConfig
from fedele.domains.wallet.ports import PassAssembler, PassPush
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

# The programme file's top-level keys, and the room that reads each.
PROGRAMME_SECTIONS: Mapping[str, type[BaseModel]] = {
    "programme": ProgrammeConfig,
    "members": MembersConfig,
    "currencies": Currencies,
    "places": Places,
    "earning": EarningConfig,
    "tiers": TiersConfig,
    "memberships": MembershipsConfig,
    "rewards": RewardsConfig,
    "auto_rewards": AutoRewardsConfig,
    "offers": OffersConfig,
    "surveys": SurveysConfig,
    "challenges": ChallengesConfig,
    "streaks": StreaksConfig,
    "badges": BadgesConfig,
    "surprises": SurprisesConfig,
    "referral": ReferralConfig,
    "messages": MessagesConfig,
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
    PROGRESS_IN_FEED,
    REWARDS_IN_FEED,
    OFFERS_IN_FEED,
    SURVEYS_IN_FEED,
    CHALLENGES_IN_FEED,
    REFERRALS_IN_FEED,
)


# The day's close, in order: settle pending → auto-rewards → tiers → expiry → tiers.
CLOSING_STEPS: tuple[ClosingStep, ...] = own_steps(
    follow_tier,
    ClosingStep("auto_rewards", auto_reward_queries.members_due, issue_at_day_end, auto_reward_queries.next_due),
)


def handlers_of(
    database: Database,
    programmes: ProgrammeSource,
    clock: Callable[[], Moment],
    delivery: Delivery,
    wallets: PassAssembler,
    pass_push: PassPush,
    till: Till,
    payments: PaymentProvider,
) -> tuple[Handler, ...]:
    """What follows an event: one line per room that listens."""
    return (
        *auth_handlers(database),
        *budget_handlers(),
        *fraud.handlers(database, programmes.at, clock),
        *messaging.handlers(delivery),
        *feed.handlers(database),
        *tiers.handlers(database, programmes.at, clock),
        *earning.handlers(database, programmes, clock),
        *rewards.handlers(database, programmes.at, clock),
        *auto_rewards.handlers(database, programmes.at, clock),
        *surveys.handlers(database),
        *challenges.handlers(database, programmes.at, clock),
        *referrals.handlers(database, programmes.at, till.peppers, clock),
        *memberships.handlers(database, programmes, payments, clock),
        *closing.handlers(database, programmes.at, clock),
        *till_room.handlers(database, programmes.at, clock),
        *checkout.handlers(till, clock),
        *wallet.handlers(database, programmes, wallets, pass_push, clock),
    )


def schedules_of(
    database: Database, programmes: ProgrammeSource, delivery: Delivery, payments: PaymentProvider
) -> tuple[Schedule, ...]:
    """What follows the clock: one line per room that has such work."""
    return (
        *auth_schedules(database),
        tend_budgets(database),
        *fraud.schedules(database),
        *reward_schedules(database, programmes),
        *referrals_schedules(database, programmes),
        *till_schedules(database, programmes.at),
        *messaging.schedules(delivery),
        settle_ledger(database),
        checkpoint_ledger(database),
        renewal_schedule(database, programmes, payments),
        close_schedule(database, programmes, CLOSING_STEPS),
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
    "challenges": challenges_queries.export_personal_data,
    "referrals": referrals_queries.export_personal_data,
    "fraud": fraud_queries.export_personal_data,
}
