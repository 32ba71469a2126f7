-- The beginning of every operation at the till: claim the key, take the member's lock, and check that nothing of the
-- member changed since the decision was made. Answers NULL: go on. Else {"status"}:
--   "repeated" with the stored "response" and "member_id" · "key_reused" (another body) · "stale" (decide again).
CREATE FUNCTION checkout_begin_v1(
    p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_request request;
BEGIN
    INSERT INTO request (scope, key, input_hash, member_id) VALUES (p_scope, p_key, p_hash, p_member_id)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- A second statement: the snapshot of the first cannot see the row of the one that won.
        SELECT * INTO v_request FROM request WHERE scope = p_scope AND key = p_key;
        IF v_request.input_hash <> p_hash THEN
            RETURN jsonb_build_object('status', 'key_reused');
        END IF;
        -- Whoever commits has answered: a key without an answer was claimed earlier in this very transaction.
        IF v_request.response IS NOT NULL THEN
            RETURN jsonb_build_object(
                'status', 'repeated', 'response', v_request.response, 'member_id', v_request.member_id);
        END IF;
    END IF;
    IF member_lock_v1(p_member_id) <> p_expected_version THEN
        -- Nothing else was written yet: giving the key back is all there is to undo.
        DELETE FROM request WHERE scope = p_scope AND key = p_key;
        RETURN jsonb_build_object('status', 'stale');
    END IF;
    RETURN NULL;
END
$$;
