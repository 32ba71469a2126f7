"""The row of a redemption, and what all commands say of it."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Transaction
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import events, queries
from fedele.domains.rewards.config import Experience, Reward, terms_of
from fedele.domains.rewards.types import Redemption, RedemptionId, RedemptionSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

SCOPE = "reward"


async def write(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    redemption_id: RedemptionId,
    reward: Reward,
    code: str,
    price: tuple[str | None, int, UUID | None],
    usable_until: datetime,
    source: RedemptionSource,
    moment: Moment,
) -> None:
    """Write a held redemption. `price`: currency, scaled units, and the ledger's transaction that burned them."""
    currency, units, transaction_id = price
    await tx.execute(
        """
        INSERT INTO redemption (member_id, redemption_id, reward_key, programme_version, status, code, currency, units,
                                transaction_id, redeemed_at, usable_until, source, stocked, terms)
        VALUES ($1, $2, $3, $4, 'held', $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        member_id, redemption_id, reward.key, programme.version, code, currency, units, transaction_id, moment.now,
        usable_until, source, reward.stock is not None, terms_of(reward),
    )  # fmt: skip


async def get(tx: Transaction, member_id: MemberId, redemption_id: RedemptionId, moment: Moment) -> Redemption:
    """The redemption of this member. Raises NotFound."""
    redemption = await queries.find_redemption(tx, member_id, redemption_id, moment.now)
    if redemption is None:
        raise NotFound(what="redemption", field="redemptionId")
    return redemption


def event(
    kind: type[events.RewardRedeemed] | type[events.RedemptionCancelled], redemption: Redemption, moment: Moment
) -> events.RedemptionEvent:
    """The event of this kind about the redemption."""
    return kind(
        member_id=redemption.member_id,
        occurred_at=moment.now,
        redemption_id=redemption.id,
        reward_key=redemption.reward_key,
        currency=redemption.currency,
        units=redemption.units,
    )


def usable_until(reward: Reward, programme: Programme, at: datetime) -> datetime:
    """The end of the last day on which it can be used, on the programme's clock; of a ticket: the day it is for."""
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    last_day = reward.usable_for.after(at.astimezone(zone).date())
    if isinstance(reward, Experience) and reward.starts_at is not None:
        last_day = datetime.fromisoformat(reward.starts_at).date()
    return datetime.combine(last_day + timedelta(days=1), time(0), zone).astimezone(UTC)
