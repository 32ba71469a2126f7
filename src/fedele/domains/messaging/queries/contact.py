"""What the governor is told of members, in one statement for any number of them. Consent is read here, in SQL.

`member`, `member_profile`, `member_consent` and `member_contact` are the tables of members, a room beneath; `pass` is
the wallet's, read to know whether there is a card to write on. `fraud_case` is of fraud, a room beneath: a member whom
it blocks is reached out to by nobody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.governor import Contact, ContactFacts
from fedele.domains.messaging.types import PUSHABLE_KINDS
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

NOBODY = ContactFacts(active=False, time_zone="UTC")

# Contacts of two months: as long as an exclusive group can hold.
_FACTS = """
SELECT m.member_id, m.status = 'active' AS active, coalesce(p.time_zone, 'UTC') AS time_zone,
       p.preferences->>'channel' AS preferred,
       EXISTS (SELECT 1 FROM fraud_case f
                WHERE f.member_id = m.member_id AND f.blocks AND f.state IN ('open', 'confirmed')) AS held,
       t.targets_count, t.permitted_count, c.granted, c.refused, d.channels, d.times, d.groups,
       ARRAY(SELECT DISTINCT a.kind FROM member_contact a
              WHERE a.member_id = m.member_id AND a.kind IN ('email', 'phone') AND NOT EXISTS (
                    SELECT 1 FROM message_address_block b
                     WHERE b.member_id = a.member_id AND b.channel = CASE a.kind WHEN 'phone' THEN 'sms' ELSE a.kind END
                       AND b.value_hash = sha256(convert_to(a.value, 'UTF8')))) AS addresses,
       ARRAY(SELECT DISTINCT b.channel FROM message_address_block b WHERE b.member_id = m.member_id) AS blocked,
       EXISTS (SELECT 1 FROM pass w WHERE w.member_id = m.member_id AND w.voided_at IS NULL) AS has_pass,
       ARRAY(SELECT r.occurred_at FROM message_report r
              WHERE r.member_id = m.member_id AND r.what IN ('opened', 'clicked')
                AND r.occurred_at > $3::timestamptz - interval '90 days'
              ORDER BY r.occurred_at DESC LIMIT 100) AS opened_at
  FROM member m
  LEFT JOIN member_profile p USING (member_id)
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE permission <> 'denied') AS targets_count,
              count(*) FILTER (WHERE permission IN ('granted', 'provisional')) AS permitted_count
         FROM push_target t WHERE t.member_id = m.member_id AND t.kind = ANY($2::text[])) t ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(purpose || ' ' || channel) FILTER (WHERE granted) AS granted,
              array_agg(purpose || ' ' || channel) FILTER (WHERE NOT granted) AS refused
         FROM member_consent c WHERE c.member_id = m.member_id) c ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(d.channel) AS channels, array_agg(coalesce(d.send_at, d.decided_at)) AS times,
              array_agg(d.exclusive_group) AS groups
         FROM message_decision d
        WHERE d.member_id = m.member_id AND d.outcome <> 'suppressed' AND d.channel <> 'in_app'
          AND d.decided_at > $3::timestamptz - interval '62 days') d ON true
 WHERE m.member_id = ANY($1::uuid[])
"""


async def contact_facts(db: Queryable, member_id: MemberId, moment: Moment) -> ContactFacts:
    """What the governor needs to know. An unknown member is one who may not be contacted."""
    return (await contact_facts_many(db, [member_id], moment)).get(member_id, NOBODY)


async def contact_facts_many(
    db: Queryable, member_ids: Sequence[MemberId], moment: Moment
) -> dict[MemberId, ContactFacts]:
    """The same of many members at once; unknown ones are missing."""
    rows = await db.fetch(_FACTS, list(member_ids), [kind.value for kind in PUSHABLE_KINDS], moment.now)
    return {row["member_id"]: _facts(row) for row in rows}


def _facts(row: Row) -> ContactFacts:
    reachable = {Channel.EMAIL if kind == "email" else Channel.SMS for kind in row["addresses"]}
    if row["has_pass"]:
        reachable.add(Channel.WALLET)
    return ContactFacts(
        active=row["active"],
        held=row["held"],
        time_zone=row["time_zone"],
        granted=_pairs(row["granted"]),
        refused=_pairs(row["refused"]),
        targets_count=row["targets_count"],
        permitted_count=row["permitted_count"],
        reachable=frozenset(reachable),
        blocked=frozenset(Channel(channel) for channel in row["blocked"]),
        contacts=_contacts(row),
        preferred=_channel(row["preferred"]),
        opened_at=tuple(row["opened_at"]),
    )


def _contacts(row: Row) -> tuple[Contact, ...]:
    if not row["channels"]:
        return ()
    times: Sequence[datetime] = row["times"]
    return tuple(
        Contact(Channel(channel), at, group)
        for channel, at, group in zip(row["channels"], times, row["groups"], strict=True)
    )


def _channel(text: str | None) -> Channel | None:
    """The channel a member prefers (preference `channel`); a word that is none is no preference."""
    return Channel(text) if text in {channel.value for channel in Channel} else None


def _pairs(texts: Sequence[Any] | None) -> frozenset[tuple[Purpose, Channel]]:
    return frozenset((Purpose(text.split()[0]), Channel(text.split()[1])) for text in texts or ())
