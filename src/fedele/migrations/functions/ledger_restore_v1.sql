-- Give up to p_left units back to one lot. A lot that has expired keeps its expiry, unless p_keep_until gives it grace: then
-- what it still held is swept first, so that grace revives only what is given back. Answers the units swept.
CREATE FUNCTION ledger_give_back_v1(
    p_member_id uuid, p_now timestamptz, p_transaction_id uuid, p_lot_id uuid, p_units bigint, p_keep_until timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_swept bigint := 0;
BEGIN
    SELECT remaining, expires_at INTO v_lot FROM lot WHERE member_id = p_member_id AND id = p_lot_id;
    IF v_lot.expires_at <= p_now AND p_keep_until > p_now THEN
        v_swept := v_lot.remaining;
        IF v_swept > 0 THEN
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, p_lot_id, p_transaction_id, 'expire', v_swept);
        END IF;
        INSERT INTO lot_expiry_change (member_id, lot_id, transaction_id, previous_expires_at, expires_at, recorded_at)
        VALUES (p_member_id, p_lot_id, p_transaction_id, v_lot.expires_at, p_keep_until, p_now);
        UPDATE lot SET expires_at = p_keep_until WHERE member_id = p_member_id AND id = p_lot_id;
    END IF;
    UPDATE lot SET remaining = remaining - v_swept + p_units WHERE member_id = p_member_id AND id = p_lot_id;
    INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
    VALUES (p_member_id, p_lot_id, p_transaction_id, 'restore', -p_units);
    RETURN v_swept;
END
$$;

-- restore: a burn comes back, wholly or in part, to the lots it was taken from; what was taken last comes back first.
CREATE FUNCTION ledger_restore_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_keep_until timestamptz := (p_operation ->> 'keep_until')::timestamptz;
    v_original record := ledger_original_v1(p_member_id, p_operation, '{burn,capture}');
    v_left bigint := v_original.units;
    v_swept bigint := 0;
    v_part bigint;
    v_lots jsonb := '[]';
    v_debt_paid bigint;
    v_used record;
BEGIN
    FOR v_used IN
        SELECT lot.id, sum(lot_use.amount)::bigint AS units, lot.expires_at FROM lot_use
        JOIN ledger_transaction AS cause ON cause.member_id = lot_use.member_id AND cause.id = lot_use.transaction_id
        JOIN lot ON lot.member_id = lot_use.member_id AND lot.id = lot_use.lot_id
        WHERE lot_use.member_id = p_member_id AND (cause.id = v_original.id OR cause.reverses = v_original.id)
            AND lot_use.kind IN ('burn', 'restore')
        GROUP BY lot.id, lot.expires_at HAVING sum(lot_use.amount) > 0
        ORDER BY lot.expires_at DESC, lot.id DESC
    LOOP
        v_part := least(v_left, v_used.units);
        v_swept := v_swept + ledger_give_back_v1(p_member_id, p_now, v_transaction_id, v_used.id, v_part, v_keep_until);
        v_lots := v_lots || ledger_lot_json_v1(v_used.id, v_part,
            CASE WHEN v_used.expires_at <= p_now AND v_keep_until > p_now THEN v_keep_until ELSE v_used.expires_at END, 'active');
        v_left := v_left - v_part;
        EXIT WHEN v_left = 0;
    END LOOP;
    v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_original.units, v_original.id,
        ARRAY['redeemed', 'available', 'debt', 'expired'],
        ARRAY[-v_original.units, v_original.units - v_debt_paid - v_swept, v_debt_paid, v_swept],
        jsonb_build_object('units', v_original.units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;
