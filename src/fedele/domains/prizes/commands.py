"""Giving a prize once, and taking it back."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fedele.db.database import Transaction
from fedele.domains.earning.queries import grant
from fedele.domains.ledger.commands import post, post_many
from fedele.domains.ledger.types import Clawback, Operation, TransactionId
from fedele.domains.prizes.config import Prize
from fedele.domains.prizes.types import Cause, Due, Given, Taken
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Amount, Programme
from fedele.domains.rewards.commands import give_reward, revoke_redemption
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.errors import RedemptionNotHeld, RewardOutOfStock
from fedele.domains.rewards.types import RedemptionId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey, to_units
from fedele.kernel.refusal import NotFound, Refusal

_NAMESPACE = UUID("0d1f4f0e-6a55-4c43-9d5a-3f6f3f6e8a10")  # of the ids of rewards that are prizes


async def give_prize(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    prize: Prize,
    cause: Cause,
    tier: str | None,
    moment: Moment,
    *,
    with_reward: bool = True,
) -> Given:
    """Give the prize. Repeating the call with the same cause gives nothing more and answers the same.

    A reward that is out of stock, or has left the programme, is not given: `instead` takes its place, if the prize has
    one. The caller holds the member's lock. `with_reward=False` leaves the reward out: the member has it already.
    """
    redemption_id, out_of_stock = None, False
    if prize.reward is not None and with_reward:
        redemption_id = await _reward(tx, programme, member_id, prize.reward, cause, moment)
        out_of_stock = redemption_id is None
    amount = _amount(prize, out_of_stock)
    if amount is None:
        return Given(None, 0, None, redemption_id, out_of_stock)
    units, transaction_id = await _earn(tx, programme, member_id, amount, prize.pending_days, cause, tier, moment)
    return Given(amount.currency, units, transaction_id, redemption_id, out_of_stock)


async def give_prizes(
    tx: Transaction, programme: Programme, due: Sequence[Due], moment: Moment
) -> list[Given | Refusal]:
    """The same for many members: units in one statement, rewards one by one. A member comes once.

    A refusal is that member's answer, and leaves nothing of theirs behind. The caller holds the members' locks.
    """
    operations = {
        one.member_id: _operations(programme, amount, one.prize.pending_days, one.cause, one.tier, moment)
        for one in due
        if one.prize.reward is None and (amount := _amount(one.prize, False)) is not None
    }
    posted = await post_many(tx, operations, moment) if operations else {}
    answers: list[Given | Refusal] = []
    for one in due:
        posting = posted.get(one.member_id)
        if isinstance(posting, Refusal):
            answers.append(posting)
        elif posting is not None:
            answers.append(Given(posting[0].currency, posting[0].units, posting[0].transaction_id))
        else:
            answers.append(await _alone(tx, programme, one, moment))
    return answers


async def _alone(tx: Transaction, programme: Programme, due: Due, moment: Moment) -> Given | Refusal:
    try:
        async with tx.savepoint():
            return await give_prize(tx, programme, due.member_id, due.prize, due.cause, due.tier, moment)
    except Refusal as refusal:
        return refusal


def _amount(prize: Prize, out_of_stock: bool) -> Amount | None:
    """The units that are due, those in a reward's place included: one lot, as both are of one currency."""
    parts = [part for part in (prize.units, prize.instead if out_of_stock else None) if part is not None]
    if not parts:
        return None
    return Amount(currency=parts[0].currency, amount=sum((part.amount for part in parts), Decimal(0)))


async def take_back_prize(
    tx: Transaction, programme: Programme, member_id: MemberId, given: Given, cause: Cause, moment: Moment
) -> Taken:
    """Take back what was given: the units as the currency's `debt` says, the reward if it is still unused.

    Repeating it changes nothing. The caller holds the member's lock.
    """
    units = waived = 0
    if given.transaction_id is not None and given.currency is not None:
        currency = programme.section(Currencies).get(given.currency)
        clawback = Clawback(
            scope=cause.scope,
            key=f"{cause.key}:revoked",
            currency=CurrencyKey(given.currency),
            transaction_id=TransactionId(given.transaction_id),
            mode="clamp" if currency.debt == "clamp" else "debt",
            programme_version=programme.version,
            reason={**cause.reason, "revoked": cause.key},
        )
        (posting,) = await post(tx, member_id, [clawback], moment)
        units, waived = posting.units, posting.waived
    kept = None
    if given.redemption_id is not None:
        try:
            await revoke_redemption(tx, member_id, RedemptionId(given.redemption_id), f"{cause.kind} undone", moment)
        except (RedemptionNotHeld, NotFound):  # both are raised before anything is written
            kept = given.redemption_id
    return Taken(units, waived, kept)


async def _reward(
    tx: Transaction, programme: Programme, member_id: MemberId, reward_key: str, cause: Cause, moment: Moment
) -> UUID | None:
    """The held reward's id, or None where none is to be had."""
    if programme.section(RewardsConfig).find(reward_key) is None:
        return None
    because = uuid5(_NAMESPACE, f"{member_id}:{cause.scope}:{cause.key}")
    try:
        async with tx.savepoint():  # stock may have been taken before the pool of codes was found empty
            redemption = await give_reward(tx, programme, member_id, reward_key, because, None, moment, cause.kind)
    except RewardOutOfStock:
        return None
    return UUID(str(redemption.id))


async def _earn(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    amount: Amount,
    pending_days: int,
    cause: Cause,
    tier: str | None,
    moment: Moment,
) -> tuple[int, UUID | None]:
    """The units, and the ledger's transaction that issued them."""
    posting = (await post(tx, member_id, _operations(programme, amount, pending_days, cause, tier, moment), moment))[0]
    return posting.units, posting.transaction_id


def _operations(
    programme: Programme, amount: Amount, pending_days: int, cause: Cause, tier: str | None, moment: Moment
) -> Sequence[Operation]:
    currency = programme.section(Currencies).get(amount.currency)
    return grant(
        programme,
        amount.currency,
        to_units(amount.amount, currency.decimals),
        scope=cause.scope,
        key=cause.key,
        source=cause.kind,
        tier=tier,
        at=moment.now,
        reason=cause.reason,
        active_on=_active_on(pending_days, moment, programme),
    )


def _active_on(pending_days: int, moment: Moment, programme: Programme) -> date | None:
    """The programme's day from which the units can be spent; None: at once."""
    if pending_days == 0:
        return None
    today = moment.now.astimezone(ZoneInfo(programme.section(ProgrammeConfig).time_zone)).date()
    return today + timedelta(days=pending_days)
