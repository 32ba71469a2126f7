"""What staff are told when a budget goes to its end: a line in the log; webhooks carry the event itself."""

from uuid import UUID

import structlog

from fedele.domains.budgets.events import BudgetExhausted, BudgetThresholdReached
from fedele.jobs.types import Handler

log = structlog.get_logger(__name__)


def handlers() -> tuple[Handler, ...]:
    """Both events, logged as warnings."""
    return (
        Handler("budgets.tell_threshold", BudgetThresholdReached, _tell),
        Handler("budgets.tell_exhausted", BudgetExhausted, _tell),
    )


async def _tell(event: BudgetThresholdReached | BudgetExhausted, _outbox_id: UUID) -> None:
    log.warning(
        "budget_exhausted" if isinstance(event, BudgetExhausted) else "budget_threshold_reached",
        pot=event.pot,
        period=event.period,
        percent=event.percent,
        money_minor=event.money_minor,
        left_minor=event.left_minor,
    )
