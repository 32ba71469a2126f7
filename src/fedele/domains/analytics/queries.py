"""Reading the books as a whole, in one snapshot that a replica can serve."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Database, Queryable
from fedele.domains.analytics.breakage import GROUPS, forecast
from fedele.domains.analytics.campaigns import Campaign, list_campaigns
from fedele.domains.analytics.deferral import Experience
from fedele.domains.analytics.liability import by_currency, flows_by_currency, liability_of
from fedele.domains.analytics.statements import STATEMENTS, statement
from fedele.domains.analytics.types import (
    Allocation,
    Basis,
    Flow,
    Forecast,
    LiabilityReport,
    LotTotals,
    Movements,
)
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource, list_versions
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.money import minor_digits

__all__ = ["STATEMENTS", "Campaign", "breakage_forecast", "liability", "list_campaigns", "statement"]


async def liability(
    database: Database, programmes: ProgrammeSource, moment: Moment, basis: Basis = "occurred"
) -> LiabilityReport:
    """What the programme owes, per currency and month, up to the month of the moment.

    `basis` says by which of its two times a movement belongs to a month: `occurred` (when it happened: history that was
    imported falls into its own months, and a late event changes a month that is over) or `recorded` (when we booked it:
    a month that is over never changes). Raises NoProgramme.
    """
    programme = await programmes.at(moment.now)
    brand = programme.section(ProgrammeConfig)
    zone, recorded = brand.time_zone, basis == "recorded"
    this_month = moment.now.astimezone(ZoneInfo(zone)).date().replace(day=1)
    async with database.snapshot() as db:
        movements = [Movements(**row) for row in await db.fetch(statement("movements"), zone, recorded)]
        flows = flows_by_currency([Flow(**row) for row in await db.fetch(statement("flows"), zone, recorded, 1)])
        lots = {row["currency"]: LotTotals(**row) for row in await db.fetch(statement("lots"), moment.now)}
        experiences = await _experiences(db, flows, zone, this_month)
        versions = await _versions(db, programmes, moment)
        values = _allocation_values(versions, experiences)
        rows = await db.fetch(statement("allocation"), zone, recorded, *values, brand.home_currency)
    allocations = [Allocation(**row) for row in rows]
    months = [
        month
        for currency, moved in by_currency(movements).items()
        for month in liability_of(
            moved,
            [one for one in allocations if one.currency == currency],
            experiences.get(currency) or Experience((), None, this_month),
            max(this_month, moved[-1].month),
        )
    ]
    decimals = {one.key: one.decimals for one in programme.section(Currencies)}
    return LiabilityReport(tuple(months), lots, brand.home_currency, decimals, basis)


async def breakage_forecast(
    database: Database, programmes: ProgrammeSource, moment: Moment, since: date, until: date, basis: Basis = "occurred"
) -> list[Forecast]:
    """For every currency, from what had happened before `since` alone: of the units outstanding then, how many will
    have expired before `until`, with a 95 % interval; and how many did, as far as the books reach.

    Both are firsts of a month.
    """
    zone = (await programmes.at(moment.now)).section(ProgrammeConfig).time_zone
    async with database.snapshot() as db:
        rows = await db.fetch(statement("flows"), zone, basis == "recorded", GROUPS)
        flows = flows_by_currency([Flow(**row) for row in rows])
        experiences = await _experiences(db, flows, zone, since)
    return [
        forecast(mine, currency, since, until, dated=_dated(experiences[currency], since))
        for currency, mine in sorted(flows.items())
    ]


def _dated(experience: Experience, since: date) -> bool:
    return experience.moved_since is None or experience.moved_since >= since


async def _experiences(
    db: Queryable, flows: Mapping[str, Sequence[Flow]], zone: str, complete_until: date
) -> dict[str, Experience]:
    rows = await db.fetch(statement("moved"))
    moved = {row["currency"]: row["since"].astimezone(ZoneInfo(zone)).date() for row in rows}
    return {currency: Experience(tuple(mine), moved.get(currency), complete_until) for currency, mine in flows.items()}


async def _versions(db: Queryable, programmes: ProgrammeSource, moment: Moment) -> list[Programme]:
    records = await list_versions(db, moment.now)
    return [await programmes.version(record.version) for record in records if record.state != "withdrawn"]


def _allocation_values(versions: Sequence[Programme], experiences: Mapping[str, Experience]) -> tuple[list[Any], ...]:
    """The arrays $3 to $10 of `allocation.sql`."""
    worths = [
        (programme.version, currency.key, _worth_minor(programme, currency.worth, currency.decimals))
        for programme in versions
        for currency in programme.section(Currencies)
    ]
    redeemed = [
        (currency, cohort, Decimal(repr(round(experience.fresh_redemption(cohort), 9))))
        for currency, experience in experiences.items()
        for cohort in sorted({flow.cohort for flow in experience.flows})
    ]
    timeline = sorted((programme.effective_from, programme.version) for programme in versions)
    return (
        *([list(column) for column in zip(*worths, strict=True)] if worths else [[], [], []]),
        *([list(column) for column in zip(*redeemed, strict=True)] if redeemed else [[], [], []]),
        [version for _, version in timeline],
        [since for since, _ in timeline],
    )


def _worth_minor(programme: Programme, worth: Decimal, decimals: int) -> Decimal:
    """What one scaled unit is worth, in minor units of the home currency."""
    return worth.scaleb(minor_digits(programme.section(ProgrammeConfig).home_currency) - decimals)
