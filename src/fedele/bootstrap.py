"""The fuse box: every registry as a visible tuple or mapping, and the wiring of real things."""

from collections.abc import Mapping

from pydantic import BaseModel

from fedele.domains.earning.config import EarningConfig
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.own_sources import OWN_SOURCES
from fedele.domains.feed.types import FeedSource
from fedele.domains.members.config import MembersConfig
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.feed import FEED_SOURCE as OFFERS_IN_FEED
from fedele.domains.programme.config import Currencies, Places, ProgrammeConfig, Texts
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.feed import FEED_SOURCE as REWARDS_IN_FEED
from fedele.domains.surveys.config import SurveysConfig
from fedele.domains.surveys.feed import FEED_SOURCE as SURVEYS_IN_FEED
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.feed import FEED_SOURCE as PROGRESS_IN_FEED
from fedele.domains.wallet.config import WalletConfig

# The programme file's top-level keys, and the room that reads each.
PROGRAMME_SECTIONS: Mapping[str, type[BaseModel]] = {
    "programme": ProgrammeConfig,
    "members": MembersConfig,
    "currencies": Currencies,
    "places": Places,
    "earning": EarningConfig,
    "tiers": TiersConfig,
    "rewards": RewardsConfig,
    "offers": OffersConfig,
    "surveys": SurveysConfig,
    "messages": MessagesConfig,
    "wallet": WalletConfig,
    "feed": FeedConfig,
    "texts": Texts,
}

# Where the feed's cards come from: one line per room that has some.
FEED_SOURCES: tuple[FeedSource, ...] = (
    *OWN_SOURCES,
    PROGRESS_IN_FEED,
    REWARDS_IN_FEED,
    OFFERS_IN_FEED,
    SURVEYS_IN_FEED,
)
