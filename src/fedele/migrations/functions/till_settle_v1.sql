-- A sale that spends something beside the ledger: settle_v2, and what till_spend_v1 does, whole or not at all. A retry, a
-- stale decision or a refusal spends nothing.
CREATE FUNCTION till_settle_v1(
    p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamptz,
    p_sale jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_reply jsonb := settle_v2(p_member_id, p_expected_version, p_scope, p_key, p_hash, p_now, p_sale, p_quiet);
BEGIN
    IF v_reply ->> 'status' = 'done' THEN
        PERFORM till_spend_v1(p_member_id, (p_sale #>> '{purchase,id}')::uuid, p_sale #>> '{purchase,store_id}',
                              (p_sale ->> 'at')::timestamptz, p_now, p_sale -> 'spend');
    END IF;
    RETURN v_reply;
END
$$;
