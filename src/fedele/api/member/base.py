"""What every mixin of Member's fields starts from."""

import strawberry

from fedele.kernel.ids import MemberId


@strawberry.type
class MemberBase:
    """Whose fields these are. The id comes from the token (or, for staff, from a checked argument)."""

    member_id: strawberry.Private[MemberId]
