"""What a member asks of support in writing, without an app: to be forgotten, or a copy of all that is known of them."""

import strawberry
import structlog
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.members import OWN_EXPORT, DataExports
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope
from fedele.domains.members import commands, errors, queries
from fedele.kernel.refusal import InvalidInput

log = structlog.get_logger(__name__)


@strawberry.type
class PrivacyQuery:
    """Copies of personal data."""

    @query_field(requires=Scope.EXCHANGE)
    async def member_data(self, info: Info, member_id: strawberry.ID) -> JSON | None:
        """All that is known of a member, part by part, to be handed to them; null when unknown."""
        context, found = info.context, ids.find_member_id(member_id)
        if found is None or await queries.find_member(context.reader, found) is None:
            return None
        parts = (context.services.find(DataExports) or OWN_EXPORT).parts
        log.info("member_data_exported", member=str(found), key=context.staff.key_id)
        return JSON({name: await export(context.reader, found) for name, export in parts.items()})


@user_error(errors.MemberNotFound)
class EraseMemberUserError(UserError):
    """Why nothing was erased."""


@strawberry.type
class EraseMemberPayload:
    """Whether the member's personal data is gone."""

    erased: bool | None = None
    user_errors: list[EraseMemberUserError] = strawberry.field(default_factory=list)


@strawberry.input
class EraseMemberInput:
    """Whom to forget. It cannot be undone; repeating it changes nothing."""

    member_id: strawberry.ID
    confirmation: str = strawberry.field(description='The word "ERASE", so that no mistaken call can do it.')


@strawberry.type
class PrivacyMutation:
    """Forgetting."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def erase_member(self, info: Info, input: EraseMemberInput) -> EraseMemberPayload | None:
        """Delete a member's personal data at once, as they asked; the ledger keeps nameless totals."""
        if input.confirmation != "ERASE":
            raise InvalidInput(problem='Send the word "ERASE" to confirm.', field="confirmation")
        context, member_id = info.context, ids.member_id_of(input.member_id)
        async with context.database.transaction() as tx:
            await commands.erase(tx, member_id, context.moment)
        log.info("member_erased", member=str(member_id), key=context.staff.key_id)
        context.loaders.clear()
        return EraseMemberPayload(erased=True)
