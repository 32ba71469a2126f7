"""Cases in the staff schema: the queue, a case with the member's own words, and what is done about it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self, cast

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.community import queries as community
from fedele.domains.community.types import ReviewId
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.domains.support import commands, errors, queries
from fedele.domains.support import types as records
from fedele.domains.support.config import URGENCIES, SupportConfig
from fedele.domains.surveys import queries as surveys
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units
from fedele.kernel.refusal import NotFound

SUPPORT_CASE = "supportcase"


@strawberry.enum(name="SupportCaseState", description="Where a case stands.")
class SupportCaseState(Enum):
    """States of a case."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


@strawberry.enum(name="SupportCaseMove", description="Where a case can be sent; resolving takes `resolveSupportCase`.")
class SupportCaseMove(Enum):
    """Moves by hand."""

    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    CLOSED = "closed"
    REOPENED = "reopened"


@strawberry.enum(name="SupportUrgency", description="How soon somebody should look.")
class SupportUrgency(Enum):
    """Urgencies, the most urgent first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"


@strawberry.type
class SupportNote:
    """What somebody wrote about a case."""

    at: datetime
    actor: str
    shown_to_member: bool
    words: str


@strawberry.type
class SupportStep:
    """A move of a case."""

    at: datetime
    actor: str
    from_state: SupportCaseState | None
    to_state: SupportCaseState
    assignee: str | None


@strawberry.type
class SupportMakeGood:
    """A make-good that a rule considered for the case's cause."""

    rule: str
    outcome: str = strawberry.field(description="given, limit, budget or out_of_stock.")
    currency: str | None
    amount: Decimal | None
    decided_at: datetime


@strawberry.type
class SupportText:
    """A member's own words, and what was read out of them."""

    part: str = strawberry.field(description="The key of the question, or `body` of a review.")
    words: str | None = strawberry.field(description="Null where the member has been erased.")
    language: str | None
    sentiment: str | None = strawberry.field(description="negative, neutral or positive; null: no model read it.")
    negative: float | None
    themes: list[str] = strawberry.field(description="The themes' names.")
    urgent_for: list[str] = strawberry.field(description="danger, law, theft, leaving or declared, the gravest first.")
    contradicts: bool = strawberry.field(description="Score and words disagree.")


@strawberry.type
class SupportCase:
    """Somebody is unhappy, and somebody of ours answers for it."""

    id: strawberry.ID
    member_id: strawberry.ID
    rule: str = strawberry.field(description="The key of the programme's rule that opened it.")
    source: str = strawberry.field(description="survey, review or event.")
    state: SupportCaseState
    urgency: SupportUrgency
    owner: str = strawberry.field(description="The team that answers for it.")
    assignee: str | None
    opened_at: datetime
    due_at: datetime
    overdue: bool
    overdue_at: datetime | None = strawberry.field(
        description="When it was announced that nobody had resolved it in time; stays when it is resolved later."
    )
    resolved_at: datetime | None
    closed_at: datetime | None
    outcome: str | None = strawberry.field(description="The key of what was done.")
    evidence: JSON = strawberry.field(description="Scores, sentiment, themes and why it is urgent; no words.")
    notes: list[SupportNote]
    make_goods: list[SupportMakeGood]

    @classmethod
    def of(cls, record: records.Case, programme: Programme, now: datetime) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(SUPPORT_CASE, record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            rule=record.rule,
            source=record.source_kind,
            state=SupportCaseState(record.state),
            urgency=SupportUrgency(URGENCIES[record.urgency]),
            owner=record.owner,
            assignee=record.assignee,
            opened_at=record.opened_at,
            due_at=record.due_at,
            overdue=record.state in records.OPEN_STATES and record.due_at <= now,
            overdue_at=record.overdue_at,
            resolved_at=record.resolved_at,
            closed_at=record.closed_at,
            outcome=record.outcome,
            evidence=JSON(dict(record.evidence)),
            notes=[
                SupportNote(at=one.at, actor=one.actor, shown_to_member=one.shown, words=one.words)
                for one in record.notes
            ],
            make_goods=[_make_good(one, programme) for one in record.make_goods],
        )


