"""What members and staff ask about cases, with twenty of them so that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.reading import read
from fedele.domains.support.types import CaseId, Feedback, Scores
from fedele.kernel.ids import MemberId, new_id

if TYPE_CHECKING:
    from tests.fixtures.api import Api


async def twenty_cases(api: "Api") -> dict[str, Any]:
    """The member was unhappy twenty times."""
    for _ in range(20):
        await _case(api)
    return {}


async def a_case(api: "Api") -> dict[str, Any]:
    """One of several."""
    await _case(api)
    return {"id": await _case(api)}


async def a_case_to_assign(api: "Api") -> dict[str, Any]:
    """One case."""
    return {"input": {"caseId": await _case(api), "assignee": "Nadia"}}


async def a_case_to_note(api: "Api") -> dict[str, Any]:
    """One case."""
    return {"input": {"caseId": await _case(api), "words": "Called her", "showToMember": False}}


async def a_case_to_move(api: "Api") -> dict[str, Any]:
    """One case."""
    return {"input": {"caseId": await _case(api), "to": "WAITING"}}


async def a_case_to_resolve(api: "Api") -> dict[str, Any]:
    """One case."""
    return {"input": {"caseId": await _case(api), "outcome": "refunded", "message": "It is on your card"}}


async def a_resolved_case(api: "Api") -> dict[str, Any]:
    """One case that was resolved."""
    case = await _case(api)
    found = ids.find_owned_row("supportcase", case)
    assert found is not None
    programme = await api.services.programmes.at(api.moment.now)
    async with api.database.transaction() as tx:
        await commands.resolve_case(tx, programme, found[0], CaseId(found[1]), "refunded", None, "staff:1", api.moment)
    return {"input": {"caseId": case, "message": "It is not there"}}


async def _case(api: "Api") -> str:
    member_id = MemberId(api.member.member_id)
    programme = await api.services.programmes.at(api.moment.now)
    scores, words = Scores(nps=2, share=0.2, best_share=0.2), "The queue was endless"
    reading = read(programme.section(SupportConfig), "better", words, scores, None, None)
    feedback = Feedback(member_id, "survey", new_id(), api.moment.now, "after-shop", scores, (reading,))
    async with api.database.transaction() as tx:
        case_id = await commands.follow_feedback(tx, programme, feedback, {"better": words}, api.moment)
    assert case_id is not None
    return ids.row_id("supportcase", member_id, case_id)
