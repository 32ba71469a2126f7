"""Counting what a member did: contributions, the progress they make, and the awards that follow from it.

A purchase is judged once, when it is recorded; a return only lowers what it counted for. Everything is recomputed
from what is stored, so a repetition changes nothing and the order in which news arrives does not matter.
"""

import dataclasses
from collections.abc import Collection

from fedele.db.database import Transaction
from fedele.domains.activity.queries import find_event, find_purchase
from fedele.domains.activity.types import ActivityEventId, PurchaseId
from fedele.domains.challenges import progress, queries, streak
from fedele.domains.challenges.commands.award import give, revoke
from fedele.domains.challenges.commands.source import Source, countables, listens
from fedele.domains.challenges.commands.surprise import draw_surprises, return_surprises
from fedele.domains.challenges.config import Award, Challenge, Streak
from fedele.domains.challenges.counting import counts_values, decimals_of, standing
from fedele.domains.challenges.events import ChallengeProgressed
from fedele.domains.challenges.types import AwardRecord, Contribution, CountableKind, Counted, Reached
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

Named = tuple[CountableKind, str]

_WRITE = """
INSERT INTO challenge_contribution (member_id, kind, challenge_key, source_id, source_kind, period, occurred_at,
                                    counted, amount, counted_values, programme_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (member_id, kind, challenge_key, source_id) DO UPDATE
   SET amount = excluded.amount, counted_values = excluded.counted_values
"""


async def count_purchase(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    purchase_id: PurchaseId,
    moment: Moment,
    only: Collection[Named] | None = None,
) -> None:
    """Count a purchase, as it stands, for everything of the programme (or `only` this). Again: nothing changes.

    `programme` is the version in force when it was bought.
    """
    if not listens(programme):
        return
    await tx.lock_member(member_id)
    purchase = await find_purchase(tx, member_id, purchase_id)
    source = await Source.read(tx, programme, purchase) if purchase else None
    if source is not None:
        await _count(tx, source, moment, judge=True, only=only)


async def recount_purchase(
    tx: Transaction, programme: Programme, member_id: MemberId, purchase_id: PurchaseId, moment: Moment
) -> None:
    """Lower what a purchase counted for after lines came back. One that was not counted yet is left to its counting."""
    if not listens(programme):
        return
    await tx.lock_member(member_id)
    purchase = await find_purchase(tx, member_id, purchase_id)
    source = await Source.read(tx, programme, purchase) if purchase else None
    if source is not None:
        await _count(tx, source, moment, judge=False, only=None)


async def count_event(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    event_id: ActivityEventId,
    moment: Moment,
    only: Collection[Named] | None = None,
) -> None:
    """Count an event for everything of the programme (or `only` this). Again: nothing changes."""
    if not listens(programme):
        return
    await tx.lock_member(member_id)
    event = await find_event(tx, member_id, event_id)
    source = await Source.read(tx, programme, event) if event else None
    if source is not None:
        await _count(tx, source, moment, judge=True, only=only)


@dataclasses.dataclass(frozen=True, slots=True)
class _Change:
    """What a source counts for now under one challenge or streak, and whether it is less than before."""

    named: Named
    period: str
    counted: Counted
    contribution: Contribution
    lowered: bool


async def _count(
    tx: Transaction, source: Source, moment: Moment, *, judge: bool, only: Collection[Named] | None
) -> None:
    changes = await _changes(tx, source, judge=judge, only=only)
    for change in changes:
        kind, key = change.named
        await tx.execute(
            _WRITE, source.member_id, kind, key, source.id, source.kind, change.period, source.happened.occurred_at,
            change.counted.as_json(), change.contribution.amount, list(change.contribution.values),
            source.programme.version,
        )  # fmt: skip
    if changes:
        await _follow(tx, source, changes, moment)
    if judge and only is None:
        await draw_surprises(tx, source, moment)
    if not judge:
        await return_surprises(tx, source, moment)


