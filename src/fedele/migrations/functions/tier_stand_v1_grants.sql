-- The member's standing from now on, and the changes that led to it. Same name and arguments as before, and a standing
-- without `grants` (of a process that is still the older release) leaves what was granted as it is.
--   p_standing {tier, since, kept_until, grants: [{id, tier, since, until}], earned: {tier, since, kept_until} | null}
--   p_changes  [{id, from, to, reason, occurred_at, kept_until}]
CREATE OR REPLACE FUNCTION tier_stand_v1(
    p_member_id uuid, p_now timestamptz, p_standing jsonb, p_changes jsonb, p_programme_version integer
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tier_standing AS s (member_id, tier_key, since, kept_until, grants, earned_tier, earned_since, earned_until)
    VALUES (p_member_id, p_standing ->> 'tier', (p_standing ->> 'since')::timestamptz,
            (p_standing ->> 'kept_until')::timestamptz, coalesce(p_standing -> 'grants', '[]'),
            p_standing #>> '{earned,tier}', (p_standing #>> '{earned,since}')::timestamptz,
            (p_standing #>> '{earned,kept_until}')::timestamptz)
    ON CONFLICT (member_id) DO UPDATE
       SET tier_key = excluded.tier_key, since = excluded.since, kept_until = excluded.kept_until,
           grants = CASE WHEN p_standing ? 'grants' THEN excluded.grants ELSE s.grants END,
           earned_tier = CASE WHEN p_standing ? 'grants' THEN excluded.earned_tier ELSE s.earned_tier END,
           earned_since = CASE WHEN p_standing ? 'grants' THEN excluded.earned_since ELSE s.earned_since END,
           earned_until = CASE WHEN p_standing ? 'grants' THEN excluded.earned_until ELSE s.earned_until END;
    INSERT INTO tier_change (member_id, change_id, from_tier, to_tier, reason, occurred_at, recorded_at, kept_until,
                             programme_version)
    SELECT p_member_id, n.id, n."from", n."to", n.reason, n.occurred_at, p_now, n.kept_until, p_programme_version
      FROM jsonb_to_recordset(p_changes) AS n (
           id uuid, "from" text, "to" text, reason text, occurred_at timestamptz, kept_until timestamptz);
END
$$;
