"""Members in the staff schema: found by exact identity or card, shown in full, enrolled at the counter."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self, TypeAlias

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import BadInput, UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.members import Consent, all_consents, month_day, parse_month_day
from fedele.api.node import Node
from fedele.api.permissions import mutation_field, query_field
from fedele.api.scalars import URL, Locale, MonthDay, TimeZone
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.members import commands, errors, queries
from fedele.domains.members import types as records
from fedele.domains.members.config import MembersConfig
from fedele.domains.programme.config import Places, ProgrammeConfig
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.refusal import InvalidInput, Refusal

if TYPE_CHECKING:
    from fedele.api.staff.schema import Member

LazyMember: TypeAlias = Annotated["Member", strawberry.lazy("fedele.api.staff.schema")]

strawberry.enum(
    records.MemberStatus,
    name="MemberStatus",
    description="ACTIVE: enrolled. GUEST: an unclaimed receipt. ERASED: personal data gone, ledger kept.",
)


@strawberry.type
class Contact:
    """A way to write to the member."""

    kind: str = strawberry.field(description="email or phone")
    value: str


@strawberry.type
class ConsentChange:
    """One line of the proof: what was agreed to or withdrawn, when, where, and which words were shown."""

    purpose: records.Purpose
    channel: records.Channel
    granted: bool
    changed_at: datetime
    source: str
    wording: str

    @classmethod
    def of(cls, record: records.ConsentChange) -> Self:
        """From the record."""
        return cls(
            purpose=record.purpose, channel=record.channel, granted=record.granted, changed_at=record.changed_at,
            source=record.source, wording=record.wording,
        )  # fmt: skip


@strawberry.type
class ProfileFields(MemberBase, Node):
    """The profile as staff see it, read before the node is made."""

    status: records.MemberStatus = strawberry.field(description="Only an ACTIVE member logs in and is spoken to.")
    display_name: str | None = strawberry.field(description="As the member wishes to be called.")
    locale: Locale = strawberry.field(description="The language the member is spoken to in.")
    time_zone: TimeZone = strawberry.field(description="Where the member's day begins.")
    birthday: MonthDay | None = strawberry.field(description="Month and day.")
    picture: URL | None = strawberry.field(description="The member's picture.")
    joined_at: datetime = strawberry.field(description="Since when they are a member.")
    home_store: str | None = strawberry.field(description="The key of the member's favourite place.")
    preferences: JSON = strawberry.field(description="What the member set, by the keys that the programme declares.")

    @classmethod
    def of(cls, record: records.Member) -> Self:
        """From the record."""
        return cls(
            id=ids.member_id(record.id),
            member_id=record.id,
            status=record.status,
            display_name=record.display_name,
            locale=Locale(record.locale),
            time_zone=TimeZone(record.time_zone),
            birthday=month_day(record.birthday),
            picture=URL(record.picture_url) if record.picture_url else None,
            joined_at=record.joined_at,
            home_store=record.home_store,
            preferences=JSON(dict(record.preferences)),
        )

    @strawberry.field
    async def consents(self, info: Info) -> list[Consent]:
        """Where the member stands on every use of their data."""
        context = info.context
        given = await context.loaders.load(queries.consents_by_member, self.member_id) or ()
        return all_consents(given, (await context.programme()).section(MembersConfig))

    @strawberry.field
    async def consent_history(self, info: Info) -> list[ConsentChange]:
        """Everything ever agreed to or withdrawn, oldest first."""
        history = await queries.list_consent_history(info.context.reader, self.member_id)
        return [ConsentChange.of(change) for change in history]

    @strawberry.field
    async def contacts(self, info: Info) -> list[Contact]:
        """Addresses and numbers to write to."""
        contacts = await queries.list_contacts(info.context.reader, self.member_id)
        return [Contact(kind=contact.kind, value=contact.value.get_secret_value()) for contact in contacts]

    @strawberry.field
    async def card_code(self, info: Info) -> str | None:
        """The static code on the member's card."""
        code = await info.context.loaders.load(queries.card_codes_by_member, self.member_id)
        return code.code if code else None


def member_of(record: records.Member) -> "Member":
    """The composed type, which `schema` makes out of every room's fields."""
    from fedele.api.staff.schema import Member

    return Member.of(record)


async def fetch_member(context: Context, text: strawberry.ID) -> "Member | None":
    """A member by id, for `member` and `node`: only for whoever may read members."""
    member_id = ids.find_member_id(text)
    if member_id is None or not _may_read(context):
        return None
    record = await context.loaders.load(queries.members_by_id, member_id)
    return member_of(record) if record else None


def _may_read(context: Context) -> bool:
    return isinstance(context.principal, StaffPrincipal) and context.principal.may(Scope.MEMBERS_READ)


@strawberry.input(one_of=True)
class MemberBy:
    """How to find a member: exactly one of these. There is no search by part of a name or address."""

    email: strawberry.Maybe[str]
    phone: strawberry.Maybe[str]
    card_code: strawberry.Maybe[str]
    external: strawberry.Maybe["ExternalIdInput"]


