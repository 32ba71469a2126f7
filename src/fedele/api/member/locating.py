"""Where the phone is: telling it, checking in, and why an offer is not there."""

from datetime import datetime
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.offers import OFFER, BeaconInput, Place, setting_of
from fedele.api.member.programme import Speaker
from fedele.api.member.standing import PositionInput
from fedele.api.offer_words import told
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.offers import commands, errors, queries
from fedele.domains.offers import types as records
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.ports import FenceIndex
from fedele.domains.offers.types import Report
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme
from fedele.kernel.refusal import InvalidInput


@strawberry.type
class OfferCheck:
    """One of the questions that an offer asks, and its answer."""

    name: str = strawberry.field(
        description="state, approval, tier, segment, condition, earned, dates, hours, opening_hours, place, weather, "
        "member_limit, day_limit, total or budget."
    )
    passed: bool
    explanation: str | None = strawberry.field(description="What was seen and wanted, in words, where it failed.")


@strawberry.type
class OfferExplanation:
    """Why a member has an offer here and now, or why not."""

    open: bool = strawberry.field(description="Whether it can be had here and now.")
    code: str | None = strawberry.field(description="The code of the first thing that stops it.")
    reason: str = strawberry.field(description="That in words, in the reader's language.")
    checks: list[OfferCheck] = strawberry.field(description="Every question, in the order in which they are asked.")

    @classmethod
    def of(cls, checks: tuple[records.Check, ...], programme: Programme, locale: str) -> Self:
        """From the records."""
        failed = next((check for check in checks if not check.passed), None)
        return cls(
            open=failed is None,
            code=failed.refusal.code if failed is not None and failed.refusal is not None else None,
            reason=told(failed, programme, locale),
            checks=[
                OfferCheck(
                    name=check.name,
                    passed=check.passed,
                    explanation=None if check.passed else told(check, programme, locale),
                )
                for check in checks
            ],
        )


@strawberry.type
class LocatingFields(MemberBase):
    """Explaining offers, as a part of Member."""

    @strawberry.field
    async def explain_offer(
        self, info: Info, offer: strawberry.ID, at: PositionInput | None = None
    ) -> OfferExplanation | None:
        """Why this offer is open to the member at that position now, or the first thing that stops it. Null for an
        offer that the programme does not have, or has not published."""
        setting, locale = await setting_of(info.context, self.member_id, at.position() if at else None)
        found = setting.programme.section(OffersConfig).find(ids.find_key(OFFER, offer) or "")
        if found is None or found.state == "draft":
            return None
        return OfferExplanation.of(queries.explain_offer(found, setting), setting.programme, locale)


@strawberry.type
class Sighting:
    """What became of a position."""

    believed: bool = strawberry.field(description="Whether the server takes it for true.")
    verdict: str = strawberry.field(
        description="believed, mocked, inaccurate, too_old, from_the_future or impossible_travel."
    )
    place: Place | None = strawberry.field(description="The place the member is at, if at one.")
    opened: list[strawberry.ID] = strawberry.field(description="Ids of the offers that this opened just now.")

    @classmethod
    def of(cls, record: records.Sighting, programme: Programme, locale: str) -> Self:
        """From the record."""
        place = next((place for place in programme.section(Places) if place.key == record.place_key), None)
        return cls(
            believed=record.believed,
            verdict=record.verdict,
            place=Place.of(place, Speaker(programme, locale)) if place else None,
            opened=[ids.key_id(OFFER, one.offer_key) for one in record.decisions if one.outcome == "fired"],
        )


@strawberry.input
class PositionReport:
    """A position as the phone's system gave it."""

    latitude: float
    longitude: float
    accuracy_metres: float = strawberry.field(description="The radius that the system gives; without it, no belief.")
    seen_at: datetime = strawberry.field(description="When the system measured it, with its offset from UTC.")
    mocked: bool = strawberry.field(
        default=False, description="Android's isMock, iOS's sourceInformation.isSimulatedBySoftware."
    )

    def report(self) -> Report:
        """As offers know it. Raises InvalidInput."""
        if self.seen_at.tzinfo is None:
            raise InvalidInput(problem="seenAt needs its offset from UTC, as in 2026-11-21T09:30:00Z.", field="seenAt")
        position = PositionInput(
            latitude=self.latitude, longitude=self.longitude, accuracy_metres=self.accuracy_metres
        ).position()
        return Report(position, self.seen_at, self.mocked)


@user_error(errors.LocationConsentMissing)
class RecordPositionUserError(UserError):
    """Why the position was not kept."""


@strawberry.type
class RecordPositionPayload:
    """What became of the position."""

    sighting: Sighting | None = None
    user_errors: list[RecordPositionUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RecordPositionInput:
    """Where the phone is."""

    at: PositionReport


@user_error(errors.LocationConsentMissing, errors.PositionNotBelieved, errors.NotAtPlace)
class CheckInUserError(UserError):
    """Why the member is not checked in."""


@strawberry.type
class CheckInPayload:
    """The check-in."""

    sighting: Sighting | None = None
    user_errors: list[CheckInUserError] = strawberry.field(default_factory=list)


@strawberry.input
class CheckInInput:
    """Which place, and what proves it: a position, or a beacon that hangs there."""

    place_key: str
    idempotency_key: str = strawberry.field(description="One per tap.")
    at: PositionReport | None = None
    beacon: BeaconInput | None = None


@strawberry.type
class LocatingMutation:
    """What phones tell of where they are."""

    @mutation_field(requires=MEMBER)
    async def record_position(self, info: Info, input: RecordPositionInput) -> RecordPositionPayload | None:
        """Tell where the phone is: when the app opens, when a region is entered, when the refresh region is left. The
        server verifies it and opens what there is to open; sending it again opens nothing twice."""
        context = info.context
        programme, report = await context.programme(), input.at.report()
        fences = context.services.find(FenceIndex)  # type: ignore[type-abstract]
        async with context.database.transaction() as tx:
            record = await commands.record_position(
                tx, programme, context.member_id, report, context.moment, *([fences] if fences else [])
            )
        return RecordPositionPayload(sighting=Sighting.of(record, programme, await context.language()))

    @mutation_field(requires=MEMBER)
    async def check_in(self, info: Info, input: CheckInInput) -> CheckInPayload | None:
        """Check in at a place. Within the hour it is the same check-in."""
        context, programme = info.context, await info.context.programme()
        async with context.database.transaction() as tx:
            record = await commands.check_in(
                tx,
                programme,
                context.member_id,
                input.place_key,
                input.at.report() if input.at else None,
                context.moment,
                input.idempotency_key,
                input.beacon.heard() if input.beacon else None,
            )
        return CheckInPayload(sighting=Sighting.of(record, programme, await context.language()))
