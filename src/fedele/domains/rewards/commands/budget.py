"""What redeemed rewards hold of their campaign's budget: reserved until used, given back with the reward."""

from datetime import datetime

from fedele.db.database import Transaction
from fedele.domains.budgets.commands import take
from fedele.domains.budgets.types import Take, minor_of, pot_of
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import Reward
from fedele.domains.rewards.types import RedemptionId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import minor_digits

USED_AT_A_STORE = frozenset({"discount_amount", "discount_percent", "free_product", "free_shipping", "experience"})


async def reserve_cost(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward: Reward,
    redemption_id: RedemptionId,
    until: datetime,
    moment: Moment,
) -> None:
    """Reserve what one of this reward costs, if it has a budget. Raises BudgetExhausted; then nothing was redeemed."""
    budget = reward.budget
    if budget is None or not budget.unit_cost:
        return
    brand = programme.section(ProgrammeConfig)
    digits = minor_digits(brand.home_currency)
    cost = minor_of(budget.unit_cost, digits)
    pot = pot_of(
        f"reward:{reward.key}",
        budget,
        moment.now,
        time_zone=brand.time_zone,
        digits=digits,
        version=programme.version,
        least_minor=cost,
    )
    # A code, a gift or an entry is out of our hands once it is given; the rest may still lapse unused.
    lapses = until if reward.type in USED_AT_A_STORE else None
    await take(tx, member_id, [Take(pot, redemption_id, cost, until=lapses, source_id=redemption_id)], moment)
