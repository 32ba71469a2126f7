-- clawback: an earn is taken back: its own lots first, then oldest expiry first, then debt; as far as the mode goes.
-- With `total` it says how much of the earn is to be taken *altogether*: what an earlier call had to give up is asked for
-- again, and only what is truly settled counts against the earn. So any sequence of partial returns ends like the full one.
CREATE FUNCTION ledger_clawback_v2(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_mode text := coalesce(p_operation ->> 'mode', '');
    v_original record;
    v_asked jsonb := p_operation;
    v_settled bigint;
    v_own record;
    v_left bigint;
    v_other bigint := 0;
    v_other_lots jsonb := '[]';
    v_debt bigint := 0;
    v_units bigint;
BEGIN
    IF v_mode NOT IN ('clamp', 'debt', 'pending') THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'mode must be clamp, debt or pending'));
    END IF;
    IF p_operation ? 'total' THEN
        SELECT (p_operation ->> 'total')::bigint - coalesce(sum(reversal.requested), 0) INTO v_left
        FROM ledger_transaction AS reversal
        WHERE reversal.member_id = p_member_id AND reversal.reverses = (p_operation ->> 'transaction_id')::uuid;
        IF v_left <= 0 THEN
            RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
        END IF;
        v_asked := p_operation || jsonb_build_object('units', v_left);
    END IF;
    v_original := ledger_original_v1(p_member_id, v_asked, '{earn,adjust}');
    v_own := ledger_claw_own_v1(p_member_id, p_now, v_transaction_id, v_original.id, v_original.units, v_mode = 'pending');
    v_left := v_original.units - v_own.pending - v_own.available - v_own.unswept - v_own.swept;
    IF v_mode <> 'pending' AND v_left > 0 THEN
        SELECT taken, lots INTO v_other, v_other_lots
        FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_left, p_now, 'clawback');
        v_debt := CASE v_mode WHEN 'debt' THEN v_left - v_other ELSE 0 END;
    END IF;
    v_units := v_own.pending + v_own.available + v_other + v_debt;
    v_settled := v_units + v_own.unswept + v_own.swept;
    IF p_operation ? 'total' AND v_settled = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation)
            || jsonb_build_object('requested', v_original.units, 'waived', v_original.units);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id,
        CASE WHEN p_operation ? 'total' THEN v_settled ELSE v_original.units END, v_original.id,
        ARRAY['pending', 'available', 'expired', 'debt', CASE v_original.kind WHEN 'earn' THEN 'revoked' ELSE 'adjusted' END],
        ARRAY[-v_own.pending, -v_own.available - v_own.unswept - v_other, -v_own.swept, -v_debt,
            v_settled],
        jsonb_build_object('units', v_units, 'waived', v_original.units - v_units, 'debt_incurred', v_debt,
            'lots', v_own.lots || v_other_lots));
END
$$;