async def _changes(tx: Transaction, source: Source, *, judge: bool, only: Collection[Named] | None) -> list[_Change]:
    """What must be written. What was counted before is not judged again, only reduced to what is left of it."""
    joined, kept = await queries.source_state(tx, source.member_id, source.id)
    changes = []
    for named, (period, counted, before) in kept.items():
        now = standing(counted, source.purchase)
        if now != before and (only is None or named in only):
            lowered = now.amount < before.amount or len(now.values) < len(before.values)
            changes.append(_Change(named, period, counted, now, lowered))
    if not judge:
        return changes
    for named, what in countables(source.programme).items():
        if named in kept or (only is not None and named not in only):
            continue
        if (found := source.counted(what, joined.get(named))) is not None:
            period, counted = found
            changes.append(_Change(named, period, counted, standing(counted, source.purchase), False))
    return changes


async def _follow(tx: Transaction, source: Source, changes: list[_Change], moment: Moment) -> None:
    """Give what is reached now, take back what no longer is, and tell of the progress."""
    sums = await queries.sums_of(tx, source.member_id, [change.named for change in changes])
    awards = await queries.awards_by_key(tx, source.member_id, [change.named for change in changes])
    home = source.programme.section(ProgrammeConfig).home_currency
    known = countables(source.programme)
    for change in changes:
        what = known.get(change.named)
        if what is None:  # it has left the programme: what it gave stands
            continue
        given = awards.get(change.named, {})
        by_period = sums.get(change.named, {})
        decimals = decimals_of(what.goal, home)
        value = by_period.get(change.period, queries.NOTHING).of(counts_values(what.goal))
        if isinstance(what, Challenge):
            await _follow_challenge(tx, source, what, change, value, decimals, given, moment)
        else:
            await _follow_streak(tx, source, what, change, by_period, decimals, given, moment)
        await tx.publish(
            ChallengeProgressed(
                member_id=source.member_id, occurred_at=moment.now, countable=change.named[0],
                challenge_key=change.named[1], period=change.period, progress=value,
            )
        )  # fmt: skip


async def _follow_challenge(
    tx: Transaction,
    source: Source,
    challenge: Challenge,
    change: _Change,
    value: int,
    decimals: int,
    given: dict[tuple[str, str, int], AwardRecord],
    moment: Moment,
) -> None:
    for reached in progress.reached(challenge, value, decimals):
        award = progress.award_of(challenge, reached.step)
        await _give(tx, source, change, change.period, reached, award, given, moment)
    if not change.lowered or challenge.on_return == "keep":
        return
    # Last given first, so that of a repeated challenge the latest completion goes.
    for record in sorted(given.values(), key=lambda one: (one.nth, one.needed), reverse=True):
        if record.state == "given" and record.period == change.period and record.needed > value:
            await revoke(tx, source.programme, source.member_id, record, moment)


async def _follow_streak(
    tx: Transaction,
    source: Source,
    what: Streak,
    change: _Change,
    by_period: dict[str, queries.Sum],
    decimals: int,
    given: dict[tuple[str, str, int], AwardRecord],
    moment: Moment,
) -> None:
    state = queries.streak_state(what, by_period, decimals, source.happened.occurred_at, source.time_zone)
    reached = streak.reached(what, state.runs)
    for one in reached:
        award = next(step.award for step in what.steps if streak.step_key(step) == one.step)
        await _give(tx, source, change, "", one, award, given, moment)
    if not change.lowered or what.on_return == "keep":
        return
    due = {(one.step, one.nth) for one in reached}
    known = {streak.step_key(step) for step in what.steps}
    for record in given.values():
        if record.state == "given" and record.step in known and (record.step, record.nth) not in due:
            await revoke(tx, source.programme, source.member_id, record, moment)


async def _give(
    tx: Transaction,
    source: Source,
    change: _Change,
    period: str,
    reached: Reached,
    award: Award | None,
    given: dict[tuple[str, str, int], AwardRecord],
    moment: Moment,
) -> None:
    earlier = given.get((period, reached.step, reached.nth))
    if award is None or (earlier is not None and earlier.state == "given"):
        return
    kind, key = change.named
    await give(
        tx, source.programme, source.member_id, (kind, key, period), reached, award, earlier, source.tier, source.id,
        moment,
    )  # fmt: skip
