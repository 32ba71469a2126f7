"""Members in the members' schema: the profile, preferences and consents."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from fedele.api.context import Info
from fedele.api.member.base import MemberBase
from fedele.api.scalars import URL, Locale, MonthDay, TimeZone
from fedele.db.database import Queryable
from fedele.domains.members import queries
from fedele.domains.members import types as records
from fedele.domains.members.config import MembersConfig
from fedele.kernel.ids import MemberId

strawberry.enum(records.Purpose, name="ConsentPurpose", description="What a consent is for.")
strawberry.enum(
    records.Channel,
    name="ConsentChannel",
    description="How a consent may be used. PROCESSING: inside the programme only, nothing is sent.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class DataExports:
    """What a member's data export holds: one function per room, by the name of its part. `bootstrap` lists them."""

    parts: Mapping[str, Callable[[Queryable, MemberId], Awaitable[Any]]]


OWN_EXPORT = DataExports({"member": queries.export_personal_data})


@strawberry.type
class Consent:
    """Where the member stands on one use of their data. Silence is no."""

    purpose: records.Purpose
    channel: records.Channel
    granted: bool
    changed_at: datetime | None = strawberry.field(description="Null: never asked.")

    @classmethod
    def of(cls, record: records.Consent) -> Self:
        """From the record."""
        return cls(purpose=record.purpose, channel=record.channel, granted=record.granted, changed_at=record.changed_at)


@strawberry.type
class MemberFields(MemberBase):
    """The member's profile."""

    @strawberry.field
    async def display_name(self, info: Info) -> str | None:
        """As the member wishes to be called."""
        return (await self._record(info)).display_name

    @strawberry.field
    async def locale(self, info: Info) -> Locale:
        """The language the member is spoken to in."""
        return Locale((await self._record(info)).locale)

    @strawberry.field
    async def time_zone(self, info: Info) -> TimeZone:
        """Where the member's day begins: quiet hours and birthdays follow it."""
        return TimeZone((await self._record(info)).time_zone)

    @strawberry.field
    async def birthday(self, info: Info) -> MonthDay | None:
        """Month and day; nobody asks for the year."""
        return month_day((await self._record(info)).birthday)

    @strawberry.field
    async def picture(self, info: Info) -> URL | None:
        """The member's picture."""
        url = (await self._record(info)).picture_url
        return URL(url) if url else None

    @strawberry.field
    async def background(self, info: Info) -> URL | None:
        """The picture behind the member's card."""
        url = (await self._record(info)).background_url
        return URL(url) if url else None

    @strawberry.field
    async def home_store(self, info: Info) -> str | None:
        """The key of the member's favourite store."""
        return (await self._record(info)).home_store

    @strawberry.field
    async def joined_at(self, info: Info) -> datetime:
        """Since when they are a member."""
        return (await self._record(info)).joined_at

    @strawberry.field
    async def preferences(self, info: Info) -> JSON:
        """What the member set, by the keys that the programme declares."""
        return JSON(dict((await self._record(info)).preferences))

    @strawberry.field
    async def consents(self, info: Info) -> list[Consent]:
        """Every use of their data that the programme asks about, answered or not, and any other ever answered."""
        context = info.context
        config = (await context.programme()).section(MembersConfig)
        given = await context.loaders.load(queries.consents_by_member, self.member_id) or ()
        return all_consents(given, config)

    async def _record(self, info: Info) -> records.Member:
        """The profile, read once for all these fields. For whoever was never enrolled: an empty one."""
        record = await info.context.loaders.load(queries.members_by_id, self.member_id)
        return record or records.Member(
            self.member_id,
            records.MemberStatus.ERASED,
            queries.DEFAULT_LOCALE,
            queries.DEFAULT_TIME_ZONE,
            info.context.moment.now,
        )


def all_consents(given: tuple[records.Consent, ...], config: MembersConfig) -> list[Consent]:
    """The programme's questions in its order, with the answers given, then answers to anything else."""
    answers = {(consent.purpose, consent.channel): Consent.of(consent) for consent in given}
    asked = [(purpose, channel) for purpose, channels in config.consents.items() for channel in channels]
    unasked = [pair for pair in answers if pair not in set(asked)]
    return [
        answers.get((purpose, channel)) or Consent(purpose=purpose, channel=channel, granted=False, changed_at=None)
        for purpose, channel in (*asked, *unasked)
    ]


def month_day(value: records.MonthDay | None) -> MonthDay | None:
    """ "--12-10"."""
    return MonthDay(f"--{value.month:02d}-{value.day:02d}") if value else None


def parse_month_day(text: str) -> records.MonthDay:
    """Read the scalar, which has checked it."""
    return records.MonthDay(int(text[2:4]), int(text[5:7]))
