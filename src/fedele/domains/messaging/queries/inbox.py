"""Reading the messages that wait in the app."""

from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.types import PRIORITIES, Display, InAppMessage, MessageId, Wording
from fedele.domains.messaging.wording import put_into_words, values_from_json
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_position, encode_cursor

# $4 the templates that the programme still has, $5 how often each may be shown at most (null: no limit).
_SHOWN = """
SELECT i.member_id, i.message_id, i.template_key, i.template_values, i.display, i.created_at, i.expires_at, i.seen_at,
       i.placement, i.rank, i.shown_count, p.locale, p.display_name
  FROM in_app_message i
  JOIN unnest($4::text[], $5::int[]) AS t (template_key, shown_max) USING (template_key)
  LEFT JOIN member_profile p USING (member_id)
 WHERE i.member_id = $1 AND i.dismissed_at IS NULL AND i.expires_at > $2
   AND (t.shown_max IS NULL OR i.shown_count < t.shown_max)
"""
# What matters more first, then the newest; the last message of the page before is ($6, $3).
_MESSAGES = (
    _SHOWN
    + """
   AND ($3::uuid IS NULL OR i.rank > $6::int OR (i.rank = $6 AND i.message_id < $3))
   AND ($7::text IS NULL OR i.placement = $7)
 ORDER BY i.rank, i.message_id DESC LIMIT $8
"""
)
_MESSAGE = _SHOWN + "AND i.message_id = $3"

_WALLET = """
SELECT l.template_key, l.template_values, p.locale, p.display_name
  FROM message_letter l LEFT JOIN member_profile p USING (member_id)
 WHERE l.member_id = $1 AND l.channel = 'wallet' AND l.state = 'sent' AND l.expires_at > $2
   AND l.template_key = ANY($3::text[])
 ORDER BY l.settled_at DESC, l.contact_id DESC LIMIT 1
"""


async def list_messages(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    moment: Moment,
    *,
    first: int = 20,
    after: str | None = None,
    locale: str | None = None,
    placement: str | None = None,
) -> Page[InAppMessage]:
    """The member's in-app messages that are neither dismissed nor expired, in their own language.

    Those of higher priority first, then the newest; of one placement if it is named. `locale` asks for another
    language. A message whose template left the programme is not shown: nobody stands by its
    words any more. Raises MalformedCursor.
    """
    rank, before = _position(after)
    rows = await db.fetch(_MESSAGES, member_id, moment.now, before, *_shown(programme), rank, placement, first + 1)
    items = tuple(_message(programme, row, locale) for row in rows[:first])
    cursors = tuple(encode_cursor(row["rank"], str(row["message_id"])) for row in rows[:first])
    return Page(items, cursors, len(rows) > first)


async def find_message(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    message_id: MessageId,
    moment: Moment,
    *,
    locale: str | None = None,
) -> InAppMessage | None:
    """One of the messages that `list_messages` would list, or None."""
    row = await db.fetch_row(_MESSAGE, member_id, moment.now, message_id, *_shown(programme))
    return _message(programme, row, locale) if row else None


async def find_wallet_message(
    db: Queryable, programme: Programme, member_id: MemberId, moment: Moment, locale: str | None = None
) -> Wording | None:
    """What the member's card should show as news: the newest message sent to it that has not expired, or None."""
    config = programme.section(MessagesConfig)
    row = await db.fetch_row(_WALLET, member_id, moment.now, [template.key for template in config.templates])
    if row is None:
        return None
    template = config.find(row["template_key"])
    assert template is not None, "the statement asks for the programme's templates only"
    values = values_from_json(row["template_values"])
    return put_into_words(programme, template, values, locale or row["locale"] or "en", row["display_name"])


def _shown(programme: Programme) -> tuple[list[str], list[int | None]]:
    templates = programme.section(MessagesConfig).templates
    return [template.key for template in templates], [template.shown_max for template in templates]


def _position(after: str | None) -> tuple[int | None, UUID | None]:
    """Where a page goes on. Raises MalformedCursor."""
    if after is None:
        return None, None
    rank, message_id = decode_position(after, int, UUID)
    return rank, message_id


def _message(programme: Programme, row: Row, locale: str | None) -> InAppMessage:
    template = programme.section(MessagesConfig).find(row["template_key"])
    assert template is not None, "the statement asks for the programme's templates only"
    values = values_from_json(row["template_values"])
    return InAppMessage(
        message_id=MessageId(row["message_id"]),
        member_id=row["member_id"],
        template_key=row["template_key"],
        display=Display(row["display"]),
        wording=put_into_words(programme, template, values, locale or row["locale"] or "en", row["display_name"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        seen_at=row["seen_at"],
        placement=row["placement"],
        purpose=template.purpose,
        priority=PRIORITIES[row["rank"]],
        shown_count=row["shown_count"],
    )