@strawberry.type
class SupportCaseDetail:
    """A case with all that is known of it."""

    case: SupportCase
    texts: list[SupportText]
    steps: list[SupportStep]


@strawberry.type
class SupportQuery:
    """The queue of cases."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def support_cases(
        self,
        info: Info,
        states: list[SupportCaseState] | None = None,
        owner: str | None = None,
        assignee: str | None = None,
        overdue: bool = False,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[SupportCase] | None:
        """Cases, the urgent first and then what is due first; those that are not done if no states are named."""
        context, programme = info.context, await info.context.programme()
        page = await queries.list_cases(
            context.reader, _states(states), page_size(first), after, owner=owner, assignee=assignee,
            overdue_at=context.moment.now if overdue else None,
        )  # fmt: skip
        return connection(page, lambda record: SupportCase.of(record, programme, context.moment.now))

    @query_field(requires=Scope.MEMBERS_READ)
    async def support_case(self, info: Info, id: strawberry.ID) -> SupportCaseDetail | None:
        """One case with the member's own words and how it went."""
        context, found = info.context, ids.find_owned_row(SUPPORT_CASE, id)
        case = await queries.find_case(context.reader, found[0], records.CaseId(found[1])) if found else None
        if case is None:
            return None
        programme = await context.programme()
        steps = await queries.steps_of(context.reader, case.member_id, case.id)
        return SupportCaseDetail(
            case=SupportCase.of(case, programme, context.moment.now),
            texts=await _texts(context, case, programme),
            steps=[
                SupportStep(
                    at=one.at, actor=one.actor, assignee=one.assignee, to_state=SupportCaseState(one.to_state),
                    from_state=SupportCaseState(one.from_state) if one.from_state else None,
                )
                for one in steps
            ],
        )  # fmt: skip


async def _texts(context: Context, case: records.Case, programme: Programme) -> list[SupportText]:
    if case.source_kind == "event":
        return []
    words = await _words(context, case)
    readings = await queries.readings_of(context.reader, case.member_id, case.source_kind, case.source_id)
    names, locale = programme.section(SupportConfig).theme_names(), await context.language()
    default = programme.section(ProgrammeConfig).default_locale

    def named(key: str) -> str:
        name: Text | None = names.get(key)
        return name.in_locale(locale, default) if name else key

    return [
        SupportText(
            part=one.part, words=words.get(one.part), language=one.language,
            sentiment=one.feeling.label if one.feeling else None,
            negative=round(one.feeling.negative, 3) if one.feeling else None,
            themes=[named(key) for key in one.themes], urgent_for=list(one.urgent_for), contradicts=one.contradicts,
        )
        for one in readings
    ]  # fmt: skip


async def _words(context: Context, case: records.Case) -> dict[str, str]:
    if case.source_kind == "review":
        review = await community.find_review(context.reader, case.member_id, ReviewId(case.source_id))
        return {"body": review.body} if review and review.body else {}
    answers = await surveys.answers_of(context.reader, case.member_id, case.source_id)
    return {key: value for key, value in (answers or {}).items() if isinstance(value, str)}


def _states(states: Sequence[SupportCaseState] | None) -> list[records.CaseState]:
    if states is None:
        return list(records.OPEN_STATES)
    wanted = {one.value for one in states}
    return [state for state in records.CASE_STATES if state in wanted]


def _make_good(record: records.MakeGoodRecord, programme: Programme) -> SupportMakeGood:
    amount = None
    if record.currency is not None and record.units:
        amount = from_units(record.units, programme.section(Currencies).get(record.currency).decimals)
    return SupportMakeGood(
        rule=record.rule, outcome=record.outcome, currency=record.currency, amount=amount, decided_at=record.decided_at
    )


@user_error(errors.CaseNotThere)
class AssignSupportCaseUserError(UserError):
    """Why it was not assigned."""


@user_error()
class NoteSupportCaseUserError(UserError):
    """Why it was not written."""


@user_error(errors.CaseNotThere)
class MoveSupportCaseUserError(UserError):
    """Why it was not moved."""


@user_error(errors.CaseNotThere, errors.OutcomeUnknown)
class ResolveSupportCaseUserError(UserError):
    """Why it was not resolved."""


