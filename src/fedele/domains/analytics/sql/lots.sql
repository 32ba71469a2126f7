-- What the lots themselves hold now, per currency: the other side of the proof.
-- $1 now: what has expired and awaits its sweep is told apart
SELECT currency,
       coalesce(sum(remaining) FILTER (WHERE state = 'active'), 0)::bigint AS available,
       coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0)::bigint AS pending,
       coalesce(sum(reserved), 0)::bigint AS reserved,
       coalesce(sum(remaining) FILTER (WHERE state = 'active' AND expires_at <= $1), 0)::bigint AS overdue
  FROM lot WHERE remaining > 0 OR reserved > 0 GROUP BY currency ORDER BY currency
