"""Messaging in the staff schema: why somebody was written to or not, campaigns before and after they are sent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.connections import page_size
from fedele.api.context import Info
from fedele.api.permissions import query_field
from fedele.domains.auth.types import Scope
from fedele.domains.members.types import Channel
from fedele.domains.messaging import queries
from fedele.domains.messaging import types as records
from fedele.domains.messaging.config import MessagesConfig

FUNNEL_DAYS_MAX = 400

strawberry.enum(
    records.Outcome,
    name="MessageOutcome",
    description="SENT: it left or waits in the app. DEFERRED: it leaves at sendAt. SUPPRESSED: held back.",
)
strawberry.enum(records.Reason, name="MessageReason", description="Why a message was sent, put off or held back.")


@strawberry.type
class MessageDecision:
    """One line of the decision log: why a member got a message by a channel, or why not."""

    template: str
    channel: str
    purpose: str = strawberry.field(description="The consent it needs, or service.")
    outcome: records.Outcome
    reason: records.Reason
    explanation: str = strawberry.field(description="The reason in words.")
    decided_at: datetime
    send_at: datetime | None = strawberry.field(description="When it leaves, if it was put off.")
    priority: str
    campaign: str | None = strawberry.field(description="The campaign or journey it belongs to.")
    variant: str | None
    details: JSON = strawberry.field(description="The figures it was decided by: contacts today and this week, limits.")

    @classmethod
    def of(cls, record: records.Decision, locale: str) -> Self:
        """From the record."""
        return cls(
            template=record.template_key,
            channel=record.channel.value,
            purpose=str(record.purpose),
            outcome=record.outcome,
            reason=record.reason,
            explanation=queries.reason_words(record.reason, locale),
            decided_at=record.decided_at,
            send_at=record.send_at,
            priority=record.priority,
            campaign=record.campaign_key,
            variant=record.variant,
            details=JSON(dict(record.details)),
        )


@strawberry.type
class MessageReasonCount:
    """How many members would not get it now, for this reason."""

    reason: records.Reason
    explanation: str
    members: int


@strawberry.type
class MessageChannelCount:
    """How many would get it by this channel."""

    channel: str
    members: int


@strawberry.type
class MessageCampaignPreview:
    """What would become of a campaign if it were sent now. Nothing is written."""

    audience: int = strawberry.field(description="Members it is for.")
    everyone: int = strawberry.field(description="Members there are.")
    now: int = strawberry.field(description="Who would get it now.")
    later: int = strawberry.field(description="Who would get it later: after their quiet hours, at their hour.")
    reasons: list[MessageReasonCount] = strawberry.field(description="Why the others would not, the most first.")
    channels: list[MessageChannelCount]
    refused: bool = strawberry.field(
        description="Its audience is everybody and nobody said why: it would not be sent at all."
    )
    summary: str = strawberry.field(description="The same as a sentence.")

    @classmethod
    def of(cls, record: records.CampaignPreview, locale: str) -> Self:
        """From the record."""
        counted = sorted(record.reasons.items(), key=lambda item: (-item[1], item[0]))
        reasons = [
            MessageReasonCount(reason=r, explanation=queries.reason_words(r, locale), members=n) for r, n in counted
        ]
        because = "; ".join(f"{n:,} {queries.reason_words(r, locale)}" for r, n in counted)
        return cls(
            audience=record.audience_count,
            everyone=record.everyone_count,
            now=record.now_count,
            later=record.later_count,
            reasons=reasons,
            channels=[MessageChannelCount(channel=c, members=n) for c, n in sorted(record.channels.items())],
            refused=record.refused,
            summary=f"{record.now_count:,} / {record.audience_count:,}" + (f" — {because}" if because else ""),
        )


@strawberry.type
class MessageCampaignRun:
    """One sending of a campaign."""

    due_at: datetime
    state: str = strawberry.field(description="running, done, refused (it was for everybody) or stopped.")
    audience: int
    judged: int = strawberry.field(description="Members looked at so far.")
    sent: int = strawberry.field(description="Of them, those who are written to.")
    exception: str | None = strawberry.field(description="Why it may go to everybody, if it may.")
    started_at: datetime
    ended_at: datetime | None


@strawberry.type
class MessageFunnelLine:
    """From reach to deed for one variant and channel; the holdout is a line of its own."""

    variant: str
    channel: str
    judged: int
    sent: int
    delivered: int
    seen: int
    opened: int
    clicked: int
    converted: int = strawberry.field(description="Did what the campaign's goal names, within its days.")


@strawberry.type
class MessageChannelRuling:
    """What would become of a campaign for a member by one channel."""

    channel: str
    outcome: records.Outcome
    reason: records.Reason
    explanation: str
    send_at: datetime | None


@strawberry.type
class MessageCampaignAnswer:
    """Why this member would get the campaign now, or why not."""

    in_audience: bool
    variant: str | None = strawberry.field(description="The arm the member is in; null for the holdout.")
    rulings: list[MessageChannelRuling]


@strawberry.type
class MessageCampaign:
    """A campaign of the programme in force, and its sendings."""

    key: str
    holdout_percent: int
    variants: list[str]
    runs: list[MessageCampaignRun]


@strawberry.type
class MessagingQuery:
    """What staff ask of messaging."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def message_decisions(
        self, info: Info, member_id: strawberry.ID, first: int = 50, before: datetime | None = None
    ) -> list[MessageDecision] | None:
        """Why this member was written to or not, the newest first; `before` goes on from there."""
        context = info.context
        member = ids.find_member_id(member_id)
        if member is None:
            return None
        locale = await context.language()
        found = await queries.list_decisions(context.reader, member, first=page_size(first), before=before)
        return [MessageDecision.of(record, locale) for record in found]

    @query_field(requires=Scope.REPORTS_READ)
    async def message_campaigns(self, info: Info) -> list[MessageCampaign] | None:
        """The campaigns of the programme in force, each with its last twenty sendings."""
        context = info.context
        config = (await context.programme()).section(MessagesConfig)
        runs = await queries.list_runs(context.reader, [campaign.key for campaign in config.campaigns])
        return [
            MessageCampaign(
                key=campaign.key, holdout_percent=campaign.holdout_percent,
                variants=[arm.key for arm in campaign.arms], runs=_runs(runs, campaign.key),
            )
            for campaign in config.campaigns
        ]  # fmt: skip

    @query_field(requires=Scope.REPORTS_READ)
    async def preview_message_campaign(self, info: Info, key: str) -> MessageCampaignPreview | None:
        """Who would get the campaign if it were sent now, and why the others would not. Null for an unknown key."""
        context = info.context
        programme = await context.programme()
        campaign = programme.section(MessagesConfig).campaign(key)
        if campaign is None:
            return None
        preview = await queries.preview_campaign(context.reader, programme, campaign, context.moment)
        return MessageCampaignPreview.of(preview, await context.language())

    @query_field(requires=Scope.REPORTS_READ)
    async def message_funnel(self, info: Info, key: str, days: int = 90) -> list[MessageFunnelLine] | None:
        """From reach to deed, for each variant and channel of a campaign, over so many days."""
        context = info.context
        campaign = (await context.programme()).section(MessagesConfig).campaign(key)
        if campaign is None:
            return None
        since = context.moment.now - timedelta(days=min(max(days, 1), FUNNEL_DAYS_MAX))
        return [
            MessageFunnelLine(
                variant=line.variant, channel=line.channel.value, judged=line.judged, sent=line.sent,
                delivered=line.delivered, seen=line.seen, opened=line.opened, clicked=line.clicked,
                converted=line.converted,
            )
            for line in await queries.campaign_funnel(context.reader, campaign, since)
        ]  # fmt: skip

    @query_field(requires=Scope.MEMBERS_READ)
    async def explain_message_campaign(
        self, info: Info, key: str, member_id: strawberry.ID
    ) -> MessageCampaignAnswer | None:
        """Why a member would get this campaign if it were sent now, or why not."""
        context = info.context
        programme = await context.programme()
        campaign, member = programme.section(MessagesConfig).campaign(key), ids.find_member_id(member_id)
        if campaign is None or member is None:
            return None
        locale = await context.language()
        found = await queries.explain_campaign(context.reader, programme, campaign, member, context.moment)
        return MessageCampaignAnswer(
            in_audience=found.in_audience,
            variant=found.variant,
            rulings=[
                MessageChannelRuling(
                    channel=Channel(channel).value, outcome=outcome, reason=reason,
                    explanation=queries.reason_words(reason, locale), send_at=send_at,
                )
                for channel, outcome, reason, send_at in found.rulings
            ],
        )  # fmt: skip


def _runs(runs: Mapping[str, tuple[records.CampaignRun, ...]], key: str) -> list[MessageCampaignRun]:
    return [
        MessageCampaignRun(
            due_at=run.due_at, state=run.state, audience=run.audience_count, judged=run.judged_count,
            sent=run.sent_count, exception=run.exception_reason, started_at=run.started_at, ended_at=run.ended_at,
        )
        for run in runs.get(key, ())
    ]  # fmt: skip
