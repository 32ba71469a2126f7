-- Take up to p_units from the member's lots that are unexpired at p_as_of, oldest expiry first. `hold` keeps the units in
-- the lot as reserved; every other kind takes them out.
CREATE FUNCTION ledger_take_v1(
    p_member_id uuid, p_transaction_id uuid, p_currency text, p_units bigint, p_as_of timestamptz, p_kind text,
    OUT taken bigint, OUT lots jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_lot record;
    v_part bigint;
BEGIN
    taken := 0;
    lots := '[]';
    IF p_units <= 0 THEN
        RETURN;
    END IF;
    FOR v_lot IN
        SELECT id, remaining, expires_at FROM lot
        WHERE member_id = p_member_id AND currency = p_currency AND remaining > 0 AND state = 'active'
            AND (expires_at IS NULL OR expires_at > p_as_of)
        ORDER BY expires_at, id  -- NULLS LAST: what never expires burns last
    LOOP
        v_part := least(p_units - taken, v_lot.remaining);
        UPDATE lot SET remaining = remaining - v_part, reserved = reserved + CASE p_kind WHEN 'hold' THEN v_part ELSE 0 END
        WHERE member_id = p_member_id AND id = v_lot.id;
        INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
        VALUES (p_member_id, v_lot.id, p_transaction_id, p_kind, v_part);
        taken := taken + v_part;
        lots := lots || ledger_lot_json_v1(v_lot.id, v_part, v_lot.expires_at, 'active');
        EXIT WHEN taken = p_units;
    END LOOP;
END
$$;

-- Let what has just become available pay the member's debt, oldest expiry first. Answers the units paid.
CREATE FUNCTION ledger_pay_debt_v1(p_member_id uuid, p_transaction_id uuid, p_currency text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_owed bigint := -ledger_balance_v1(p_member_id, p_currency, 'debt');
    v_taken bigint;
BEGIN
    IF v_owed = 0 THEN
        RETURN 0;
    END IF;
    SELECT taken INTO v_taken FROM ledger_take_v1(p_member_id, p_transaction_id, p_currency, v_owed, p_now, 'debt');
    RETURN v_taken;
END
$$;
