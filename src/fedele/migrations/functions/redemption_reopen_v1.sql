-- A purchase came back: the rewards that it used up are held again, for as long as they had left when they were used
-- (a reward that comes back on its last day must not be lost by the return). Answers how many.
CREATE FUNCTION redemption_reopen_v1(
    p_member_id uuid, p_purchase_id uuid, p_redemption_ids uuid[], p_now timestamptz, p_quiet boolean DEFAULT false
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_reopened uuid[];
BEGIN
    WITH reopened AS (
        UPDATE redemption SET status = 'held', used_at = NULL, used_store = NULL, purchase_id = NULL,
               usable_until = greatest(usable_until, p_now + (usable_until - used_at))
         WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids) AND status = 'used'
           AND purchase_id = p_purchase_id
        RETURNING redemption_id)
    SELECT coalesce(array_agg(redemption_id), '{}') INTO v_reopened FROM reopened;
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT p_member_id, uuidv7(), 'rewards.reopened', jsonb_build_object(
                   'member_id', p_member_id, 'occurred_at', p_now, 'redemption_id', redemption_id,
                   'reward_key', reward_key, 'currency', currency, 'units', units), p_now
          FROM redemption WHERE member_id = p_member_id AND redemption_id = ANY (v_reopened);
    END IF;
    RETURN cardinality(v_reopened);
END
$$;
