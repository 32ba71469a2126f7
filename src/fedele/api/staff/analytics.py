"""Reports in the staff schema: what the programme owes, and what its campaigns cost and bring."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

import strawberry

from fedele.api.context import Info
from fedele.api.errors import BadInput
from fedele.api.permissions import query_field
from fedele.api.scalars import Money
from fedele.domains.analytics import queries
from fedele.domains.analytics import types as records
from fedele.domains.auth.types import Scope
from fedele.domains.budgets.types import PotFigures
from fedele.domains.programme.config import ProgrammeConfig
from fedele.kernel.money import Money as Amount
from fedele.kernel.money import from_units


@strawberry.type
class LiabilityMonth:
    """One currency's month: opening + issued + restored + adjusted − burned − expired − clawedBack = closing, to the
    unit. Amounts of units are exact, with the currency's own decimals."""

    currency: str = strawberry.field(description="The currency's key.")
    month: date = strawberry.field(description="Its first day, in the programme's calendar.")
    opening: Decimal = strawberry.field(description="What members held less what they owed, as the month began.")
    issued: Decimal
    burned: Decimal
    restored: Decimal = strawberry.field(description="Burned units that came back.")
    expired: Decimal
    clawed_back: Decimal
    adjusted: Decimal = strawberry.field(description="Corrections by people; signed.")
    available: Decimal
    pending: Decimal
    reserved: Decimal
    debt: Decimal = strawberry.field(description="What members owe after clawbacks of spent units.")
    outstanding: Decimal = strawberry.field(description="available + pending + reserved: the sum of the lots.")
    closing: Decimal = strawberry.field(description="outstanding − debt.")
    expected_breakage: Decimal = strawberry.field(description="Of what is outstanding, what nobody will spend.")
    allocated: Money = strawberry.field(description="Of the month's sales, the part that paid for units (IFRS 15).")
    reversed: Money = strawberry.field(description="Of earlier allocations: its units were clawed back.")
    recognised: Money = strawberry.field(description="Revenue of units spent, or no longer expected to be.")
    deferred_revenue: Money = strawberry.field(description="As the month ended.")
    provision: Money = strawberry.field(description="For units that no sale gave, as the month ended.")

    @classmethod
    def of(cls, record: records.LiabilityMonth, report: records.LiabilityReport) -> Self:
        """From the record."""
        decimals = report.decimals.get(record.currency, 0)

        def units(value: int) -> Decimal:
            return from_units(value, decimals)

        def money(minor: int) -> Money:
            return Money.of(Amount(minor, report.home_currency))

        return cls(
            currency=record.currency,
            month=record.month,
            opening=units(record.opening),
            issued=units(record.issued),
            burned=units(record.burned),
            restored=units(record.restored),
            expired=units(record.expired),
            clawed_back=units(record.clawed_back),
            adjusted=units(record.adjusted),
            available=units(record.available),
            pending=units(record.pending),
            reserved=units(record.reserved),
            debt=units(record.debt),
            outstanding=units(record.outstanding),
            closing=units(record.closing),
            expected_breakage=units(record.expected_breakage),
            allocated=money(record.allocated_minor),
            reversed=money(record.reversed_minor),
            recognised=money(record.recognised_minor),
            deferred_revenue=money(record.deferred_minor),
            provision=money(record.provision_minor),
        )


@strawberry.type
class Liability:
    """What the programme owes its members, month by month, from the ledger alone."""

    months: list[LiabilityMonth] = strawberry.field(description="Per currency, oldest first.")
    problems: list[str] = strawberry.field(description="What does not add up; empty, or do not sign it.")


@strawberry.type
class BudgetState:
    """A campaign's budget in the period that runs now: money = left + reserved + used."""

    period: str = strawberry.field(description="total, a month like 2026-11, or a day.")
    money: Money
    left: Money
    reserved: Money = strawberry.field(description="By claims that may still be used.")
    used: Money
    announced: list[int] = strawberry.field(description="Lines in per cent that staff were told of: 50, 80, 100.")

    @classmethod
    def of(cls, pot: PotFigures, home_currency: str) -> Self:
        """From the record."""

        def money(minor: int) -> Money:
            return Money.of(Amount(minor, home_currency))

        return cls(
            period=pot.period,
            money=money(pot.money_minor),
            left=money(pot.left_minor),
            reserved=money(pot.reserved_minor),
            used=money(pot.used_minor),
            announced=list(pot.noticed_percents),
        )


