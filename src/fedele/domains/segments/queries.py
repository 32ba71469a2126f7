"""Reading a member's facts."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import MonthDay
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money, from_units

_READ = """
SELECT m.status, m.joined_at, p.locale, p.time_zone, p.birthday_month, p.birthday_day, p.home_store, p.preferences,
       b.purchases_count, b.last_purchase_at, b.spend_minor, r.returned_minor, l.balances,
       memberships_at_v1(m.member_id, $2) AS memberships,
       ARRAY(SELECT d.badge_key FROM member_badge d
              WHERE d.member_id = m.member_id AND d.earned_at <= $2 ORDER BY 1) AS badges
  FROM member m
  LEFT JOIN member_profile p ON p.member_id = m.member_id
  LEFT JOIN LATERAL (
       SELECT count(*) AS purchases_count, max(occurred_at) AS last_purchase_at,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at > $2::timestamptz - interval '12 months'), 0)::bigint
                  AS spend_minor
         FROM purchase WHERE member_id = m.member_id) b ON true
  LEFT JOIN LATERAL (
       SELECT coalesce(sum(total_minor), 0)::bigint AS returned_minor FROM purchase_return
        WHERE member_id = m.member_id AND occurred_at > $2::timestamptz - interval '12 months') r ON true
  -- What can be spent at that moment: unexpired, active lots.
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(currency, units) AS balances FROM (
              SELECT currency, sum(remaining)::bigint AS units FROM lot
               WHERE member_id = m.member_id AND remaining > 0 AND state = 'active'
                 AND (expires_at IS NULL OR expires_at > $2)
               GROUP BY currency) AS spendable) l ON true
 WHERE m.member_id = $1
"""


async def find_facts(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> MemberFacts | None:
    """What is known of the member at this moment, in one statement; None for nobody."""
    row = await db.fetch_row(_READ, member_id, at)
    return None if row is None else _facts(row, programme, at)


def _facts(row: Row, programme: Programme, at: datetime) -> MemberFacts:
    config = programme.section(ProgrammeConfig)
    currencies = programme.section(Currencies)
    zone = ZoneInfo(config.time_zone)
    today = at.astimezone(zone).date()
    locale = row["locale"] or config.default_locale
    country = locale.partition("-")[2] or None
    last_purchase_at, joined_at = row["last_purchase_at"], row["joined_at"]
    held = row["balances"] or {}
    values = {
        "member.memberships": list(row["memberships"]),
        "member.joined_at": joined_at,
        "member.days_since_joined": (today - joined_at.astimezone(zone).date()).days,
        "member.purchases_count": row["purchases_count"],
        "member.days_since_purchase": (today - last_purchase_at.astimezone(zone).date()).days
        if last_purchase_at
        else None,
        "member.spend_12_months": Money(row["spend_minor"] - row["returned_minor"], config.home_currency).decimal,
        "member.balances": {c.key: from_units(held.get(c.key, 0), c.decimals) for c in currencies},
        "member.birth_month": row["birthday_month"],
        "member.birth_day": row["birthday_day"],
        "member.days_since_birthday": MonthDay(row["birthday_month"], row["birthday_day"]).days_since(today)
        if row["birthday_month"] and row["birthday_day"]
        else None,
        "member.locale": locale,
        "member.country": country,
        "member.favourite_store": row["home_store"],
        "member.segments": [],
        "member.badges": list(row["badges"]),
        "member.attributes": row["preferences"] or {},
    }
    time_zone = row["time_zone"] or config.time_zone
    return MemberFacts(values, locale, time_zone, country, row["status"] == "active")
