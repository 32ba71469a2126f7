"""What a reward does in the moment it is taken, by its kind. A kind that only waits to be used does nothing here."""

import dataclasses

from fedele.db.database import Transaction
from fedele.domains.earning.queries import grant
from fedele.domains.ledger.commands import post
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors, events
from fedele.domains.rewards.commands.writing import SCOPE
from fedele.domains.rewards.config import Donation, PhysicalGift, Reward, SweepstakeEntry, UnitsReward
from fedele.domains.rewards.types import Delivery, Redemption, address_of
from fedele.kernel.clock import Moment
from fedele.kernel.money import Money, to_units
from fedele.kernel.refusal import InvalidInput

FIELD_LENGTH_MAX = 200


def check_delivery(reward: Reward, delivery: Delivery | None) -> None:
    """Raise DeliveryNeeded or InvalidInput if a gift could not be sent."""
    if not isinstance(reward, PhysicalGift):
        if delivery is not None:
            raise InvalidInput(problem="This reward is not sent: it needs no address.", field="delivery")
        return
    if delivery is None:
        raise errors.DeliveryNeeded(field="delivery")
    if not all((delivery.recipient.strip(), delivery.street.strip(), delivery.city.strip())):
        raise errors.DeliveryNeeded(field="delivery")
    if any(len(getattr(delivery, field.name)) > FIELD_LENGTH_MAX for field in dataclasses.fields(delivery)):
        problem = f"No line of an address is longer than {FIELD_LENGTH_MAX} characters."
        raise InvalidInput(problem=problem, field="delivery")
    if reward.ships_to and delivery.country not in reward.ships_to:
        raise errors.DeliveryNeeded(field="delivery")


async def take_effect(
    tx: Transaction,
    programme: Programme,
    redemption: Redemption,
    reward: Reward,
    tier: str | None,
    delivery: Delivery | None,
    moment: Moment,
) -> None:
    """Do what this kind does at once, for a redemption that was just written."""
    match reward:
        case UnitsReward():
            await _give_units(tx, programme, redemption, reward, tier, moment)
            await _use_up(tx, redemption, moment)
        case Donation():
            await tx.publish(_donated(programme, redemption, reward, moment))
            await _use_up(tx, redemption, moment)
        case SweepstakeEntry():
            await _enter(tx, redemption, moment)
        case PhysicalGift() if delivery is not None:
            await _order(tx, redemption, delivery)
        case _:
            pass


async def set_delivery(tx: Transaction, redemption: Redemption, delivery: Delivery) -> None:
    """Order a gift that was given without an address."""
    await _order(tx, redemption, delivery)


async def _use_up(tx: Transaction, redemption: Redemption, moment: Moment) -> None:
    await tx.execute(
        "UPDATE redemption SET status = 'used', used_at = $3 WHERE member_id = $1 AND redemption_id = $2",
        redemption.member_id, redemption.id, moment.now,
    )  # fmt: skip


async def _give_units(
    tx: Transaction, programme: Programme, redemption: Redemption, reward: UnitsReward, tier: str | None, moment: Moment
) -> None:
    currency = programme.section(Currencies).get(reward.gives.currency)
    given = grant(
        programme,
        currency.key,
        to_units(reward.gives.amount, currency.decimals),
        scope=SCOPE,
        key=f"{redemption.id}:units",
        source="reward",
        tier=tier,
        at=moment.now,
        reason={"reward": reward.key, "redemption_id": str(redemption.id)},
    )
    await post(tx, redemption.member_id, given, moment)


def _donated(programme: Programme, redemption: Redemption, reward: Donation, moment: Moment) -> events.RewardDonated:
    money = reward.money or programme.section(ProgrammeConfig).home_currency
    value = Money.parse(reward.value, money).minor if reward.value is not None else None
    return events.RewardDonated(
        member_id=redemption.member_id,
        occurred_at=moment.now,
        redemption_id=redemption.id,
        reward_key=redemption.reward_key,
        currency=redemption.currency,
        units=redemption.units,
        cause=reward.cause,
        value_minor=value,
        money=money if value is not None else None,
    )


async def _enter(tx: Transaction, redemption: Redemption, moment: Moment) -> None:
    """Number the entry. The counter's row is locked until the end: numbers have no gap."""
    number = await tx.fetch_value(
        """
        INSERT INTO sweepstake AS s (reward_key, entries_count) VALUES ($1, 1)
        ON CONFLICT (reward_key) DO UPDATE SET entries_count = s.entries_count + 1 RETURNING entries_count
        """,
        redemption.reward_key,
    )
    # A statement of its own, under that lock: the draw takes it too.
    if await tx.fetch_value("SELECT true FROM sweepstake_draw WHERE reward_key = $1", redemption.reward_key):
        raise errors.RewardNotOpen()
    await tx.execute(
        """
        INSERT INTO sweepstake_entry (member_id, redemption_id, reward_key, number, entered_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        redemption.member_id, redemption.id, redemption.reward_key, number, moment.now,
    )  # fmt: skip


async def _order(tx: Transaction, redemption: Redemption, delivery: Delivery) -> None:
    await tx.execute(
        "UPDATE redemption SET fulfilment = 'ordered' WHERE member_id = $1 AND redemption_id = $2",
        redemption.member_id, redemption.id,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO redemption_delivery (member_id, redemption_id, recipient, address) VALUES ($1, $2, $3, $4)",
        redemption.member_id, redemption.id, delivery.recipient.strip(), address_of(delivery),
    )  # fmt: skip
