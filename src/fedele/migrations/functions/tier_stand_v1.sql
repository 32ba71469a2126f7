-- The member's standing from now on, and the changes that led to it.
--   p_standing {tier, since, kept_until}    p_changes [{id, from, to, reason, occurred_at, kept_until}]
CREATE FUNCTION tier_stand_v1(
    p_member_id uuid, p_now timestamptz, p_standing jsonb, p_changes jsonb, p_programme_version integer
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tier_standing (member_id, tier_key, since, kept_until)
    VALUES (p_member_id, p_standing ->> 'tier', (p_standing ->> 'since')::timestamptz,
            (p_standing ->> 'kept_until')::timestamptz)
    ON CONFLICT (member_id) DO UPDATE
       SET tier_key = excluded.tier_key, since = excluded.since, kept_until = excluded.kept_until;
    INSERT INTO tier_change (member_id, change_id, from_tier, to_tier, reason, occurred_at, recorded_at, kept_until,
                             programme_version)
    SELECT p_member_id, n.id, n."from", n."to", n.reason, n.occurred_at, p_now, n.kept_until, p_programme_version
      FROM jsonb_to_recordset(p_changes) AS n (
           id uuid, "from" text, "to" text, reason text, occurred_at timestamptz, kept_until timestamptz);
END
$$;
