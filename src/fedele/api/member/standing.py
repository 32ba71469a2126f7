"""Where a member stands, read once for all the fields of an operation that ask."""

import dataclasses

import strawberry

from fedele.api.context import Context
from fedele.api.errors import BadInput
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.segments.types import MemberFacts
from fedele.domains.tiers.queries import status_of
from fedele.domains.tiers.types import TierStatus
from fedele.kernel.clock import Position
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound


@strawberry.input
class PositionInput:
    """Where the phone is, in WGS 84 degrees."""

    latitude: float
    longitude: float
    accuracy_metres: float | None = None

    def position(self) -> Position:
        """As the kernel knows it. Raises BadInput for a point that is not on the Earth."""
        try:
            return Position(self.latitude, self.longitude, self.accuracy_metres)
        except ValueError as error:
            raise BadInput(str(error)) from None


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """The programme, what is known of the member, their tier, and the language to speak."""

    programme: Programme
    facts: MemberFacts
    status: TierStatus | None
    locale: str

    @property
    def tier(self) -> str | None:
        """The key of the tier."""
        return self.status.current if self.status else None


async def tier_status(context: Context, member_id: MemberId) -> TierStatus | None:
    """The member's tier status."""
    programme = await context.programme()
    return await context.once(
        ("tier", member_id), lambda: status_of(context.reader, programme, member_id, context.moment)
    )


async def standing_of(context: Context, member_id: MemberId) -> Standing:
    """Two statements, however many fields ask. Raises NotFound for nobody."""
    programme = await context.programme()
    facts = await context.once(
        ("facts", member_id), lambda: find_facts(context.reader, programme, member_id, context.moment.now)
    )
    if facts is None:
        raise NotFound(what="member")
    return Standing(programme, facts, await tier_status(context, member_id), await context.language())
