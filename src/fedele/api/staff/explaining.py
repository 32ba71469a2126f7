"""Explain in the staff schema: the whole trace, with rule keys, versions, conditions and the values they saw."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, cast

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.explaining import (
    ExplanationTerm,
    RuleExplanation,
    UnitAmount,
    entry_amount,
    find_explanation,
    rule_told,
    terms_of,
)
from fedele.api.explaining_words import Speaker
from fedele.api.permissions import query_field
from fedele.domains.auth.types import Scope
from fedele.domains.explaining import types as records

PREFIXES = ("entry", "purchase", "event")


@strawberry.type
class RuleTrace:
    """One rule as it was tried: the words a member reads, and what is behind them."""

    told: RuleExplanation = strawberry.field(description="As the member reads it.")
    condition: str | None = strawberry.field(description="The rule's whole condition, if that stopped it.")
    failed_part: str | None = strawberry.field(description="The first part of the condition that was not true.")
    failed_values: JSON | None = strawberry.field(description="The names that this part reads, and what they were.")
    failed_lines: list[int] = strawberry.field(description="The lines of the receipt that this part stopped.")
    details: JSON = strawberry.field(description="Everything that the decision kept of this rule.")

    @classmethod
    def of(cls, told: records.RuleTold, speaker: Speaker) -> Self:
        """From the record."""
        failed = told.failed
        condition = told.trace.details.get("condition")
        return cls(
            told=rule_told(told, speaker),
            condition=str(condition) if condition is not None else None,
            failed_part=failed.part if failed else None,
            failed_values=_json(failed.values) if failed else None,
            failed_lines=list(failed.lines) if failed else [],
            details=_json(told.trace.details),
        )


@strawberry.type
class StaffExplanation:
    """Why a movement, a purchase or an event is what it is: for the service desk."""

    title: str
    amount: UnitAmount | None = strawberry.field(description="Of a ledger entry: what moved.")
    terms: list[ExplanationTerm] = strawberry.field(description="Of a ledger entry: what it is made of; they add up.")
    subject: str = strawberry.field(description="entry, purchase or event.")
    kind: str = strawberry.field(description="The ledger's operation, purchase, or the event's name.")
    account: str | None = strawberry.field(description="Of an entry: available, pending, reserved or debt.")
    cause: str = strawberry.field(description="What it was for: purchase, reward, return, adjustment, challenge …")
    programme_version: int | None = strawberry.field(description="The version that decided; null: none did.")
    occurred_at: datetime
    recorded_at: datetime
    store: str | None
    receipt: str | None
    actor: str | None = strawberry.field(description="Who did it, of what a person did.")
    scope: str | None = strawberry.field(description="Where the operation's key comes from.")
    key: str | None = strawberry.field(description="The operation's idempotency key within its scope.")
    reason: JSON = strawberry.field(description="Why, as whoever posted it said.")
    rules: list[RuleTrace] = strawberry.field(description="Every rule that was tried, in the programme's order.")

    @classmethod
    def of(cls, told: records.Explanation, locale: str) -> Self:
        """From the record."""
        speaker = Speaker(told.programme, locale)
        return cls(
            title=speaker.title(told),
            amount=entry_amount(told, speaker),
            terms=terms_of(told.terms, speaker),
            subject=told.subject,
            kind=told.kind,
            account=told.account,
            cause=told.cause.kind,
            programme_version=told.decided_by,
            occurred_at=told.occurred_at,
            recorded_at=told.recorded_at,
            store=told.store,
            receipt=told.receipt,
            actor=told.actor,
            scope=told.scope or None,
            key=told.key or None,
            reason=_json(told.reason),
            rules=[RuleTrace.of(one, speaker) for one in told.rules],
        )


@strawberry.type
class ExplainQuery:
    """Where support looks."""

    @query_field(requires=Scope.LEDGER_READ)
    async def explain(self, info: Info, id: strawberry.ID) -> StaffExplanation | None:
        """Why a ledger entry, a purchase or an event of any member is what it is. Null when unknown."""
        owned = next((found for prefix in PREFIXES if (found := ids.find_owned_row(prefix, id))), None)
        told = await find_explanation(info.context, owned[0], id) if owned else None
        return StaffExplanation.of(told, info.context.locale) if told else None


def _json(values: Mapping[str, Any]) -> JSON:
    return cast(JSON, dict(values))
