"""Opening, moving and resolving cases."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.support import errors, queries
from fedele.domains.support.config import CaseRule, SupportConfig
from fedele.domains.support.events import CaseMoved, CaseOpened, CaseOverdue, CaseResolved
from fedele.domains.support.moves import check_move, check_reopening
from fedele.domains.support.routing import due_at, urgency_of
from fedele.domains.support.types import OPEN_STATES, Case, CaseId, CaseState, SourceKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound

WORDS_MAX = 2_000
RULES = "rules"  # the actor of what nobody decided by hand
MEMBER = "member"
CLOSE_BATCH_COUNT = 500

_OPEN = """
INSERT INTO support_case (member_id, case_id, rule, source_kind, source_id, state, urgency, owner, opened_at, due_at,
                          evidence, programme_version)
VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11)
ON CONFLICT (member_id, source_kind, source_id) DO NOTHING
RETURNING case_id
"""
# Another answer to the same questions may be more urgent, never less: somebody may have read the first one.
_WORSEN = """
UPDATE support_case SET urgency = least(urgency, $4), due_at = least(due_at, $5), evidence = $6
 WHERE member_id = $1 AND source_kind = $2 AND source_id = $3 AND state NOT IN ('resolved', 'closed')
RETURNING case_id
"""
_OVERDUE = """
SELECT member_id, case_id FROM support_case
 WHERE due_at <= $1 AND overdue_at IS NULL AND state NOT IN ('resolved', 'closed')
 ORDER BY member_id, case_id LIMIT $2
"""
_MARK_OVERDUE = """
UPDATE support_case SET overdue_at = $3
 WHERE member_id = $1 AND case_id = $2 AND overdue_at IS NULL AND due_at <= $3 AND state NOT IN ('resolved', 'closed')
RETURNING member_id, case_id, rule, owner, urgency, due_at
"""


async def open_case(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    rule: CaseRule,
    source: tuple[SourceKind, UUID],
    urgent: bool,
    evidence: dict[str, Any],
    moment: Moment,
) -> CaseId | None:
    """Open a case about this source, once. Where there is one already, it takes over what is worse; None if it is over.

    The caller holds the member's lock.
    """
    kind, source_id = source
    urgency, due = urgency_of(rule, urgent), due_at(rule, urgent, moment.now)
    case_id = await tx.fetch_value(
        _OPEN, member_id, new_id(), rule.key, kind, source_id, urgency, rule.owner, moment.now, due, evidence,
        programme.version,
    )  # fmt: skip
    if case_id is None:
        known = await tx.fetch_value(_WORSEN, member_id, kind, source_id, urgency, due, evidence)
        return CaseId(known) if known else None
    await _step(tx, member_id, CaseId(case_id), RULES, None, "open", None, moment)
    await tx.publish(
        CaseOpened(member_id=member_id, occurred_at=moment.now, case_id=case_id, rule=rule.key, urgency=urgency)
    )
    return CaseId(case_id)


async def assign_case(
    tx: Transaction, member_id: MemberId, case_id: CaseId, assignee: str, actor: str, moment: Moment
) -> Case:
    """Give a case into somebody's hands; an open one is in progress from then on. Raises NotFound, CaseNotThere."""
    _check_words(assignee, "assignee", 80)
    case = await _locked(tx, member_id, case_id)
    if case.state not in OPEN_STATES:
        raise errors.CaseNotThere(state=case.state, to="in_progress", field="caseId")
    if case.assignee == assignee.strip():
        return case
    state: CaseState = "in_progress" if case.state in ("open", "reopened") else case.state
    await tx.execute(
        "UPDATE support_case SET assignee = $3, state = $4 WHERE member_id = $1 AND case_id = $2",
        member_id, case_id, assignee.strip(), state,
    )  # fmt: skip
    await _step(tx, member_id, case_id, actor, case.state, state, assignee.strip(), moment)
    await tx.publish(CaseMoved(member_id=member_id, occurred_at=moment.now, case_id=case_id, state=state))
    return await queries.get_case(tx, member_id, case_id)


async def note_case(
    tx: Transaction, member_id: MemberId, case_id: CaseId, words: str, shown: bool, actor: str, moment: Moment
) -> Case:
    """Write something about a case, for colleagues or (`shown`) for the member. Raises NotFound, InvalidInput."""
    _check_words(words, "words", WORDS_MAX)
    await _locked(tx, member_id, case_id)
    await _note(tx, member_id, case_id, words, shown, actor, moment)
    if shown:
        await tx.touch(member_id)
    return await queries.get_case(tx, member_id, case_id)


async def move_case(
    tx: Transaction, member_id: MemberId, case_id: CaseId, to: CaseState, actor: str, moment: Moment
) -> Case:
    """Move a case; where it stands there already, nothing happens. Raises NotFound, CaseNotThere.

    To resolve one takes `resolve_case`, which says what was done.
    """
    case = await _locked(tx, member_id, case_id)
    if to == "resolved":
        raise errors.CaseNotThere(state=case.state, to=to, field="to")
    if check_move(case, to):
        await _move(tx, case, to, actor, moment)
    return await queries.get_case(tx, member_id, case_id)


