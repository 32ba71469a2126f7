"""Value put aside while the customer packs: units as the ledger's holds, rewards so that no other basket uses them."""

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Database, Transaction
from fedele.db.idempotency import claim
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Hold as LedgerHold
from fedele.domains.ledger.types import Release, TransactionId
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import cancel_redemption, redeem_reward
from fedele.domains.rewards.queries import held_usable
from fedele.domains.rewards.types import RedemptionId
from fedele.domains.till import queries
from fedele.domains.till.commands.authorise import use_authorisation
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import HoldEmpty, HoldNotOpen, RewardNotUsable
from fedele.domains.till.types import Authorisation, Hold, HoldAsked, HoldId, HoldStatus
from fedele.jobs.alone import each_alone
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import InvalidInput, NotFound, Refusal

ProgrammeAt = Callable[[datetime], Awaitable[Programme]]
SCOPE = "till_hold"
DUE_BATCH = 200


async def hold_value(
    tx: Transaction,
    programme: Programme,
    asked: HoldAsked,
    authorisation: Authorisation,
    key: str,
    body: Mapping[str, Any],
    moment: Moment,
) -> Hold:
    """Put units and rewards aside until the hold's end. A repeat with the same key answers the first hold.

    Raises HoldEmpty, InvalidInput, InsufficientPoints, RewardNotUsable, the refusals of redeeming, MemberNotFound,
    MemberErased or KeyReused; a rotating code that was used before is the database's error FT001.
    """
    claimed = await claim(tx, f"hold/{asked.store_id}", key, body, asked.member_id)
    if claimed.response is not None:
        return await queries.get_hold(tx, asked.member_id, HoldId(UUID(claimed.response["hold_id"])), moment.now)
    _check(asked, programme)
    hold_id = HoldId(new_id())
    await tx.lock_member(asked.member_id)
    await _check_member(tx, asked.member_id)
    await use_authorisation(tx, asked.member_id, authorisation, "hold", hold_id, asked.store_id, moment)
    held_until = _held_until(programme, asked, moment)
    rewards = await _keep_rewards(tx, programme, asked, hold_id, moment)
    units = await _keep_units(tx, programme, asked, hold_id, held_until, moment)
    await tx.execute(
        """
        INSERT INTO till_hold (member_id, hold_id, store_id, status, fact, held_at, held_until, units, rewards)
        VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8)
        """,
        asked.member_id, hold_id, asked.store_id, authorisation.fact, moment.now, held_until, units, rewards,
    )  # fmt: skip
    kept = await tx.fetch(
        """
        INSERT INTO till_hold_reward (member_id, redemption_id, hold_id) SELECT $1, unnest($2::uuid[]), $3
        ON CONFLICT DO NOTHING RETURNING redemption_id
        """,
        asked.member_id, [reward["redemption_id"] for reward in rewards], hold_id,
    )  # fmt: skip
    if len(kept) != len(rewards):
        raise RewardNotUsable(field="rewards")
    await claimed.answer(tx, {"hold_id": str(hold_id), "member_id": str(asked.member_id)})
    return await queries.get_hold(tx, asked.member_id, hold_id, moment.now)


async def release_hold(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    hold_id: HoldId,
    moment: Moment,
    status: HoldStatus = "released",
) -> Hold:
    """Give what was put aside back: units to their own lots, rewards that the hold bought are cancelled.

    Repeating it changes nothing. Raises NotFound, or HoldNotOpen for a hold that a sale has used.
    """
    await tx.lock_member(member_id)
    hold = await queries.find_hold(tx, member_id, hold_id, moment.now)
    if hold is None:
        raise NotFound(what="hold", field="holdId")
    if hold.status == "settled":
        raise HoldNotOpen(field="holdId")
    ended = await tx.fetch_value(
        """
        UPDATE till_hold SET status = $3, ended_at = $4 WHERE member_id = $1 AND hold_id = $2 AND status = 'open'
        RETURNING hold_id
        """,
        member_id, hold_id, status, moment.now,
    )  # fmt: skip
    if ended is None:
        return hold
    await tx.execute("DELETE FROM till_hold_reward WHERE member_id = $1 AND hold_id = $2", member_id, hold_id)
    if hold.units:
        operations = [
            Release(
                scope=SCOPE,
                key=f"{hold_id}:{held.currency}:release",
                currency=CurrencyKey(held.currency),
                transaction_id=TransactionId(held.transaction_id),
                reason={"hold_id": str(hold_id), "released": status},
            )
            for held in hold.units
        ]
        await post(tx, member_id, operations, moment)
    for reward in hold.rewards:
        if reward.redeemed:
            # Used or given back elsewhere meanwhile, or not to be given back: then it stays as it is.
            with contextlib.suppress(Refusal):
                await cancel_redemption(tx, programme, member_id, RedemptionId(reward.redemption_id), moment)
    return await queries.get_hold(tx, member_id, hold_id, moment.now)


