"""The funnel of a campaign: reach, delivered, seen, opened, clicked, converted, for each variant and channel."""

from datetime import datetime

from fedele.db.database import Queryable
from fedele.domains.members.types import Channel
from fedele.domains.messaging.campaign_config import Campaign
from fedele.domains.messaging.types import FunnelLine

# $1 campaign, $2 since, $3 kind of goal, $4 its key, $5 its days. Delivered: the push service or mail server took it,
# the SMS provider says it arrived, the app or the card has it. The tables of deeds are those of rooms above: read only.
_FUNNEL = """
SELECT coalesce(d.variant, '') AS variant, d.channel, count(*) AS judged,
       count(*) FILTER (WHERE sent.yes) AS sent,
       count(*) FILTER (WHERE sent.yes AND CASE d.channel
           WHEN 'push' THEN EXISTS (SELECT 1 FROM push_send p
                                     WHERE p.member_id = d.member_id AND p.source_id = d.source_id
                                       AND p.template_key = d.template_key AND p.state = 'sent')
           WHEN 'sms' THEN EXISTS (SELECT 1 FROM message_report r
                                    WHERE r.member_id = d.member_id AND r.contact_id = d.contact_id
                                      AND r.what = 'delivered')
           WHEN 'in_app' THEN true
           ELSE EXISTS (SELECT 1 FROM message_letter l
                         WHERE l.member_id = d.member_id AND l.source_id = d.source_id
                           AND l.template_key = d.template_key AND l.channel = d.channel AND l.state = 'sent')
           END) AS delivered,
       count(*) FILTER (WHERE 'seen' = ANY(told.what)) AS seen,
       count(*) FILTER (WHERE 'opened' = ANY(told.what)) AS opened,
       count(*) FILTER (WHERE 'clicked' = ANY(told.what)) AS clicked,
       count(*) FILTER (WHERE (sent.yes OR d.reason = 'holdout') AND CASE $3::text
           WHEN 'redemption' THEN EXISTS (SELECT 1 FROM redemption g
                WHERE g.member_id = d.member_id AND ($4::text IS NULL OR g.reward_key = $4)
                  AND g.redeemed_at >= at.leaves_at AND g.redeemed_at < at.leaves_at + make_interval(days => $5::int))
           WHEN 'offer' THEN EXISTS (SELECT 1 FROM offer_claim g
                WHERE g.member_id = d.member_id AND ($4 IS NULL OR g.offer_key = $4)
                  AND g.claimed_at >= at.leaves_at AND g.claimed_at < at.leaves_at + make_interval(days => $5))
           WHEN 'purchase' THEN EXISTS (SELECT 1 FROM purchase g
                WHERE g.member_id = d.member_id
                  AND g.occurred_at >= at.leaves_at AND g.occurred_at < at.leaves_at + make_interval(days => $5))
           ELSE false END) AS converted
  FROM message_decision d
 CROSS JOIN LATERAL (SELECT d.outcome <> 'suppressed' AS yes) sent
 CROSS JOIN LATERAL (SELECT coalesce(d.send_at, d.decided_at) AS leaves_at) at
 CROSS JOIN LATERAL (SELECT ARRAY(SELECT r.what FROM message_report r
                                   WHERE r.member_id = d.member_id AND r.contact_id = d.contact_id) AS what) told
 WHERE d.campaign_key = $1 AND d.decided_at >= $2
 GROUP BY 1, 2 ORDER BY 1, 2
"""


async def campaign_funnel(db: Queryable, campaign: Campaign, since: datetime) -> tuple[FunnelLine, ...]:
    """The funnel of what was decided since then."""
    goal = campaign.goal
    rows = await db.fetch(
        _FUNNEL, campaign.key, since, goal.kind if goal else None, goal.key if goal else None, goal.days if goal else 0
    )
    return tuple(
        FunnelLine(
            variant=row["variant"], channel=Channel(row["channel"]), judged=row["judged"], sent=row["sent"],
            delivered=row["delivered"], seen=row["seen"], opened=row["opened"], clicked=row["clicked"],
            converted=row["converted"],
        )
        for row in rows
    )  # fmt: skip
