-- The changes an operation asks for: its list, or every live lot of the currency to one instant.
CREATE FUNCTION ledger_expiry_changes_v1(p_member_id uuid, p_operation jsonb) RETURNS TABLE (lot_id uuid, expires_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
    IF p_operation ? 'changes' THEN
        RETURN QUERY SELECT (change ->> 'lot_id')::uuid, (change ->> 'expires_at')::timestamptz
            FROM jsonb_array_elements(p_operation -> 'changes') AS change ORDER BY 1;
    ELSE
        RETURN QUERY SELECT lot.id, (p_operation ->> 'expires_at')::timestamptz FROM lot
            WHERE lot.member_id = p_member_id AND lot.currency = p_operation ->> 'currency' AND (remaining > 0 OR reserved > 0)
            ORDER BY 1;
    END IF;
END
$$;

-- move_expiry: a tier or activity gives lots another expiry. What has expired by now stays expired, swept or not.
CREATE FUNCTION ledger_move_expiry_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_change record;
    v_lot record;
BEGIN
    FOR v_change IN SELECT * FROM ledger_expiry_changes_v1(p_member_id, p_operation) LOOP
        SELECT id, remaining + reserved AS units, expires_at, state INTO v_lot FROM lot
        WHERE member_id = p_member_id AND id = v_change.lot_id AND currency = p_operation ->> 'currency';
        IF NOT FOUND THEN
            PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'no lot of this member and currency: ' || v_change.lot_id));
        END IF;
        CONTINUE WHEN v_lot.expires_at <= p_now OR v_lot.expires_at IS NOT DISTINCT FROM v_change.expires_at;
        UPDATE lot SET expires_at = v_change.expires_at WHERE member_id = p_member_id AND id = v_lot.id;
        INSERT INTO lot_expiry_change (member_id, lot_id, transaction_id, previous_expires_at, expires_at, recorded_at)
        VALUES (p_member_id, v_lot.id, v_transaction_id, v_lot.expires_at, v_change.expires_at, p_now);
        v_units := v_units + v_lot.units;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.units, v_change.expires_at, v_lot.state);
    END LOOP;
    IF v_lots = '[]' THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL, '{}', '{}',
        jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;
