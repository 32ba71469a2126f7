-- A custom event and what it is worth, in one call; the same protocol as settle_v2.
-- p_event: {event {id, name, store_id, properties}, operations, awards, trace, at, programme_version, and the parts of
-- checkout_end_v2}
CREATE FUNCTION record_event_v2(
    p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamptz,
    p_event jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_event jsonb := p_event -> 'event';
    v_at timestamptz := (p_event ->> 'at')::timestamptz;
    v_posted jsonb := '{"results": []}';
    v_halted jsonb;
BEGIN
    v_halted := checkout_begin_v1(p_member_id, p_expected_version, p_scope, p_key, p_hash);
    IF v_halted IS NOT NULL THEN
        RETURN v_halted;
    END IF;
    IF jsonb_array_length(p_event -> 'operations') > 0 THEN
        v_posted := ledger_run_v1(p_member_id, p_now, p_event -> 'operations', p_quiet);
        IF v_posted ->> 'status' = 'refused' THEN
            DELETE FROM request WHERE scope = p_scope AND key = p_key;
            RETURN v_posted;
        END IF;
    END IF;
    INSERT INTO activity_event (member_id, event_id, name, store_id, occurred_at, recorded_at, properties, points)
    VALUES (p_member_id, (v_event ->> 'id')::uuid, v_event ->> 'name', v_event ->> 'store_id', v_at, p_now,
            v_event -> 'properties', v_event -> 'points');
    PERFORM award_v2(p_member_id, 'event', (v_event ->> 'id')::uuid, v_at, (p_event ->> 'programme_version')::integer,
                     p_event -> 'awards', p_event -> 'trace', v_posted);
    RETURN checkout_end_v2(p_member_id, p_scope, p_key, p_now, p_event, v_posted, p_quiet);
END
$$;
