-- What an operation asks: its units, which must be a whole number above zero.
CREATE FUNCTION ledger_units_v1(p_operation jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_units bigint := (p_operation ->> 'units')::bigint;
BEGIN
    IF v_units IS NULL OR v_units <= 0 THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'units must be a whole number above zero'));
    END IF;
    RETURN v_units;
END
$$;

-- A moment of the operation's, never later than now: nothing is settled, spent or swept in the future.
CREATE FUNCTION ledger_as_of_v1(p_operation jsonb, p_now timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    v_as_of timestamptz := coalesce((p_operation ->> 'as_of')::timestamptz, p_now);
BEGIN
    IF v_as_of > p_now THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'as_of lies in the future'));
    END IF;
    RETURN v_as_of;
END
$$;

-- The transaction that an operation reverses, and how many units of it. What all reversals of it asked for, together,
-- never exceeds what it asked for itself: a refund is not counted twice.
CREATE FUNCTION ledger_original_v1(
    p_member_id uuid, p_operation jsonb, p_kinds text[], OUT id uuid, OUT kind text, OUT units bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_requested bigint;
    v_left bigint;
BEGIN
    SELECT original.id, original.kind, original.requested INTO id, kind, v_requested FROM ledger_transaction AS original
    WHERE original.member_id = p_member_id AND original.id = (p_operation ->> 'transaction_id')::uuid
        AND original.kind = ANY (p_kinds) AND original.currency = p_operation ->> 'currency' AND original.requested > 0;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_v1('LEDGER_TRANSACTION_UNKNOWN', '{}');
    END IF;
    SELECT v_requested - coalesce(sum(reversal.requested), 0) INTO v_left FROM ledger_transaction AS reversal
    WHERE reversal.member_id = p_member_id AND reversal.reverses = ledger_original_v1.id;
    units := CASE WHEN p_operation ->> 'units' IS NULL THEN v_left ELSE ledger_units_v1(p_operation) END;
    IF units > v_left OR v_left = 0 THEN
        PERFORM ledger_refuse_v1('LEDGER_EXCEEDS_ORIGINAL', jsonb_build_object('requested', greatest(units, 1), 'left', v_left));
    END IF;
END
$$;

-- What the member may spend of a currency at a moment: the unexpired active lots, not the balance of `available`.
CREATE FUNCTION ledger_spendable_v1(p_member_id uuid, p_currency text, p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_spendable bigint;
BEGIN
    SELECT coalesce(sum(remaining), 0) INTO v_spendable FROM lot
    WHERE member_id = p_member_id AND currency = p_currency AND remaining > 0 AND state = 'active'
        AND (expires_at IS NULL OR expires_at > p_at);
    RETURN v_spendable;
END
$$;

-- A lot in a reply, with the units that this operation put in, took or gave back.
CREATE FUNCTION ledger_lot_json_v1(p_id uuid, p_units bigint, p_expires_at timestamptz, p_state text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('id', p_id, 'units', p_units, 'expires_at', p_expires_at, 'state', p_state)
$$;
