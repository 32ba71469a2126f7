"""What staff ask about fraud, with twenty cases so that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.kernel.ids import MemberId, new_id

if TYPE_CHECKING:
    from tests.fixtures.api import Api

EVIDENCE = {"counts": "purchases", "by": "member", "counted": "4", "max": "3", "hours": 1, "since": "2026-11-21T10:00Z"}


async def twenty_cases(api: "Api") -> dict[str, Any]:
    """The member was suspected twenty times."""
    for number in range(20):
        await _case(api, f"rule-{number}")
    return {"states": ["OPEN"]}


async def a_case_to_decide(api: "Api") -> dict[str, Any]:
    """One case, looked at."""
    case = await _case(api, "busy-card")
    return {"input": {"caseId": case, "decision": "CONFIRM", "reason": "The receipts are the cashier's own"}}


async def _case(api: "Api", rule: str) -> str:
    member_id, case_id = MemberId(api.member.member_id), new_id()
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO fraud_case (member_id, case_id, rule, subject, state, blocks, evidence, source_id, opened_at)
            VALUES ($1, $2, $3, 'member', 'open', false, $4, $5, $6)
            """,
            member_id, case_id, rule, EVIDENCE, new_id(), api.moment.now,
        )  # fmt: skip
    return ids.row_id("case", member_id, case_id)
