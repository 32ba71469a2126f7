"""The staff schema, composed. Each room adds its roots to the tuples, in storey order."""

import functools

import strawberry

from fedele.api.context import Info
from fedele.api.node import Node, NodeKind, find_node
from fedele.api.permissions import PUBLIC, query_field
from fedele.api.schema import build_schema, compose
from fedele.api.staff.analytics import ReportQuery
from fedele.api.staff.challenges import ChallengeQuery
from fedele.api.staff.checkout import TillMutation, TillQuery
from fedele.api.staff.closing import ClosingQuery
from fedele.api.staff.community import CommunityMutation, CommunityQuery
from fedele.api.staff.explaining import ExplainQuery
from fedele.api.staff.fraud import FraudMutation, FraudQuery
from fedele.api.staff.journeys import JourneyMutation, JourneyQuery
from fedele.api.staff.ledger import LedgerFields, LedgerMutation
from fedele.api.staff.members import MemberMutation, MemberQuery, ProfileFields, fetch_member
from fedele.api.staff.memberships import MembershipFields, MembershipMutation
from fedele.api.staff.messaging import MessagingQuery
from fedele.api.staff.offers import OfferMutation, OfferQuery
from fedele.api.staff.privacy import PrivacyMutation, PrivacyQuery
from fedele.api.staff.programme import ProgrammeMutation, ProgrammeQuery
from fedele.api.staff.proposals import ProposalQuery
from fedele.api.staff.receipts import ReceiptQuery
from fedele.api.staff.referrals import ReferralMutation, ReferralQuery
from fedele.api.staff.rewards import RedemptionFields, RewardMutation, RewardQuery
from fedele.api.staff.segments import SegmentFields, SegmentMutation, SegmentQuery
from fedele.api.staff.support import SupportMutation, SupportQuery
from fedele.api.staff.surveys import SurveyMutation, SurveyQuery
from fedele.api.staff.tiers import TierFields, TierMutation
from fedele.api.staff.till_operations import TillOperationMutation, TillOperationQuery
from fedele.domains.auth.types import Scope, StaffPrincipal


@strawberry.type
class Member(
    ProfileFields,
    LedgerFields,
    TierFields,
    MembershipFields,
    RedemptionFields,
    SegmentFields,
    Node,
):
    """A member, for the service desk and the console: a room adds its mixin here. Tills see TillMember instead."""


# One line per kind of thing that has an id of its own. `fetch` checks the caller's scope itself: kinds differ.
NODES: tuple[NodeKind, ...] = (NodeKind("member", fetch_member),)


@strawberry.type
class Caller:
    """Who this session or key is, and what it may do."""

    key: str
    name: str
    scopes: list[str] = strawberry.field(description="What it may do, as in the directive @requires.")
    store: str | None = strawberry.field(default=None, description="The store that the key is bound to.")


@strawberry.type
class CallerQuery:
    """Where a console begins."""

    @query_field(requires=PUBLIC)
    async def caller(self, info: Info) -> Caller | None:
        """Who is asking; null when nobody is logged in."""
        principal = info.context.principal
        if not isinstance(principal, StaffPrincipal):
            return None
        return Caller(key=principal.key_id, name=principal.name, scopes=sorted(principal.scopes), store=principal.store)

    @query_field(requires=Scope.MEMBERS_READ)
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything with an id. Null when unknown."""
        return await find_node(NODES, info.context, id)


# One line per room that has root queries, and one per room that has mutations.
QUERIES: tuple[type, ...] = (
    CallerQuery,
    MemberQuery,
    PrivacyQuery,
    ExplainQuery,
    ProgrammeQuery,
    ProposalQuery,
    RewardQuery,
    MessagingQuery,
    OfferQuery,
    ChallengeQuery,
    ReferralQuery,
    ClosingQuery,
    TillQuery,
    TillOperationQuery,
    ReceiptQuery,
    ReportQuery,
    FraudQuery,
    CommunityQuery,
    SupportQuery,
    SegmentQuery,
    SurveyQuery,
    JourneyQuery,
)
MUTATIONS: tuple[type, ...] = (
    MemberMutation,
    PrivacyMutation,
    LedgerMutation,
    TierMutation,
    MembershipMutation,
    ProgrammeMutation,
    RewardMutation,
    OfferMutation,
    ReferralMutation,
    TillMutation,
    TillOperationMutation,
    FraudMutation,
    CommunityMutation,
    SupportMutation,
    SegmentMutation,
    SurveyMutation,
    JourneyMutation,
)


@functools.cache
def build_staff_schema() -> strawberry.Schema:
    """The schema served at /staff/graphql: one for the whole process, as it never changes."""
    query = compose("Query", QUERIES, "What staff and integrations can ask.")
    mutation = compose("Mutation", MUTATIONS, "What staff and integrations can do.") if MUTATIONS else None
    return build_schema(query, mutation)
