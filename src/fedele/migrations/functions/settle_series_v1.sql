-- One member's sales in the order in which they happened, each exactly as settle_v1 settles it, in one call: imports.
-- p_sales [{scope, key, hash (hex), sale (settle_v1's p_sale)}], all decided one after the other from the state that
-- p_expected_version names. Answers settle_v1's replies, up to and including the first that is not "done": what stands
-- behind that one was decided on a sale that did not happen, and is left for the caller to decide again.
CREATE FUNCTION settle_series_v1(
    p_member_id uuid, p_expected_version bigint, p_now timestamptz, p_sales jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_sale jsonb;
    v_reply jsonb;
    v_replies jsonb[] := '{}';
    v_version bigint := p_expected_version;
BEGIN
    FOR v_sale IN SELECT value FROM jsonb_array_elements(p_sales) LOOP
        v_reply := settle_v1(p_member_id, v_version, v_sale ->> 'scope', v_sale ->> 'key',
                             decode(v_sale ->> 'hash', 'hex'), p_now, v_sale -> 'sale', p_quiet);
        v_replies := array_append(v_replies, v_reply);
        EXIT WHEN v_reply ->> 'status' <> 'done';
        v_version := (v_reply #>> '{response,version}')::bigint;
    END LOOP;
    RETURN to_jsonb(v_replies);
END
$$;
