"""A proposed programme for operators: what a file would change, whom it touches, and what history would have cost."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api.context import Context, Info
from fedele.api.errors import BadInput
from fedele.api.explaining import rule_name
from fedele.api.permissions import query_field
from fedele.api.selection import selected
from fedele.api.staff.programme import ProgrammeProblem
from fedele.domains.auth.types import Scope
from fedele.domains.programme import errors, queries, types
from fedele.domains.proposals import queries as proposals
from fedele.domains.proposals import types as records
from fedele.kernel.money import from_units

SAMPLE_MAX = 2_000  # of a request; the whole is for the command line: fedele programme rerate
DAYS_MAX = 3_660


@strawberry.type
class ProgrammeChange:
    """One difference between what is in force and a file."""

    section: str
    path: str = strawberry.field(description="Within the section: rules[base].multiplier.")
    kind: str = strawberry.field(description="added, removed or changed.")
    words: str = strawberry.field(description="The whole change in a sentence.")


@strawberry.type
class ProgrammePlan:
    """What applying a file would do."""

    valid: bool
    problems: list[ProgrammeProblem] = strawberry.field(description="Mistakes; a file that has any cannot be applied.")
    warnings: list[ProgrammeProblem]
    changes: list[ProgrammeChange] = strawberry.field(description="Against the version in force then.")
    against_version: int | None = strawberry.field(description="Null before the first version.")
    affected: list["ProgrammeAffected"] = strawberry.field(description="Whom the changes touch, as counted now.")
    cost: "ProgrammeCost | None" = strawberry.field(
        description="What the last days would have cost, from a sample; null without costDays or changes."
    )


@strawberry.type
class ProgrammeAffected:
    """Members whom a change touches."""

    section: str
    key: str = strawberry.field(description="Of the thing that changes.")
    words: str = strawberry.field(description="Who, how many, and what becomes of them.")
    members: int
    worth: Decimal | None = strawberry.field(description="Where value is touched: in the home currency.")


@strawberry.type
class CurrencyCost:
    """One currency: what was given, and what would have been."""

    currency: str
    given: Decimal = strawberry.field(description="By the ledger, less what returns took back.")
    would_be: Decimal
    worth_difference: Decimal = strawberry.field(description="In the home currency; negative: cheaper.")
    gaining: int = strawberry.field(description="Members who would have had more.")
    losing: int
    estimated_difference: Decimal = strawberry.field(description="For all members, from those who were replayed.")
    estimated_worth: Decimal
    estimate_error: Decimal = strawberry.field(description="Half the width of the estimate's 95 % interval; 0: exact.")
    unexplained: Decimal = strawberry.field(
        description="What was given and cannot be replayed: facts without history, budgets, what was set by hand."
    )

    @classmethod
    def of(cls, record: records.CurrencyCost) -> Self:
        """From the record."""

        def amount(units: int) -> Decimal:
            return from_units(units, record.decimals)

        return cls(
            currency=record.currency,
            given=amount(record.sums.given),
            would_be=amount(record.sums.would),
            worth_difference=record.worth_difference,
            gaining=record.gaining,
            losing=record.losing,
            estimated_difference=amount(record.estimated_difference),
            estimated_worth=record.estimated_worth,
            estimate_error=amount(record.error_units),
            unexplained=amount(record.unexplained),
        )


@strawberry.type
class CostPart:
    """A part of the cost: one rule, one tier or one month of a currency."""

    currency: str
    key: str = strawberry.field(description="The rule's or the tier's key, or the month: 2026-11.")
    given: Decimal
    would_be: Decimal


@strawberry.type
class TierMoves:
    """Members who would stand on another tier at the end."""

    tier: str
    would_be: str
    members: int


@strawberry.type
class ProgrammeCost:
    """What history would have cost under a file: its purchases, returns and events, decided again."""

    members: int = strawberry.field(description="How many were replayed.")
    members_all: int
    purchases: int
    returns: int
    events: int
    home_currency: str
    currencies: list[CurrencyCost]
    rules: list[CostPart]
    tiers: list[CostPart]
    months: list[CostPart]
    tier_moves: list[TierMoves]

    @classmethod
    def of(cls, record: records.Rerating) -> Self:
        """From the record."""
        return cls(
            members=record.members,
            members_all=record.members_all,
            purchases=record.purchases,
            returns=record.returns,
            events=record.events,
            home_currency=record.home_currency,
            currencies=[CurrencyCost.of(cost) for cost in record.currencies],
            rules=_parts(record, "rule"),
            tiers=_parts(record, "tier"),
            months=_parts(record, "month"),
            tier_moves=[
                TierMoves(tier=then, would_be=would, members=members)
                for (then, would), members in record.tier_moves.items()
            ],
        )


@strawberry.type
class RuleOutcome:
    """How often something became of a rule when it was tried."""

    outcome: str
    times: int


@strawberry.type
class DeadRule:
    """A rule in force that gave nobody anything for a while."""

    rule: str = strawberry.field(description="The rule's key.")
    name: str
    last_at: datetime | None = strawberry.field(description="When it last gave something; null: never.")
    outcomes: list[RuleOutcome] = strawberry.field(description="What stopped it, most frequent first; [] if untried.")


@strawberry.type
class ProposalQuery:
    """Weighing a file before it is applied."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def dead_rules(self, info: Info, days: int = 90) -> list[DeadRule] | None:
        """Rules of the programme in force that gave nobody anything in so many days, and what stopped them."""
        context = info.context
        if not 1 <= days <= DAYS_MAX:
            raise BadInput(f"`days` is {days}; it must be 1 to {DAYS_MAX}")
        programme = await context.programme()
        found = await proposals.dead_rules(context.reader, programme, context.moment, days)
        return [
            DeadRule(
                rule=rule.key,
                name=rule_name(programme, rule.key, context.locale),
                last_at=rule.last_at,
                outcomes=[RuleOutcome(outcome=outcome, times=times) for outcome, times in rule.outcomes],
            )
            for rule in found
        ]

    @query_field(requires=Scope.PROGRAMME_READ)
    async def programme_plan(
        self,
        info: Info,
        source_text: str,
        effective_from: datetime | None = None,
        cost_days: int = 0,
        sample: int = 200,
    ) -> ProgrammePlan | None:
        """What applying this file would change, in words, and whom it touches; or its mistakes. Changes nothing.

        `costDays`: also replay what `sample` members did in so many last days, to estimate the cost."""
        context = info.context
        _check(cost_days, sample)
        old = await _in_force(context, effective_from or context.moment.now)
        against = old.version if old else None
        try:
            checked = await asyncio.to_thread(queries.check, source_text, context.services.programmes.sections)
        except errors.ProgrammeInvalid as error:
            problems = [ProgrammeProblem.of(problem) for problem in error.problems]
            return ProgrammePlan(
                valid=False, problems=problems, warnings=[], changes=[], against_version=against, affected=[], cost=None
            )
        weighed = await proposals.weigh(context.reader, old, checked, context.moment)
        cost = None
        if old and cost_days and weighed.changes and "cost" in selected(info):
            window = records.Window(context.moment.now - timedelta(days=cost_days))
            cost = await _rerate(context, checked, window, sample)
        return ProgrammePlan(
            valid=True,
            problems=[],
            warnings=[ProgrammeProblem.of(warning) for warning in checked.warnings],
            changes=[
                ProgrammeChange(section=change.section, path=change.path, kind=change.kind, words=change.words)
                for change in weighed.changes
            ],
            against_version=against,
            affected=[
                ProgrammeAffected(
                    section=one.section, key=one.key, words=one.words, members=one.members, worth=one.worth
                )
                for one in weighed.affected
            ],
            cost=cost,
        )


async def _rerate(context: Context, checked: queries.Checked, window: records.Window, sample: int) -> ProgrammeCost:
    services = context.services
    told = await proposals.rerate(
        services.database, services.programmes, checked, context.moment, window, sample=sample
    )
    return ProgrammeCost.of(told)


def _check(cost_days: int, sample: int) -> None:
    if not 0 <= cost_days <= DAYS_MAX:
        raise BadInput(f"`costDays` is {cost_days}; it must be 0 to {DAYS_MAX}")
    if not 1 <= sample <= SAMPLE_MAX:
        raise BadInput(f"`sample` is {sample}; it must be 1 to {SAMPLE_MAX}")


def _parts(record: records.Rerating, name: str) -> list[CostPart]:
    decimals = {cost.currency: cost.decimals for cost in record.currencies}
    return [
        CostPart(
            currency=currency,
            key=key,
            given=from_units(sums.given, decimals[currency]),
            would_be=from_units(sums.would, decimals[currency]),
        )
        for (currency, key), sums in record.by("currency", name).items()  # type: ignore[arg-type]
    ]


async def _in_force(context: Context, when: datetime) -> types.Programme | None:
    try:
        return await context.services.programmes.at(when)
    except errors.NoProgramme:
        return None
