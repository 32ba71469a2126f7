"""Keeping `member_facts`: made for some members, in one statement, from what the rooms hold of them.

The same statement follows an event and rebuilds everything, so that the two cannot drift apart. Other rooms' tables are
read here as SQL only; which of their events change a fact is bootstrap's list.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Database, Queryable, Transaction
from fedele.domains.segments.conditions.names import WINDOWS_DAYS, FactNames
from fedele.kernel.ids import MemberId

BATCH = 2_000

# $1 ids · $2 the instant · $3 time zone · $4 home currency · $5 default locale · $6 to $8 where the windows of 30, 90
# and 365 local days began. What leaves a window next is its oldest entry: hence stale_at.
_KEEP = """
INSERT INTO member_facts (
       member_id, version, as_of, stale_at, active, joined_at, joined_day, first_purchase_at, last_purchase_day,
       last_visit_day, last_redemption_day, purchases_count, purchases_30, purchases_90, purchases_365,
       spend_30, spend_90, spend_365, redemptions_365, usual_gap_days, birthday_month, birthday_day, tier, locale,
       country, time_zone, home_store, memberships, badges, categories, departments, stores, channels, consents,
       balances, events, attributes, answers)
SELECT m.member_id, coalesce(v.version, 0), $2,
       least((least(b.oldest_30 + 30, b.oldest_90 + 90, b.oldest_365 + 365, t.oldest_30 + 30, t.oldest_90 + 90,
                    t.oldest_365 + 365, e.oldest_90 + 90, r.oldest_365 + 365)::timestamp AT TIME ZONE $3),
             l.expires_at, k.changes_at),
       m.status = 'active', m.joined_at, (m.joined_at AT TIME ZONE $3)::date, b.first_at,
       (b.last_at AT TIME ZONE $3)::date, (greatest(b.last_at, e.last_visit_at) AT TIME ZONE $3)::date,
       (r.last_at AT TIME ZONE $3)::date,
       b.purchases, b.purchases_30, b.purchases_90, b.purchases_365,
       b.spend_30 - t.spend_30, b.spend_90 - t.spend_90, b.spend_365 - t.spend_365, r.taken_365,
       CASE WHEN b.purchases > 1
            THEN extract(epoch FROM b.last_at - b.first_at)::float8 / 86400 / (b.purchases - 1) END,
       p.birthday_month, p.birthday_day, coalesce(s.tier_key, ''), spoken.locale,
       CASE WHEN strpos(spoken.locale, '-') > 0
            THEN nullif(substr(spoken.locale, strpos(spoken.locale, '-') + 1), '') END,
       coalesce(p.time_zone, $3), p.home_store, memberships_at_v1(m.member_id, $2),
       ARRAY(SELECT d.badge_key FROM member_badge d WHERE d.member_id = m.member_id AND d.earned_at <= $2 ORDER BY 1),
       ARRAY(SELECT DISTINCT category FROM unnest(n.categories) AS category WHERE category IS NOT NULL ORDER BY 1),
       ARRAY(SELECT DISTINCT one FROM unnest(n.departments) AS one WHERE one IS NOT NULL ORDER BY 1),
       ARRAY(SELECT DISTINCT one FROM unnest(b.stores) AS one ORDER BY 1),
       ARRAY(SELECT DISTINCT one FROM unnest(b.channels) AS one ORDER BY 1),
       ARRAY(SELECT c.purpose || '.' || c.channel FROM member_consent c
              WHERE c.member_id = m.member_id AND c.granted ORDER BY 1),
       coalesce(l.balances, '{}'), coalesce(e.events, '{}'), coalesce(p.preferences, '{}'), coalesce(a.answers, '{}')
  FROM member m
  LEFT JOIN member_version v ON v.member_id = m.member_id
  LEFT JOIN member_profile p ON p.member_id = m.member_id
  LEFT JOIN tier_standing s ON s.member_id = m.member_id
 CROSS JOIN LATERAL (SELECT coalesce(p.locale, $5) AS locale) spoken
 CROSS JOIN LATERAL (
       SELECT count(*) AS purchases, min(occurred_at) AS first_at, max(occurred_at) AS last_at,
              count(*) FILTER (WHERE occurred_at >= $6) AS purchases_30,
              count(*) FILTER (WHERE occurred_at >= $7) AS purchases_90,
              count(*) FILTER (WHERE occurred_at >= $8) AS purchases_365,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $6 AND currency = $4), 0)::bigint AS spend_30,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $7 AND currency = $4), 0)::bigint AS spend_90,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $8 AND currency = $4), 0)::bigint AS spend_365,
              (min(occurred_at) FILTER (WHERE occurred_at >= $6) AT TIME ZONE $3)::date AS oldest_30,
              (min(occurred_at) FILTER (WHERE occurred_at >= $7) AT TIME ZONE $3)::date AS oldest_90,
              (min(occurred_at) FILTER (WHERE occurred_at >= $8) AT TIME ZONE $3)::date AS oldest_365,
              array_agg(store_id) FILTER (WHERE occurred_at >= $8) AS stores,
              array_agg(channel) FILTER (WHERE occurred_at >= $8) AS channels
         FROM purchase WHERE member_id = m.member_id AND occurred_at <= $2) b
 CROSS JOIN LATERAL (
       SELECT array_agg(y.category) AS categories, array_agg(y.department) AS departments
         FROM purchase x JOIN purchase_line y ON y.member_id = x.member_id AND y.purchase_id = x.purchase_id
        WHERE x.member_id = m.member_id AND x.occurred_at >= $8 AND x.occurred_at <= $2
          AND y.returned_quantity < y.quantity) n
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $6 AND currency = $4), 0)::bigint AS spend_30,
              coalesce(sum(total_minor) FILTER (WHERE occurred_at >= $7 AND currency = $4), 0)::bigint AS spend_90,
              coalesce(sum(total_minor) FILTER (WHERE currency = $4), 0)::bigint AS spend_365,
              (min(occurred_at) FILTER (WHERE occurred_at >= $6) AT TIME ZONE $3)::date AS oldest_30,
              (min(occurred_at) FILTER (WHERE occurred_at >= $7) AT TIME ZONE $3)::date AS oldest_90,
              (min(occurred_at) AT TIME ZONE $3)::date AS oldest_365
         FROM purchase_return WHERE member_id = m.member_id AND occurred_at >= $8 AND occurred_at <= $2) t
 CROSS JOIN LATERAL (
       SELECT jsonb_object_agg(name, times) FILTER (WHERE times > 0) AS events, min(oldest_90) AS oldest_90,
              max(last_visit_at) AS last_visit_at
         FROM (SELECT name, count(*) FILTER (WHERE occurred_at >= $7) AS times,
                      (min(occurred_at) FILTER (WHERE occurred_at >= $7) AT TIME ZONE $3)::date AS oldest_90,
                      max(occurred_at) FILTER (WHERE store_id IS NOT NULL) AS last_visit_at
                 FROM activity_event WHERE member_id = m.member_id AND occurred_at <= $2 GROUP BY name) AS by_name) e
 CROSS JOIN LATERAL (
       SELECT max(redeemed_at) AS last_at, count(*) FILTER (WHERE redeemed_at >= $8) AS taken_365,
              (min(redeemed_at) FILTER (WHERE redeemed_at >= $8) AT TIME ZONE $3)::date AS oldest_365
         FROM redemption WHERE member_id = m.member_id AND redeemed_at <= $2 AND status <> 'cancelled') r
 CROSS JOIN LATERAL (
       SELECT jsonb_object_agg(currency, units) AS balances, min(expires_at) AS expires_at
         FROM (SELECT currency, sum(remaining)::bigint AS units, min(expires_at) AS expires_at FROM lot
                WHERE member_id = m.member_id AND remaining > 0 AND state = 'active'
                  AND (expires_at IS NULL OR expires_at > $2) GROUP BY currency) AS spendable) l
 CROSS JOIN LATERAL (
       SELECT min(at) AS changes_at FROM membership_term k CROSS JOIN unnest(ARRAY[k.starts_at, k.covered_until]) AS at
        WHERE k.member_id = m.member_id AND k.state IN ('running', 'refunded') AND at > $2) k
 CROSS JOIN LATERAL (
       SELECT jsonb_object_agg(survey_key, answers) AS answers
         FROM (SELECT DISTINCT ON (survey_key) survey_key, facts AS answers FROM survey_answer
                WHERE member_id = m.member_id AND answered_at <= $2
                ORDER BY survey_key, answered_at DESC, answer_id DESC) AS latest) a
 WHERE m.member_id = ANY($1) AND m.status <> 'erased'
 ORDER BY m.member_id