async def resolve_case(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    case_id: CaseId,
    outcome: str,
    words: str | None,
    actor: str,
    moment: Moment,
) -> Case:
    """Say what was done: an outcome of the programme and, if there is more to say, words for the member.

    The member sees both. Again with the same outcome: nothing. Raises NotFound, OutcomeUnknown, CaseNotThere.
    """
    if programme.section(SupportConfig).outcome(outcome) is None:
        raise errors.OutcomeUnknown(outcome=outcome, field="outcome")
    if words is not None:
        _check_words(words, "words", WORDS_MAX)
    case = await _locked(tx, member_id, case_id)
    if case.state == "resolved" and case.outcome == outcome:
        return case
    check_move(case, "resolved")
    if case.state == "resolved":
        raise errors.CaseNotThere(state=case.state, to="resolved", field="caseId")
    if words is not None:
        await _note(tx, member_id, case_id, words, True, actor, moment)
    await _move(tx, case, "resolved", actor, moment, outcome)
    await tx.publish(CaseResolved(member_id=member_id, occurred_at=moment.now, case_id=case_id, outcome=outcome))
    return await queries.get_case(tx, member_id, case_id)


async def reopen_own_case(
    tx: Transaction, programme: Programme, member_id: MemberId, case_id: CaseId, words: str | None, moment: Moment
) -> Case:
    """The member says that it is not resolved. Again: nothing. Raises NotFound, CaseNotThere, ReopeningOver."""
    if words is not None:
        _check_words(words, "words", WORDS_MAX)
    case = await _locked(tx, member_id, case_id)
    if case.state == "reopened":
        return case
    check_reopening(case, programme.section(SupportConfig).reopen_days, moment.now)
    if words is not None:
        await _note(tx, member_id, case_id, words, False, MEMBER, moment)
    await _move(tx, case, "reopened", MEMBER, moment)
    return await queries.get_case(tx, member_id, case_id)


async def close_due(tx: Transaction, reopen_days: int, moment: Moment) -> int:
    """Close resolved cases that nobody opened again in time, a batch of them; how many there were."""
    rows = await tx.fetch(
        """
        SELECT member_id, case_id FROM support_case WHERE state = 'resolved' AND resolved_at <= $1
         ORDER BY member_id, case_id LIMIT $2
        """,
        moment.now - timedelta(days=reopen_days), CLOSE_BATCH_COUNT,
    )  # fmt: skip
    for row in rows:  # members in order, so that two workers cannot wait for each other
        case = await _locked(tx, MemberId(row["member_id"]), CaseId(row["case_id"]))
        if case.state == "resolved":  # it was read before the lock: the member may have opened it meanwhile
            await _move(tx, case, "closed", RULES, moment)
    return len(rows)


async def announce_overdue(tx: Transaction, moment: Moment) -> int:
    """Announce cases that nobody resolved in time, a batch of them and each once; how many there were."""
    rows = await tx.fetch(_OVERDUE, moment.now, CLOSE_BATCH_COUNT)
    for row in rows:
        await tx.lock_member(MemberId(row["member_id"]))
        late = await tx.fetch_row(_MARK_OVERDUE, row["member_id"], row["case_id"], moment.now)
        if late is not None:  # it may have been resolved, or announced by another worker, before the lock
            await tx.publish(CaseOverdue(occurred_at=moment.now, **late))
    return len(rows)


async def _locked(tx: Transaction, member_id: MemberId, case_id: CaseId) -> Case:
    await tx.lock_member(member_id)
    case = await queries.find_case(tx, member_id, case_id)
    if case is None:
        raise NotFound(what="case", field="caseId")
    return case


async def _move(
    tx: Transaction, case: Case, to: CaseState, actor: str, moment: Moment, outcome: str | None = None
) -> None:
    resolved_at = {"resolved": moment.now, "closed": case.resolved_at}.get(to)
    await tx.execute(
        """
        UPDATE support_case SET state = $3, resolved_at = $4, closed_at = $5, outcome = coalesce($6, outcome)
         WHERE member_id = $1 AND case_id = $2
        """,
        case.member_id, case.id, to, resolved_at, moment.now if to == "closed" else None, outcome,
    )  # fmt: skip
    await _step(tx, case.member_id, case.id, actor, case.state, to, case.assignee, moment)
    await tx.publish(CaseMoved(member_id=case.member_id, occurred_at=moment.now, case_id=case.id, state=to))


async def _step(
    tx: Transaction,
    member_id: MemberId,
    case_id: CaseId,
    actor: str,
    from_state: CaseState | None,
    to_state: CaseState,
    assignee: str | None,
    moment: Moment,
) -> None:
    await tx.execute(
        """
        INSERT INTO support_case_step (member_id, case_id, step_id, at, actor, from_state, to_state, assignee)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        member_id, case_id, new_id(), moment.now, actor, from_state, to_state, assignee,
    )  # fmt: skip


async def _note(
    tx: Transaction, member_id: MemberId, case_id: CaseId, words: str, shown: bool, actor: str, moment: Moment
) -> None:
    await tx.execute(
        """
        INSERT INTO support_case_note (member_id, case_id, note_id, at, actor, shown, words)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        member_id, case_id, new_id(), moment.now, actor, shown, words.strip(),
    )  # fmt: skip


def _check_words(words: str, field: str, length_max: int) -> None:
    if not words.strip() or len(words) > length_max:
        raise InvalidInput(problem=f"Write something, in at most {length_max} characters.", field=field)
