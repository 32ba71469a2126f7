"""Campaigns: what each was meant to bring, and what it does bring."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from fedele.db.database import Database
from fedele.domains.analytics.statements import statement
from fedele.domains.budgets.config import Budget, Percent, Targets
from fedele.domains.budgets.queries import figures_of
from fedele.domains.budgets.types import PotFigures, minor_of, period_of
from fedele.domains.earning.config import EarningConfig
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.queries import cost_minor
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.kernel.clock import Moment
from fedele.kernel.money import from_units, minor_digits

CampaignState = Literal["draft", "scheduled", "live", "ended", "exhausted"]


@dataclasses.dataclass(frozen=True, slots=True)
class Campaign:
    """One offer, or one earning rule with a budget or a margin floor. Money is minor units of the home currency."""

    kind: Literal["offer", "rule"]
    key: str
    name: Text
    state: CampaignState  # exhausted: what is left of its budget pays for no further use
    targets: Targets
    reach: int | None  # members who saw it; None: a rule is not shown
    claimed: int | None
    used: int
    cost_minor: int
    revenue_minor: int  # of the sales with it, net of tax and returns
    margin_percent: Decimal | None  # of the part of that revenue whose goods' cost is known; None: of none
    margin_known_percent: Decimal  # how large that part is
    margin_floor: Percent | None
    budget: Budget | None
    pot: PotFigures | None  # of the period that runs now


async def list_campaigns(database: Database, programme: Programme, moment: Moment) -> Sequence[Campaign]:
    """Every offer, and every earning rule with a budget or a margin floor, in the file's order, with what it did."""
    brand = programme.section(ProgrammeConfig)
    offers = list(programme.section(OffersConfig))
    rules = [rule for rule in programme.section(EarningConfig).rules if rule.budget or rule.margin_floor is not None]
    keys = [*(offer.key for offer in offers), *(rule.key for rule in rules)]
    kinds = ["offer"] * len(offers) + ["rule"] * len(rules)
    async with database.snapshot() as db:
        rows = await db.fetch(statement("campaigns"), keys, kinds, moment.now, brand.home_currency)
        pots = await figures_of(db, [f"{kind}:{key}" for kind, key in zip(kinds, keys, strict=True)])
    told = _Told(programme, moment, {(row["kind"], row["key"]): row for row in rows}, pots)
    return (
        *(told.campaign("offer", offer.key, offer.creative.title, offer) for offer in offers),
        *(told.campaign("rule", rule.key, rule.name, rule) for rule in rules),
    )


class _Told:
    """What was read, to be told campaign by campaign."""

    def __init__(
        self, programme: Programme, moment: Moment, rows: Mapping[tuple[str, str], Any], pots: Sequence[PotFigures]
    ) -> None:
        self.programme, self.moment, self.rows, self.pots = programme, moment, rows, pots
        brand = programme.section(ProgrammeConfig)
        self.zone, self.digits = brand.time_zone, minor_digits(brand.home_currency)

    def campaign(self, kind: Literal["offer", "rule"], key: str, name: Text, declared: Any) -> Campaign:
        """One campaign's record; `declared` is the offer or the rule."""
        row = self.rows[kind, key]
        pot = self._pot(kind, key, declared.budget)
        cost = self._cost(kind, key, declared, row)
        known, revenue = Decimal(repr(row["known_revenue_minor"])), row["revenue_minor"]
        share = known / revenue if revenue else Decimal(0)
        left = known - Decimal(repr(row["goods_cost"])).scaleb(self.digits)
        if not _is_discount(declared):  # what a discount took off is not in the revenue any more
            left -= cost * share
        state: CampaignState = declared.state if isinstance(declared, Offer) else "live"
        return Campaign(
            kind=kind,
            key=key,
            name=name,
            state="exhausted" if state == "live" and pot is not None and pot.exhausted else state,
            targets=declared.targets if isinstance(declared, Offer) else Targets(),
            reach=row["reach"] if kind == "offer" else None,
            claimed=row["claimed"] if kind == "offer" else None,
            used=row["used"],
            cost_minor=cost,
            revenue_minor=revenue,
            margin_percent=round(100 * left / known, 2) if known > 0 else None,
            margin_known_percent=round(100 * share, 2),
            margin_floor=declared.margin_floor,
            budget=declared.budget,
            pot=pot,
        )

    def _pot(self, kind: str, key: str, budget: Budget | None) -> PotFigures | None:
        if budget is None:
            return None
        period = period_of(budget.per, self.moment.now, self.zone)
        found = (pot for pot in self.pots if pot.key == f"{kind}:{key}" and pot.period == period)
        money = minor_of(budget.money, self.digits)
        return next(found, PotFigures(f"{kind}:{key}", period, money, money, 0, 0))

    def _cost(self, kind: str, key: str, declared: Any, row: Any) -> int:
        """What its pots were used for; without a budget, its units at their worth, or its uses at their most."""
        if declared.budget is not None:
            return sum(pot.used_minor for pot in self.pots if pot.key == f"{kind}:{key}")
        if row["units"]:
            currencies = {one.key: one for one in self.programme.section(Currencies)}
            worth = sum(
                (from_units(int(units), currencies[name].decimals) * currencies[name].worth)
                for name, units in row["units"].items()
                if name in currencies
            )
            return minor_of(Decimal(worth), self.digits)
        return row["used"] * (cost_minor(declared, self.programme) or 0) if isinstance(declared, Offer) else 0


def _is_discount(declared: Any) -> bool:
    return isinstance(declared, Offer) and declared.benefit.type in ("discount_amount", "discount_percent")