ON CONFLICT (member_id) DO UPDATE SET (
       version, as_of, stale_at, active, joined_at, joined_day, first_purchase_at, last_purchase_day, last_visit_day,
       last_redemption_day, purchases_count, purchases_30, purchases_90, purchases_365, spend_30, spend_90, spend_365,
       redemptions_365, usual_gap_days, birthday_month, birthday_day, tier, locale, country, time_zone, home_store,
       memberships, badges, categories, departments, stores, channels, consents, balances, events, attributes, answers
   ) = ROW (
       excluded.version, excluded.as_of, excluded.stale_at, excluded.active, excluded.joined_at, excluded.joined_day,
       excluded.first_purchase_at, excluded.last_purchase_day, excluded.last_visit_day, excluded.last_redemption_day,
       excluded.purchases_count, excluded.purchases_30, excluded.purchases_90, excluded.purchases_365,
       excluded.spend_30, excluded.spend_90, excluded.spend_365, excluded.redemptions_365, excluded.usual_gap_days,
       excluded.birthday_month, excluded.birthday_day, excluded.tier, excluded.locale, excluded.country,
       excluded.time_zone, excluded.home_store, excluded.memberships, excluded.badges, excluded.categories,
       excluded.departments, excluded.stores, excluded.channels, excluded.consents, excluded.balances,
       excluded.events, excluded.attributes, excluded.answers)
 WHERE member_facts.version <= excluded.version
