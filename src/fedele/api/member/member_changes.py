"""Members in the members' schema: what they can change, take away a copy of, or have forgotten."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry
from strawberry.scalars import JSON

from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.members import OWN_EXPORT, Consent, DataExports, parse_month_day
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL, Locale, MonthDay, TimeZone
from fedele.domains.members import commands, errors
from fedele.domains.members import types as records
from fedele.domains.members.config import MembersConfig
from fedele.domains.programme.config import Places
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import InvalidInput

if TYPE_CHECKING:
    from fedele.api.member.schema import Member

LazyMember: TypeAlias = Annotated["Member", strawberry.lazy("fedele.api.member.schema")]


@user_error(errors.ProfileInvalid, errors.MemberErased, errors.MemberNotFound)
class UpdateProfileUserError(UserError):
    """Why the profile was not changed."""


@strawberry.type
class UpdateProfilePayload:
    """The member as they are now."""

    member: LazyMember | None = None
    user_errors: list[UpdateProfileUserError] = strawberry.field(default_factory=list)


@strawberry.input
class UpdateProfileInput:
    """The fields to change: what is left out stays, null takes away."""

    display_name: str | None = strawberry.UNSET
    locale: Locale | None = strawberry.UNSET
    time_zone: TimeZone | None = strawberry.UNSET
    birthday: MonthDay | None = strawberry.UNSET
    picture: URL | None = strawberry.UNSET
    background: URL | None = strawberry.UNSET
    home_store: str | None = strawberry.field(default=strawberry.UNSET, description="The key of a place.")


@user_error(errors.PreferenceUnknown, errors.PreferenceInvalid, errors.MemberErased, errors.MemberNotFound)
class UpdatePreferencesUserError(UserError):
    """Why the preferences were not changed."""


@strawberry.type
class UpdatePreferencesPayload:
    """The member as they are now."""

    member: LazyMember | None = None
    user_errors: list[UpdatePreferencesUserError] = strawberry.field(default_factory=list)


@strawberry.input
class UpdatePreferencesInput:
    """The preferences to change, by the programme's keys; null takes one away."""

    preferences: JSON


@user_error(errors.MemberErased, errors.MemberNotFound)
class SetConsentUserError(UserError):
    """Why the consent was not recorded."""


