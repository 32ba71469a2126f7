"""Fraud in the staff schema: the queue of cases, each with its evidence, and what a person decides."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Self, cast

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.fraud import commands, errors, queries
from fedele.domains.fraud import types as records
from fedele.kernel.refusal import NotFound

# What a rule found, in the words of whoever reads the queue: by language, then by kind of evidence.
_WORDS = {
    "en": {
        "velocity": "{counted} {counts} by {by} within {hours} h; at most {max} are usual.",
        "travel": "{stores}: {kilometres} km apart within {minutes} minutes, which is {kilometres_per_hour} km/h.",
        "purchases": "purchases", "returns": "returns", "spend": "spent", "units_spent": "units spent",
        "members": "different members",
    },
    "it": {
        "velocity": "{counted} {counts} per {by} in {hours} h; al massimo {max} sono normali.",
        "travel": "{stores}: {kilometres} km in {minutes} minuti, cioè {kilometres_per_hour} km/h.",
        "purchases": "acquisti", "returns": "resi", "spend": "spesi", "units_spent": "unità spese",
        "members": "soci diversi",
    },
    "ru": {
        "velocity": "{counted} — {counts} ({by}) за {hours} ч; обычно не более {max}.",
        "travel": "{stores}: {kilometres} км за {minutes} мин, то есть {kilometres_per_hour} км/ч.",
        "purchases": "покупки", "returns": "возвраты", "spend": "потрачено", "units_spent": "списано единиц",
        "members": "разных участников",
    },
    "ar": {
        "velocity": "{counted} {counts} حسب {by} خلال {hours} ساعة؛ المعتاد {max} على الأكثر.",
        "travel": "{stores}: مسافة {kilometres} كم خلال {minutes} دقيقة، أي {kilometres_per_hour} كم/س.",
        "purchases": "عمليات شراء", "returns": "عمليات إرجاع", "spend": "مبلغ منفق", "units_spent": "وحدات مصروفة",
        "members": "أعضاء مختلفون",
    },
}  # fmt: skip


def told(evidence: Mapping[str, Any], locale: str) -> str:
    """The evidence as a sentence."""
    words = _WORDS.get(locale.partition("-")[0], _WORDS["en"])
    if "kilometres" in evidence:
        return words["travel"].format(**{**evidence, "stores": " → ".join(evidence["stores"])})
    return words["velocity"].format(**{**evidence, "counts": words[evidence["counts"]]})


@strawberry.enum(name="FraudCaseState", description="open waits for a person; the others were decided by one.")
class FraudCaseState(Enum):
    """States of a case."""

    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


@strawberry.type
class FraudCase:
    """Something unusual about a member, why it was noticed, and what was decided."""

    id: strawberry.ID
    member_id: strawberry.ID
    rule: str = strawberry.field(description="The key of the programme's rule.")
    state: FraudCaseState
    blocks_spending: bool = strawberry.field(
        description="Nothing of the member's can be spent while it is not cleared."
    )
    explanation: str = strawberry.field(description="What was found, in words.")
    evidence: JSON = strawberry.field(description="What the rule counted or measured, against its limit.")
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None

    @classmethod
    def of(cls, record: records.Case, locale: str) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id("case", record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            rule=record.rule,
            state=FraudCaseState(record.state),
            blocks_spending=record.blocks and record.state != "cleared",
            explanation=told(record.evidence, locale),
            evidence=JSON(dict(record.evidence)),
            opened_at=record.opened_at,
            decided_at=record.decided_at,
            decided_by=record.actor,
            decision_reason=record.reason,
        )


@strawberry.type
class FraudQuery:
    """The review queue."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def fraud_cases(
        self, info: Info, states: list[FraudCaseState] | None = None, first: int = 50, after: str | None = None
    ) -> Connection[FraudCase] | None:
        """Cases, the newest first; those that wait for a person if no states are named."""
        context = info.context
        locale = await context.language()
        wanted = [state for state in records.STATES if state in {one.value for one in states or [FraudCaseState.OPEN]}]
        page = await queries.list_cases(context.reader, wanted, page_size(first), after)
        return connection(page, lambda record: FraudCase.of(record, locale))


@user_error(errors.CaseDecided)
class DecideFraudCaseUserError(UserError):
    """Why it was not decided."""


@strawberry.type
class DecideFraudCasePayload:
    """The case after the decision, or why there was none."""

    case: FraudCase | None = None
    user_errors: list[DecideFraudCaseUserError] = strawberry.field(default_factory=list)


@strawberry.enum(name="FraudDecision", description="What a person found.")
class FraudDecision(Enum):
    """Decisions."""

    CLEAR = "clear"
    CONFIRM = "confirm"


@strawberry.input
class DecideFraudCaseInput:
    """A decision, and why."""

    case_id: strawberry.ID
    decision: FraudDecision = strawberry.field(description="CLEAR lifts a block; CONFIRM keeps it.")
    reason: str = strawberry.field(description="For the log; at most 500 characters, no personal data.")


@strawberry.type
class FraudMutation:
    """What staff decide about suspicions."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def decide_fraud_case(self, info: Info, input: DecideFraudCaseInput) -> DecideFraudCasePayload | None:
        """Clear or confirm a case. To take units back as well, adjust the balance."""
        context = info.context
        found = ids.find_owned_row("case", input.case_id)
        if found is None:
            raise NotFound(what="case", field="caseId")
        async with context.database.transaction() as tx:
            case = await commands.decide_case(
                tx,
                found[0],
                records.CaseId(found[1]),
                guilty=input.decision is FraudDecision.CONFIRM,
                actor=_actor(context),
                reason=input.reason,
                moment=context.moment,
            )
        return DecideFraudCasePayload(case=FraudCase.of(case, await context.language()))


def _actor(context: Context) -> str:
    return f"staff:{cast(StaffPrincipal, context.principal).key_id}"
