-- expire: sweep the active lots whose expiry has come at as_of. Held units stay until their hold ends.
CREATE FUNCTION ledger_expire_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_lot record;
BEGIN
    FOR v_lot IN
        SELECT id, remaining, expires_at FROM lot
        WHERE member_id = p_member_id AND currency = v_currency AND remaining > 0 AND state = 'active' AND expires_at <= v_as_of
        ORDER BY expires_at, id
    LOOP
        UPDATE lot SET remaining = 0 WHERE member_id = p_member_id AND id = v_lot.id;
        INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
        VALUES (p_member_id, v_lot.id, v_transaction_id, 'expire', v_lot.remaining);
        v_units := v_units + v_lot.remaining;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.remaining, v_lot.expires_at, 'active');
    END LOOP;
    IF v_units = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'expired'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;
