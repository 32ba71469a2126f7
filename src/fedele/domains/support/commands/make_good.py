"""Giving a make-good: once a cause, within its limits and its budget."""

from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.budgets.commands import take
from fedele.domains.budgets.errors import BudgetExhausted
from fedele.domains.budgets.types import Take, minor_of, pot_of
from fedele.domains.prizes.commands import give_prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.support import queries
from fedele.domains.support.config import MakeGood
from fedele.domains.support.events import MakeGoodGiven
from fedele.domains.support.routing import limit_since
from fedele.domains.support.types import CaseId, MakeGoodOutcome, SourceKind
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import minor_digits

_KEEP = """
INSERT INTO make_good (member_id, make_good_id, rule, cause_kind, cause_id, outcome, case_id, currency, units,
                       transaction_id, redemption_id, decided_at, programme_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


class _NothingThere(Exception):
    """The prize's reward is out of stock, and nothing takes its place."""


async def give_make_good(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    make_good: MakeGood,
    cause: tuple[SourceKind, UUID],
    case_id: CaseId | None,
    tier: str | None,
    moment: Moment,
) -> MakeGoodOutcome | None:
    """Give it, or write down why not; None where it was decided before. The caller holds the member's lock."""
    kind, cause_id = cause
    if await queries.is_made_good(tx, member_id, make_good.key, cause_id):
        return None
    make_good_id = new_id()
    given, outcome = await _try(tx, programme, member_id, make_good, make_good_id, cause_id, tier, moment)
    await tx.execute(
        _KEEP, member_id, make_good_id, make_good.key, kind, cause_id, outcome, case_id, given.currency, given.units,
        given.transaction_id, given.redemption_id, moment.now, programme.version,
    )  # fmt: skip
    if outcome == "given":
        await tx.publish(
            MakeGoodGiven(
                member_id=member_id, occurred_at=moment.now, rule=make_good.key, cause_id=cause_id,
                currency=given.currency, units=given.units,
            )
        )  # fmt: skip
    return outcome


async def _try(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    make_good: MakeGood,
    make_good_id: UUID,
    cause_id: UUID,
    tier: str | None,
    moment: Moment,
) -> tuple[Given, MakeGoodOutcome]:
    if await _is_used_up(tx, programme, member_id, make_good, moment):
        return Given(), "limit"
    cause = Cause("make_good", make_good.key, f"{make_good.key}:{cause_id}")
    try:
        async with tx.savepoint():  # money that was taken for a prize that cannot be given goes back
            await _pay(tx, programme, member_id, make_good, make_good_id, moment)
            given = await give_prize(tx, programme, member_id, make_good.prize, cause, tier, moment)
            if not given.units and given.redemption_id is None:
                raise _NothingThere
    except BudgetExhausted:
        return Given(), "budget"
    except _NothingThere:
        return Given(), "out_of_stock"
    return given, "given"


async def _is_used_up(
    tx: Transaction, programme: Programme, member_id: MemberId, make_good: MakeGood, moment: Moment
) -> bool:
    zone = programme.section(ProgrammeConfig).time_zone
    for limit in make_good.limits:
        since = limit_since(limit, moment.now, zone)
        if await queries.count_make_goods(tx, member_id, make_good.key, since) >= limit.times_max:
            return True
    return False


async def _pay(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    make_good: MakeGood,
    make_good_id: UUID,
    moment: Moment,
) -> None:
    budget = make_good.budget
    if budget is None or not budget.unit_cost:
        return
    brand = programme.section(ProgrammeConfig)
    digits = minor_digits(brand.home_currency)
    cost = minor_of(budget.unit_cost, digits)
    pot = pot_of(
        f"make_good:{make_good.key}", budget, moment.now, time_zone=brand.time_zone, digits=digits,
        version=programme.version, least_minor=cost,
    )  # fmt: skip
    await take(tx, member_id, [Take(pot, make_good_id, cost)], moment)
