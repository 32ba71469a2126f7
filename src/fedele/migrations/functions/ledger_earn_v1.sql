-- Put a new lot into the member's hands; an active one pays the debt first. Used by earn and by a positive adjustment.
CREATE FUNCTION ledger_issue_v1(
    p_member_id uuid, p_now timestamptz, p_operation jsonb, p_units bigint, p_source text, p_leg text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_lot_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_activates_at timestamptz := (p_operation ->> 'activates_at')::timestamptz;
    v_expires_at timestamptz := (p_operation ->> 'expires_at')::timestamptz;
    v_pending boolean := coalesce(v_activates_at > p_now, false);
    v_state text := CASE WHEN v_pending THEN 'pending' ELSE 'active' END;
    v_debt_paid bigint := 0;
BEGIN
    IF v_expires_at <= v_activates_at THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'expires_at must lie after activates_at'));
    END IF;
    INSERT INTO lot (member_id, id, currency, transaction_id, source, purchase_id, line, original, remaining, state,
        earned_at, activates_at, expires_at)
    VALUES (p_member_id, v_lot_id, v_currency, v_transaction_id, p_source, (p_operation ->> 'purchase_id')::uuid,
        p_operation ->> 'line', p_units, p_units, v_state,
        coalesce((p_operation ->> 'occurred_at')::timestamptz, p_now), v_activates_at, v_expires_at);
    IF NOT v_pending THEN
        v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, p_units, NULL,
        ARRAY[p_leg, CASE WHEN v_pending THEN 'pending' ELSE 'available' END, 'debt'],
        ARRAY[-p_units, p_units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', p_units, 'debt_paid', v_debt_paid,
            'lots', jsonb_build_array(ledger_lot_json_v1(v_lot_id, p_units, v_expires_at, v_state))));
END
$$;

-- earn: issue units.
CREATE FUNCTION ledger_earn_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF p_operation ->> 'source' IS NULL THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'earn needs a source'));
    END IF;
    RETURN ledger_issue_v1(p_member_id, p_now, p_operation, ledger_units_v1(p_operation), p_operation ->> 'source', 'issued');
END
$$;
