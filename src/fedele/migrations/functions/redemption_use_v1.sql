-- Use held rewards up in a purchase, inside the sale's own call. One that was used, given back, has expired or is not the
-- member's stops the sale: it was decided on a state that is no longer true.
-- p_discounts {"<redemption id>": {"<line number>": minor}}: what each took off, kept for returns and reports.
-- The sale raises the member's version itself, so that only the outbox rows are written here.
CREATE FUNCTION redemption_use_v1(
    p_member_id uuid, p_redemption_ids uuid[], p_store text, p_purchase_id uuid, p_now timestamptz,
    p_discounts jsonb DEFAULT NULL, p_quiet boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_used integer;
BEGIN
    UPDATE redemption SET status = 'used', used_at = p_now, used_store = p_store, purchase_id = p_purchase_id
     WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids) AND status = 'held'
       AND fulfilment IS NULL AND p_now < usable_until;
    GET DIAGNOSTICS v_used = ROW_COUNT;
    IF v_used <> cardinality(p_redemption_ids) THEN
        RAISE EXCEPTION 'of % held rewards only % can still be used', cardinality(p_redemption_ids), v_used
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO redemption_discount (member_id, redemption_id, purchase_id, line_number, discount_minor)
    SELECT p_member_id, r.key::uuid, p_purchase_id, line.key::integer, line.value::bigint
      FROM jsonb_each(coalesce(p_discounts, '{}')) AS r, jsonb_each_text(r.value) AS line
     WHERE r.key::uuid = ANY (p_redemption_ids) AND line.value::bigint > 0;
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT p_member_id, uuidv7(), 'rewards.used', jsonb_build_object(
                   'member_id', p_member_id, 'occurred_at', p_now, 'redemption_id', redemption_id,
                   'reward_key', reward_key, 'currency', currency, 'units', units, 'store_id', p_store), p_now
          FROM redemption WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids);
    END IF;
END
$$;
