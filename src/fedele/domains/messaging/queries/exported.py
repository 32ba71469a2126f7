"""What messaging knows of a member, for their data export (GDPR articles 15 and 20)."""

from typing import Any

from fedele.db.database import Queryable, Row
from fedele.kernel.ids import MemberId

# Never `push_target.value`, `push_send.provider_id` or a digest: they address a phone, and tell the member nothing.
_EXPORTED = {
    "devices": """
SELECT kind, platform, app_version, locale, time_zone, permission, registered_at, last_seen_at
  FROM push_target WHERE member_id = $1 ORDER BY registered_at, target_id
""",
    "messages": """
SELECT template_key AS template, template_values AS values, placement, display, created_at, expires_at, seen_at,
       dismissed_at, shown_count
  FROM in_app_message WHERE member_id = $1 ORDER BY created_at, message_id
""",
    "pushes": """
SELECT template_key AS template, template_values AS values, purpose, state, attempts_count, last_reason, settled_at
  FROM push_send WHERE member_id = $1 ORDER BY source_id, template_key, target_id
""",
    "letters": """
SELECT template_key AS template, template_values AS values, channel, purpose, state, attempts_count, first_tried_at,
       last_reason, settled_at
  FROM message_letter WHERE member_id = $1 ORDER BY source_id, template_key, channel
""",
    "decisions": """
SELECT template_key AS template, channel, purpose, outcome, reason, priority, campaign_key AS campaign, variant,
       decided_at, send_at, details
  FROM message_decision WHERE member_id = $1 ORDER BY decided_at, source_id, template_key, channel
""",
    "blocked_addresses": """
SELECT channel, reason, blocked_at FROM message_address_block WHERE member_id = $1 ORDER BY blocked_at, channel
""",
    "reports": """
SELECT d.template_key AS template, d.channel, r.what, r.occurred_at
  FROM message_report AS r LEFT JOIN message_decision AS d USING (member_id, contact_id)
 WHERE r.member_id = $1 ORDER BY r.occurred_at, r.contact_id, r.what
""",
}


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, list[dict[str, Any]]]:
    """What was said, on which channel, why or why not, and what became of it, oldest first, as JSON-able values."""
    return {name: [_plain(row) for row in await db.fetch(sql, member_id)] for name, sql in _EXPORTED.items()}


def _plain(row: Row) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in dict(row).items()}
