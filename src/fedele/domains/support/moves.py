"""Decide where a case may go: the state machine of support."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fedele.domains.support import errors
from fedele.domains.support.types import Case, CaseState

# A resolved case is closed by time; until then the member, or we, may open it again. What is closed stays closed.
MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    "open": frozenset({"in_progress", "waiting", "resolved"}),
    "in_progress": frozenset({"waiting", "resolved"}),
    "waiting": frozenset({"in_progress", "resolved"}),
    "resolved": frozenset({"reopened", "closed"}),
    "reopened": frozenset({"in_progress", "waiting", "resolved"}),
    "closed": frozenset(),
}


def check_move(case: Case, to: CaseState) -> bool:
    """Whether there is anything to do; False where it stands there already. Raises CaseNotThere."""
    if case.state == to:
        return False
    if to not in MOVES[case.state]:
        raise errors.CaseNotThere(state=case.state, to=to, field="to")
    return True


def check_reopening(case: Case, reopen_days: int, now: datetime) -> None:
    """Raise the Refusal that stops the member from opening the case again. Raises CaseNotThere, ReopeningOver."""
    if case.state == "closed":
        raise errors.ReopeningOver()
    if case.state != "resolved" or case.resolved_at is None:
        raise errors.CaseNotThere(state=case.state, to="reopened")
    if now >= case.resolved_at + timedelta(days=reopen_days):
        raise errors.ReopeningOver()
