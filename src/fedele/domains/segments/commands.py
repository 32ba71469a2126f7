"""What changes segments: facts that follow an event, refreshes, static lists, RFM's cut points."""

import dataclasses
from collections.abc import Sequence

from fedele.db.database import Database, Queryable, Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.segments import facts, membership, rfm
from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.config import SegmentConfig, SegmentsConfig
from fedele.domains.segments.errors import SegmentIsCondition, SegmentIsList
from fedele.domains.segments.types import Moved, Refreshed, RfmCuts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

LIST_BATCH = 1_000


async def follow_members(
    tx: Transaction, programme: Programme, member_ids: Sequence[MemberId], moment: Moment
) -> Moved:
    """Make these members' facts again and let them enter and leave the dynamic segments. Nothing without segments."""
    if not has_conditions(programme):
        return Moved()
    outdated = await facts.outdated_among(tx, member_ids)  # one sale is several events
    if not outdated:
        return Moved()
    names = await names_at(tx, programme, moment)
    await facts.keep(tx, names, outdated)
    return await membership.follow(tx, programme, names, outdated)


async def refresh_due(database: Database, programme: Programme, moment: Moment) -> list[Refreshed]:
    """Look at everybody for each segment that is due, facts brought up to date first; and retire what is gone."""
    await membership.retire(database, programme, moment.now)
    if not has_conditions(programme):
        return []
    names = await names_at(database.reader, programme, moment)
    after = facts.FIRST
    while ids := await facts.stale(database.reader, after, moment.now):
        async with database.transaction() as tx:
            await facts.keep(tx, names, ids)
            await membership.follow(tx, programme, names, ids)
        after = ids[-1]
    rows = await database.reader.fetch("SELECT * FROM segment_refresh")
    last = {row["segment_key"]: row for row in rows}
    due = [one for one in programme.section(SegmentsConfig) if membership.is_due(one, last.get(one.key), names)]
    if not due:
        return []
    await _keep_outdated(database, programme, names, frozenset(one.key for one in due))
    names = await _with_cuts(database, names)
    return [await membership.refresh(database, segment, names) for segment in due]


async def refresh_segment(database: Database, programme: Programme, key: str, moment: Moment) -> Refreshed:
    """Look at everybody for this segment now, due or not. Raises NotFound, or SegmentIsList."""
    segment = get_segment(programme, key)
    if segment.when is None:
        raise SegmentIsList(segment=key)
    names = await names_at(database.reader, programme, moment)
    await _keep_outdated(database, programme, names, frozenset((key,)))
    return await membership.refresh(database, segment, names)


async def rebuild(database: Database, programme: Programme, moment: Moment) -> int:
    """Make everybody's facts again from the other rooms' rows, whatever they were; answers how many."""
    return await facts.rebuild(database, await names_at(database.reader, programme, moment))


async def measure_rfm(database: Database, programme: Programme, moment: Moment) -> RfmCuts | None:
    """Measure RFM's cut points anew and put them in force; None while hardly anybody has bought."""
    names = FactNames.of(programme, moment.now)
    await _keep_outdated(database, programme, names)
    async with database.transaction() as tx:
        return await rfm.measure(tx, names)


async def change_list(
    tx: Transaction,
    programme: Programme,
    key: str,
    moment: Moment,
    *,
    add: Sequence[MemberId] = (),
    remove: Sequence[MemberId] = (),
) -> Moved:
    """Put members on a static list, or take them off; who is there already, or is no member, changes nothing.

    Raises NotFound, and SegmentIsCondition for a segment that follows one.
    """
    segment = get_segment(programme, key)
    if segment.when is not None:
        raise SegmentIsCondition(segment=key)
    names = await names_at(tx, programme, moment)
    await facts.keep(tx, names, [*add, *remove])
    rows = await tx.fetch(
        "SELECT member_id FROM member_facts WHERE member_id = ANY($1) AND active AND segments @> ARRAY[$2] IS FALSE",
        list(add), key,
    )  # fmt: skip
    entering = sorted(MemberId(row["member_id"]) for row in rows)
    rows = await tx.fetch(
        "SELECT member_id FROM member_facts WHERE member_id = ANY($1) AND segments @> ARRAY[$2]", list(remove), key
    )
    return await membership.move(tx, segment, entering, sorted(MemberId(r["member_id"]) for r in rows), moment.now)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete what is known of an erased member."""
    await tx.execute("DELETE FROM member_facts WHERE member_id = $1", member_id)
    await tx.execute("DELETE FROM segment_member WHERE member_id = $1", member_id)


async def names_at(db: Queryable, programme: Programme, moment: Moment) -> FactNames:
    """How conditions read now, RFM's cut points included."""
    return FactNames.of(programme, moment.now, await rfm.find_cuts(db, moment.now))


def get_segment(programme: Programme, key: str) -> SegmentConfig:
    """The segment of this key; raises NotFound."""
    for segment in programme.section(SegmentsConfig):
        if segment.key == key:
            return segment
    raise NotFound(what="segment", field="segment")


def has_conditions(programme: Programme) -> bool:
    """Whether any segment follows facts."""
    return any(segment.when is not None for segment in programme.section(SegmentsConfig))


async def _keep_outdated(
    database: Database, programme: Programme, names: FactNames, without: frozenset[str] = frozenset()
) -> int:
    """Follow everybody whose facts are missing or outdated (imports announce nothing); answers how many."""
    kept, after = 0, facts.FIRST
    while page := await facts.outdated(database.reader, after, names.now):
        async with database.transaction() as tx:
            await facts.keep(tx, names, page)
            await membership.follow(tx, programme, names, page, without)
        kept, after = kept + len(page), page[-1]
    return kept


async def _with_cuts(database: Database, names: FactNames) -> FactNames:
    """Measure RFM's cut points where they are too old, or were never measured."""
    if names.cuts is not None and names.now - names.cuts.measured_at < rfm.MEASURED_EVERY:
        return names
    async with database.transaction() as tx:
        cuts = await rfm.measure(tx, names)
    return names if cuts is None else dataclasses.replace(names, cuts=cuts)
