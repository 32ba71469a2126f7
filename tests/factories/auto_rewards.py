"""A programme with automatic rewards, and members who earn into them without a till."""

from collections.abc import Callable
from datetime import UTC, datetime

from fedele.db.database import Database
from fedele.domains.auto_rewards.handlers import handlers
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.ledger.types import Balance, Clawback, TransactionId
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.queries import list_redemptions
from fedele.jobs.inline import run_what_follows
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.ledger import earn

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


async def follow(database: Database, programme: Programme, now: datetime = NOW) -> None:
    """Let the automatic rewards' handlers see what was announced."""

    async def at(_when: datetime) -> Programme:
        return programme

    clock: Callable[[], Moment] = lambda: Moment(now)  # noqa: E731 - one line says it
    await run_what_follows(database, handlers(database, at, clock))


async def earns(
    database: Database,
    programme: Programme,
    member_id: MemberId,
    units: int,
    now: datetime = NOW,
    currency: str = "points",
) -> TransactionId:
    """Give units of one purchase, and what follows; the ledger's transaction."""
    async with database.transaction() as tx:
        operation = earn(units, key=str(new_id()), currency=CurrencyKey(currency), occurred_at=now)
        (posting,) = await post(tx, member_id, [operation], Moment(now))
    await follow(database, programme, now)
    assert posting.transaction_id is not None
    return posting.transaction_id


async def takes_back(
    database: Database,
    programme: Programme,
    member_id: MemberId,
    transaction_id: TransactionId,
    units: int,
    now: datetime = NOW,
    currency: str = "points",
) -> None:
    """Take back units of a purchase that came back, and what follows."""
    clawback = Clawback(
        scope="test", key=str(new_id()), currency=CurrencyKey(currency), transaction_id=transaction_id, units=units,
        mode="debt",
    )  # fmt: skip
    async with database.transaction() as tx:
        await post(tx, member_id, [clawback], Moment(now))
    await follow(database, programme, now)


async def balance_of(database: Database, member_id: MemberId, now: datetime = NOW) -> Balance:
    """The member's only balance."""
    (balance,) = (await balances_by_member(database.reader, [member_id], now))[member_id]
    return balance


async def held(database: Database, member_id: MemberId, now: datetime = NOW) -> list[str]:
    """The reward keys that the member holds, sorted."""
    page = await list_redemptions(database.reader, member_id, now, 100)
    return sorted(one.reward_key for one in page.items if one.status == "held")
