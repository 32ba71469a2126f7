"""What happens to a member: it may move them on, end a journey, or bring them into one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded, PurchaseReturned
from fedele.domains.activity.queries import find_event, find_purchase
from fedele.domains.activity.types import ActivityEventId, Purchase, PurchaseId
from fedele.domains.journeys.commands.advancing import advance_runs
from fedele.domains.journeys.commands.deciding import Engine, facts_of, member_values
from fedele.domains.journeys.commands.entering import Candidate, enter
from fedele.domains.journeys.config import (
    EventTrigger,
    Happening,
    Journey,
    JourneysConfig,
    SegmentTrigger,
    SequenceTrigger,
)
from fedele.domains.journeys.path import matches
from fedele.domains.journeys.types import Heard, RunState
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.events import SegmentEntered, SegmentLeft
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money
from fedele.kernel.vocabulary import EVENT_ENVIRONMENT

VISIT = "visit"
CHECK_IN = "check_in"

# Runs that may care: open ones, and those that are over whose goal may still be reached; none that has heard it before.
_LISTENING = """
SELECT r.run_id FROM journey_run r
 WHERE r.member_id = $1 AND (r.ended_at IS NULL OR (r.goal_at IS NULL AND r.goal_until >= $2 AND r.state <> 'declined'))
   AND NOT EXISTS (SELECT FROM journey_visit v
                    WHERE v.member_id = r.member_id AND v.run_id = r.run_id AND v.source_id = $3)
 ORDER BY 1
"""
_LOCK_RUNS = "SELECT FROM journey_run WHERE member_id = $1 AND run_id = ANY($2::uuid[]) ORDER BY run_id FOR UPDATE"

# How often it happened since then, and until the event itself. A visit is a day of the programme's calendar.
_COUNTS = {
    "purchase": "SELECT count(*) FROM purchase WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3",
    "return": "SELECT count(*) FROM purchase_return WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3",
    "rewards.redeemed": """
        SELECT count(*) FROM redemption
         WHERE member_id = $1 AND redeemed_at > $2 AND redeemed_at <= $3 AND source = 'member'""",
}
_VISITS = """
SELECT count(DISTINCT (occurred_at AT TIME ZONE $4)::date) FROM (
       SELECT occurred_at FROM purchase WHERE member_id = $1 AND occurred_at > $2 AND occurred_at <= $3
       UNION ALL
       SELECT occurred_at FROM activity_event
        WHERE member_id = $1 AND name = 'check_in' AND occurred_at > $2 AND occurred_at <= $3) AS visits
"""
_EVENTS = """
SELECT count(*) FROM activity_event WHERE member_id = $1 AND name = $4 AND occurred_at > $2 AND occurred_at <= $3
"""


async def hear(engine: Engine, event: Event, outbox_id: UUID, moment: Moment) -> None:
    """Tell the member's journeys of this event. Hearing it again changes nothing."""
    programme = await engine.programmes.at(moment.now)
    names = names_of(event)
    brought = [one for one in programme.section(JourneysConfig) if _may_bring(one, names, event)]
    listening = (event.member_id, event.occurred_at, outbox_id)
    runs = await engine.database.reader.fetch(_LISTENING, *listening)
    if not brought and not runs:
        return
    async with engine.database.transaction() as tx:
        if runs:  # again under their locks: the same event delivered twice at once would end two waits in a row
            await tx.fetch(_LOCK_RUNS, event.member_id, [row["run_id"] for row in runs])
            runs = await tx.fetch(_LISTENING, *listening)
        heard = await _heard(tx, programme, event, outbox_id, names, moment)
        await advance_runs(tx, engine, programme, event.member_id, [row["run_id"] for row in runs], moment, heard)
        for journey in brought:
            await _bring(tx, engine, programme, journey, heard, event.member_id, moment)


def names_of(event: Event) -> frozenset[str]:
    """The names by which journeys know an event: its kind, and shorter words for what members do."""
    match event:
        case PurchaseRecorded():
            return frozenset({event.kind, "purchase", VISIT})
        case PurchaseReturned():
            return frozenset({event.kind, "return"})
        case ActivityRecorded(name=name):
            return frozenset({event.kind, name, *([VISIT] if name == CHECK_IN else [])})
    return frozenset({event.kind})


