"""The community in the members' schema: reviews, contests with their entries and votes, gatherings."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self, cast
from uuid import UUID

import strawberry

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.member.wallet import WalletPass, pass_for
from fedele.api.permissions import MEMBER, query_field
from fedele.api.scalars import URL
from fedele.api.selection import selected
from fedele.domains.community import config, queries
from fedele.domains.community import types as records
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.wallet.queries import pass_of_place
from fedele.kernel.money import from_units

PICTURE, REVIEW, ENTRY, CONTEST, GATHERING = "picture", "review", "entry", "contest", "gathering"


@strawberry.enum(description="What can be reviewed.")
class ReviewAbout(Enum):
    """The kinds of subjects."""

    PRODUCT = strawberry.enum_value("product", description="The subject is the article number (sku).")
    STORE = strawberry.enum_value("store", description="The subject is the place's key.")


@strawberry.enum(description="What a moderator has decided.")
class ModerationState(Enum):
    """The states of what others may see."""

    PENDING = strawberry.enum_value("pending", description="Nobody has looked yet; only its author sees it.")
    APPROVED = "approved"
    REJECTED = "rejected"


@strawberry.enum(description="A member's place at a gathering.")
class PlaceState(Enum):
    """The states of a place."""

    JOINED = strawberry.enum_value("joined", description="There is a seat for you.")
    WAITING = strawberry.enum_value("waiting", description="All seats are taken; you are in the line.")
    LEFT = "left"
    ATTENDED = strawberry.enum_value("attended", description="You were there.")


@strawberry.type
class Earned:
    """What something brought."""

    currency: str
    amount: Decimal

    @classmethod
    def of(cls, award: records.Award, programme: Programme) -> Self | None:
        """From the record; None for nothing, or a reward alone."""
        if award.currency is None or not award.units:
            return None
        decimals = programme.section(Currencies).get(award.currency).decimals
        return cls(currency=award.currency, amount=from_units(award.units, decimals))


def entry_id(contest_key: str, entry: UUID) -> strawberry.ID:
    """An entry's id: of the contest, like a catalogue's, so that it does not say whose it is."""
    return ids.key_id(ENTRY, f"{contest_key}:{entry}")


def picture_url(context: Context, picture_id: records.PictureId | None) -> URL | None:
    """The link to a picture, if there is one."""
    if picture_id is None:
        return None
    return URL(context.services.get(records.PictureLinks).url(picture_id))


@strawberry.type
class OwnReview:
    """A review of the member's own."""

    id: strawberry.ID
    about: ReviewAbout
    subject: str
    stars: int
    body: str | None
    picture: URL | None
    state: ModerationState
    rejected_because: str | None
    verified: bool = strawberry.field(description="The member bought it.")
    submitted_at: datetime
    earned: Earned | None = strawberry.field(description="What it brought once it was approved.")

    @classmethod
    def of(cls, record: records.Review, context: Context, programme: Programme) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(REVIEW, record.member_id, record.id),
            about=ReviewAbout(record.about),
            subject=record.subject,
            stars=record.stars,
            body=record.body,
            picture=picture_url(context, record.picture_id),
            state=ModerationState(record.state),
            rejected_because=record.reason if record.state == "rejected" else None,
            verified=record.verified,
            submitted_at=record.submitted_at,
            earned=Earned.of(record.award, programme),
        )


@strawberry.type
class PublicReview:
    """An approved review, without who wrote it."""

    stars: int
    body: str | None
    picture: URL | None
    verified: bool
    locale: str | None
    submitted_at: datetime


@strawberry.type
class ReviewSummary:
    """What members think of a product or store."""

    count: int
    stars: float | None = strawberry.field(description="The mean; null where there is no review.")
    latest: list[PublicReview]


@strawberry.type
class ContestEntry:
    """A picture in a contest."""

    id: strawberry.ID
    caption: str | None
    picture: URL | None
    state: ModerationState
    rejected_because: str | None = strawberry.field(description="For its author.")
    mine: bool
    votes: int
    submitted_at: datetime
    earned: Earned | None = strawberry.field(description="For its author: what it brought.")

    @classmethod
    def of(cls, record: records.Entry, context: Context, programme: Programme) -> Self:
        """From the record."""
        mine = record.member_id == context.member_id
        return cls(
            id=entry_id(record.contest_key, record.id),
            caption=record.caption,
            picture=picture_url(context, record.picture_id),
            state=ModerationState(record.state),
            rejected_because=record.reason if mine and record.state == "rejected" else None,
            mine=mine,
            votes=record.votes,
            submitted_at=record.submitted_at,
            earned=Earned.of(record.award, programme) if mine else None,
        )


@strawberry.type
class Contest:
    """Send a picture, and perhaps win."""

    id: strawberry.ID
    title: str
    body: str | None
    rules: str | None
    opens_at: datetime | None
    closes_at: datetime | None
    voting_until: datetime | None
    entries_max: int
    own_entries: list[ContestEntry]
    gallery: list[ContestEntry] = strawberry.field(description="Approved entries, the newest first.")
    winners: list[strawberry.ID] | None = strawberry.field(
        description="Ids of the winning entries, first place first; null before it is decided."
    )

    @classmethod
    def of(
        cls, contest: config.Contest, programme: Programme, locale: str, own: list[ContestEntry],
        gallery: list[ContestEntry], result: records.Result | None,
    ) -> Self:  # fmt: skip
        """From the programme file and the records."""
        speaker, zone = Speaker(programme, locale), programme.section(ProgrammeConfig).time_zone
        winners = None
        if result is not None:
            winners = [entry_id(contest.key, one.entry_id) for one in result.winners]
        return cls(
            id=ids.key_id(CONTEST, contest.key),
            title=speaker.say(contest.title),
            body=speaker.maybe(contest.body),
            rules=speaker.maybe(contest.rules),
            opens_at=contest.dates.starts_at(zone),
            closes_at=contest.dates.ends_at(zone),
            voting_until=contest.voting_until(zone) if contest.votes else None,
            entries_max=contest.entries_max,
            own_entries=own,
            gallery=gallery,
            winners=winners,
        )


