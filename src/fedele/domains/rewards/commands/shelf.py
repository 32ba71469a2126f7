"""What several members reach for: stock and pooled codes, taken at once or reserved first."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from fedele.db.database import Database, Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors
from fedele.domains.rewards.commands.new_code import new_code
from fedele.domains.rewards.config import Coded, Reward, RewardsConfig
from fedele.domains.rewards.types import RedemptionId, Reservation
from fedele.jobs.alone import each_alone
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id
from fedele.kernel.refusal import InvalidInput, NotFound

log = structlog.get_logger(__name__)

# Paying takes milliseconds; a process that dies keeps one of the shelf from others for so long.
RESERVED_FOR = timedelta(minutes=2)


def ends(reward: Reward) -> bool:
    """Whether there is something to run out of: stock, or a pool of codes."""
    return reward.stock is not None or _pooled(reward)


async def reserve(tx: Transaction, reward: Reward, redemption_id: RedemptionId, moment: Moment) -> Reservation:
    """Promise one of the shelf to this redemption. Reserving again for the same one finds the first reservation.

    Meant for a short transaction of its own: the row of the stock is locked until it ends. Raises RewardOutOfStock.
    """
    until = moment.now + RESERVED_FOR
    made = await tx.fetch_value(
        """
        INSERT INTO reward_reservation (reward_key, reservation_id, stocked, reserved_until) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING reservation_id
        """,
        reward.key, redemption_id, reward.stock is not None, until,
    )  # fmt: skip
    if made is None:
        row = await tx.fetch_row(
            "SELECT * FROM reward_reservation WHERE reward_key = $1 AND reservation_id = $2", reward.key, redemption_id
        )
        if row is None:  # confirmed or released in this very moment: the caller looks again
            raise errors.RewardOutOfStock()
        return Reservation(reward.key, redemption_id, row["stocked"], row["code"], row["reserved_until"])
    await take_stock(tx, reward)
    code = await take_code(tx, reward, redemption_id)
    if code is not None:
        await tx.execute(
            "UPDATE reward_reservation SET code = $3 WHERE reward_key = $1 AND reservation_id = $2",
            reward.key, redemption_id, code,
        )  # fmt: skip
    return Reservation(reward.key, redemption_id, reward.stock is not None, code, until)


async def confirm(tx: Transaction, reservation: Reservation) -> bool:
    """Make the reservation the redemption's, in the transaction that pays. False: it was released meanwhile."""
    gone = await tx.fetch_value(
        "DELETE FROM reward_reservation WHERE reward_key = $1 AND reservation_id = $2 RETURNING reservation_id",
        reservation.reward_key, reservation.id,
    )  # fmt: skip
    return gone is not None


async def release(tx: Transaction, reservation: Reservation) -> None:
    """Put what was reserved back on the shelf; nothing if it was confirmed or released already."""
    if not await confirm(tx, reservation):
        return
    if reservation.stocked:
        await put_back(tx, reservation.reward_key)
    if reservation.code is not None:  # nobody has seen it: it may be given to another
        await tx.execute(
            "UPDATE reward_code SET redemption_id = NULL WHERE reward_key = $1 AND code = $2",
            reservation.reward_key, reservation.code,
        )  # fmt: skip


async def release_lapsed(database: Database, at: datetime, count_max: int = 1000) -> int:
    """Release the reservations of processes that died while paying (pitfall 19); how many."""
    rows = await database.reader.fetch(
        "SELECT * FROM reward_reservation WHERE reserved_until <= $1 ORDER BY reserved_until LIMIT $2", at, count_max
    )

    async def release_one(reservation: Reservation) -> None:
        async with database.transaction() as tx:
            await release(tx, reservation)

    lapsed = [
        Reservation(
            row["reward_key"], RedemptionId(row["reservation_id"]), row["stocked"], row["code"], row["reserved_until"]
        )
        for row in rows
    ]
    return await each_alone("rewards.release", lapsed, release_one)


async def take_stock(tx: Transaction, reward: Reward) -> None:
    """Take one of a stocked reward; its row is locked until the transaction ends. Raises RewardOutOfStock."""
    if reward.stock is None:
        return
    # Not there yet: nobody took one, and staff added none.
    await tx.execute("INSERT INTO reward_stock (reward_key, taken) VALUES ($1, 0) ON CONFLICT DO NOTHING", reward.key)
    taken = await tx.fetch_value(
        "UPDATE reward_stock SET taken = taken + 1 WHERE reward_key = $1 AND taken < $2 + added RETURNING taken",
        reward.key, reward.stock,
    )  # fmt: skip
    if taken is None:
        raise errors.RewardOutOfStock()


