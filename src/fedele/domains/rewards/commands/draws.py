"""Making a draw: once, from a seed, over the entries that stand at that moment."""

import secrets
from uuid import uuid5

from fedele.db.database import Database, Transaction
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards import errors, events, queries
from fedele.domains.rewards.commands.giving import give_reward
from fedele.domains.rewards.config import RewardsConfig, SweepstakeEntry
from fedele.domains.rewards.draw import winners_of
from fedele.domains.rewards.errors import RewardOutOfStock
from fedele.domains.rewards.types import Draw, Entry, Winner
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import InvalidInput, NotFound

SEED_LENGTH_MAX = 200


async def draw_sweepstake(
    database: Database, programme: Programme, reward_key: str, seed: str | None, actor: str, moment: Moment
) -> Draw:
    """Draw the winners and give them their prize. A draw is made once: repeating the call answers the first one, and
    gives what a process that died had left to give.

    `seed`: any text that nobody could choose to their advantage (a public lottery's numbers); None: random. With it and
    the entries `queries.winners_of` gives the same winners. Raises NotFound, DrawNotPossible while entries are still
    taken or without any, InvalidInput for an empty or overlong seed, RewardOutOfStock when a prize is missing.
    """
    reward = programme.section(RewardsConfig).find(reward_key)
    if not isinstance(reward, SweepstakeEntry):
        raise NotFound(what="sweepstake", field="rewardKey")
    if seed is not None and not 1 <= len(seed) <= SEED_LENGTH_MAX:
        raise InvalidInput(problem=f"A seed has 1 to {SEED_LENGTH_MAX} characters.", field="seed")
    async with database.transaction() as tx:
        draw = await _draw(tx, programme, reward, seed, actor, moment)
    entries = {entry.number: entry for entry in await queries.list_entries(database.reader, reward_key)}
    missing: RewardOutOfStock | None = None
    for winner in draw.winners:
        entry = entries.get(winner.number)
        if entry is None:  # staff have revoked it since the draw
            continue
        # One transaction a winner, after the draw's own: who enters holds their own lock and waits for the draw's.
        try:
            async with database.transaction() as tx:
                await _reward_winner(tx, programme, reward, entry, winner, moment)
        except RewardOutOfStock as refusal:  # the others have theirs; a repeated call gives what was missing
            missing = refusal
    if missing is not None:
        raise missing
    return draw


async def _draw(
    tx: Transaction, programme: Programme, reward: SweepstakeEntry, seed: str | None, actor: str, moment: Moment
) -> Draw:
    """Decide and record the draw, or answer the one that was made."""
    # The row that numbers entries: nobody enters while we draw, and two draws come one after the other.
    count = await tx.fetch_value("SELECT entries_count FROM sweepstake WHERE reward_key = $1 FOR UPDATE", reward.key)
    if earlier := await queries.find_draw(tx, reward.key):
        return earlier
    time_zone = programme.section(ProgrammeConfig).time_zone
    if reward.dates.ends is not None and reward.dates.contains(moment.now, time_zone):
        raise errors.DrawNotPossible(problem=f"Entries are taken until {reward.dates.ends}.", field="rewardKey")
    entries = await queries.list_entries(tx, reward.key)
    if not entries:
        raise errors.DrawNotPossible(problem="There are no entries.", field="rewardKey")
    seed = seed or secrets.token_hex(16)
    winners = winners_of(entries, seed, reward.winners, one_per_member=reward.one_per_member)
    await tx.execute(
        """
        INSERT INTO sweepstake_draw (reward_key, seed, entries_count, winners, actor, drawn_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        reward.key, seed, count, [{"place": one.place, "number": one.number} for one in winners], actor, moment.now,
    )  # fmt: skip
    return Draw(reward.key, seed, count, winners, actor, moment.now)


async def _reward_winner(
    tx: Transaction, programme: Programme, reward: SweepstakeEntry, entry: Entry, winner: Winner, moment: Moment
) -> None:
    await tx.lock_member(entry.member_id)
    told = await tx.fetch_value(
        """
        UPDATE sweepstake_entry SET won_place = $3
         WHERE member_id = $1 AND redemption_id = $2 AND won_place IS NULL RETURNING true
        """,
        entry.member_id, entry.redemption_id, winner.place,
    )  # fmt: skip
    if not told:
        return
    await tx.execute(
        "UPDATE redemption SET status = 'used', used_at = $3 WHERE member_id = $1 AND redemption_id = $2",
        entry.member_id, entry.redemption_id, moment.now,
    )  # fmt: skip
    if reward.prize is not None:
        because = uuid5(entry.redemption_id, "prize")
        await give_reward(tx, programme, entry.member_id, reward.prize, because, None, moment, "draw")
    await tx.publish(
        events.SweepstakeWon(
            member_id=entry.member_id,
            occurred_at=moment.now,
            redemption_id=entry.redemption_id,
            reward_key=reward.key,
            number=winner.number,
            place=winner.place,
        )
    )
