-- Announce events of this transaction: outbox rows (not when quiet), and each named member's version rises by one.
-- Members are touched in sorted order, so that two transactions cannot wait for each other.
CREATE FUNCTION outbox_publish_v1(
    p_member_ids uuid[], p_ids uuid[], p_kinds text[], p_payloads jsonb[], p_occurred_at timestamptz[], p_quiet boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_member_id uuid;
BEGIN
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT * FROM unnest(p_member_ids, p_ids, p_kinds, p_payloads, p_occurred_at);
    END IF;
    FOR v_member_id IN SELECT DISTINCT m FROM unnest(p_member_ids) AS m ORDER BY m LOOP
        INSERT INTO member_version (member_id, version) VALUES (v_member_id, 1)
        ON CONFLICT (member_id) DO UPDATE SET version = member_version.version + 1;
    END LOOP;
END
$$;
