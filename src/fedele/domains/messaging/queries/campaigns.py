"""Who a campaign is for, what would become of it now, and where its sendings stand."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.members.types import Channel
from fedele.domains.messaging.campaign_config import Campaign
from fedele.domains.messaging.campaigns import arm_of, send_time
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import Ask, ContactFacts, Ruling, Verdict, rule
from fedele.domains.messaging.queries.contact import NOBODY, contact_facts_many
from fedele.domains.messaging.types import CampaignPreview, CampaignRun, Outcome, Reason, WhyNot
from fedele.domains.programme.types import Programme
from fedele.domains.segments import queries as segments
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Expression
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

PREVIEW_BATCH = 2_000
EVERYONE_SHARE = 0.99

_EVERYONE = """
SELECT member_id FROM member
 WHERE status = 'active' AND ($1::uuid IS NULL OR member_id > $1) ORDER BY member_id LIMIT $2
"""
_HAD = """
SELECT member_id, count(DISTINCT source_id) AS times FROM message_decision
 WHERE campaign_key = $1 AND member_id = ANY($2::uuid[]) AND outcome <> 'suppressed' AND decided_at > $3
   AND source_id <> $4
 GROUP BY member_id
"""


def condition_of(campaign: Campaign) -> Expression | None:
    """The audience as one condition; None: everybody, or a segment alone."""
    audience = campaign.audience
    if audience.when is None or audience.segment is None:
        return audience.when
    return MEMBER_ENVIRONMENT.compile(f"'{audience.segment}' in member.segments && ({audience.when.text})", "bool")


async def audience_page(
    db: Queryable, programme: Programme, campaign: Campaign, moment: Moment, after: MemberId | None, limit: int
) -> list[MemberId]:
    """The next active members of the audience in order of their id; fewer than `limit` at the end."""
    condition = condition_of(campaign)
    if condition is not None:
        return await segments.audience_page(db, programme, condition, moment, after, limit)
    if campaign.audience.segment is not None:
        return await segments.segment_page(db, campaign.audience.segment, after, limit)
    return [MemberId(row["member_id"]) for row in await db.fetch(_EVERYONE, after, limit)]


async def audience_size(db: Queryable, programme: Programme, campaign: Campaign, moment: Moment) -> tuple[int, int]:
    """How many members the audience has, and how many there are."""
    everyone: int = await db.fetch_value("SELECT count(*) FROM member WHERE status = 'active'")
    condition = condition_of(campaign)
    if condition is not None:
        return await segments.count_audience(db, programme, condition, moment), everyone
    if campaign.audience.segment is not None:
        return await segments.count_members(db, campaign.audience.segment), everyone
    return everyone, everyone


def is_untargeted(campaign: Campaign, audience_count: int, everyone_count: int) -> bool:
    """Whether it would go to everybody without anybody having said why. 99 of 100 members are everybody: a condition
    that spares only those who joined a minute ago targets nobody.
    """
    return campaign.audience.everyone is None and 0 < everyone_count * EVERYONE_SHARE <= audience_count


async def times_had(
    db: Queryable, campaign: Campaign, member_ids: Sequence[MemberId], this_run: UUID, moment: Moment
) -> Mapping[MemberId, int]:
    """How often each of these members had this campaign within the time its cap names, without this sending."""
    since = moment.now - timedelta(days=campaign.caps.days)
    rows = await db.fetch(_HAD, campaign.key, list(member_ids), since, this_run)
    return {MemberId(row["member_id"]): row["times"] for row in rows}


async def preview_campaign(db: Queryable, programme: Programme, campaign: Campaign, moment: Moment) -> CampaignPreview:
    """What would become of the campaign if it were sent now, by the very rules that would send it; writes nothing.

    Reads the audience in batches, in the order in which it would be written to; each member is counted once, by what
    would become of the message for them. Whom one sending does not reach any more is CAMPAIGN_FULL.
    """
    audience_count, everyone_count = await audience_size(db, programme, campaign, moment)
    tally = _Tally(campaign.caps.members)
    after: MemberId | None = None
    while not tally.full and (page := await audience_page(db, programme, campaign, moment, after, PREVIEW_BATCH)):
        had = await times_had(db, campaign, page, UUID(int=0), moment)
        facts = await contact_facts_many(db, page, moment)
        for member_id in page:
            known = facts.get(member_id, NOBODY)
            tally.count(judge(programme, campaign, member_id, known, had.get(member_id, 0), moment))
        after = page[-1]
        if len(page) < PREVIEW_BATCH:
            break
    if tally.full and audience_count > tally.judged_count:
        tally.reasons[Reason.CAMPAIGN_FULL] = audience_count - tally.judged_count
    return CampaignPreview(
        campaign.key, audience_count, everyone_count, tally.now_count, tally.later_count, dict(tally.reasons),
        dict(tally.channels), is_untargeted(campaign, audience_count, everyone_count),
    )  # fmt: skip


class _Tally:
    """Who would get it, member after member, until one sending reaches no more (`room`; None: all)."""

    def __init__(self, room: int | None) -> None:
        self._room = room
        self.judged_count = self.now_count = self.later_count = 0
        self.reasons: Counter[Reason] = Counter()
        self.channels: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether the sending reaches no more."""
        return self._room is not None and self.now_count + self.later_count >= self._room

    def count(self, rulings: Sequence[Ruling]) -> None:
        """One member of the audience; beyond the end nobody is judged."""
        if self.full:
            return
        self.judged_count += 1
        going = [ruling for ruling in rulings if ruling.verdict.outcome is not Outcome.SUPPRESSED]
        self.channels.update(ruling.channel.value for ruling in going)
        if not going:
            self.reasons[rulings[0].verdict.reason] += 1
        elif any(ruling.verdict.outcome is Outcome.SENT for ruling in going):
            self.now_count += 1
        else:
            self.later_count += 1
            self.reasons[going[0].verdict.reason] += 1


