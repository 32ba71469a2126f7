"""Cases in the members' schema: what went wrong, who looks into it, and what was done."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.support import commands, errors, queries
from fedele.domains.support import types as records
from fedele.domains.support.config import SupportConfig
from fedele.kernel.money import from_units

SUPPORT_CASE = "supportcase"


@strawberry.enum(name="CaseState", description="Where a case of the member's stands.")
class CaseState(Enum):
    """What a member is told of a case's state."""

    OPEN = strawberry.enum_value("open", description="Somebody will look into it.")
    IN_PROGRESS = strawberry.enum_value("in_progress", description="Somebody looks into it.")
    WAITING = strawberry.enum_value("waiting", description="Somebody waits for an answer, of yours or another's.")
    RESOLVED = strawberry.enum_value("resolved", description="Something was done; say so if it was not enough.")
    CLOSED = strawberry.enum_value("closed", description="Over.")
    REOPENED = strawberry.enum_value("reopened", description="You said that it was not enough.")


@strawberry.type
class MakeGoodGiven:
    """Something given for what went wrong."""

    name: str
    currency: str | None = strawberry.field(description="The currency's key; null where it was a reward alone.")
    amount: Decimal | None
    given_at: datetime

    @classmethod
    def of(cls, record: records.MakeGoodRecord, programme: Programme, speaker: Speaker) -> Self:
        """From the record; a make-good that has left the programme is called by its key."""
        rule = programme.section(SupportConfig).make_good(record.rule)
        amount = None
        if record.currency is not None and record.units:
            amount = from_units(record.units, programme.section(Currencies).get(record.currency).decimals)
        return cls(
            name=speaker.say(rule.name) if rule else record.rule,
            currency=record.currency if amount is not None else None,
            amount=amount,
            given_at=record.decided_at,
        )


@strawberry.type
class Case(Node):
    """Something that went wrong for the member, and what became of it."""

    state: CaseState
    opened_at: datetime
    answer_by: datetime = strawberry.field(description="Until when we mean to have it resolved.")
    resolved_at: datetime | None
    outcome: str | None = strawberry.field(description="What was done, in the programme's words.")
    message: str | None = strawberry.field(description="What somebody of ours wrote to the member about it.")
    make_goods: list[MakeGoodGiven]

    @classmethod
    def of(cls, record: records.Case, programme: Programme, locale: str) -> Self:
        """From the record. The outcome shows while it is resolved: opened again, it was none."""
        speaker = Speaker(programme, locale)
        outcome = programme.section(SupportConfig).outcome(record.outcome) if record.outcome else None
        done = record.state in ("resolved", "closed")
        return cls(
            id=ids.row_id(SUPPORT_CASE, record.member_id, record.id),
            state=CaseState(record.state),
            opened_at=record.opened_at,
            answer_by=record.due_at,
            resolved_at=record.resolved_at,
            outcome=speaker.say(outcome.text) if outcome and done else None,
            message=record.shown_note,
            make_goods=[
                MakeGoodGiven.of(one, programme, speaker) for one in record.make_goods if one.outcome == "given"
            ],
        )


@strawberry.type
class SupportFields(MemberBase):
    """Support's part of Member."""

    @strawberry.field
    async def cases(self, info: Info) -> list[Case]:
        """What went wrong for the member and what was done about it, the newest first."""
        context = info.context
        programme, locale = await context.programme(), await context.language()
        found = await queries.cases_of_member(context.reader, self.member_id)
        return [Case.of(one, programme, locale) for one in found]


async def fetch_case(context: Context, text: strawberry.ID) -> Case | None:
    """A case by its id, if it is this member's."""
    row = ids.find_row(SUPPORT_CASE, text, context.member_id)
    found = await queries.find_case(context.reader, context.member_id, records.CaseId(row)) if row else None
    return Case.of(found, await context.programme(), await context.language()) if found else None


@user_error(errors.CaseNotThere, errors.ReopeningOver)
class ReopenCaseUserError(UserError):
    """Why the case was not opened again."""


@strawberry.type
class ReopenCasePayload:
    """The case, open again, or why not."""

    case: Case | None = None
    user_errors: list[ReopenCaseUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ReopenCaseInput:
    """Which case, and what is missing."""

    case_id: strawberry.ID
    message: str | None = strawberry.field(default=None, description="What was not enough; at most 2,000 characters.")


@strawberry.type
class SupportMutation:
    """What members do about their cases."""

    @mutation_field(requires=MEMBER)
    async def reopen_case(self, info: Info, input: ReopenCaseInput) -> ReopenCasePayload | None:
        """Say that a resolved case is not: somebody looks into it again. Repeating the call changes nothing."""
        context = info.context
        case_id = records.CaseId(ids.row_of(SUPPORT_CASE, input.case_id, context.member_id, field="caseId"))
        programme = await context.programme()
        async with context.database.transaction() as tx:
            case = await commands.reopen_own_case(
                tx, programme, context.member_id, case_id, input.message, context.moment
            )
        return ReopenCasePayload(case=Case.of(case, programme, await context.language()))