@strawberry.type
class SetConsentPayload:
    """The consent as it stands."""

    consent: Consent | None = None
    user_errors: list[SetConsentUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SetConsentInput:
    """Agree to one use of one's data, or withdraw. Kept for ever, with the wording that was shown."""

    purpose: records.Purpose
    channel: records.Channel
    granted: bool
    wording: str = strawberry.field(description="The version of the text that the member saw, e.g. 2026-11/it.")


@user_error(errors.MemberNotFound)
class RequestErasureUserError(UserError):
    """Why nothing was erased."""


@strawberry.type
class RequestErasurePayload:
    """Whether the member's personal data is gone."""

    erased: bool | None = None
    user_errors: list[RequestErasureUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RequestErasureInput:
    """It cannot be undone: points can no longer be spent, and the same address will be somebody new."""

    confirmation: str = strawberry.field(description='The word "ERASE", so that no mistaken call can do it.')


@user_error(errors.MemberNotFound)
class RequestDataExportUserError(UserError):
    """Why there is no export."""


@strawberry.input
class RequestDataExportInput:
    """What to copy."""

    parts: list[str] | None = strawberry.field(default=None, description="Names of parts; left out: all of them.")


@strawberry.type
class RequestDataExportPayload:
    """All that is known of the member, part by part."""

    export: JSON | None = None
    user_errors: list[RequestDataExportUserError] = strawberry.field(default_factory=list)


@strawberry.type
class MemberMutation:
    """What members can do about themselves."""

    @mutation_field(requires=MEMBER)
    async def update_profile(self, info: Info, input: UpdateProfileInput) -> UpdateProfilePayload | None:
        """Change one's profile."""
        context, change = info.context, profile_change(input)
        if isinstance(change.home_store, str):
            await check_store(info, change.home_store)
        async with context.database.transaction() as tx:
            await commands.update_profile(tx, context.member_id, change, context.moment)
        return UpdateProfilePayload(member=_me(info))

    @mutation_field(requires=MEMBER)
    async def update_preferences(self, info: Info, input: UpdatePreferencesInput) -> UpdatePreferencesPayload | None:
        """Set or take away preferences."""
        context, changes = info.context, input.preferences
        if not isinstance(changes, dict):
            raise InvalidInput(problem="Preferences are an object of keys and values.", field="preferences")
        config = (await context.programme()).section(MembersConfig)
        async with context.database.transaction() as tx:
            await commands.update_preferences(tx, context.member_id, changes, config, context.moment)
        return UpdatePreferencesPayload(member=_me(info))

    @mutation_field(requires=MEMBER)
    async def set_consent(self, info: Info, input: SetConsentInput) -> SetConsentPayload | None:
        """Agree or withdraw. Repeating the present answer changes nothing."""
        if not 1 <= len(input.wording) <= 100:
            raise InvalidInput(problem="Name the wording in 1 to 100 characters.", field="wording")
        context = info.context
        async with context.database.transaction() as tx:
            consent = await commands.set_consent(
                tx, context.member_id, input.purpose, input.channel, input.granted,
                source="app", wording=input.wording, moment=context.moment,
            )  # fmt: skip
        context.loaders.clear()
        return SetConsentPayload(consent=Consent.of(consent))

    @mutation_field(requires=MEMBER)
    async def request_erasure(self, info: Info, input: RequestErasureInput) -> RequestErasurePayload | None:
        """Be forgotten: personal data is deleted at once, card and logins end, the ledger keeps nameless totals."""
        if input.confirmation != "ERASE":
            raise InvalidInput(problem='Send the word "ERASE" to confirm.', field="confirmation")
        context = info.context
        async with context.database.transaction() as tx:
            await commands.erase(tx, context.member_id, context.moment)
        context.loaders.clear()
        return RequestErasurePayload(erased=True)

    @mutation_field(requires=MEMBER)
    async def request_data_export(self, info: Info, input: RequestDataExportInput) -> RequestDataExportPayload | None:
        """A copy of everything known of the member, to read or to take elsewhere."""
        context = info.context
        exports = (context.services.find(DataExports) or OWN_EXPORT).parts
        names = list(exports) if input.parts is None else list(dict.fromkeys(input.parts))
        if unknown := sorted(set(names) - set(exports)):
            known = ", ".join(exports)
            raise InvalidInput(problem=f"There is no part {unknown[0][:40]}; there are: {known}.", field="parts")
        document = {name: await exports[name](context.reader, context.member_id) for name in names}
        return RequestDataExportPayload(export=JSON(document))


def profile_change(given: UpdateProfileInput) -> records.ProfileChange:
    """What the input mentions, in the room's words."""
    named = {
        "display_name": given.display_name,
        "locale": given.locale,
        "time_zone": given.time_zone,
        "birthday": parse_month_day(given.birthday) if isinstance(given.birthday, str) else given.birthday,
        "picture_url": given.picture,
        "background_url": given.background,
        "home_store": given.home_store,
    }
    values: dict[str, Any] = {name: value for name, value in named.items() if value is not strawberry.UNSET}
    return records.ProfileChange(**values)


async def check_store(info: Info, store: str) -> StoreId:
    """The key of one of the programme's places. Raises ProfileInvalid."""
    places = (await info.context.programme()).section(Places)
    if not any(place.key == store for place in places):
        raise errors.ProfileInvalid(problem="The programme has no such place.", field="homeStore")
    return StoreId(store)


def _me(info: Info) -> Any:
    from fedele.api.member.schema import member_of

    info.context.loaders.clear()
    return member_of(info.context.member_id)
