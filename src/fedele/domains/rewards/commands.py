"""Taking a reward, using it, giving it back."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Burn, Restore, TransactionId
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors, events, queries
from fedele.domains.rewards.codes import new_code
from fedele.domains.rewards.config import Reward, RewardsConfig, VoucherCode
from fedele.domains.rewards.eligibility import decide, price
from fedele.domains.rewards.types import Redemption, RedemptionId
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import NotFound

SCOPE = "reward"


async def redeem_reward(
    tx: Transaction, programme: Programme, member_id: MemberId, reward_key: str, key: str, moment: Moment
) -> Redemption:
    """Spend the reward's price and give it to the member. Repeating the call with the same key returns the first.

    Raises NotFound, RewardNotOpen, RewardNotForMember, RewardLimitReached, RewardOutOfStock, InsufficientPoints,
    KeyReused.
    """
    held = await claim(tx, f"redeem:{member_id}", key, {"reward": reward_key}, member_id)
    if held.response is not None:
        return await _get(tx, member_id, RedemptionId(UUID(held.response["redemption_id"])), moment)
    await tx.lock_member(member_id)
    reward = programme.section(RewardsConfig).find(reward_key)
    facts = await find_facts(tx, programme, member_id, moment.now)
    if reward is None or facts is None or not facts.active:
        raise NotFound(what="reward", field="rewardId")
    status = await status_of(tx, programme, member_id, moment)
    tier = status.current if status else None
    counts = await queries.counts_of(tx, programme, member_id, moment.now)
    if stopped := decide(reward, facts, tier, counts, moment.now, programme.section(ProgrammeConfig).time_zone):
        raise stopped
    redemption_id = RedemptionId(new_id())
    units = price(reward, tier, programme.section(Currencies).get(reward.cost.currency).decimals)
    await _take_stock(tx, reward)
    code = await _code(tx, reward, redemption_id)
    burn = Burn(
        scope=SCOPE,
        key=str(redemption_id),
        currency=CurrencyKey(reward.cost.currency),
        units=units,
        programme_version=programme.version,
        reason={"reward": reward.key, "redemption_id": str(redemption_id), "tier": tier},
    )
    (posting,) = await post(tx, member_id, [burn], moment)
    await _write(
        tx, programme, member_id, redemption_id, reward, code, units, posting.transaction_id,
        _usable_until(reward, programme, moment), moment,
    )  # fmt: skip
    redemption = await _get(tx, member_id, redemption_id, moment)
    await held.answer(tx, {"redemption_id": str(redemption_id)})
    await tx.publish(_event(events.RewardRedeemed, redemption, moment))
    return redemption


async def give_reward(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward_key: str,
    because: UUID,
    usable_until: datetime,
    moment: Moment,
) -> Redemption:
    """Give a reward for nothing (an offer's benefit, a make-good). `because` is what it is for, and makes it once.

    Takes stock like a redemption; limits per member are the giver's to keep. Raises NotFound, RewardOutOfStock.
    """
    await tx.lock_member(member_id)
    redemption_id = RedemptionId(because)
    if earlier := await queries.find_redemption(tx, member_id, redemption_id, moment.now):
        return earlier
    reward = programme.section(RewardsConfig).find(reward_key)
    if reward is None:
        raise NotFound(what="reward")
    await _take_stock(tx, reward)
    code = await _code(tx, reward, redemption_id)
    await _write(tx, programme, member_id, redemption_id, reward, code, 0, None, usable_until, moment)
    redemption = await _get(tx, member_id, redemption_id, moment)
    await tx.publish(_event(events.RewardRedeemed, redemption, moment))
    return redemption


async def cancel_redemption(
    tx: Transaction, member_id: MemberId, redemption_id: RedemptionId, moment: Moment
) -> Redemption:
    """Give a held reward back: the units return to their own lots with their own expiry, the stock to the shelf.

    Repeating the call changes nothing. Raises NotFound, RedemptionNotHeld.
    """
    await tx.lock_member(member_id)
    redemption = await _get(tx, member_id, redemption_id, moment)
    if redemption.status == "cancelled":
        return redemption
    if redemption.status != "held":
        raise errors.RedemptionNotHeld(status=redemption.status)
    transaction_id = await tx.fetch_value(
        """
        UPDATE redemption SET status = 'cancelled' WHERE member_id = $1 AND redemption_id = $2
        RETURNING transaction_id
        """,
        member_id, redemption_id,
    )  # fmt: skip
    if transaction_id is not None:  # a reward that was given cost nothing
        restore = Restore(
            scope=SCOPE,
            key=f"{redemption_id}:cancel",
            currency=CurrencyKey(redemption.currency),
            transaction_id=TransactionId(transaction_id),
            reason={"reward": redemption.reward_key, "cancelled": str(redemption_id)},
        )
        await post(tx, member_id, [restore], moment)
    # A code of a pool is not given out again: it may have been seen.
    await tx.execute("UPDATE reward_stock SET taken = taken - 1 WHERE reward_key = $1", redemption.reward_key)
    await tx.publish(_event(events.RedemptionCancelled, redemption, moment))
    return await _get(tx, member_id, redemption_id, moment)


async def use_redemption(
    tx: Transaction, member_id: MemberId, redemption_id: RedemptionId, store_id: str | None, moment: Moment
) -> Redemption:
    """Use a held reward up, once. Raises NotFound, RedemptionNotHeld (a second use is refused, also at once)."""
    await tx.lock_member(member_id)
    redemption = await _get(tx, member_id, redemption_id, moment)
    if redemption.status != "held":
        raise errors.RedemptionNotHeld(status=redemption.status)
    await tx.execute(
        """
        UPDATE redemption SET status = 'used', used_at = $3, used_store = $4
         WHERE member_id = $1 AND redemption_id = $2
        """,
        member_id, redemption_id, moment.now, store_id,
    )  # fmt: skip
    used = _event(events.RedemptionUsed, redemption, moment)
    await tx.publish(used)
    return await _get(tx, member_id, redemption_id, moment)


async def add_codes(tx: Transaction, reward_key: str, codes: Iterable[str]) -> int:
    """Put single-use codes into a reward's pool; answers how many were new. Repeating changes nothing."""
    added = await tx.fetch(
        """
        INSERT INTO reward_code (reward_key, code) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING
        RETURNING code
        """,
        reward_key, list(codes),
    )  # fmt: skip
    return len(added)


async def _write(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    redemption_id: RedemptionId,
    reward: Reward,
    code: str,
    units: int,
    transaction_id: TransactionId | None,
    usable_until: datetime,
    moment: Moment,
) -> None:
    await tx.execute(
        """
        INSERT INTO redemption (member_id, redemption_id, reward_key, programme_version, status, code, currency, units,
                                transaction_id, redeemed_at, usable_until)
        VALUES ($1, $2, $3, $4, 'held', $5, $6, $7, $8, $9, $10)
        """,
        member_id, redemption_id, reward.key, programme.version, code, reward.cost.currency, units, transaction_id,
        moment.now, usable_until,
    )  # fmt: skip


async def _take_stock(tx: Transaction, reward: Reward) -> None:
    if reward.stock is None:
        return
    taken = await tx.fetch_value(
        """
        INSERT INTO reward_stock (reward_key, taken) SELECT $1, 1 WHERE $2::bigint > 0
        ON CONFLICT (reward_key) DO UPDATE SET taken = reward_stock.taken + 1 WHERE reward_stock.taken < $2
        RETURNING taken
        """,
        reward.key, reward.stock,
    )  # fmt: skip
    if taken is None:
        raise errors.RewardOutOfStock()


async def _code(tx: Transaction, reward: Reward, redemption_id: RedemptionId) -> str:
    if not isinstance(reward, VoucherCode):
        return new_code()
    if reward.codes == "generated":
        return new_code(reward.prefix)
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


async def _get(tx: Transaction, member_id: MemberId, redemption_id: RedemptionId, moment: Moment) -> Redemption:
    redemption = await queries.find_redemption(tx, member_id, redemption_id, moment.now)
    if redemption is None:
        raise NotFound(what="redemption", field="redemptionId")
    return redemption


def _event(
    kind: type[events.RewardRedeemed] | type[events.RedemptionUsed] | type[events.RedemptionCancelled],
    redemption: Redemption,
    moment: Moment,
) -> events.RedemptionEvent:
    return kind(
        member_id=redemption.member_id,
        occurred_at=moment.now,
        redemption_id=redemption.id,
        reward_key=redemption.reward_key,
        currency=redemption.currency,
        units=redemption.units,
    )


def _usable_until(reward: Reward, programme: Programme, moment: Moment) -> datetime:
    """The end of the last day on which it can be used, on the programme's clock."""
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    last_day = reward.usable_for.after(moment.now.astimezone(zone).date())
    return datetime.combine(last_day + timedelta(days=1), time(0), zone).astimezone(UTC)
