"""What a proposed version would mean: what changes, whom it touches, and what history would have cost under it."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Database, Queryable
from fedele.domains.activity.queries import history_of
from fedele.domains.activity.types import ActivityEvent, Happening, Purchase, RecordedReturn
from fedele.domains.checkout.queries import Rules, read_running_state
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import Checked, ProgrammeSource, plan
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.domains.proposals.affected import affected
from fedele.domains.proposals.dead_rules import dead_rules
from fedele.domains.proposals.replay import Replay, UsedClaim
from fedele.domains.proposals.tally import Given, Tally
from fedele.domains.proposals.types import Rerating, Weighed, Window
from fedele.domains.tiers.queries import list_grants
from fedele.domains.tiers.types import Grant, GrantRecord
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = ["affected", "dead_rules", "rerate", "weigh"]

PAGE_COUNT = 500
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# What the replay needs beside the history: the claims that purchases used up, the awards as the ledger has them, and by
# which version each happening was judged.
_GIVEN = """
SELECT (SELECT jsonb_agg(jsonb_build_array(purchase_id, claim_id, offer_key) ORDER BY usable_until, claim_id)
          FROM offer_claim WHERE member_id = $1 AND purchase_id IS NOT NULL) AS claims,
       (SELECT jsonb_agg(jsonb_build_array(source_id, rule_key, currency, units - clawed_back_units, occurred_at))
          FROM award WHERE member_id = $1) AS awards,
       (SELECT jsonb_object_agg(source_id, programme_version) FROM evaluation WHERE member_id = $1) AS versions
"""


async def weigh(db: Queryable, old: Programme | None, new: Checked, moment: Moment) -> Weighed:
    """What applying `new` would change against `old`, and whom that touches."""
    changes = plan(old, new)
    touched = await affected(db, old, new.programme(ProgrammeVersion(0), moment.now), changes, moment) if old else ()
    return Weighed(old.version if old else None, changes, touched)


async def rerate(
    database: Database,
    programmes: ProgrammeSource,
    proposed: Checked,
    moment: Moment,
    window: Window = Window(),
    *,
    sample: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Rerating:
    """What members would have been given for what they did in this window, had the proposal been in force in it.

    Every member's recorded purchases, returns and events are decided again in the order in which they were recorded,
    tiers and caps evolving: before and outside the window by the versions of then, inside it by the proposal. One
    member at a time is in memory; nothing is written; all is one snapshot. With `sample`, so many members are replayed
    (always the same ones) and the costs are estimates for all. `progress` hears (members done, members in all).
    """
    new = proposed.programme(ProgrammeVersion(0), window.since or moment.now)
    tally, rules = Tally(window, new), _RulesOf(programmes, Rules.of(new), window)
    async with database.transaction() as tx:
        await tx.execute(_SNAPSHOT)
        members_all: int = await tx.fetch_value("SELECT count(*) FROM member")
        goal = min(sample or members_all, members_all)
        async for member_id in _members(tx, sample):
            await _replay_member(tx, member_id, rules, tally, moment.now)
            if progress:
                progress(tally.members, goal)
    try:
        before: Programme | None = await programmes.at(moment.now)
    except NoProgramme:
        before = None
    return tally.rerating(members_all, before)


class _RulesOf:
    """By which rules a happening is decided: those of then, and those of the proposal."""

    def __init__(self, programmes: ProgrammeSource, proposed: Rules, window: Window) -> None:
        self.programmes, self.proposed, self.window = programmes, proposed, window
        self._kept: dict[ProgrammeVersion, Rules] = {}

    async def then(self, at: datetime, version: int | None = None) -> Rules:
        """The version that judged it, where that was kept; else the one that was in force."""
        if version is None:
            programme = await self.programmes.at(at)
        else:
            programme = await self.programmes.version(ProgrammeVersion(version))
        if programme.version not in self._kept:
            self._kept[programme.version] = Rules.of(programme)
        return self._kept[programme.version]

    async def would(self, at: datetime, version: int | None = None) -> Rules:
        """The proposal, inside the window."""
        return self.proposed if self.window.contains(at) else await self.then(at, version)


async def _members(db: Queryable, sample: int | None) -> AsyncIterator[MemberId]:
    """Every member, page by page; or a sample that does not depend on when somebody joined."""
    if sample is not None:
        sql = "SELECT member_id FROM member ORDER BY hashtextextended(member_id::text, 0) LIMIT $1"
        for row in await db.fetch(sql, sample):
            yield MemberId(row["member_id"])
        return
    after = UUID(int=0)
    sql = "SELECT member_id FROM member WHERE member_id > $1 ORDER BY member_id LIMIT $2"
    while rows := await db.fetch(sql, after, PAGE_COUNT):
        for row in rows:
            yield MemberId(row["member_id"])
        after = rows[-1]["member_id"]


async def _replay_member(db: Queryable, member_id: MemberId, rules: _RulesOf, tally: Tally, now: datetime) -> None:
    state = await read_running_state(db, member_id)
    state.forget()
    row = await db.fetch_row(_GIVEN, member_id)
    assert row is not None, "aggregates always answer one row"
    used: dict[UUID, list[UsedClaim]] = {}
    for purchase_id, claim_id, offer in row["claims"] or ():
        used.setdefault(UUID(purchase_id), []).append(UsedClaim(UUID(claim_id), offer))
    then, would = Replay(state, used), None
    versions: dict[str, int] = row["versions"] or {}
    for happening in _in_order(await history_of(db, member_id), await list_grants(db, member_id)):
        if isinstance(happening, Grant):
            for replay, decided_by in ((then, rules.then), (would, rules.would)):
                if replay is not None:
                    replay.grant(happening, await decided_by(happening.since))
            continue
        at, version = happening.occurred_at, versions.get(str(happening.id))
        judged = tally.window.contains(at)
        if judged and would is None:
            would = then.fork()
        then.step(happening, await rules.then(at, version))
        if would is not None:
            would.step(happening, await rules.would(at, version))
        if judged:
            _count(tally, happening)
    would = would or then
    end = min(now, tally.window.until or now)
    tiers = then.tier_at(await rules.then(end), end), would.tier_at(await rules.would(end), end)
    awards = [
        Given(UUID(source), rule, currency, kept, datetime.fromisoformat(at))
        for source, rule, currency, kept, at in row["awards"] or ()
    ]
    tally.add(awards, then, would, tiers)


def _in_order(history: Sequence[Happening], grants: Sequence[GrantRecord]) -> list[Happening | Grant]:
    """What happened and what was given, in the order in which we learned of it."""
    timed: list[tuple[datetime, UUID, Happening | Grant]] = [(one.recorded_at, one.id, one) for one in history]
    for grant in grants:
        ends = [until for until in (grant.until, grant.ended_at) if until is not None]
        given = Grant(grant.id, grant.tier, grant.granted_at, min(ends, default=None))
        timed.append((grant.granted_at, grant.id, given))
    return [happened for _, _, happened in sorted(timed, key=lambda one: one[:2])]


def _count(tally: Tally, happening: Happening) -> None:
    match happening:
        case Purchase():
            tally.purchases += 1
        case RecordedReturn():
            tally.returns += 1
        case ActivityEvent():
            tally.events += 1