async def put_back(tx: Transaction, reward_key: str) -> None:
    """Put one on the shelf again."""
    await tx.execute("UPDATE reward_stock SET taken = taken - 1 WHERE reward_key = $1", reward_key)


async def take_code(tx: Transaction, reward: Reward, redemption_id: RedemptionId) -> str | None:
    """A code of the reward's pool, given to nobody else; None if it has no pool. Raises RewardOutOfStock."""
    if not _pooled(reward):
        return None
    code: str | None = await tx.fetch_value(
        """
        UPDATE reward_code SET redemption_id = $2
         WHERE (reward_key, code) = (
               SELECT reward_key, code FROM reward_code WHERE reward_key = $1 AND redemption_id IS NULL
                ORDER BY code LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING code
        """,
        reward.key, redemption_id,
    )  # fmt: skip
    if code is None:
        raise errors.RewardOutOfStock()
    return code


async def code_for(tx: Transaction, reward: Reward, redemption_id: RedemptionId) -> str:
    """What the till or the shop asks for: from the pool, or a new one."""
    pooled = await take_code(tx, reward, redemption_id)
    return pooled if pooled is not None else fresh_code(reward)


def fresh_code(reward: Reward) -> str:
    """A generated code with the reward's prefix."""
    return new_code(reward.prefix) if isinstance(reward, Coded) else new_code()


async def add_codes(tx: Transaction, reward_key: str, codes: Iterable[str]) -> int:
    """Put single-use codes into a reward's pool; answers how many were new. Repeating changes nothing.

    Raises InvalidInput for an empty or overlong code.
    """
    given = [code.strip() for code in codes]
    if wrong := [code for code in given if not 1 <= len(code) <= 200]:
        raise InvalidInput(problem=f"A code has 1 to 200 characters; {len(wrong)} have not.", field="codes")
    added = await tx.fetch(
        """
        INSERT INTO reward_code (reward_key, code) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING
        RETURNING code
        """,
        reward_key, given,
    )  # fmt: skip
    return len(added)


async def adjust_stock(
    tx: Transaction, programme: Programme, reward_key: str, units: int, reason: str, actor: str, moment: Moment
) -> None:
    """Put `units` more on the shelf than the programme says (below zero: take them off).

    Raises NotFound, InvalidInput for a reward that does not end, for no reason, and for taking off more than is left.
    """
    reward = programme.section(RewardsConfig).find(reward_key)
    if reward is None:
        raise NotFound(what="reward", field="rewardKey")
    if reward.stock is None:
        raise InvalidInput(problem=f"'{reward_key}' has no stock: it does not end.", field="rewardKey")
    if not reason.strip() or units == 0:
        raise InvalidInput(problem="Say how many, and why.", field="reason" if units else "units")
    await tx.execute("INSERT INTO reward_stock (reward_key, taken) VALUES ($1, 0) ON CONFLICT DO NOTHING", reward_key)
    changed = await tx.fetch_value(
        """
        UPDATE reward_stock SET added = added + $2
         WHERE reward_key = $1 AND ($2 > 0 OR taken <= $3 + added + $2) RETURNING added
        """,
        reward_key, units, reward.stock,
    )  # fmt: skip
    if changed is None:
        raise InvalidInput(problem="Fewer are left than would be taken off.", field="units")
    await tx.execute(
        """
        INSERT INTO reward_stock_change (reward_key, change_id, units, reason, actor, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        reward_key, new_id(), units, reason.strip(), actor, moment.now,
    )  # fmt: skip


async def warn_of_low_pools(database: Database, programme: Programme) -> list[str]:
    """Log every pool that has so few codes left that operators should fill it; their reward keys."""
    pools = {
        one.key: one.pool_low_at
        for one in programme.section(RewardsConfig)
        if isinstance(one, Coded) and one.codes == "pool"
    }
    if not pools:
        return []
    rows = await database.reader.fetch(
        """
        SELECT k.reward_key, (SELECT count(*) FROM reward_code c
                               WHERE c.reward_key = k.reward_key AND c.redemption_id IS NULL) AS free
          FROM unnest($1::text[]) AS k (reward_key)
        """,
        list(pools),
    )
    low = {row["reward_key"]: row["free"] for row in rows if row["free"] <= pools[row["reward_key"]]}
    for key, free in low.items():
        log.warning("reward_pool_low", reward=key, codes_free=free, warn_at=pools[key])
    return sorted(low)


def _pooled(reward: Reward) -> bool:
    return isinstance(reward, Coded) and reward.codes == "pool"
