"""The member's part in keeping the card theirs: a PIN for tills, and a card reported lost."""

import strawberry
from pydantic import SecretStr

from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.auth.commands import take
from fedele.domains.auth.errors import RateLimited
from fedele.domains.members.commands import replace_card_code
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.members.types import Peppers
from fedele.domains.till.commands import remove_pin, set_pin
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import PinInvalid

CHANGES_BURST, CHANGES_SECONDS = 5, 3600  # nobody needs more new PINs or cards in an hour


@user_error(MemberErased, MemberNotFound, PinInvalid, RateLimited)
class SetCardPinUserError(UserError):
    """Why the PIN was not set."""


@strawberry.type
class SetCardPinPayload:
    """Whether the PIN is set."""

    set: bool | None = None
    user_errors: list[SetCardPinUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SetCardPinInput:
    """The PIN, as it will be typed at the till."""

    pin: str = strawberry.field(description="Digits; not all alike, not in a row.")


@user_error(MemberErased, MemberNotFound, RateLimited)
class ReportCardLostUserError(UserError):
    """Why the card is as it was."""


@strawberry.type
class ReportCardLostPayload:
    """The code that the member has from now on."""

    card_code: str | None = None
    user_errors: list[ReportCardLostUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ReportCardLostInput:
    """What happened to the card."""

    stolen: bool = strawberry.field(default=False, description="Stolen rather than lost.")


@strawberry.type
class CardSafetyMutation:
    """Keeping the card theirs."""

    @mutation_field(requires=MEMBER)
    async def set_card_pin(self, info: Info, input: SetCardPinInput) -> SetCardPinPayload | None:
        """Set the PIN that lets value be spent at a till, or another one in its place."""
        context = info.context
        config = (await context.programme()).section(TillConfig)
        await _counted(info, "card-pin")
        await set_pin(context.database, config, context.member_id, SecretStr(input.pin), context.moment)
        return SetCardPinPayload(set=True)

    @mutation_field(requires=MEMBER)
    async def report_card_lost(self, info: Info, input: ReportCardLostInput) -> ReportCardLostPayload | None:
        """Refuse the card's codes from now on and issue others; the PIN goes too. Wallet passes are pushed anew."""
        context = info.context
        await _counted(info, "card-lost")
        async with context.database.transaction() as tx:
            code = await replace_card_code(tx, context.member_id, context.moment, "stolen" if input.stolen else "lost")
            await remove_pin(tx, context.member_id)
        return ReportCardLostPayload(card_code=code.code)


async def _counted(info: Info, bucket: str) -> None:
    """Count the attempt in PostgreSQL, whatever becomes of it. Raises RateLimited."""
    context = info.context
    await take(
        context.database, context.services.get(Peppers), bucket, str(context.member_id),
        burst=CHANGES_BURST, seconds=CHANGES_SECONDS, moment=context.moment,
    )  # fmt: skip