def _may_bring(journey: Journey, names: frozenset[str], event: Event) -> bool:
    match journey.trigger:
        case EventTrigger(event=wanted) | SequenceTrigger(event=wanted):
            return wanted in names
        case SegmentTrigger(segment=segment, on="entry"):
            return isinstance(event, SegmentEntered) and event.segment == segment
        case SegmentTrigger(segment=segment):
            return isinstance(event, SegmentLeft) and event.segment == segment
    return False


async def _bring(
    tx: Transaction, engine: Engine, programme: Programme, journey: Journey, heard: Heard, member_id: MemberId,
    moment: Moment,
) -> None:  # fmt: skip
    """Let the member in if the trigger holds, and take the first steps at once."""
    trigger, zone = journey.trigger, programme.section(ProgrammeConfig).time_zone
    if not journey.dates.contains(moment.now, zone) or await _is_paused(tx, journey.key):
        return
    if isinstance(trigger, Happening) and not matches(trigger, heard):
        return
    if isinstance(trigger, SequenceTrigger) and not await _happened(tx, trigger, member_id, heard, zone):
        return
    if journey.when is not None and not journey.when.holds(await facts_of(tx, programme, member_id, moment)):
        return  # every purchase may try: a line in the trace for each would drown it
    await tx.lock_member(member_id)  # two events at once would both find that nobody has entered yet
    entered = await enter(tx, programme, journey, [Candidate(member_id, str(heard.source_id))], moment)
    for _, run_id in entered:
        runs = await advance_runs(tx, engine, programme, member_id, [run_id], moment)
        assert all(run.state is not RunState.DECLINED for run in runs), "the condition was judged just now"


async def _happened(
    tx: Transaction, trigger: SequenceTrigger, member_id: MemberId, heard: Heard, time_zone: str
) -> bool:
    """Whether enough happened within the days that end with this event, and nothing of what must not."""
    count = await _count(tx, trigger.event, member_id, heard, trigger.days, time_zone)
    if count < trigger.count:
        return False
    for unwanted in trigger.without:
        if await _count(tx, unwanted, member_id, heard, trigger.days, time_zone):
            return False
    return True


async def _count(tx: Transaction, name: str, member_id: MemberId, heard: Heard, days: int, time_zone: str) -> int:
    since = await tx.fetch_value("SELECT $1::timestamptz - make_interval(days => $2)", heard.occurred_at, days)
    values: tuple[Any, ...] = (member_id, since, heard.occurred_at)
    if name == VISIT:
        sql, values = _VISITS, (*values, time_zone)
    elif name in _COUNTS:
        sql = _COUNTS[name]
    else:
        sql, values = _EVENTS, (*values, name)
    count: int = await tx.fetch_value(sql, *values)
    return count


async def _is_paused(tx: Transaction, journey_key: str) -> bool:
    return bool(await tx.fetch_value("SELECT EXISTS (SELECT FROM journey_pause WHERE journey_key = $1)", journey_key))


async def _heard(
    tx: Transaction, programme: Programme, event: Event, outbox_id: UUID, names: frozenset[str], moment: Moment
) -> Heard:
    """The event with the values that conditions about it read."""
    properties, store, name = await _properties(tx, event)
    values = await member_values(tx, programme, event.member_id, moment)
    values |= {"event.name": name, "event.properties": properties, "event.store": store}
    return Heard(outbox_id, names, event.occurred_at, EVENT_ENVIRONMENT.bind(values))


async def _properties(tx: Transaction, event: Event) -> tuple[dict[str, Any], str | None, str]:
    match event:
        case PurchaseRecorded():
            purchase = await find_purchase(tx, event.member_id, PurchaseId(event.purchase_id))
            return (_told(purchase) if purchase else {}), event.store_id, "purchase"
        case ActivityRecorded():
            did = await find_event(tx, event.member_id, ActivityEventId(event.event_id))
            return dict(did.properties) if did else {}, event.store_id, event.name
    payload = event.payload()
    payload.pop("member_id", None)
    return payload, payload.get("store_id"), event.kind


def _told(purchase: Purchase) -> dict[str, Any]:
    def each(values: Iterable[str | None]) -> list[str]:
        return list(dict.fromkeys(value for value in values if value))

    return {
        "amount": Money(purchase.total_minor, purchase.currency).decimal,
        "currency": purchase.currency,
        "store": purchase.store_id,
        "channel": purchase.channel,
        "items": len(purchase.lines),
        "departments": each(line.department for line in purchase.lines),
        "categories": each(line.category for line in purchase.lines),
        "skus": each(line.sku for line in purchase.lines),
    }
