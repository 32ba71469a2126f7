"""Tiers in the staff schema: where a member stands, how they came there, and tiers given by hand."""

from datetime import datetime
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.tiers import TierStatus
from fedele.api.permissions import mutation_field
from fedele.domains.auth.types import Scope
from fedele.domains.tiers import commands, errors, queries
from fedele.domains.tiers import types as records
from fedele.domains.tiers.types import GrantId
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

GRANT = "grant"


@strawberry.type
class TierGrant:
    """A tier that was given, not earned, by hand or by a membership."""

    id: strawberry.ID = strawberry.field(description="Give it in endTierGrant.")
    tier: str = strawberry.field(description="The key of the tier.")
    source: str = strawberry.field(description="staff or membership.")
    reason: str
    actor: str = strawberry.field(description="The id of the key or session that gave it.")
    granted_at: datetime
    until: datetime | None = strawberry.field(description="Null: as long as the membership lasts.")
    ended_at: datetime | None = strawberry.field(description="When it was ended before its time.")

    @classmethod
    def of(cls, record: records.GrantRecord, member_id: MemberId) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(GRANT, member_id, record.id),
            tier=record.tier,
            source=record.source,
            reason=record.reason,
            actor=record.actor,
            granted_at=record.granted_at,
            until=record.until,
            ended_at=record.ended_at,
        )


@strawberry.type
class TierChange:
    """One line of the history of a member's tier."""

    before: str | None = strawberry.field(description="The key of the tier until then; null: none.")
    after: str | None
    reason: str = strawberry.field(description="upgrade, downgrade, return, manual, grant_ended or joined.")
    occurred_at: datetime
    kept_until: datetime | None = strawberry.field(description="How long it was safe from then on.")

    @classmethod
    def of(cls, record: records.TierChange) -> Self:
        """From the record."""
        return cls(
            before=record.before,
            after=record.after,
            reason=record.reason,
            occurred_at=record.occurred_at,
            kept_until=record.kept_until,
        )


@strawberry.type
class TierFields(MemberBase):
    """Tiers' part of a member, for staff."""

    @strawberry.field
    async def tier(self, info: Info) -> TierStatus | None:
        """Where the member stands; null in a programme without tiers."""
        context = info.context
        programme = await context.programme()
        found = await queries.status_of(context.reader, programme, self.member_id, context.moment)
        return TierStatus.of(found, programme, context.locale) if found else None

    @strawberry.field
    async def tier_grants(self, info: Info) -> list[TierGrant]:
        """Every tier that was given to the member, the newest first."""
        return [
            TierGrant.of(grant, self.member_id)
            for grant in await queries.list_grants(info.context.reader, self.member_id)
        ]

    @strawberry.field
    async def tier_history(self, info: Info) -> list[TierChange]:
        """The last hundred changes of the member's tier, the newest first."""
        return [TierChange.of(change) for change in await queries.list_changes(info.context.reader, self.member_id)]


@user_error(errors.TierUnknown)
class GrantTierUserError(UserError):
    """Why no tier was given."""


@strawberry.type
class GrantTierPayload:
    """The grant, or why there is none."""

    grant: TierGrant | None = None
    user_errors: list[GrantTierUserError] = strawberry.field(default_factory=list)


@strawberry.input
class GrantTierInput:
    """A tier to give by hand."""

    member_id: strawberry.ID
    tier: str = strawberry.field(description="The key of a tier above the lowest.")
    until: datetime = strawberry.field(description="When it ends; what the member has earned is then what they have.")
    reason: str = strawberry.field(description="Why, for whoever reads it later. No personal data.")
    idempotency_key: str


@user_error(errors.TierUnknown)
class EndTierGrantUserError(UserError):
    """Why the grant goes on."""


@strawberry.type
class EndTierGrantPayload:
    """The grant as it is now."""

    grant: TierGrant | None = None
    user_errors: list[EndTierGrantUserError] = strawberry.field(default_factory=list)


@strawberry.input
class EndTierGrantInput:
    """Which grant to end."""

    grant_id: strawberry.ID


@strawberry.type
class TierMutation:
    """Tiers given and ended by people."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def grant_tier(self, info: Info, input: GrantTierInput) -> GrantTierPayload | None:
        """Give a tier until a date. What is earned goes on beneath it. Repeating the call returns the first grant."""
        context = info.context
        member_id = ids.member_id_of(input.member_id)
        asked = records.GrantAsked(input.tier, input.until, input.reason)
        programme = await context.programme()
        async with context.database.transaction() as tx:
            grant = await commands.grant_tier(
                tx, programme, member_id, asked, context.staff.key_id, input.idempotency_key, context.moment
            )
        return GrantTierPayload(grant=TierGrant.of(grant, member_id))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def end_tier_grant(self, info: Info, input: EndTierGrantInput) -> EndTierGrantPayload | None:
        """End a grant now; the member has what is earned. One that has ended stays as it was."""
        context = info.context
        owned = ids.find_owned_row(GRANT, input.grant_id)
        if owned is None:
            raise NotFound(what="grant", field="grantId")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            grant = await commands.end_grant(
                tx, programme, owned[0], GrantId(owned[1]), context.staff.key_id, context.moment
            )
        return EndTierGrantPayload(grant=TierGrant.of(grant, owned[0]))
