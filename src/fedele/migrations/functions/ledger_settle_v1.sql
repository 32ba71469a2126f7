-- settle: pending lots become available, those due at as_of or those of one earning transaction at once.
CREATE FUNCTION ledger_settle_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_earn_id uuid := (p_operation ->> 'transaction_id')::uuid;
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_debt_paid bigint;
    v_lot record;
BEGIN
    FOR v_lot IN
        SELECT id, remaining, expires_at FROM lot
        WHERE member_id = p_member_id AND currency = v_currency AND remaining > 0 AND state = 'pending'
            AND CASE WHEN v_earn_id IS NULL THEN activates_at <= v_as_of ELSE transaction_id = v_earn_id END
        ORDER BY activates_at, id
    LOOP
        UPDATE lot SET state = 'active' WHERE member_id = p_member_id AND id = v_lot.id;
        v_units := v_units + v_lot.remaining;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.remaining, v_lot.expires_at, 'active');
    END LOOP;
    IF v_units = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['pending', 'available', 'debt'], ARRAY[-v_units, v_units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', v_units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;
