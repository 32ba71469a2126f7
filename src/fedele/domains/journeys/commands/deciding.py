"""What follows for a batch of runs: their journeys' versions, what is known of their members, and the pure decision."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fedele.db.database import Database, Row, Transaction
from fedele.domains.journeys.config import Journey, JourneysConfig
from fedele.domains.journeys.path import FactsNeeded, advance, moved
from fedele.domains.journeys.queries import run_of
from fedele.domains.journeys.types import Advance, Heard, Known, Run, RunState, Visit
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme, ProgrammeInvalid
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.domains.segments.queries import facts_by_member
from fedele.domains.tiers.queries import statuses_by_member
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

# Members whose locks one batch holds: a till that wants one of them waits for the batch.
EFFECTS_MAX = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Engine:
    """What moving members on needs."""

    database: Database
    programmes: ProgrammeSource
    effects_max: int = EFFECTS_MAX


class _Placed(NamedTuple):
    """A run with what its decision needs. `over`: moving into a newer version has ended it already."""

    first: Advance
    journey: Journey
    known: Known
    over: bool = False


async def decide(
    tx: Transaction, engine: Engine, programme: Programme, rows: Sequence[Row], moment: Moment, heard: Heard | None
) -> list[Advance]:
    """What follows for each run; the facts of all whose conditions ask for any are read in one statement."""
    placed = [await _place(engine, programme, row) for row in rows]
    taken: list[Advance | None] = []
    for each in placed:
        try:
            taken.append(_follow(each, moment, heard))
        except FactsNeeded:
            taken.append(None)
    asking = {each.first.run.member_id for each, found in zip(placed, taken, strict=True) if found is None}
    facts = await values_by_member(tx, programme, sorted(asking), moment) if asking else {}
    return [
        _follow(each, moment, heard, facts[each.first.run.member_id]) if found is None else found
        for each, found in zip(placed, taken, strict=True)
    ]


def _follow(each: _Placed, moment: Moment, heard: Heard | None, values: Mapping[str, Any] | None = None) -> Advance:
    if each.over:
        return _ended(each.first, moment)
    facts = MEMBER_ENVIRONMENT.bind(values) if values is not None else None
    known = dataclasses.replace(each.known, facts=facts)
    then = advance(each.journey, each.first.run, known, moment.now, heard)
    effects = tuple((index + len(each.first.visits), step) for index, step in then.effects)
    return Advance(then.run, (*each.first.visits, *then.visits), effects)


async def _place(engine: Engine, programme: Programme, row: Row) -> _Placed:
    """The run, moved into a newer version first where its author says so."""
    run = run_of(row)
    journey = await _definition(engine, programme, run)
    zone = row["time_zone"] or programme.section(ProgrammeConfig).time_zone
    known = Known(row["status"] == "active", zone, row["bought_at"])
    if not run.open or run.seen_version == programme.version:
        return _Placed(Advance(run), journey, known)
    newer = programme.section(JourneysConfig).find(run.journey_key)
    first = moved(journey, newer, run, programme.version)
    if first.run.programme_version == programme.version and newer is not None:
        journey = newer
    return _Placed(first, journey, known, not first.run.step_key and first.run.state is RunState.COMPLETED)


def _ended(first: Advance, moment: Moment) -> Advance:
    visit = Visit(first.run.visits, "", "end", "finished")
    run = dataclasses.replace(first.run, ended_at=moment.now, next_due=None, visits=first.run.visits + 1)
    return Advance(run, (*first.visits, visit))


async def _definition(engine: Engine, programme: Programme, run: Run) -> Journey:
    """The journey as it was when the member entered; as it is now where the old file cannot be read any more."""
    if run.programme_version == programme.version:
        entered = programme
    else:
        try:
            entered = await engine.programmes.version(ProgrammeVersion(run.programme_version))
        except (NoProgramme, ProgrammeInvalid):
            entered = programme
    found = entered.section(JourneysConfig).find(run.journey_key)
    if found is None:
        raise LookupError(f"version {run.programme_version} of the programme has no journey {run.journey_key}")
    return found


async def facts_of(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> Bindings:
    """The values that conditions about the member read."""
    return MEMBER_ENVIRONMENT.bind(await member_values(tx, programme, member_id, moment))


async def member_values(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> dict[str, Any]:
    """What is known of the member and of the moment, by the names of conditions."""
    return (await values_by_member(tx, programme, [member_id], moment))[member_id]


async def values_by_member(
    tx: Transaction, programme: Programme, member_ids: Sequence[MemberId], moment: Moment
) -> dict[MemberId, dict[str, Any]]:
    """The same of many members who exist, in two statements."""
    statuses = await statuses_by_member(tx, programme, member_ids, moment)
    zone = programme.section(ProgrammeConfig).time_zone
    values = {}
    for member_id, facts in (await facts_by_member(tx, programme, member_ids, moment.now)).items():
        status = statuses.get(member_id)
        values[member_id] = facts.bindings(moment.now, zone, status.current if status else None)
    return values
