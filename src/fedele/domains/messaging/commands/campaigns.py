"""Sending campaigns: batch by batch, paced, so that a kill loses nobody and writes to nobody twice.

A sending is one row. Each batch is one transaction: it takes the row, judges the next members of the audience in order
of their id, records every decision, queues what goes out and moves the cursor. A worker killed in between leaves the
batch undone. The sending's own id is the source of its messages, so that even a batch that came twice would say nothing
twice.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from fedele.db.database import Database, Transaction
from fedele.domains.members.types import Channel
from fedele.domains.messaging import queries
from fedele.domains.messaging.campaign_config import Campaign
from fedele.domains.messaging.campaigns import allowed_now, arm_of, due_occurrence, in_order, run_id, send_time
from fedele.domains.messaging.commands.asking import Named, lock_members, write_down
from fedele.domains.messaging.commands.sending import send_many
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import Ask, ContactFacts, Ruling, Verdict
from fedele.domains.messaging.ports import ProgrammeAt
from fedele.domains.messaging.queries.contact import NOBODY
from fedele.domains.messaging.types import MessageAsked, Outcome, Reason
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH = 200

_BEGIN = """
INSERT INTO message_campaign_run (run_id, campaign_key, due_at, programme_version, state, audience_count,
                                  everyone_count, exception_reason, started_at, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $5 = 'refused' THEN $9::timestamptz END)
ON CONFLICT DO NOTHING RETURNING state
"""
_TAKE = "SELECT * FROM message_campaign_run WHERE run_id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED"
_MOVE = """
UPDATE message_campaign_run
   SET cursor = coalesce($2, cursor), judged_count = judged_count + $3, sent_count = sent_count + $4, state = $5,
       ended_at = CASE WHEN $5 <> 'running' THEN $6::timestamptz END
 WHERE run_id = $1
