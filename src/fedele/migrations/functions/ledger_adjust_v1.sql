-- adjust: a person's correction, up (a new lot) or down (oldest expiry first). Who and why are not optional.
CREATE FUNCTION ledger_adjust_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_mode text := coalesce(p_operation ->> 'mode', 'refuse');
    v_units bigint := (p_operation ->> 'units')::bigint;
    v_spendable bigint;
    v_taken record;
    v_debt bigint;
BEGIN
    IF v_units IS NULL OR v_units = 0 OR coalesce(p_operation ->> 'actor', '') = '' OR coalesce(p_operation -> 'reason', '{}') = '{}'
        OR v_mode NOT IN ('refuse', 'clamp', 'debt') THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem',
            'an adjustment needs units other than zero, an actor, a reason, and the mode refuse, clamp or debt'));
    END IF;
    IF v_units > 0 THEN
        RETURN ledger_issue_v1(p_member_id, p_now, p_operation, v_units, 'adjustment', 'adjusted');
    END IF;
    v_spendable := ledger_spendable_v1(p_member_id, v_currency, p_now);
    IF v_mode = 'refuse' AND v_spendable < -v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', -v_units, 'spendable', v_spendable));
    END IF;
    v_taken := ledger_take_v1(p_member_id, v_transaction_id, v_currency, -v_units, p_now, 'adjust');
    v_debt := CASE v_mode WHEN 'debt' THEN -v_units - v_taken.taken ELSE 0 END;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'debt', 'adjusted'], ARRAY[-v_taken.taken, -v_debt, v_taken.taken + v_debt],
        jsonb_build_object('units', -v_taken.taken - v_debt, 'waived', -v_units - v_taken.taken - v_debt, 'debt_incurred', v_debt,
            'lots', v_taken.lots));
END
$$;