@strawberry.type
class CampaignTargets:
    """What it was meant to bring; null where nothing was declared."""

    reach: int | None
    redemptions: int | None
    uplift_percent: Decimal | None
    margin_percent: Decimal | None


@strawberry.type
class Campaign:
    """An offer, or an earning rule with a budget or a margin floor: what it was meant to bring beside what it did."""

    kind: str = strawberry.field(description="offer or rule.")
    key: str
    name: str
    state: str = strawberry.field(description="draft, live, ended, or exhausted: its budget pays for no further use.")
    targets: CampaignTargets
    reach: int | None = strawberry.field(description="Members who saw it; null for a rule.")
    claimed: int | None
    used: int = strawberry.field(description="Purchases with it: its redemptions.")
    cost: Money = strawberry.field(description="What it cost so far.")
    revenue: Money = strawberry.field(description="Of the purchases with it, without tax and returns.")
    margin_percent: Decimal | None = strawberry.field(
        description="Left of that revenue after the goods and its own cost, where the goods' cost is known."
    )
    margin_known_percent: Decimal = strawberry.field(description="The share of the revenue whose goods' cost is known.")
    margin_floor: Decimal | None = strawberry.field(description="Per cent below which it gives nothing.")
    budget: BudgetState | None

    @classmethod
    def of(cls, record: queries.Campaign, home_currency: str, locale: str, default: str) -> Self:
        """From the record."""
        targets = record.targets
        return cls(
            kind=record.kind,
            key=record.key,
            name=record.name.in_locale(locale, default),
            state=record.state,
            targets=CampaignTargets(
                reach=targets.reach,
                redemptions=targets.redemptions,
                uplift_percent=targets.uplift,
                margin_percent=targets.margin,
            ),
            reach=record.reach,
            claimed=record.claimed,
            used=record.used,
            cost=Money.of(Amount(record.cost_minor, home_currency)),
            revenue=Money.of(Amount(record.revenue_minor, home_currency)),
            margin_percent=record.margin_percent,
            margin_known_percent=record.margin_known_percent,
            margin_floor=record.margin_floor,
            budget=BudgetState.of(record.pot, home_currency) if record.pot else None,
        )


@strawberry.type
class ReportQuery:
    """Reports over the whole programme: costly, on a replica where there is one."""

    @query_field(requires=Scope.REPORTS_READ)
    async def liability(
        self,
        info: Info,
        since: Annotated[str | None, strawberry.argument(name="from")] = None,
        until: str | None = None,
        recorded: bool = False,
    ) -> Liability | None:
        """What the programme owes per currency and month. `from` and `until` are months like 2026-01, both included.
        `recorded`: months by when we booked it (a closed month never changes), instead of by when it happened."""
        context = info.context
        first, last = _month(since, "from"), _month(until, "until")
        report = await queries.liability(
            context.database, context.services.programmes, context.moment, "recorded" if recorded else "occurred"
        )
        months = [
            LiabilityMonth.of(one, report)
            for one in report.months
            if (first is None or one.month >= first) and (last is None or one.month <= last)
        ]
        return Liability(months=months, problems=report.problems())

    @query_field(requires=Scope.REPORTS_READ)
    async def campaigns(self, info: Info) -> list[Campaign] | None:
        """Offers, and earning rules with a budget or a margin floor: targets beside actual figures."""
        context = info.context
        programme = await context.programme()
        brand, locale = programme.section(ProgrammeConfig), await context.language()
        found = await queries.list_campaigns(context.database, programme, context.moment)
        return [Campaign.of(one, brand.home_currency, locale, brand.default_locale) for one in found]


def _month(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"`{name}` is {text!r}; it must be a month like 2026-01") from None
