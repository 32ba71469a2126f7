"""The members' schema, composed. Each room adds its mixin to Member and its roots to the tuples, in storey order."""

import functools

import strawberry

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.member.activity import ActivityFields, ActivityMutation
from fedele.api.member.auto_rewards import AutoRewardFields, AutoRewardMutation
from fedele.api.member.base import MemberBase
from fedele.api.member.card_safety import CardSafetyMutation
from fedele.api.member.challenges import (
    CHALLENGE,
    STREAK,
    ChallengeFields,
    ChallengeMutation,
    fetch_challenge,
    fetch_streak,
)
from fedele.api.member.community import CommunityFields, CommunityQuery
from fedele.api.member.community_changes import CommunityMutation
from fedele.api.member.feed_profile import FeedProfileFields, FeedProfileMutation
from fedele.api.member.home_feed import CARD_TYPES, FeedFields, FeedMutation
from fedele.api.member.ledger import LedgerFields
from fedele.api.member.locating import LocatingFields, LocatingMutation
from fedele.api.member.member_changes import MemberMutation
from fedele.api.member.members import MemberFields
from fedele.api.member.memberships import MembershipFields, MembershipMutation, MembershipQuery
from fedele.api.member.messaging import DEVICE, MESSAGE, MessagingFields, MessagingMutation, fetch_device, fetch_message
from fedele.api.member.offers import CLAIM, OFFER, OfferFields, OfferMutation, WeatherQuery, fetch_claim, fetch_offer
from fedele.api.member.programme import ProgrammeQuery
from fedele.api.member.referrals import ReferralFields, ReferralMutation
from fedele.api.member.rewards import (
    REDEMPTION,
    REWARD,
    RewardFields,
    RewardMutation,
    fetch_redemption,
    fetch_reward,
)
from fedele.api.member.support import SUPPORT_CASE, SupportFields, SupportMutation, fetch_case
from fedele.api.member.surveys import SURVEY, SurveyFields, SurveyMutation, fetch_survey
from fedele.api.member.tiers import TierFields
from fedele.api.member.wallet import WalletFields
from fedele.api.node import Node, NodeKind, find_node
from fedele.api.permissions import MEMBER, query_field
from fedele.api.schema import build_schema, compose
from fedele.kernel.ids import MemberId


@strawberry.type
class Member(
    MemberFields,
    LedgerFields,
    ActivityFields,
    TierFields,
    MembershipFields,
    MessagingFields,
    FeedFields,
    FeedProfileFields,
    RewardFields,
    AutoRewardFields,
    OfferFields,
    LocatingFields,
    SurveyFields,
    ChallengeFields,
    ReferralFields,
    CommunityFields,
    SupportFields,
    WalletFields,
    MemberBase,
    Node,
):
    """The member who asks: everything that is theirs, one field per thing."""


def member_of(member_id: MemberId) -> Member:
    """The member's node; nothing is read until a field asks."""
    return Member(id=ids.member_id(member_id), member_id=member_id)


async def _fetch_member(context: Context, text: strawberry.ID) -> Member | None:
    return member_of(context.member_id) if text == ids.member_id(context.member_id) else None


# One line per kind of thing that has an id of its own.
NODES: tuple[NodeKind, ...] = (
    NodeKind("member", _fetch_member),
    NodeKind(MESSAGE, fetch_message),
    NodeKind(DEVICE, fetch_device),
    NodeKind(REWARD, fetch_reward),
    NodeKind(REDEMPTION, fetch_redemption),
    NodeKind(OFFER, fetch_offer),
    NodeKind(CLAIM, fetch_claim),
    NodeKind(SURVEY, fetch_survey),
    NodeKind(SUPPORT_CASE, fetch_case),
    NodeKind(CHALLENGE, fetch_challenge),
    NodeKind(STREAK, fetch_streak),
)


@strawberry.type
class MeQuery:
    """Where a member's app begins."""

    @query_field(requires=MEMBER)
    async def me(self, info: Info) -> Member | None:
        """The member whose token this is."""
        return member_of(info.context.member_id)

    @query_field(requires=MEMBER)
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything of this member, or of the catalogue, by its id. Null when unknown or somebody else's."""
        return await find_node(NODES, info.context, id)


# One line per room that has root queries, and one per room that has mutations.
QUERIES: tuple[type, ...] = (MeQuery, ProgrammeQuery, MembershipQuery, WeatherQuery, CommunityQuery)
MUTATIONS: tuple[type, ...] = (
    MemberMutation,
    MessagingMutation,
    FeedMutation,
    FeedProfileMutation,
    RewardMutation,
    AutoRewardMutation,
    MembershipMutation,
    OfferMutation,
    LocatingMutation,
    SurveyMutation,
    ChallengeMutation,
    ReferralMutation,
    ActivityMutation,
    CardSafetyMutation,
    CommunityMutation,
    SupportMutation,
)


@functools.cache
def build_member_schema() -> strawberry.Schema:
    """The schema served at /graphql: one for the whole process, as it never changes."""
    query = compose("Query", QUERIES, "What a member can ask.")
    mutation = compose("Mutation", MUTATIONS, "What a member can do.") if MUTATIONS else None
    return build_schema(query, mutation, types=(Member, *CARD_TYPES))
