"""What becomes of a redemption: used, sent, given back, revoked; and forgotten with its member."""

from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.budgets.commands import confirm, release
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Restore, TransactionId
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors, events, queries
from fedele.domains.rewards.commands import shelf
from fedele.domains.rewards.commands.kinds import check_delivery, set_delivery
from fedele.domains.rewards.commands.writing import SCOPE, event, get
from fedele.domains.rewards.eligibility import may_give_back
from fedele.domains.rewards.types import Delivery, Redemption, RedemptionId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import NotFound


async def cancel_redemption(
    tx: Transaction, programme: Programme, member_id: MemberId, redemption_id: RedemptionId, moment: Moment
) -> Redemption:
    """Give a held reward back: the units return to their own lots with their own expiry, the stock to the shelf.

    Repeating the call changes nothing. Raises NotFound, RedemptionNotHeld, RedemptionFinal.
    """
    await tx.lock_member(member_id)
    redemption = await get(tx, member_id, redemption_id, moment)
    if redemption.status == "cancelled":
        return redemption
    if redemption.status != "held":
        raise errors.RedemptionNotHeld(status=redemption.status)
    if not may_give_back(queries.reward_of(redemption, programme), redemption.source):
        raise errors.RedemptionFinal()
    if redemption.entry_number is not None and await _is_drawn(tx, redemption.reward_key):
        raise errors.RedemptionFinal()  # whoever has lost does not get the stake back
    return await _take_back(tx, redemption, "member", moment, programme)


async def _is_drawn(tx: Transaction, reward_key: str) -> bool:
    """Whether the draw was made. Waits for one that is being made; none is made before the transaction ends."""
    await tx.execute("SELECT FROM sweepstake WHERE reward_key = $1 FOR UPDATE", reward_key)
    return await queries.find_draw(tx, reward_key) is not None


async def revoke_redemption(
    tx: Transaction,
    member_id: MemberId,
    redemption_id: RedemptionId,
    because: str,
    moment: Moment,
    programme: Programme | None = None,
) -> Redemption:
    """Take a held reward back and return what was paid, whatever its kind: for staff, and for what was given in vain.

    `because` is a word for the record, no personal data. `programme` says how long units live whose own expiry has
    passed (None: they are gone). Repeating the call changes nothing. Raises NotFound, RedemptionNotHeld (also when it
    is sent already).
    """
    await tx.lock_member(member_id)
    redemption = await get(tx, member_id, redemption_id, moment)
    if redemption.status == "cancelled":
        return redemption
    if redemption.status != "held":
        raise errors.RedemptionNotHeld(status=redemption.status)
    return await _take_back(tx, redemption, because, moment, programme)


async def _take_back(
    tx: Transaction, redemption: Redemption, because: str, moment: Moment, programme: Programme | None
) -> Redemption:
    """Undo a held redemption whose member is locked: price, shelf, entry and delivery."""
    member_id, redemption_id = redemption.member_id, redemption.id
    row = await tx.fetch_row(
        """
        UPDATE redemption SET status = 'cancelled', fulfilment = NULL, ended_because = $3
         WHERE member_id = $1 AND redemption_id = $2 RETURNING transaction_id, stocked
        """,
        member_id, redemption_id, because,
    )  # fmt: skip
    assert row is not None, "it was read under the member's lock"
    if row["transaction_id"] is not None:  # a reward that was given cost nothing
        await _restore(tx, programme, redemption, TransactionId(row["transaction_id"]), because, moment)
    if row["stocked"]:
        await shelf.put_back(tx, redemption.reward_key)
    await release(tx, member_id, redemption_id, moment)  # of its budget, if it has one
    # A code of a pool is not given out again: it may have been seen.
    if redemption.entry_number is not None:
        await tx.execute(
            "UPDATE sweepstake_entry SET withdrawn_at = $3 WHERE member_id = $1 AND redemption_id = $2",
            member_id, redemption_id, moment.now,
        )  # fmt: skip
    if redemption.fulfilment is not None:
        await tx.execute(
            "DELETE FROM redemption_delivery WHERE member_id = $1 AND redemption_id = $2", member_id, redemption_id
        )
    await tx.publish(event(events.RedemptionCancelled, redemption, moment))
    return await get(tx, member_id, redemption_id, moment)


