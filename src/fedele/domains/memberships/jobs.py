"""Memberships by the clock: renewals are requested, ends are noted, payments are asked for again."""

import contextlib

import structlog

from fedele.db.database import Database
from fedele.domains.memberships import commands, queries
from fedele.domains.memberships.ports import PaymentProvider, PaymentUnknown
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
BATCH_COUNT = 500


async def run_due(database: Database, programmes: ProgrammeSource, provider: PaymentProvider, moment: Moment) -> int:
    """Do everything that is due by now, member by member; how many memberships and payments were touched.

    Safe to stop and to run again, by several workers at once: each step looks again under the member's lock.
    """
    programme = await programmes.at(moment.now)
    touched = 0
    seen: set[tuple[object, object]] = set()
    while due := [
        pair for pair in await queries.due_memberships(database.reader, moment.now, BATCH_COUNT) if pair not in seen
    ]:
        for member_id, key in due:
            async with database.transaction() as tx:
                touched += await commands.renew(tx, programme, member_id, key, moment)
                touched += await commands.end_due(tx, programme, member_id, key, moment)
        seen.update(due)
    while payments := [
        pair for pair in await queries.due_payments(database.reader, moment.now, BATCH_COUNT) if pair not in seen
    ]:
        for member_id, payment_id in payments:
            try:
                touched += await commands.pay(database, programmes, provider, member_id, payment_id, moment) is not None
            except PaymentUnknown as error:
                log.warning("membership_payment_unknown", payment=str(payment_id), error=str(error))
        seen.update(payments)
    return touched


def renewal_schedule(database: Database, programmes: ProgrammeSource, provider: PaymentProvider) -> Schedule:
    """Do what is due each minute. Benefits do not wait for it: they end at their own instant."""

    async def run(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):
            await run_due(database, programmes, provider, moment)

    return Schedule(name="memberships.run_due", every_seconds=EVERY_SECONDS, run=run)