@strawberry.type
class AssignSupportCasePayload:
    """The case, or why it was not assigned."""

    case: SupportCase | None = None
    user_errors: list[AssignSupportCaseUserError] = strawberry.field(default_factory=list)


@strawberry.type
class NoteSupportCasePayload:
    """The case, or why the note was not written."""

    case: SupportCase | None = None
    user_errors: list[NoteSupportCaseUserError] = strawberry.field(default_factory=list)


@strawberry.type
class MoveSupportCasePayload:
    """The case, or why it was not moved."""

    case: SupportCase | None = None
    user_errors: list[MoveSupportCaseUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ResolveSupportCasePayload:
    """The case, or why it was not resolved."""

    case: SupportCase | None = None
    user_errors: list[ResolveSupportCaseUserError] = strawberry.field(default_factory=list)


@strawberry.input
class AssignSupportCaseInput:
    """Whose hands the case goes into."""

    case_id: strawberry.ID
    assignee: str = strawberry.field(description="The colleague, as the team calls them; at most 80 characters.")


@strawberry.input
class NoteSupportCaseInput:
    """Something to write down about a case."""

    case_id: strawberry.ID
    words: str = strawberry.field(description="At most 2,000 characters. Erasure of the member deletes it.")
    show_to_member: bool = False


@strawberry.input
class MoveSupportCaseInput:
    """Where the case goes."""

    case_id: strawberry.ID
    to: SupportCaseMove


@strawberry.input
class ResolveSupportCaseInput:
    """What was done."""

    case_id: strawberry.ID
    outcome: str = strawberry.field(description="The key of one of the programme's outcomes.")
    message: str | None = strawberry.field(default=None, description="More words for the member.")


@strawberry.type
class SupportMutation:
    """What staff do about cases."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def assign_support_case(self, info: Info, input: AssignSupportCaseInput) -> AssignSupportCasePayload | None:
        """Give a case into somebody's hands: from then on it is in progress."""
        context, (member_id, case_id) = info.context, _named(input.case_id)
        async with context.database.transaction() as tx:
            case = await commands.assign_case(tx, member_id, case_id, input.assignee, _actor(context), context.moment)
        return AssignSupportCasePayload(case=await _shown(context, case))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def note_support_case(self, info: Info, input: NoteSupportCaseInput) -> NoteSupportCasePayload | None:
        """Write something about a case, for colleagues or for the member."""
        context, (member_id, case_id) = info.context, _named(input.case_id)
        async with context.database.transaction() as tx:
            case = await commands.note_case(
                tx, member_id, case_id, input.words, input.show_to_member, _actor(context), context.moment
            )
        return NoteSupportCasePayload(case=await _shown(context, case))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def move_support_case(self, info: Info, input: MoveSupportCaseInput) -> MoveSupportCasePayload | None:
        """Move a case. Where it stands there already, nothing happens."""
        context, (member_id, case_id) = info.context, _named(input.case_id)
        to: records.CaseState = input.to.value
        async with context.database.transaction() as tx:
            case = await commands.move_case(tx, member_id, case_id, to, _actor(context), context.moment)
        return MoveSupportCasePayload(case=await _shown(context, case))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def resolve_support_case(
        self, info: Info, input: ResolveSupportCaseInput
    ) -> ResolveSupportCasePayload | None:
        """Say what was done: the member reads it, and is told by the programme's message for it."""
        context, (member_id, case_id) = info.context, _named(input.case_id)
        programme = await context.programme()
        async with context.database.transaction() as tx:
            case = await commands.resolve_case(
                tx, programme, member_id, case_id, input.outcome, input.message, _actor(context), context.moment
            )
        return ResolveSupportCasePayload(case=await _shown(context, case))


async def _shown(context: Context, case: records.Case) -> SupportCase:
    return SupportCase.of(case, await context.programme(), context.moment.now)


def _named(text: strawberry.ID) -> tuple[MemberId, records.CaseId]:
    found = ids.find_owned_row(SUPPORT_CASE, text)
    if found is None:
        raise NotFound(what="case", field="caseId")
    return found[0], records.CaseId(found[1])


def _actor(context: Context) -> str:
    return f"staff:{cast(StaffPrincipal, context.principal).key_id}"
