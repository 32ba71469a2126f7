-- hold: reserve units for a sale that is not settled yet, if the unexpired lots hold them.
CREATE FUNCTION ledger_hold_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_units bigint := ledger_units_v1(p_operation);
    v_spendable bigint := ledger_spendable_v1(p_member_id, v_currency, p_now);
    v_lots jsonb;
BEGIN
    IF v_spendable < v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', v_units, 'spendable', v_spendable));
    END IF;
    SELECT lots INTO v_lots FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_units, p_now, 'hold');
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'reserved'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;

-- End p_units of a hold, lot by lot: a capture spends what burns first, a release gives back what burns last.
CREATE FUNCTION ledger_end_hold_v1(p_member_id uuid, p_transaction_id uuid, p_hold_id uuid, p_units bigint, p_capture boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint := p_units;
    v_part bigint;
    v_lots jsonb := '[]';
    v_held record;
BEGIN
    FOR v_held IN
        SELECT lot.id, sum(lot_use.amount)::bigint AS units, lot.expires_at,
            row_number() OVER (ORDER BY lot.expires_at, lot.id) AS place FROM lot_use
        JOIN ledger_transaction AS cause ON cause.member_id = lot_use.member_id AND cause.id = lot_use.transaction_id
        JOIN lot ON lot.member_id = lot_use.member_id AND lot.id = lot_use.lot_id
        WHERE lot_use.member_id = p_member_id AND (cause.id = p_hold_id OR cause.reverses = p_hold_id) AND lot_use.kind = 'hold'
        GROUP BY lot.id, lot.expires_at HAVING sum(lot_use.amount) > 0
        ORDER BY CASE WHEN p_capture THEN row_number() OVER (ORDER BY lot.expires_at, lot.id)
            ELSE -row_number() OVER (ORDER BY lot.expires_at, lot.id) END
    LOOP
        v_part := least(v_left, v_held.units);
        UPDATE lot SET reserved = reserved - v_part, remaining = remaining + CASE WHEN p_capture THEN 0 ELSE v_part END
        WHERE member_id = p_member_id AND id = v_held.id;
        INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
        VALUES (p_member_id, v_held.id, p_transaction_id, 'hold', -v_part);
        IF p_capture THEN
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, v_held.id, p_transaction_id, 'burn', v_part);
        END IF;
        v_lots := v_lots || ledger_lot_json_v1(v_held.id, v_part, v_held.expires_at, 'active');
        v_left := v_left - v_part;
        EXIT WHEN v_left = 0;
    END LOOP;
    RETURN v_lots;
END
$$;

-- release: held units go back to their lots.
CREATE FUNCTION ledger_release_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_hold record := ledger_original_v1(p_member_id, p_operation, '{hold}');
    v_lots jsonb := ledger_end_hold_v1(p_member_id, v_transaction_id, v_hold.id, v_hold.units, false);
    v_debt_paid bigint := ledger_pay_debt_v1(p_member_id, v_transaction_id, p_operation ->> 'currency', p_now);
BEGIN
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_hold.units, v_hold.id,
        ARRAY['reserved', 'available', 'debt'], ARRAY[-v_hold.units, v_hold.units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', v_hold.units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;

-- capture: held units are spent.
CREATE FUNCTION ledger_capture_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_hold record := ledger_original_v1(p_member_id, p_operation, '{hold}');
    v_lots jsonb := ledger_end_hold_v1(p_member_id, v_transaction_id, v_hold.id, v_hold.units, true);
BEGIN
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_hold.units, v_hold.id,
        ARRAY['reserved', 'redeemed'], ARRAY[-v_hold.units, v_hold.units], jsonb_build_object('units', v_hold.units, 'lots', v_lots));
END
$$;
