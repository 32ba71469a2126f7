-- Many standings at once, for the review of a day: one call for a batch instead of one a member.
--   p_standings [{member_id, standing {…}, changes […]}] as tier_stand_v1 reads them
CREATE FUNCTION tier_stand_many_v1(p_now timestamptz, p_standings jsonb, p_programme_version integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_one jsonb;
BEGIN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p_standings) ORDER BY value ->> 'member_id' LOOP
        PERFORM tier_stand_v1((v_one ->> 'member_id')::uuid, p_now, v_one -> 'standing', v_one -> 'changes',
                              p_programme_version);
    END LOOP;
END
$$;

-- The row locks of many members, in the order of their ids: whoever takes several takes them in this order.
CREATE FUNCTION members_lock_v1(p_member_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_member_id uuid;
BEGIN
    FOR v_member_id IN SELECT DISTINCT m FROM unnest(p_member_ids) AS m ORDER BY m LOOP
        PERFORM member_lock_v1(v_member_id);
    END LOOP;
END
$$;
