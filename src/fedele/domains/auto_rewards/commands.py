"""Issuing automatic rewards, revoking them when a return leaves a member owing, and the member's choice."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Database, Transaction
from fedele.domains.auto_rewards import errors, queries
from fedele.domains.auto_rewards.config import AutoReward, AutoRewardsConfig
from fedele.domains.auto_rewards.due import due_count, is_open, last_day_of_window
from fedele.domains.auto_rewards.events import AutoRewardIssued, AutoRewardRevoked
from fedele.domains.auto_rewards.types import DayEnd, Issued, Progress, State
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Burn, TransactionId
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import hold_reward, revoke_redemption
from fedele.domains.rewards.config import Reward, RewardsConfig
from fedele.domains.rewards.errors import RewardOutOfStock
from fedele.domains.rewards.types import RedemptionId
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey, to_units
from fedele.kernel.refusal import NotFound
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

SCOPE = "auto_reward"
BATCH_COUNT = 200


async def issue_for_member(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> int:
    """Turn the member's units into the rewards that are issued at once; how many. Repeating it issues nothing."""
    await tx.lock_member(member_id)
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    run = _Run(tx, programme, member_id, moment, moment.now.astimezone(zone).date(), moment.now, closing=False)
    return await run.issue()


async def issue_at_day_end(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
    """The step of the day's close: what is due to these members at the end of the day; how many were issued.

    Counts the units that there were at that midnight, those expiring then included. Repeating it issues nothing.
    """
    at = end.at - timedelta(microseconds=1)  # the last instant of the day: units of that day still live
    issued = 0
    for member_id in sorted(member_ids):
        await tx.lock_member(member_id)
        issued += await _Run(tx, end.programme, member_id, end.moment, end.day, at, closing=True).issue()
    return issued


async def issue_due(database: Database, end: DayEnd) -> int:
    """Do the close's step for all members, in transactions of a batch each; for programmes run without the close."""
    issued, after = 0, None
    while members := await queries.members_due(database.reader, end, after, BATCH_COUNT):
        async with database.transaction() as tx:
            issued += await issue_at_day_end(tx, end, members)
        after = members[-1]
    return issued


async def choose_auto_reward(
    tx: Transaction, programme: Programme, member_id: MemberId, auto_reward_key: str, mode: str, moment: Moment
) -> Progress:
    """Set which mode of an automatic reward the member has from now on; what is then due is issued at once.

    Rewards that were issued before stay as they are. Raises NotFound, ModeUnknown.
    """
    await tx.lock_member(member_id)
    auto = programme.section(AutoRewardsConfig).find(auto_reward_key)
    if auto is None or auto.choice is None:
        raise NotFound(what="auto_reward", field="autoRewardId")
    if mode not in auto.choice.modes:
        raise errors.ModeUnknown(modes=", ".join(auto.choice.modes), field="mode")
    await tx.execute(
        """
        INSERT INTO auto_reward_choice (member_id, auto_reward_key, mode, chosen_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (member_id, auto_reward_key) DO UPDATE SET mode = excluded.mode, chosen_at = excluded.chosen_at
        """,
        member_id, auto_reward_key, mode, moment.now,
    )  # fmt: skip
    await tx.touch(member_id)
    await issue_for_member(tx, programme, member_id, moment)
    seen = await queries.progress_of(tx, programme, member_id, moment.now)
    return next(one for one in seen if one.auto_reward.key == auto_reward_key)


async def revoke_for_debt(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> int:
    """Turn unused automatic rewards back into units while the member owes some, the newest first; how many.

    A used reward stays, and the debt with it: later earning pays. Repeating it changes nothing.
    """
    await tx.lock_member(member_id)
    autos = {auto.key: auto for auto in programme.section(AutoRewardsConfig) if auto.on_return == "revoke_unused"}
    state = await queries.state_of(tx, programme, member_id, moment.now, moment.now)
    owed = dict(state.debt)
    revoked = 0
    for issued in reversed(state.issued):
        if issued.auto_reward_key not in autos or issued.is_revoked or not issued.is_held:
            continue
        if owed.get(issued.currency, 0) <= 0:
            continue
        await _revoke(tx, programme, member_id, issued, moment)
        owed[issued.currency] -= issued.units
        revoked += 1
    return revoked


async def _revoke(tx: Transaction, programme: Programme, member_id: MemberId, issued: Issued, moment: Moment) -> None:
    redemption_id = RedemptionId(UUID(str(issued.redemption_id)))
    redemption = await revoke_redemption(tx, member_id, redemption_id, SCOPE, moment, programme)
    await tx.execute(
        "UPDATE auto_reward_issue SET revoked_at = $3 WHERE member_id = $1 AND redemption_id = $2",
        member_id, redemption_id, moment.now,
    )  # fmt: skip
    await tx.publish(
        AutoRewardRevoked(
            member_id=member_id,
            occurred_at=moment.now,
            auto_reward_key=issued.auto_reward_key,
            redemption_id=redemption_id,
            reward_key=redemption.reward_key,
            currency=issued.currency,
            units=issued.units,
        )
    )


class _Run:
    """One look at one member, whose lock is held: every automatic reward that is open on the day."""

    def __init__(
        self,
        tx: Transaction,
        programme: Programme,
        member_id: MemberId,
        moment: Moment,
        day: date,
        at: datetime,
        *,
        closing: bool,
    ) -> None:
        self.tx, self.programme, self.member_id, self.moment = tx, programme, member_id, moment
        self.day, self.at, self.closing = day, at, closing
        self.tier: str | None = None

    async def issue(self) -> int:
        """Issue all that is due; how many."""
        autos = self.programme.section(AutoRewardsConfig)
        if not any(is_open(auto, self.day, closing=self.closing, issued=()) for auto in autos):
            return 0
        count = 0
        for auto in autos:
            # Read anew for each: two of them may live off the same currency.
            state = await queries.state_of(self.tx, self.programme, self.member_id, self.at, self.at)
            count += await self._issue_one(auto, state)
        return count

    async def _issue_one(self, auto: AutoReward, state: State) -> int:
        mode_key, mode = auto.mode(state.chosen.get(auto.key))
        if mode.every is None or mode.reward is None:
            return 0
        if not is_open(auto, self.day, closing=self.closing, issued=state.issued):
            return 0
        every = to_units(mode.every, self.programme.section(Currencies).get(auto.currency).decimals, "up")
        count = due_count(auto, every, state.available.get(auto.currency, 0), self.day, state.issued)
        reward = self.programme.section(RewardsConfig).find(mode.reward)
        if count == 0 or reward is None or not await self._is_meant(auto):
            return 0
        for number in range(count):
            try:
                async with self.tx.savepoint():
                    await self._make(auto, mode_key, every, reward)
            except RewardOutOfStock:  # the units stay; the next close tries again
                return number
        return count

    async def _is_meant(self, auto: AutoReward) -> bool:
        """Whether the member is active and satisfies the condition, if there is one."""
        facts = await find_facts(self.tx, self.programme, self.member_id, self.at)
        if facts is None or not facts.active:
            return False
        status = await status_of(self.tx, self.programme, self.member_id, Moment(self.at))
        self.tier = status.current if status else None
        if auto.when is None:
            return True
        time_zone = self.programme.section(ProgrammeConfig).time_zone
        return auto.when.holds(MEMBER_ENVIRONMENT.bind(facts.bindings(self.at, time_zone, self.tier)))

    async def _make(self, auto: AutoReward, mode_key: str, every: int, reward: Reward) -> None:
        """Burn the units of one and hold the reward."""
        redemption_id = RedemptionId(new_id())
        reason = {"auto_reward": auto.key, "reward": reward.key, "redemption_id": str(redemption_id), "tier": self.tier}
        burn = Burn(
            scope=SCOPE,
            key=str(redemption_id),
            currency=CurrencyKey(auto.currency),
            units=every,
            as_of=self.at,
            occurred_at=self.at,
            programme_version=self.programme.version,
            reason=reason | ({"mode": mode_key} if mode_key else {}),
        )
        (posting,) = await post(self.tx, self.member_id, [burn], self.moment)
        assert posting.transaction_id is not None, "a burn always makes a transaction"
        redemption = await hold_reward(
            self.tx, self.programme, self.member_id, reward, redemption_id,
            (auto.currency, every, posting.transaction_id), self._until(auto), Moment(self.at), "auto",
        )  # fmt: skip
        await self._record(auto, mode_key, redemption.id, every, posting.transaction_id)
        await self.tx.publish(
            AutoRewardIssued(
                member_id=self.member_id,
                occurred_at=self.at,
                auto_reward_key=auto.key,
                redemption_id=redemption.id,
                reward_key=reward.key,
                currency=auto.currency,
                units=every,
            )
        )

    def _until(self, auto: AutoReward) -> datetime | None:
        if auto.usable_for is None:
            return None
        zone = ZoneInfo(self.programme.section(ProgrammeConfig).time_zone)
        last_day = auto.usable_for.after(self.day)
        return datetime.combine(last_day + timedelta(days=1), datetime.min.time(), zone)

    async def _record(
        self, auto: AutoReward, mode_key: str, redemption_id: RedemptionId, units: int, transaction_id: TransactionId
    ) -> None:
        await self.tx.execute(
            """
            INSERT INTO auto_reward_issue (member_id, redemption_id, auto_reward_key, mode, window_key, currency, units,
                                           transaction_id, issued_at, issued_on)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            self.member_id, redemption_id, auto.key, mode_key, last_day_of_window(auto.windows, self.day),
            auto.currency, units, transaction_id, self.at, self.day,
        )  # fmt: skip
