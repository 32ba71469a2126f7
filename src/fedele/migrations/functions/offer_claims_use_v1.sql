-- Mark a member's claims as used by a purchase, inside the sale's own call. One that is used already, expired or not
-- the member's stops the sale: it was decided on a state that is no longer true.
CREATE FUNCTION offer_claims_use_v1(
    p_member_id uuid, p_claim_ids uuid[], p_purchase_id uuid, p_occurred_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_used integer;
BEGIN
    UPDATE offer_claim SET used_at = p_occurred_at, purchase_id = p_purchase_id
     WHERE member_id = p_member_id AND claim_id = ANY (p_claim_ids) AND used_at IS NULL
       AND p_occurred_at < usable_until;
    GET DIAGNOSTICS v_used = ROW_COUNT;
    IF v_used <> cardinality(p_claim_ids) THEN
        RAISE EXCEPTION 'of % claimed offers only % can still be used', cardinality(p_claim_ids), v_used
            USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;
