-- The keys of the paid memberships that a member had at an instant, in order; an empty array for none.
CREATE FUNCTION memberships_at_v1(p_member_id uuid, p_at timestamptz) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT membership_key ORDER BY membership_key), '{}') FROM membership_term
     WHERE member_id = p_member_id AND state IN ('running', 'refunded') AND starts_at <= p_at
       AND (covered_until IS NULL OR covered_until > p_at)
$$;
