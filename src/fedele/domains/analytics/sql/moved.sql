-- Currencies whose lots' expiry has been moved, and since when: activity or a tier gives them time, so that the date a
-- lot bears says little about when it will end.
SELECT l.currency, min(c.recorded_at) AS since
  FROM lot_expiry_change AS c JOIN lot AS l ON l.member_id = c.member_id AND l.id = c.lot_id
 WHERE c.expires_at IS DISTINCT FROM c.previous_expires_at
 GROUP BY l.currency
