"""Taking a reward for its price: reserve what ends, spend, confirm."""

from typing import NamedTuple
from uuid import UUID, uuid5

from fedele.db.database import Database, Queryable, Transaction
from fedele.db.idempotency import claim
from fedele.domains.fraud.commands import refuse_if_blocked
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Burn
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors, events, queries
from fedele.domains.rewards.commands import shelf
from fedele.domains.rewards.commands.budget import reserve_cost
from fedele.domains.rewards.commands.kinds import check_delivery, take_effect
from fedele.domains.rewards.commands.writing import SCOPE, event, get, usable_until, write
from fedele.domains.rewards.config import Reward, RewardsConfig
from fedele.domains.rewards.eligibility import decide, price
from fedele.domains.rewards.types import Asked, Delivery, Redemption, RedemptionId, Reservation, address_of
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey, to_units
from fedele.kernel.refusal import NotFound, Refusal
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


class _Right(NamedTuple):
    """What a member may have now, at which price."""

    reward: Reward
    asked: Asked
    tier: str | None
    spendable: int


async def redeem(
    database: Database,
    programme: Programme,
    member_id: MemberId,
    reward_key: str,
    key: str,
    moment: Moment,
    delivery: Delivery | None = None,
) -> Redemption:
    """Take a reward, in transactions of its own: what ends is reserved, then units are spent and that is confirmed.

    So a stock's row is locked for a moment only, however slow the payment. Repeating the call with the same key returns
    the first redemption. Raises what `redeem_reward` raises; then nothing is spent, and nothing stays reserved.
    """
    reward = programme.section(RewardsConfig).find(reward_key)

    async def plainly() -> Redemption:
        # Claims the key before anything else: a twin of this request is waited for, and its answer is ours.
        async with database.transaction() as tx:
            return await redeem_reward(tx, programme, member_id, reward_key, key, moment, delivery)

    if reward is None or not shelf.ends(reward):
        return await plainly()
    reservation = await _reserve(database, programme, member_id, reward, key, moment)
    if reservation is None:
        return await plainly()
    try:
        async with database.transaction() as tx:
            return await redeem_reward(
                tx, programme, member_id, reward_key, key, moment, delivery, reservation=reservation
            )
    except _ReservationGone:
        return await plainly()
    except BaseException:
        async with database.transaction() as tx:
            await shelf.release(tx, reservation)
        raise


async def redeem_reward(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    reward_key: str,
    key: str,
    moment: Moment,
    delivery: Delivery | None = None,
    *,
    reservation: Reservation | None = None,
) -> Redemption:
    """Spend the reward's price and give it to the member, within a caller's transaction. Repeating the call with the
    same key returns the first. Without a reservation, stock is taken at once and its row locked until the end.

    Raises NotFound, RewardNotOpen, RewardNotForMember, RewardRequirementUnmet, RewardLimitReached, RewardChoiceMade,
    RewardOutOfStock, BudgetExhausted, DeliveryNeeded, InvalidInput, InsufficientPoints, KeyReused.
    """
    held = await claim(tx, f"redeem:{member_id}", key, _body(reward_key, delivery), member_id)
    if held.response is not None:
        if reservation is not None:
            await shelf.release(tx, reservation)
        return await get(tx, member_id, RedemptionId(UUID(held.response["redemption_id"])), moment)
    await tx.lock_member(member_id)
    await refuse_if_blocked(tx, member_id)
    reward = programme.section(RewardsConfig).find(reward_key)
    if reward is None:
        raise NotFound(what="reward", field="rewardId")
    right = await _check(tx, programme, member_id, reward, moment, reserved=reservation is not None)
    check_delivery(reward, delivery)
    redemption_id = _id_of(member_id, key)
    if reservation is None:
        await shelf.take_stock(tx, reward)
        code = await shelf.code_for(tx, reward, redemption_id)
    else:
        if not await shelf.confirm(tx, reservation):
            raise _ReservationGone()
        code = reservation.code or shelf.fresh_code(reward)
    paid = await _pay(tx, programme, member_id, redemption_id, right, moment)
    until = usable_until(reward, programme, moment.now)
    await reserve_cost(tx, programme, member_id, reward, redemption_id, until, moment)
    await write(tx, programme, member_id, redemption_id, reward, code, paid, until, "member", moment)
    redemption = await get(tx, member_id, redemption_id, moment)
    await tx.publish(event(events.RewardRedeemed, redemption, moment))
    await take_effect(tx, programme, redemption, reward, right.tier, delivery, moment)
    await held.answer(tx, {"redemption_id": str(redemption_id)})
    return await get(tx, member_id, redemption_id, moment)