@strawberry.type
class Gathering:
    """An exclusive event: a tasting, a run, a preview."""

    id: strawberry.ID
    title: str
    body: str | None
    image: URL | None
    starts_at: datetime
    ends_at: datetime
    place: str | None = strawberry.field(description="The key of the place, if it is one of the programme's.")
    where: str | None = strawberry.field(description="The address in words.")
    seats_left: int | None = strawberry.field(description="Null: as many as come.")
    guests_max: int
    state: PlaceState | None = strawberry.field(description="The member's own place; null: never asked for one.")
    guests: int | None
    earned: Earned | None = strawberry.field(description="What coming brought.")
    own_place: strawberry.Private[records.Place | None] = None

    @strawberry.field
    async def wallet_pass(self, info: Info) -> WalletPass | None:
        """The seat as a ticket for the phone's wallet. Null: no seat, it is over, or the programme makes no tickets."""
        if self.own_place is None:
            return None
        context = info.context
        return pass_for(info, pass_of_place(await context.programme(), self.own_place, context.moment.now))

    @classmethod
    def of(
        cls, gathering: config.Gathering, programme: Programme, locale: str, place: records.Place | None, taken: int
    ) -> Self:
        """From the programme file and the records."""
        speaker = Speaker(programme, locale)
        left = None if gathering.capacity is None else max(0, gathering.capacity - taken)
        return cls(
            id=ids.key_id(GATHERING, gathering.key),
            title=speaker.say(gathering.title),
            body=speaker.maybe(gathering.body),
            image=URL(gathering.image) if gathering.image else None,
            starts_at=gathering.starts_at,
            ends_at=gathering.ends_at,
            place=gathering.place,
            where=speaker.maybe(gathering.where),
            seats_left=left,
            guests_max=gathering.guests_max,
            state=PlaceState(place.state) if place else None,
            guests=place.guests if place else None,
            earned=Earned.of(place.award, programme) if place else None,
            own_place=place,
        )


@strawberry.type
class CommunityFields(MemberBase):
    """The community's part of Member."""

    @strawberry.field
    async def reviews(self, info: Info) -> list[OwnReview]:
        """The member's own reviews, the newest first."""
        context, programme = info.context, await info.context.programme()
        found = await queries.reviews_of(context.reader, self.member_id)
        return [OwnReview.of(one, context, programme) for one in found]

    @strawberry.field
    async def contests(self, info: Info) -> list[Contest]:
        """The programme's contests, with the member's entries and everybody's that were approved."""
        return await _contests(info)

    @strawberry.field
    async def gatherings(self, info: Info) -> list[Gathering]:
        """Events that are not over, the next first, with the member's own place at each."""
        return await _gatherings(info.context)


async def _contests(info: Info) -> list[Contest]:
    context = info.context
    programme, locale = await context.programme(), await context.language()
    contests = programme.section(config.ContestsConfig).root
    keys, wanted = [one.key for one in contests], selected(info)
    own = await queries.entries_of(context.reader, context.member_id) if "ownEntries" in wanted else []
    gallery: Mapping[str, list[records.Entry]] = {}
    if "gallery" in wanted:
        gallery = await queries.gallery(context.reader, keys)
    results = await queries.results_of(context.reader, keys) if "winners" in wanted else {}
    return [
        Contest.of(
            one, programme, locale,
            [ContestEntry.of(entry, context, programme) for entry in own if entry.contest_key == one.key],
            [ContestEntry.of(entry, context, programme) for entry in gallery.get(one.key, ())],
            results.get(one.key),
        )
        for one in contests
    ]  # fmt: skip


async def _gatherings(context: Context) -> list[Gathering]:
    programme, locale = await context.programme(), await context.language()
    coming = [one for one in programme.section(config.GatheringsConfig) if one.ends_at > context.moment.now]
    coming.sort(key=lambda one: (one.starts_at, one.key))
    places = await queries.places_of(context.reader, context.member_id)
    taken = await queries.seats_taken(context.reader, [one.key for one in coming])
    return [Gathering.of(one, programme, locale, places.get(one.key), taken.get(one.key, 0)) for one in coming]


async def gathering_of(context: Context, key: str) -> Gathering | None:
    """A gathering as this member sees it, while it is not over."""
    return next((one for one in await _gatherings(context) if one.id == ids.key_id(GATHERING, key)), None)


@strawberry.type
class CommunityQuery:
    """What members see of each other."""

    @query_field(requires=MEMBER)
    async def reviews(self, info: Info, about: ReviewAbout, subject: str, first: int = 20) -> ReviewSummary | None:
        """What members think of a product (its sku) or a store (its key): approved reviews, the newest first."""
        context, kind = info.context, cast(config.About, about.value)
        count, mean = await queries.stars_of(context.reader, kind, subject)
        latest = await queries.reviews_about(context.reader, kind, subject, max(1, min(first, 100))) if count else []
        return ReviewSummary(
            count=count,
            stars=mean,
            latest=[
                PublicReview(
                    stars=one.stars, body=one.body, picture=picture_url(context, one.picture_id),
                    verified=one.verified, locale=one.locale, submitted_at=one.submitted_at,
                )
                for one in latest
            ],
        )  # fmt: skip
