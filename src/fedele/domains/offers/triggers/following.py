"""Offers that follow something the member did: a purchase, a visit, an event; at once, or so many hours later."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import DATABASE_LOST, Database, Queryable, Transaction
from fedele.domains.offers.checking.sight import Setting, Sight
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.ports import ProgrammeAt
from fedele.domains.offers.triggers.firing import Cause, fire, refuse
from fedele.domains.offers.triggers.kinds import EventTrigger, FollowingTrigger
from fedele.domains.offers.triggers.situation import setting_of
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

TRY_AGAIN = timedelta(minutes=10)
NO_LONGER_WANTED = "OFFER_NO_LONGER_WANTED"
BATCH = 100
ROUNDS_MAX = 1_000

# The place of this purchase in the order of the member's own: two that arrive together are still fourth and fifth.
_PURCHASES = """
SELECT count(*) FROM purchase p JOIN purchase this ON this.member_id = p.member_id AND this.purchase_id = $2
 WHERE p.member_id = $1 AND (p.occurred_at, p.purchase_id) <= (this.occurred_at, this.purchase_id)
"""
_EVENTS = """
SELECT count(*) FROM activity_event e JOIN activity_event this ON this.member_id = e.member_id AND this.event_id = $2
 WHERE e.member_id = $1 AND e.name = this.name AND (e.occurred_at, e.event_id) <= (this.occurred_at, this.event_id)
"""
_SOURCE = "SELECT name FROM activity_event WHERE member_id = $1 AND event_id = $2"  # none: it was a purchase
_APPOINT = """
INSERT INTO offer_appointment (member_id, offer_key, source_id, since, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
_DUE = """
DELETE FROM offer_appointment WHERE (member_id, offer_key, source_id) IN (
    SELECT member_id, offer_key, source_id FROM offer_appointment WHERE due_at <= $1
     ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING member_id, offer_key, source_id, since, due_at
"""


async def after_purchase(
    tx: Transaction, programme: Programme, member_id: MemberId, purchase_id: UUID, at: datetime, moment: Moment
) -> None:
    """Fire, or appoint, what follows this purchase. Repeating it changes nothing."""
    wanted = _wanted(programme, "purchase", None)
    if wanted:
        count: int = await tx.fetch_value(_PURCHASES, member_id, purchase_id)
        await _follow(tx, programme, member_id, wanted, count, purchase_id, at, moment)


async def after_event(
    tx: Transaction, programme: Programme, member_id: MemberId, event_id: UUID, name: str, at: datetime, moment: Moment
) -> None:
    """Fire, or appoint, what follows this event; a check-in is a visit. Repeating it changes nothing."""
    wanted = _wanted(programme, "visit" if name == "check_in" else "event", name)
    if wanted:
        count: int = await tx.fetch_value(_EVENTS, member_id, event_id)
        await _follow(tx, programme, member_id, wanted, count, event_id, at, moment)


async def keep_appointments(database: Database, programme_at: ProgrammeAt, moment: Moment) -> int:
    """Judge what is due; how many there were. One transaction each: a worker that dies leaves the rest."""
    for number in range(ROUNDS_MAX):
        async with database.transaction() as tx:
            row = await tx.fetch_row(_DUE, moment.now)
            if row is None:
                return number
            programme = await programme_at(moment.now)
            try:
                async with tx.savepoint():
                    await _keep(tx, programme, row, moment)
            except DATABASE_LOST:
                raise
            except Exception:  # one member's trouble must not stand before everybody's appointments for good
                log.exception("appointment_not_kept", offer=row["offer_key"], member_id=str(row["member_id"]))
                named = (row["member_id"], row["offer_key"], row["source_id"], row["since"])
                await tx.execute(_APPOINT, *named, moment.now + TRY_AGAIN)
    return ROUNDS_MAX


def _wanted(programme: Programme, kind: str, name: str | None) -> list[tuple[Offer, FollowingTrigger]]:
    return [
        (offer, trigger)
        for offer in programme.section(OffersConfig)
        if offer.state in ("live", "scheduled")
        for trigger in offer.following
        if trigger.type == kind and (not isinstance(trigger, EventTrigger) or trigger.event == name)
    ]


async def _follow(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    wanted: Sequence[tuple[Offer, FollowingTrigger]],
    count: int,
    source_id: UUID,
    at: datetime,
    moment: Moment,
) -> None:
    meant = [(offer, trigger) for offer, trigger in wanted if trigger.meets(count)]
    if not meant:
        return
    await tx.lock_member(member_id)
    setting: Setting | None = None
    for offer, trigger in meant:
        if trigger.after_hours:
            due_at = at + timedelta(hours=trigger.after_hours)
            await tx.execute(_APPOINT, member_id, offer.key, source_id, at, due_at)
            continue
        setting = setting or await setting_of(tx, programme, member_id, moment)
        if setting is not None:
            await fire(tx, offer, setting, _cause(source_id, trigger))


async def _keep(tx: Transaction, programme: Programme, row: Mapping[str, Any], moment: Moment) -> None:
    offer = programme.section(OffersConfig).find(row["offer_key"])
    trigger = await _appointed(tx, offer, row) if offer is not None else None
    if offer is None or trigger is None:
        return  # the programme has given it up
    member_id = MemberId(row["member_id"])
    await tx.lock_member(member_id)
    setting = await setting_of(tx, programme, member_id, moment)
    if setting is None:
        return
    cause = _cause(row["source_id"], trigger)
    unless = trigger.unless if isinstance(trigger, EventTrigger) else ()
    if unless and (happened := await _happened(tx, member_id, unless, row["since"])) is not None:
        await refuse(tx, Sight(offer, setting), cause, NO_LONGER_WANTED, {"check": "unless", "happened": happened})
        return
    await fire(tx, offer, setting, cause)


async def _appointed(db: Queryable, offer: Offer, row: Mapping[str, Any]) -> FollowingTrigger | None:
    """The trigger that made an appointment: of what happened then and, of several, the one that waits so long."""
    waiting = [trigger for trigger in offer.following if trigger.after_hours]
    if len(waiting) > 1:
        name = await db.fetch_value(_SOURCE, row["member_id"], row["source_id"])
        kind = "purchase" if name is None else "visit" if name == "check_in" else "event"
        waiting.sort(key=lambda one: timedelta(hours=one.after_hours) != row["due_at"] - row["since"])
        waiting.sort(key=lambda one: one.type != kind or (isinstance(one, EventTrigger) and one.event != name))
    return next(iter(waiting), None)


async def _happened(db: Queryable, member_id: MemberId, names: Sequence[str], since: datetime) -> str | None:
    """The first of these that happened since then."""
    found: str | None = await db.fetch_value(
        """
        SELECT name FROM (
               SELECT 'purchase' AS name, occurred_at FROM purchase
                WHERE member_id = $1 AND occurred_at > $3 AND 'purchase' = ANY($2)
               UNION ALL
               SELECT name, occurred_at FROM activity_event
                WHERE member_id = $1 AND occurred_at > $3 AND name = ANY($2)) AS since
         ORDER BY occurred_at LIMIT 1
        """,
        member_id, list(names), since,
    )  # fmt: skip
    return found


def _cause(source_id: UUID, trigger: FollowingTrigger) -> Cause:
    return Cause("event", f"{trigger.type}:{source_id}", timedelta(hours=trigger.open_hours))
