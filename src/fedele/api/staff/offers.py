"""Offers in the staff schema: what stands where, a second person's approval, an early end, and why not for a member."""

from datetime import date, datetime
from enum import Enum
from typing import Self

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.locating import OfferExplanation
from fedele.api.member.standing import PositionInput
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope
from fedele.domains.offers import commands, errors, queries
from fedele.domains.offers import types as records
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.ids import MemberId

DECISIONS_MAX = 200


@strawberry.enum(description="Where an offer stands now.")
class OfferState(Enum):
    """States of an offer."""

    DRAFT = "draft"
    WAITS_FOR_APPROVAL = "waits_for_approval"
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"


@strawberry.type
class StaffOffer:
    """An offer of the programme in force, for those who run it."""

    key: str
    title: str
    state: OfferState
    declared: str = strawberry.field(description="The state that the programme file says.")
    digest: str = strawberry.field(description="Stands for the offer exactly as it is written; echo it to approve.")
    needs_approval: bool
    approved_by: str | None
    starts: date | None
    ends: date | None
    variants: list[str] = strawberry.field(description="Keys of its other wordings.")

    @classmethod
    def of(cls, offer: Offer, standing: records.Standing, programme: Programme, locale: str, now: datetime) -> Self:
        """From the records."""
        own = programme.section(ProgrammeConfig)
        return cls(
            key=offer.key,
            title=offer.creative.title.in_locale(locale, own.default_locale),
            state=OfferState(queries.state_of(offer, standing, now, own.time_zone)),
            declared=offer.state,
            digest=queries.digest_of(offer),
            needs_approval=offer.needs_approval,
            approved_by=standing.approved_by,
            starts=offer.schedule.dates.starts,
            ends=offer.schedule.dates.ends,
            variants=[variant.key for variant in offer.variants],
        )


@strawberry.type
class OfferDecision:
    """What a trigger decided about this member and an offer."""

    offer: str
    why: str = strawberry.field(description="What made it look: place, time or event.")
    outcome: str = strawberry.field(description="fired or refused.")
    code: str | None = strawberry.field(description="The code of what stopped it.")
    details: JSON = strawberry.field(description="The check that stopped it, with what it saw and wanted.")
    place: str | None
    variant: str | None
    decided_at: datetime

    @classmethod
    def of(cls, record: records.Decision) -> Self:
        """From the record."""
        return cls(
            offer=record.offer_key,
            why=record.why,
            outcome=record.outcome,
            code=record.code,
            details=JSON(dict(record.details)),
            place=record.place_key,
            variant=record.variant,
            decided_at=record.decided_at,
        )


@strawberry.type
class OfferQuery:
    """Offers, for those who run the programme and those who answer members."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def offers(self, info: Info) -> list[StaffOffer] | None:
        """Every offer of the programme in force, with where it stands now."""
        context, programme = info.context, await info.context.programme()
        standings, locale = await queries.list_standings(context.reader), await context.language()
        return [
            StaffOffer.of(
                offer,
                standings.get((offer.key, queries.digest_of(offer)), records.Standing()),
                programme,
                locale,
                context.moment.now,
            )
            for offer in programme.section(OffersConfig)
        ]

    @query_field(requires=Scope.MEMBERS_READ)
    async def explain_offer(
        self, info: Info, member_id: strawberry.ID, offer_key: str, at: PositionInput | None = None
    ) -> OfferExplanation | None:
        """Why this member has this offer at that position now, or why not: every check with what it saw. Null for an
        unknown member or offer."""
        context, found = info.context, ids.find_member_id(member_id)
        programme = await context.programme()
        offer = programme.section(OffersConfig).find(offer_key)
        setting = await _setting(context, programme, found, at) if found is not None else None
        if offer is None or setting is None:
            return None
        return OfferExplanation.of(queries.explain_offer(offer, setting), programme, await context.language())

    @query_field(requires=Scope.MEMBERS_READ)
    async def offer_decisions(
        self, info: Info, member_id: strawberry.ID, offer_key: str | None = None, first: int = 50
    ) -> list[OfferDecision] | None:
        """What place, time and deeds triggered for this member, and what was refused and why, the newest first."""
        found = ids.find_member_id(member_id)
        if found is None:
            return []
        count = max(1, min(first, DECISIONS_MAX))
        return [
            OfferDecision.of(one) for one in await queries.list_decisions(info.context.reader, found, count, offer_key)
        ]


async def _setting(
    context: Context, programme: Programme, member_id: MemberId, at: PositionInput | None
) -> queries.Setting | None:
    moment = context.moment.at(at.position() if at else None)
    facts = await find_facts(context.reader, programme, member_id, moment.now)
    if facts is None:
        return None
    status = await status_of(context.reader, programme, member_id, moment)
    favourite = facts.values.get("member.favourite_store")
    history = await queries.history_of(context.reader, programme, member_id, moment.now, moment.place, favourite)
    return queries.Setting(programme, facts, status.current if status else None, history, moment, member_id)


@user_error(errors.OfferChanged, errors.ApprovalNeedsSecondPerson)
class ApproveOfferUserError(UserError):
    """Why the offer was not approved."""


@strawberry.type
class ApproveOfferPayload:
    """The offer after it."""

    offer: StaffOffer | None = None
    user_errors: list[ApproveOfferUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ApproveOfferInput:
    """Which offer, and the digest of what was looked at."""

    offer_key: str
    digest: str


@user_error()
class EndOfferUserError(UserError):
    """Why the offer was not ended."""


@strawberry.type
class EndOfferPayload:
    """The offer after it."""

    offer: StaffOffer | None = None
    user_errors: list[EndOfferUserError] = strawberry.field(default_factory=list)


@strawberry.input
class EndOfferInput:
    """Which offer to end."""

    offer_key: str


@strawberry.type
class OfferMutation:
    """What staff do with offers."""

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def approve_offer(self, info: Info, input: ApproveOfferInput) -> ApproveOfferPayload | None:
        """Approve an offer as it is written. Whoever applied the version that holds it cannot."""
        context, programme = info.context, await info.context.programme()
        async with context.database.transaction() as tx:
            await commands.approve_offer(
                tx, programme, input.offer_key, input.digest, context.staff.key_id, context.moment
            )
        return ApproveOfferPayload(offer=await _one(context, programme, input.offer_key))

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def end_offer(self, info: Info, input: EndOfferInput) -> EndOfferPayload | None:
        """End an offer now, for everybody. Claims in hand keep their time. A changed offer is another one."""
        context, programme = info.context, await info.context.programme()
        async with context.database.transaction() as tx:
            await commands.end_offer(tx, programme, input.offer_key, context.staff.key_id, context.moment)
        return EndOfferPayload(offer=await _one(context, programme, input.offer_key))


async def _one(context: Context, programme: Programme, offer_key: str) -> StaffOffer | None:
    offer = programme.section(OffersConfig).find(offer_key)
    standings = await queries.list_standings(context.reader)
    if offer is None:
        return None
    standing = standings.get((offer.key, queries.digest_of(offer)), records.Standing())
    return StaffOffer.of(offer, standing, programme, await context.language(), context.moment.now)