"""

# Whoever has no row yet, whose version has moved since, or whom time has changed; in order, one page at a time.
_OUTDATED = """
SELECT m.member_id
  FROM member m
  LEFT JOIN member_version v ON v.member_id = m.member_id
  LEFT JOIN member_facts f ON f.member_id = m.member_id
 WHERE m.member_id > $1 AND m.status <> 'erased'
   AND (f.member_id IS NULL OR f.version <> coalesce(v.version, 0) OR f.stale_at <= $2)
 ORDER BY m.member_id LIMIT $3
"""
_OUTDATED_AMONG = """
SELECT i.member_id
  FROM unnest($1::uuid[]) AS i(member_id)
  LEFT JOIN member_version v ON v.member_id = i.member_id
  LEFT JOIN member_facts f ON f.member_id = i.member_id
 WHERE f.member_id IS NULL OR f.version <> coalesce(v.version, 0)
 ORDER BY i.member_id
"""
_EVERYBODY = "SELECT member_id FROM member WHERE member_id > $1 AND status <> 'erased' ORDER BY member_id LIMIT $2"
_STALE = "SELECT member_id FROM member_facts WHERE stale_at <= $1 AND member_id > $2 ORDER BY member_id LIMIT $3"
FIRST = MemberId(UUID(int=0))


async def keep(tx: Transaction, names: FactNames, member_ids: Sequence[MemberId]) -> None:
    """Make these members' facts as of now. Their rows are locked first, so that what is read is the newest."""
    ids = sorted(set(member_ids))
    await tx.fetch("SELECT FROM member_facts WHERE member_id = ANY($1) ORDER BY member_id FOR UPDATE", ids)
    windows = [names.since(days) for days in WINDOWS_DAYS]
    await tx.execute(_KEEP, ids, names.now, names.time_zone, names.home_currency, names.default_locale, *windows)


async def outdated(db: Queryable, after: MemberId, now: datetime) -> list[MemberId]:
    """The next members, in order of their id, whose facts are missing or outdated; none at the end."""
    return await _ids(db, _OUTDATED, after, now, BATCH)


async def outdated_among(db: Queryable, member_ids: Sequence[MemberId]) -> list[MemberId]:
    """Those of these members who changed since their facts were made, or have none, in order."""
    return await _ids(db, _OUTDATED_AMONG, list(member_ids))


async def stale(db: Queryable, after: MemberId, now: datetime) -> list[MemberId]:
    """The next members, in order of their id, whom time alone has changed; none at the end."""
    return await _ids(db, _STALE, now, after, BATCH)


async def rebuild(database: Database, names: FactNames) -> int:
    """Make everybody's facts again from the other rooms' rows; answers how many."""
    kept, after = 0, FIRST
    while page := await _ids(database.reader, _EVERYBODY, after, BATCH):
        async with database.transaction() as tx:
            await keep(tx, names, page)
        kept, after = kept + len(page), page[-1]
    return kept


async def _ids(db: Queryable, sql: str, *values: object) -> list[MemberId]:
    return [MemberId(row["member_id"]) for row in await db.fetch(sql, *values)]
