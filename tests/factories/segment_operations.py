"""What staff ask about segments, with twenty members inside so that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.domains.segments import commands
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled

if TYPE_CHECKING:
    from tests.fixtures.api import Api

LIST = "tasting-panel"


async def a_condition(_api: "Api") -> dict[str, Any]:
    """Two parts, over everybody."""
    return {"condition": "member.purchases_count >= 0 && member.locale.startsWith('en')"}


async def twenty_inside(api: "Api") -> dict[str, Any]:
    """The list has twenty members."""
    await _on_the_list(api, [await enrolled(api.database) for _ in range(20)])
    return {"segment": LIST}


async def a_member_of_some(api: "Api") -> dict[str, Any]:
    """The member is on a list."""
    await _on_the_list(api, [MemberId(api.member.member_id)])
    return {"memberId": ids.member_id(MemberId(api.member.member_id))}


async def one_to_refresh(_api: "Api") -> dict[str, Any]:
    """A segment with a condition."""
    return {"input": {"segment": "plant-eaters"}}


async def a_list_to_change(api: "Api") -> dict[str, Any]:
    """One on, another off."""
    other = await enrolled(api.database)
    await _on_the_list(api, [other])
    add, remove = ids.member_id(MemberId(api.member.member_id)), ids.member_id(other)
    return {"input": {"segment": LIST, "add": [add], "remove": [remove]}}


async def _on_the_list(api: "Api", members: list[MemberId]) -> None:
    programme = await api.services.programmes.at(api.moment.now)
    async with api.database.transaction() as tx:
        await commands.change_list(tx, programme, LIST, api.moment, add=members)
