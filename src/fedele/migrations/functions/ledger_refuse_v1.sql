-- A refusal: an error of our own class that ledger_post_v1 turns into a reply after undoing what was written.
CREATE FUNCTION ledger_refuse_v1(p_code text, p_details jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger: %', p_code USING ERRCODE = 'FL001', DETAIL = jsonb_build_object('code', p_code, 'details', p_details)::text;
END
$$;
