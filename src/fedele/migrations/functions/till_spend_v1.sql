-- What a sale spends beside the ledger, inside the sale's own transaction and under the member's lock: the rotating code
-- that allowed it, the hold it ends, the held rewards it uses. p_spend:
--   authorisation {id, fact, reason, digest (hex), step}: why value may be spent, or null (a hold was authorised before)
--   hold uuid, or null       redemptions [uuid]       discounts {redemption_id: {line number: minor units}}
-- Raises FT001 with {"code", "details"} when something is gone: the whole sale is undone.
CREATE FUNCTION till_refuse_v1(p_code text, p_details jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'till: %', p_code
        USING ERRCODE = 'FT001', DETAIL = jsonb_build_object('code', p_code, 'details', p_details)::text;
END
$$;

CREATE FUNCTION till_authorise_v1(
    p_member_id uuid, p_source_kind text, p_source_id uuid, p_store text, p_authorisation jsonb, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_authorisation ->> 'step' IS NOT NULL THEN
        INSERT INTO rotating_code_use (member_id, digest, step, used_at)
        VALUES (p_member_id, decode(p_authorisation ->> 'digest', 'hex'), (p_authorisation ->> 'step')::bigint, p_now)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM till_refuse_v1('ROTATING_CODE_USED');
        END IF;
    END IF;
    INSERT INTO spend_authorisation (member_id, authorisation_id, fact, source_kind, source_id, store_id, reason,
                                     authorised_at)
    VALUES (p_member_id, (p_authorisation ->> 'id')::uuid, p_authorisation ->> 'fact', p_source_kind, p_source_id, p_store,
            p_authorisation ->> 'reason', p_now);
END
$$;

CREATE FUNCTION till_spend_v1(
    p_member_id uuid, p_purchase_id uuid, p_store text, p_at timestamptz, p_now timestamptz, p_spend jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_hold uuid := (p_spend ->> 'hold')::uuid;
    v_redemptions uuid[] := ARRAY(SELECT r::uuid FROM jsonb_array_elements_text(p_spend -> 'redemptions') AS r);
BEGIN
    IF jsonb_typeof(p_spend -> 'authorisation') = 'object' THEN
        PERFORM till_authorise_v1(p_member_id, 'purchase', p_purchase_id, p_store, p_spend -> 'authorisation', p_now);
    END IF;
    IF v_hold IS NOT NULL THEN
        UPDATE till_hold SET status = 'settled', ended_at = p_now, purchase_id = p_purchase_id
         WHERE member_id = p_member_id AND hold_id = v_hold AND status = 'open' AND held_until > p_now;
        IF NOT FOUND THEN
            PERFORM till_refuse_v1('HOLD_NOT_OPEN');
        END IF;
        DELETE FROM till_hold_reward WHERE member_id = p_member_id AND hold_id = v_hold;
    END IF;
    IF cardinality(v_redemptions) > 0 THEN
        -- Another basket keeps one of them.
        PERFORM FROM till_hold_reward WHERE member_id = p_member_id AND redemption_id = ANY (v_redemptions);
        IF FOUND THEN
            PERFORM till_refuse_v1('REWARD_NOT_USABLE');
        END IF;
        BEGIN
            PERFORM redemption_use_v1(p_member_id, v_redemptions, p_store, p_purchase_id, p_at, p_spend -> 'discounts');
        EXCEPTION WHEN restrict_violation THEN
            PERFORM till_refuse_v1('REWARD_NOT_USABLE');
        END;
    END IF;
END
$$;
