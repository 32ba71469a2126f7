-- Take up to p_units from the lots that one earn made: what is still in them, and then, unless only pending units may be
-- taken, what expired out of them. Expired units cost the member nothing again, swept or not; the books move them from
-- `expired` to `revoked`, since a purchase that came back leaves no breakage.
CREATE FUNCTION ledger_claw_own_v1(
    p_member_id uuid, p_now timestamptz, p_transaction_id uuid, p_earn_id uuid, p_units bigint, p_pending_only boolean,
    OUT pending bigint, OUT available bigint, OUT unswept bigint, OUT swept bigint, OUT lots jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_part bigint;
    v_gone bigint;
BEGIN
    pending := 0; available := 0; unswept := 0; swept := 0; lots := '[]';
    FOR v_lot IN
        SELECT lot.id, lot.remaining, lot.state, lot.expires_at, coalesce(lot.expires_at <= p_now, false) AS expired,
            (SELECT coalesce(sum(amount), 0)::bigint FROM lot_use
             WHERE lot_use.member_id = p_member_id AND lot_use.lot_id = lot.id AND lot_use.kind = 'expire') AS gone
        FROM lot WHERE lot.member_id = p_member_id AND lot.transaction_id = p_earn_id ORDER BY lot.id
    LOOP
        CONTINUE WHEN p_pending_only AND v_lot.state <> 'pending';
        v_part := least(p_units - pending - available - unswept - swept, v_lot.remaining);
        IF v_lot.state = 'pending' THEN
            pending := pending + v_part;
        ELSIF v_lot.expired THEN
            unswept := unswept + v_part;
        ELSE
            available := available + v_part;
        END IF;
        v_gone := least(p_units - pending - available - unswept - swept, v_lot.gone);
        swept := swept + v_gone;
        IF v_part + v_gone > 0 THEN
            UPDATE lot SET remaining = remaining - v_part WHERE member_id = p_member_id AND id = v_lot.id;
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, v_lot.id, p_transaction_id, 'clawback', v_part + v_gone);
            lots := lots || ledger_lot_json_v1(v_lot.id, v_part, v_lot.expires_at, v_lot.state);
        END IF;
        IF v_gone > 0 THEN
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, v_lot.id, p_transaction_id, 'expire', -v_gone);
        END IF;
    END LOOP;
END
$$;

-- clawback: an earn is taken back: its own lots first, then oldest expiry first, then debt; as far as the mode goes.
CREATE FUNCTION ledger_clawback_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_mode text := coalesce(p_operation ->> 'mode', '');
    v_original record := ledger_original_v1(p_member_id, p_operation, '{earn,adjust}');
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
    v_own := ledger_claw_own_v1(p_member_id, p_now, v_transaction_id, v_original.id, v_original.units, v_mode = 'pending');
    v_left := v_original.units - v_own.pending - v_own.available - v_own.unswept - v_own.swept;
    IF v_mode <> 'pending' AND v_left > 0 THEN
        SELECT taken, lots INTO v_other, v_other_lots
        FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_left, p_now, 'clawback');
        v_debt := CASE v_mode WHEN 'debt' THEN v_left - v_other ELSE 0 END;
    END IF;
    v_units := v_own.pending + v_own.available + v_other + v_debt;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_original.units, v_original.id,
        ARRAY['pending', 'available', 'expired', 'debt', CASE v_original.kind WHEN 'earn' THEN 'revoked' ELSE 'adjusted' END],
        ARRAY[-v_own.pending, -v_own.available - v_own.unswept - v_other, -v_own.swept, -v_debt,
            v_units + v_own.unswept + v_own.swept],
        jsonb_build_object('units', v_units, 'waived', v_original.units - v_units, 'debt_incurred', v_debt,
            'lots', v_own.lots || v_other_lots));
END
$$;