async def use_redemption(
    tx: Transaction,
    member_id: MemberId,
    redemption_id: RedemptionId,
    store_id: str | None,
    moment: Moment,
    purchase_id: UUID | None = None,
) -> Redemption:
    """Use a held reward up, once, in a purchase or by itself (a ticket at the door).

    Raises NotFound, RedemptionNotHeld (a second use is refused, also at once).
    """
    await tx.lock_member(member_id)
    redemption = await get(tx, member_id, redemption_id, moment)
    if redemption.status != "held" or redemption.fulfilment is not None:
        raise errors.RedemptionNotHeld(status=redemption.fulfilment or redemption.status)
    await tx.execute(
        """
        UPDATE redemption SET status = 'used', used_at = $3, used_store = $4, purchase_id = $5
         WHERE member_id = $1 AND redemption_id = $2
        """,
        member_id, redemption_id, moment.now, store_id, purchase_id,
    )  # fmt: skip
    await confirm(tx, member_id, redemption_id, purchase_id or redemption_id, moment)
    await tx.publish(
        events.RedemptionUsed(
            member_id=member_id,
            occurred_at=moment.now,
            redemption_id=redemption.id,
            reward_key=redemption.reward_key,
            currency=redemption.currency,
            units=redemption.units,
            store_id=store_id,
        )
    )
    return await get(tx, member_id, redemption_id, moment)


async def order_delivery(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    redemption_id: RedemptionId,
    delivery: Delivery,
    moment: Moment,
) -> Redemption:
    """Say where a gift goes that was given without an address. Raises NotFound, RedemptionNotHeld, DeliveryNeeded."""
    await tx.lock_member(member_id)
    redemption = await get(tx, member_id, redemption_id, moment)
    if redemption.status != "held" or redemption.fulfilment is not None:
        raise errors.RedemptionNotHeld(status=redemption.fulfilment or redemption.status)
    reward = queries.reward_of(redemption, programme)
    if reward is None:
        raise NotFound(what="reward", field="redemptionId")
    check_delivery(reward, delivery)
    await set_delivery(tx, redemption, delivery)
    await tx.touch(member_id)
    return await get(tx, member_id, redemption_id, moment)


async def fulfil_redemption(
    tx: Transaction, member_id: MemberId, redemption_id: RedemptionId, tracking: str | None, moment: Moment
) -> Redemption:
    """Mark an ordered gift as sent, with the carrier's tracking if there is one. Repeating it changes nothing.

    Raises NotFound, RedemptionNotHeld (it was cancelled, or is nothing that is sent).
    """
    await tx.lock_member(member_id)
    redemption = await get(tx, member_id, redemption_id, moment)
    if redemption.fulfilment == "sent":
        return redemption
    if redemption.fulfilment != "ordered":
        raise errors.RedemptionNotHeld(status=redemption.status)
    await tx.execute(
        """
        UPDATE redemption SET status = 'used', used_at = $3, fulfilment = 'sent', tracking = $4
         WHERE member_id = $1 AND redemption_id = $2
        """,
        member_id, redemption_id, moment.now, tracking,
    )  # fmt: skip
    await tx.publish(
        events.GiftSent(
            member_id=member_id,
            occurred_at=moment.now,
            redemption_id=redemption.id,
            reward_key=redemption.reward_key,
            currency=redemption.currency,
            units=redemption.units,
            tracking=tracking,
        )
    )
    return await get(tx, member_id, redemption_id, moment)


async def forget_member(tx: Transaction, member_id: MemberId, moment: Moment) -> None:
    """Erasure: addresses go, entries in draws that are still open are withdrawn; redemptions hold nothing personal."""
    await tx.execute("DELETE FROM redemption_delivery WHERE member_id = $1", member_id)
    await tx.execute(
        """
        UPDATE sweepstake_entry e SET withdrawn_at = $2
         WHERE member_id = $1 AND withdrawn_at IS NULL
           AND NOT EXISTS (SELECT FROM sweepstake_draw d WHERE d.reward_key = e.reward_key)
        """,
        member_id, moment.now,
    )  # fmt: skip


async def _restore(
    tx: Transaction,
    programme: Programme | None,
    redemption: Redemption,
    transaction_id: TransactionId,
    because: str,
    moment: Moment,
) -> None:
    assert redemption.currency is not None, "what was paid has a currency"
    keep_until = None
    if programme is not None:
        currency = programme.section(Currencies).get(redemption.currency)
        keep_until = currency.kept_restored_until(moment.now, programme.section(ProgrammeConfig).time_zone)
    restore = Restore(
        scope=SCOPE,
        key=f"{redemption.id}:cancel",
        currency=CurrencyKey(redemption.currency),
        transaction_id=transaction_id,
        keep_until=keep_until,
        reason={"reward": redemption.reward_key, "cancelled": str(redemption.id), "because": because},
    )
    await post(tx, redemption.member_id, [restore], moment)
