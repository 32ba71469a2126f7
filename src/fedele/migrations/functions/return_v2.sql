-- Lines of a purchase come back, in one call; the same protocol as settle_v2.
-- p_return: {return {id, purchase_id, store_id, currency, total_minor}, lines [{number, quantity, amount_minor}],
--            operations (clawbacks, restores), clawbacks [{award_id, units}], at, and the parts of checkout_end_v2,
--            reopens [uuid]: rewards that the purchase used up and that the member has again}
-- The checks on purchase_line and award are the last wall: more than was bought or given can never come back.
CREATE FUNCTION return_v2(
    p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamptz,
    p_return jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_return jsonb := p_return -> 'return';
    v_return_id uuid := (v_return ->> 'id')::uuid;
    v_purchase_id uuid := (v_return ->> 'purchase_id')::uuid;
    v_at timestamptz := (p_return ->> 'at')::timestamptz;
    v_posted jsonb := '{"results": []}';
    v_halted jsonb;
BEGIN
    v_halted := checkout_begin_v1(p_member_id, p_expected_version, p_scope, p_key, p_hash);
    IF v_halted IS NOT NULL THEN
        RETURN v_halted;
    END IF;
    IF jsonb_array_length(p_return -> 'operations') > 0 THEN
        v_posted := ledger_run_v1(p_member_id, p_now, p_return -> 'operations', p_quiet);
        IF v_posted ->> 'status' = 'refused' THEN
            DELETE FROM request WHERE scope = p_scope AND key = p_key;
            RETURN v_posted;
        END IF;
    END IF;
    INSERT INTO purchase_return (member_id, return_id, purchase_id, store_id, occurred_at, recorded_at, currency,
                                 total_minor, points)
    VALUES (p_member_id, v_return_id, v_purchase_id, v_return ->> 'store_id', v_at, p_now, v_return ->> 'currency',
            (v_return ->> 'total_minor')::bigint, v_return -> 'points');
    INSERT INTO purchase_return_line (member_id, return_id, line_number, purchase_id, quantity, amount_minor)
    SELECT p_member_id, v_return_id, n.number, v_purchase_id, n.quantity, n.amount_minor
      FROM jsonb_to_recordset(p_return -> 'lines') AS n (number integer, quantity numeric, amount_minor bigint);
    UPDATE purchase_line AS l SET returned_quantity = l.returned_quantity + n.quantity
      FROM jsonb_to_recordset(p_return -> 'lines') AS n (number integer, quantity numeric)
     WHERE l.member_id = p_member_id AND l.purchase_id = v_purchase_id AND l.line_number = n.number;
    UPDATE award AS a SET clawed_back_units = a.clawed_back_units + n.units
      FROM jsonb_to_recordset(p_return -> 'clawbacks') AS n (award_id uuid, units bigint)
     WHERE a.member_id = p_member_id AND a.award_id = n.award_id;
    IF jsonb_array_length(p_return -> 'reopens') > 0 THEN
        PERFORM redemption_reopen_v1(
            p_member_id, v_purchase_id,
            ARRAY(SELECT r::uuid FROM jsonb_array_elements_text(p_return -> 'reopens') AS r), v_at, p_quiet);
    END IF;
    RETURN checkout_end_v2(p_member_id, p_scope, p_key, p_now, p_return, v_posted, p_quiet);
END
$$;
