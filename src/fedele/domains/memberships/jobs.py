"""Memberships by the clock: renewals are requested, ends are noted, payments are asked for again."""

import contextlib

import structlog

from fedele.db.database import Database
from fedele.domains.memberships import commands, queries
from fedele.domains.memberships.ports import PaymentProvider, PaymentUnknown
from fedele.domains.memberships.types import PaymentId
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.jobs.alone import each_alone
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
BATCH_COUNT = 500


async def run_due(database: Database, programmes: ProgrammeSource, provider: PaymentProvider, moment: Moment) -> int:
    """Do everything that is due by now, member by member; how many memberships and payments were touched.

    Safe to stop and to run again, by several workers at once: each step looks again under the member's lock.
    """
    programme = await programmes.at(moment.now)
    touched = 0

    async def tend(pair: tuple[MemberId, str]) -> None:
        nonlocal touched
        member_id, key = pair
        async with database.transaction() as tx:
            renewed = await commands.renew(tx, programme, member_id, key, moment)
            ended = await commands.end_due(tx, programme, member_id, key, moment)
        touched += renewed + ended

    async def pay(pair: tuple[MemberId, PaymentId]) -> None:
        nonlocal touched
        member_id, payment_id = pair
        try:
            touched += await commands.pay(database, programmes, provider, member_id, payment_id, moment) is not None
        except PaymentUnknown as error:
            log.warning("membership_payment_unknown", payment=str(payment_id), error=str(error))

    seen: set[tuple[object, object]] = set()
    while due := [
        pair for pair in await queries.due_memberships(database.reader, moment.now, BATCH_COUNT) if pair not in seen
    ]:
        await each_alone("memberships.tend", due, tend)
        seen.update(due)
    while payments := [
        pair for pair in await queries.due_payments(database.reader, moment.now, BATCH_COUNT) if pair not in seen
    ]:
        await each_alone("memberships.pay", payments, pay)
        seen.update(payments)
    return touched


def renewal_schedule(database: Database, programmes: ProgrammeSource, provider: PaymentProvider) -> Schedule:
    """Do what is due each minute. Benefits do not wait for it: they end at their own instant."""

    async def run(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):
            await run_due(database, programmes, provider, moment)

    return Schedule(name="memberships.run_due", every_seconds=EVERY_SECONDS, run=run)
