-- burn: spend units, oldest expiry first, if the unexpired lots hold them.
CREATE FUNCTION ledger_burn_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_units bigint := ledger_units_v1(p_operation);
    v_spendable bigint := ledger_spendable_v1(p_member_id, v_currency, v_as_of);
    v_lots jsonb;
BEGIN
    IF v_spendable < v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', v_units, 'spendable', v_spendable));
    END IF;
    SELECT lots INTO v_lots FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_units, v_as_of, 'burn');
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'redeemed'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;
