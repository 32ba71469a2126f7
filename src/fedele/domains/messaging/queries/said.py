"""What was said to a member, by every channel, in the words that they read."""

import dataclasses
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.wording import put_into_words, values_from_json
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId

_SAID = """
SELECT d.contact_id, d.channel, d.template_key, p.locale, p.display_name,
       coalesce(i.template_values, l.template_values, s.template_values, '{}') AS template_values
  FROM message_decision d
  LEFT JOIN member_profile p USING (member_id)
  LEFT JOIN in_app_message i ON i.member_id = d.member_id AND i.message_id = d.contact_id
  LEFT JOIN LATERAL (SELECT template_values FROM message_letter l
                      WHERE l.member_id = d.member_id AND l.contact_id = d.contact_id LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT template_values FROM push_send s
                      WHERE s.member_id = d.member_id AND s.contact_id = d.contact_id LIMIT 1) s ON true
 WHERE d.member_id = $1 AND d.outcome <> 'suppressed' AND d.contact_id IS NOT NULL
 ORDER BY d.decided_at, d.contact_id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A message that was sent, or is on its way."""

    contact_id: UUID
    channel: str
    template_key: str
    title: str


async def list_said(db: Queryable, programme: Programme, member_id: MemberId) -> list[Said]:
    """Everything, oldest first. What the programme has no words for any more has the template's key as its title."""
    config, default = programme.section(MessagesConfig), programme.section(ProgrammeConfig).default_locale
    said = []
    for row in await db.fetch(_SAID, member_id):
        template = config.find(row["template_key"])
        title: str = row["template_key"]
        if template is not None:
            values = values_from_json(row["template_values"])
            title = put_into_words(programme, template, values, row["locale"] or default, row["display_name"]).title
        said.append(Said(row["contact_id"], row["channel"], row["template_key"], title))
    return said