def judge(
    programme: Programme, campaign: Campaign, member_id: MemberId, facts: ContactFacts, had: int, moment: Moment
) -> Sequence[Ruling]:
    """What would become of this campaign for one member, a ruling for each channel. Pure."""
    config = programme.section(MessagesConfig)
    arm = arm_of(campaign, member_id)
    template = config.find((arm or campaign.arms[0]).template)
    if template is None:
        return [_withheld(Reason.TEMPLATE_GONE)]
    if had >= campaign.caps.per_member:
        return [_withheld(Reason.CAMPAIGN_CAP)]
    if arm is None:
        return [_withheld(Reason.HOLDOUT)]
    not_before = send_time(campaign, facts.opened_at, facts.time_zone, moment.now)
    return rule(Ask.of(template, not_before=not_before), facts, config, moment.now)


async def explain_campaign(
    db: Queryable, programme: Programme, campaign: Campaign, member_id: MemberId, moment: Moment
) -> WhyNot:
    """Why this member gets the campaign now, or why not; and whether they are in its audience at all."""
    before = MemberId(UUID(int=max(member_id.int - 1, 0)))
    found = await audience_page(db, programme, campaign, moment, before, 1)
    had = await times_had(db, campaign, [member_id], UUID(int=0), moment)
    facts = (await contact_facts_many(db, [member_id], moment)).get(member_id, NOBODY)
    rulings = judge(programme, campaign, member_id, facts, had.get(member_id, 0), moment)
    arm = arm_of(campaign, member_id)
    return WhyNot(
        found == [member_id],
        arm.key if arm else None,
        tuple(
            (ruling.channel, ruling.verdict.outcome, ruling.verdict.reason, ruling.verdict.send_at)
            for ruling in rulings
        ),
    )


async def list_runs(db: Queryable, campaign_keys: Sequence[str], first: int = 20) -> dict[str, tuple[CampaignRun, ...]]:
    """The last sendings of each of these campaigns, the newest first."""
    rows = await db.fetch(
        """
        SELECT r.* FROM unnest($1::text[]) AS c (key)
         CROSS JOIN LATERAL (SELECT * FROM message_campaign_run r
                              WHERE r.campaign_key = c.key ORDER BY due_at DESC LIMIT $2) r
         ORDER BY r.due_at DESC
        """,
        list(campaign_keys), first,
    )  # fmt: skip
    names = [field.name for field in dataclasses.fields(CampaignRun)]
    found: dict[str, tuple[CampaignRun, ...]] = {}
    for row in rows:
        run = CampaignRun(**{name: row[name] for name in names})
        found[run.campaign_key] = (*found.get(run.campaign_key, ()), run)
    return found


def _withheld(reason: Reason) -> Ruling:
    return Ruling(Channel.PUSH, Verdict(Outcome.SUPPRESSED, reason))