"""


async def run_campaigns(database: Database, programme_at: ProgrammeAt, moment: Moment, batches_max: int = 25) -> int:
    """Begin what is due and go on with what was begun; how many members were judged.

    Stops after `batches_max` batches, or where a campaign's pace says so: the next call goes on.
    """
    programme = await programme_at(moment.now)
    await _begin_due(database, programme, moment)
    running = await database.reader.fetch(
        "SELECT run_id, campaign_key FROM message_campaign_run WHERE state = 'running' ORDER BY started_at, run_id"
    )
    order = {campaign.key: rank for rank, campaign in enumerate(in_order(programme.section(MessagesConfig)))}
    judged_count = 0
    for row in sorted(running, key=lambda row: order.get(row["campaign_key"], len(order))):
        for _ in range(batches_max):
            judged = await _run_batch(database, programme, row["run_id"], row["campaign_key"], moment)
            judged_count += judged
            if judged == 0:
                break
    return judged_count


async def _begin_due(database: Database, programme: Programme, moment: Moment) -> None:
    """Write down each sending that fell due; one that would go to everybody without a reason is refused, for good."""
    config = programme.section(MessagesConfig)
    zone = programme.section(ProgrammeConfig).time_zone
    for campaign in config.campaigns:
        due_at = due_occurrence(campaign.when, zone, moment.now)
        if due_at is None:
            continue
        this_run = run_id(campaign.key, due_at)
        known = "SELECT 1 FROM message_campaign_run WHERE run_id = $1"
        if await database.reader.fetch_value(known, this_run) is not None:
            continue
        sizes = await queries.audience_size(database.reader, programme, campaign, moment)
        refused = queries.is_untargeted(campaign, *sizes)
        reason = campaign.audience.everyone.reason if campaign.audience.everyone else None
        async with database.transaction() as tx:
            state = await tx.fetch_value(
                _BEGIN, this_run, campaign.key, due_at, programme.version, "refused" if refused else "running",
                *sizes, reason, moment.now,
            )  # fmt: skip
        if state is not None:
            write = log.warning if refused or reason else log.info
            write(
                "campaign_refused" if refused else "campaign_begun", campaign=campaign.key, audience=sizes[0],
                everyone=sizes[1], exception=reason,
            )  # fmt: skip


async def _run_batch(
    database: Database, programme: Programme, this_run: UUID, campaign_key: str, moment: Moment
) -> int:
    """One batch of one sending, in one transaction; how many members were judged, 0 when there is nothing to do now."""
    campaign = programme.section(MessagesConfig).campaign(campaign_key)
    async with database.transaction() as tx:
        run = await tx.fetch_row(_TAKE, this_run)
        if run is None:
            return 0
        if campaign is None:
            await tx.execute(_MOVE, this_run, None, 0, 0, "stopped", moment.now)
            return 0
        limit = min(BATCH, allowed_now(campaign, run["sent_count"], run["started_at"], moment.now))
        if campaign.caps.members is not None:
            left = campaign.caps.members - run["sent_count"]
            if left <= 0:
                await tx.execute(_MOVE, this_run, None, 0, 0, "done", moment.now)
                return 0
            limit = min(limit, left)
        if limit == 0:
            return 0
        page = await queries.audience_page(tx, programme, campaign, moment, run["cursor"], limit)
        sent_count = await _say(tx, programme, campaign, (this_run, run["exception_reason"]), page, moment)
        state = "done" if len(page) < limit else "running"
        await tx.execute(_MOVE, this_run, page[-1] if page else None, len(page), sent_count, state, moment.now)
    return len(page)


async def _say(
    tx: Transaction,
    programme: Programme,
    campaign: Campaign,
    run: tuple[UUID, str | None],
    page: Sequence[MemberId],
    moment: Moment,
) -> int:
    """Judge a page of the audience and queue what goes out; to how many members."""
    if not page:
        return 0
    this_run, exception = run
    await lock_members(tx, page)
    had = await queries.times_had(tx, campaign, page, this_run, moment)
    facts: dict[MemberId, ContactFacts] = {}
    if campaign.send_time != "now":
        facts = await queries.contact_facts_many(tx, page, moment)
    details = {"campaign": campaign.key} | ({"everyone": exception} if exception else {})
    asked: list[MessageAsked] = []
    withheld: list[tuple[MemberId, Reason]] = []
    for member_id in page:
        arm = arm_of(campaign, member_id)
        if had.get(member_id, 0) >= campaign.caps.per_member:
            withheld.append((member_id, Reason.CAMPAIGN_CAP))
        elif arm is None:
            withheld.append((member_id, Reason.HOLDOUT))
        else:
            known = facts.get(member_id, NOBODY)
            asked.append(
                MessageAsked(
                    member_id=member_id, template=arm.template, source_id=this_run, campaign=campaign.key,
                    variant=arm.key, details=details,
                    not_before=_not_before(campaign, known, moment.now),
                )
            )  # fmt: skip
    await _withhold(tx, programme, campaign, this_run, withheld, moment)
    said = await send_many(tx, programme, asked, moment) if asked else []
    return sum(any(decision.allowed for decision in decisions) for decisions in said)


def _not_before(campaign: Campaign, facts: ContactFacts, now: datetime) -> datetime | None:
    return send_time(campaign, facts.opened_at, facts.time_zone, now)


async def _withhold(
    tx: Transaction,
    programme: Programme,
    campaign: Campaign,
    this_run: UUID,
    withheld: Sequence[tuple[MemberId, Reason]],
    moment: Moment,
) -> None:
    """Write down who was left out before the governor was asked, and why."""
    if not withheld:
        return
    config = programme.section(MessagesConfig)
    template = config.find(campaign.arms[0].template)
    channel = Channel(template.channels[0]) if template and template.channels else Channel.PUSH
    ask = Ask(template.purpose if template else "service", (channel,))
    ruled = [
        (
            Named(
                member_id, this_run, campaign.arms[0].template, campaign.key,
                "holdout" if reason is Reason.HOLDOUT else None,
            ),
            ask,
            NOBODY,
            [Ruling(channel, Verdict(Outcome.SUPPRESSED, reason))],
        )
        for member_id, reason in withheld
    ]  # fmt: skip
    await write_down(tx, config, ruled, moment)