@strawberry.input
class ExternalIdInput:
    """The member's id in another system."""

    source: str = strawberry.field(description="The system's name, in lower-case letters and digits: pos, shop.")
    value: str


@strawberry.type
class MemberQuery:
    """Finding members."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def member(self, info: Info, id: strawberry.ID) -> LazyMember | None:
        """A member by id; null when unknown."""
        return await fetch_member(info.context, id)

    @query_field(requires=Scope.MEMBERS_READ)
    async def members(self, info: Info, by: MemberBy) -> list[LazyMember] | None:
        """The members that this exact identity or card code belongs to: one, or none."""
        member_id = await _find(info.context, by)
        record = await info.context.loaders.load(queries.members_by_id, member_id) if member_id else None
        return [member_of(record)] if record else []


async def _find(context: Context, by: MemberBy) -> MemberId | None:
    try:
        if by.card_code is not None:
            holder = await queries.find_by_code(
                context.reader, by.card_code.value, context.moment, context.services.find(records.Peppers)
            )
            return holder.member_id
        region = (await context.programme()).section(MembersConfig).phone_region
        (identity,) = _identities(
            by.email.value if by.email else None, by.phone.value if by.phone else None,
            [by.external.value] if by.external else [], region,
        )  # fmt: skip
    except errors.CardCodeUnknown:
        return None
    except Refusal as refusal:  # a query has no userErrors: what cannot be an address is a mistake of the caller's
        raise BadInput(str(refusal)) from None
    return await queries.find_by_identity(context.reader, identity, context.services.get(records.Peppers))


@user_error(errors.IdentityInvalid, errors.IdentityTaken, errors.ProfileInvalid)
class CreateMemberUserError(UserError):
    """Why nobody was enrolled."""


@strawberry.type
class CreateMemberPayload:
    """The member, new or known already."""

    member: LazyMember | None = None
    created: bool | None = strawberry.field(
        default=None, description="False: one of the identities is a member's already."
    )
    user_errors: list[CreateMemberUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ConsentInput:
    """A use of their data that the member agreed to while enrolling."""

    purpose: records.Purpose
    channel: records.Channel


@strawberry.input
class CreateMemberInput:
    """Somebody to enrol: at least one way to recognise them again, which makes repeating the call harmless."""

    email: str | None = None
    phone: str | None = None
    external_ids: list[ExternalIdInput] = strawberry.field(default_factory=list)
    display_name: str | None = None
    locale: Locale = Locale(queries.DEFAULT_LOCALE)
    time_zone: TimeZone | None = strawberry.field(default=None, description="The programme's, if left out.")
    birthday: MonthDay | None = None
    home_store: str | None = strawberry.field(default=None, description="The key of a place.")
    consents: list[ConsentInput] = strawberry.field(default_factory=list)


@strawberry.type
class MemberMutation:
    """Enrolling members."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def create_member(self, info: Info, input: CreateMemberInput) -> CreateMemberPayload | None:
        """Enrol somebody, or find them by the identities given."""
        context = info.context
        programme = await context.programme()
        store = input.home_store
        if store is not None and not any(place.key == store for place in programme.section(Places)):
            raise errors.ProfileInvalid(problem="The programme has no such place.", field="homeStore")
        region = programme.section(MembersConfig).phone_region
        new = records.NewMember(
            identities=_identities(input.email, input.phone, input.external_ids, region),
            display_name=input.display_name,
            locale=input.locale,
            time_zone=input.time_zone or programme.section(ProgrammeConfig).time_zone,
            birthday=parse_month_day(input.birthday) if input.birthday else None,
            home_store=StoreId(store) if store else None,
            source="staff",
            consents=tuple((consent.purpose, consent.channel) for consent in input.consents),
        )
        async with context.database.transaction() as tx:
            enrolment = await commands.enrol(tx, new, context.services.get(records.Peppers), context.moment)
        context.loaders.clear()
        record = await queries.get_member(context.reader, enrolment.member_id)
        return CreateMemberPayload(member=member_of(record), created=enrolment.created)


def _identities(
    email: str | None, phone: str | None, external: Iterable[ExternalIdInput], region: str
) -> tuple[records.Identity, ...]:
    """The identities named, normalised. Raises IdentityInvalid with the field, InvalidInput when there is none."""
    parse = records.Identity.parse
    found: list[records.Identity] = []
    for field, kind, value in (("email", "email", email), ("phone", "phone", phone)):
        if value is not None:
            found.append(_blaming(field, kind, value, region))
    found += [parse(f"external:{item.source}", item.value) for item in external]
    if not found:
        raise InvalidInput(problem="Give an e-mail address, a phone number or an external id.", field="email")
    return tuple(found)


def _blaming(field: str, kind: str, value: str, region: str) -> records.Identity:
    try:
        return records.Identity.parse(kind, value, region)
    except errors.IdentityInvalid as refusal:
        refusal.field = field
        raise
