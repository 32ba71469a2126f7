"""What automatic rewards do when units come in, and when a return takes some back."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.auto_rewards import commands
from fedele.domains.auto_rewards.config import AutoRewardsConfig
from fedele.domains.auto_rewards.events import AutoRewardEvent, AutoRewardIssued, AutoRewardRevoked
from fedele.domains.ledger.events import (
    LedgerEvent,
    PointsAdjusted,
    PointsClawedBack,
    PointsEarned,
    PointsRestored,
    PointsSettled,
)
from fedele.domains.messaging import commands as messaging
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import AmountValue, Value
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.jobs.types import Handler

# Whatever makes units spendable. Losing one of these events costs a day: the day's close looks again.
INFLOWS: tuple[type[LedgerEvent], ...] = (PointsEarned, PointsSettled, PointsRestored, PointsAdjusted)


def handlers(database: Database, programme_at: ProgrammeAt, clock: Clock) -> tuple[Handler, ...]:
    """Automatic rewards' handlers, for bootstrap's list."""
    issue = _issuing(database, programme_at, clock)

    async def revoke(event: PointsClawedBack, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        if event.debt_incurred > 0 and _concerns(programme, event, at_once=False):
            async with database.transaction() as tx:
                await commands.revoke_for_debt(tx, programme, event.member_id, moment)

    return (
        *(Handler(f"auto_rewards.issue_on_{kind.kind.replace('.', '_')}", kind, issue) for kind in INFLOWS),
        Handler("auto_rewards.revoke_for_debt", PointsClawedBack, revoke),
        *(
            messaging.announcing(kind, told_of_auto_reward, database, programme_at, clock)
            for kind in (AutoRewardIssued, AutoRewardRevoked)
        ),
    )


def told_of_auto_reward(event: AutoRewardEvent, programme: Programme) -> Mapping[str, Value] | None:
    """`{reward}`, `{amount}` and `{redemption}` for a message; None if the reward left the programme."""
    reward = programme.section(RewardsConfig).find(event.reward_key)
    if reward is None:
        return None
    return {
        "reward": reward.name,
        "amount": AmountValue(event.currency, event.units),
        "redemption": str(event.redemption_id),
    }


def _issuing(
    database: Database, programme_at: ProgrammeAt, clock: Clock
) -> Callable[[LedgerEvent, UUID], Awaitable[None]]:
    async def issue(event: LedgerEvent, _outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        if event.units > 0 and not getattr(event, "pending", False) and _concerns(programme, event, at_once=True):
            async with database.transaction() as tx:
                await commands.issue_for_member(tx, programme, event.member_id, moment)

    return issue


def _concerns(programme: Programme, event: LedgerEvent, *, at_once: bool) -> bool:
    return any(
        auto.currency == event.currency and (auto.issue == "at_once" or not at_once)
        for auto in programme.section(AutoRewardsConfig)
    )