async def release_due(database: Database, programme_at: ProgrammeAt, moment: Moment) -> int:
    """Release every hold that has run out, each in a transaction of its own; how many there were."""
    count, programme = 0, await programme_at(moment.now)
    seen: set[tuple[MemberId, HoldId]] = set()
    while due := set(await queries.list_due_holds(database.reader, moment.now, DUE_BATCH)) - seen:
        count += await _release_each(database, programme, due, moment)
        seen |= due
    return count


async def release_due_of(database: Database, programme: Programme, member_id: MemberId, moment: Moment) -> int:
    """The same for one member, who wants to spend now what the clock's next round would give back; how many."""
    due = await queries.list_due_holds(database.reader, moment.now, DUE_BATCH, member_id)
    return await _release_each(database, programme, due, moment)


async def _release_each(
    database: Database, programme: Programme, due: Iterable[tuple[MemberId, HoldId]], moment: Moment
) -> int:
    async def release_one(named: tuple[MemberId, HoldId]) -> None:
        async with database.transaction() as tx:
            await release_hold(tx, programme, *named, moment, "expired")

    return await each_alone("till.release_holds", sorted(due), release_one)


def _check(asked: HoldAsked, programme: Programme) -> None:
    if not (asked.units or asked.rewards or asked.redeem):
        raise HoldEmpty(field="points")
    known = {currency.key for currency in programme.section(Currencies)}
    for currency, units in asked.units.items():
        if currency not in known or units <= 0:
            raise InvalidInput(problem="Name positive units of a currency of the programme.", field="points")
    if len(set(asked.rewards)) != len(asked.rewards):
        raise InvalidInput(problem="A reward is named twice.", field="rewards")


async def _check_member(tx: Transaction, member_id: MemberId) -> None:
    status = await tx.fetch_value("SELECT status FROM member WHERE member_id = $1", member_id)
    if status == "erased":
        raise MemberErased(field="memberId")
    if status != "active":
        raise MemberNotFound(field="memberId")


def _held_until(programme: Programme, asked: HoldAsked, moment: Moment) -> datetime:
    config = programme.section(TillConfig).hold
    minutes = config.minutes if asked.minutes is None else asked.minutes
    if not 1 <= minutes <= config.minutes_max:
        raise InvalidInput(problem=f"A hold lasts from 1 to {config.minutes_max} minutes.", field="minutes")
    return moment.now + timedelta(minutes=minutes)


async def _keep_units(
    tx: Transaction, programme: Programme, asked: HoldAsked, hold_id: HoldId, held_until: datetime, moment: Moment
) -> list[dict[str, Any]]:
    if not asked.units:
        return []
    operations = [
        LedgerHold(
            scope=SCOPE,
            key=f"{hold_id}:{currency}",
            currency=CurrencyKey(currency),
            units=units,
            held_until=held_until,
            programme_version=programme.version,
            reason={"hold_id": str(hold_id), "store": asked.store_id},
        )
        for currency, units in sorted(asked.units.items())
    ]
    return [
        {"currency": posting.currency, "units": posting.units, "transaction_id": str(posting.transaction_id)}
        for posting in await post(tx, asked.member_id, operations, moment)
    ]


async def _keep_rewards(
    tx: Transaction, programme: Programme, asked: HoldAsked, hold_id: HoldId, moment: Moment
) -> list[dict[str, Any]]:
    usable = await held_usable(tx, programme, asked.member_id, asked.store_id, moment.now)
    held = {one.redemption_id: one for one in usable}
    if set(asked.rewards) - set(held):
        raise RewardNotUsable(field="rewards")
    kept = [
        {
            "redemption_id": str(redemption_id),
            "reward_key": held[RedemptionId(redemption_id)].reward.key,
            "redeemed": False,
        }
        for redemption_id in asked.rewards
    ]
    for index, reward_key in enumerate(asked.redeem):
        bought = await redeem_reward(tx, programme, asked.member_id, reward_key, f"{hold_id}:{index}", moment)
        kept.append({"redemption_id": str(bought.id), "reward_key": bought.reward_key, "redeemed": True})
    return kept