async def _check(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    reward: Reward,
    moment: Moment,
    *,
    reserved: bool = False,
) -> _Right:
    """What this member may have, at which price, or the refusal. With `reserved` the shelf is not asked again."""
    facts = await find_facts(db, programme, member_id, moment.now)
    if facts is None or not facts.active:
        raise NotFound(what="reward", field="rewardId")
    status = await status_of(db, programme, member_id, moment)
    tier = status.current if status else None
    counts = await queries.counts_of(db, programme, member_id, moment.now)
    time_zone = programme.section(ProgrammeConfig).time_zone
    bindings = MEMBER_ENVIRONMENT.bind(facts.bindings(moment.now, time_zone, tier))
    rewards = programme.section(RewardsConfig)
    stopped = decide(reward, rewards, facts, tier, bindings, counts, moment.now, time_zone)
    if stopped and not (reserved and isinstance(stopped, errors.RewardOutOfStock)):
        raise stopped
    assert reward.cost is not None, "what is not sold is for nobody"
    decimals = programme.section(Currencies).get(reward.cost.currency).decimals
    spendable = to_units(facts.values["member.balances"][reward.cost.currency], decimals)
    return _Right(reward, price(reward, tier, bindings, decimals), tier, spendable)


async def _pay(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    redemption_id: RedemptionId,
    right: _Right,
    moment: Moment,
) -> tuple[str | None, int, UUID | None]:
    """Burn the price: currency, units and the ledger's transaction; nothing is burned for what is free."""
    reward, asked = right.reward, right.asked
    assert reward.cost is not None, "what is not sold is for nobody"
    if asked.units == 0:
        return reward.cost.currency, 0, None
    reason = {"reward": reward.key, "redemption_id": str(redemption_id), "tier": right.tier}
    if asked.units != asked.usual:
        reason["usual"] = str(asked.usual)
    burn = Burn(
        scope=SCOPE,
        key=str(redemption_id),
        currency=CurrencyKey(reward.cost.currency),
        units=asked.units,
        programme_version=programme.version,
        reason=reason,
    )
    (posting,) = await post(tx, member_id, [burn], moment)
    return reward.cost.currency, asked.units, posting.transaction_id


async def _reserve(
    database: Database, programme: Programme, member_id: MemberId, reward: Reward, key: str, moment: Moment
) -> Reservation | None:
    """Reserve one, in a transaction of its own; None where the member cannot have it, or has it already.

    Who cannot have it must not keep it from others, not even for a moment. Why they cannot is said later, by the one
    place that knows of twins.
    """
    try:
        right = await _check(database.reader, programme, member_id, reward, moment)
        if right.spendable < right.asked.units or await _answered(database.reader, member_id, key):
            return None
        async with database.transaction() as tx:
            return await shelf.reserve(tx, reward, _id_of(member_id, key), moment)
    except Refusal:
        return None


async def _answered(db: Queryable, member_id: MemberId, key: str) -> bool:
    response = await db.fetch_value(
        "SELECT response FROM request WHERE scope = $1 AND key = $2", f"redeem:{member_id}", key
    )
    return response is not None


def _id_of(member_id: MemberId, key: str) -> RedemptionId:
    """One id for one request: a retry at the same instant reserves nothing more."""
    return RedemptionId(uuid5(member_id, f"redeem:{key}"))


def _body(reward_key: str, delivery: Delivery | None) -> dict[str, object]:
    body: dict[str, object] = {"reward": reward_key}
    return body | ({"delivery": [delivery.recipient, address_of(delivery)]} if delivery else {})


class _ReservationGone(Exception):
    """The time was up before the price was paid, or a twin of this request used it."""
