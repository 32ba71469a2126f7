"""What staff ask about journeys, with a member inside twenty of them so that an N+1 query would show."""

from typing import TYPE_CHECKING, Any

from fedele.api import ids
from fedele.kernel.ids import MemberId, new_id

if TYPE_CHECKING:
    from tests.fixtures.api import Api


async def twenty_runs(api: "Api") -> dict[str, Any]:
    """The member's id."""
    for number in range(20):
        await _run(api, f"trip-{number}")
    return {"member": ids.member_id(MemberId(api.member.member_id))}


async def the_list(api: "Api") -> dict[str, Any]:
    """Twenty journeys that the programme no longer has."""
    await twenty_runs(api)
    return {}


async def one_of_them(api: "Api") -> dict[str, Any]:
    """The key of one."""
    await twenty_runs(api)
    return {"key": "trip-3"}


async def one_to_pause(api: "Api") -> dict[str, Any]:
    """Pausing one."""
    await twenty_runs(api)
    return {"input": {"journeyKey": "trip-3", "reason": "The words are wrong"}}


async def one_to_resume(api: "Api") -> dict[str, Any]:
    """Resuming one."""
    await twenty_runs(api)
    return {"input": {"journeyKey": "trip-3"}}


async def _run(api: "Api", journey: str) -> None:
    member_id, run_id, now = MemberId(api.member.member_id), new_id(), api.moment.now
    async with api.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO journey_run (member_id, run_id, journey_key, entry_key, programme_version, seen_version, state,
                                     step_key, step_since, visits, next_due, entered_at)
            VALUES ($1, $2, $3, 'test', 1, 1, 'active', 'rest', $4, 2, $4::timestamptz + interval '1 year', $4)
            """,
            member_id, run_id, journey, now,
        )  # fmt: skip
        await tx.execute(
            """
            INSERT INTO journey_visit (member_id, run_id, visit, journey_key, step_key, kind, outcome, detail, at)
            SELECT $1, $2, n, $3, 'step-' || n, 'send', 'sent', '{}', $4 FROM generate_series(0, 1) AS n
            """,
            member_id, run_id, journey, now,
        )  # fmt: skip
