-- Give lots another expiry: p_changes [{lot_id, expires_at}]. What has expired by now stays expired, swept or not.
CREATE FUNCTION ledger_change_expiries_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb, p_changes jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_change record;
    v_lot record;
BEGIN
    FOR v_change IN
        SELECT * FROM jsonb_to_recordset(p_changes) AS change (lot_id uuid, expires_at timestamptz) ORDER BY lot_id
    LOOP
        SELECT id, remaining + reserved AS units, expires_at, state INTO v_lot FROM lot
        WHERE member_id = p_member_id AND id = v_change.lot_id AND currency = p_operation ->> 'currency';
        IF NOT FOUND THEN
            PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'no lot of this member and currency: ' || v_change.lot_id));
        END IF;
        CONTINUE WHEN v_lot.expires_at <= p_now OR v_lot.expires_at IS NOT DISTINCT FROM v_change.expires_at;
        UPDATE lot SET expires_at = v_change.expires_at WHERE member_id = p_member_id AND id = v_lot.id;
        INSERT INTO lot_expiry_change (member_id, lot_id, transaction_id, previous_expires_at, expires_at, recorded_at)
        VALUES (p_member_id, v_lot.id, v_transaction_id, v_lot.expires_at, v_change.expires_at, p_now);
        v_units := v_units + v_lot.units;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.units, v_change.expires_at, v_lot.state);
    END LOOP;
    IF v_lots = '[]' THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation || '{"op": "move_expiry"}', v_transaction_id, v_units, NULL, '{}', '{}',
        jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;

-- move_expiry: a tier or activity gives lots another expiry: those of a list, or every live lot of the currency one instant;
-- with `later_only` none that would then end earlier (what never expires stays so, what is pending keeps its own time).
CREATE FUNCTION ledger_move_expiry_v2(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_expires_at timestamptz := (p_operation ->> 'expires_at')::timestamptz;
    v_later_only boolean := coalesce((p_operation ->> 'later_only')::boolean, false);
BEGIN
    RETURN ledger_change_expiries_v1(p_member_id, p_now, p_operation, CASE
        WHEN p_operation ? 'changes' THEN p_operation -> 'changes'
        ELSE (SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', id, 'expires_at', v_expires_at)), '[]') FROM lot
              WHERE member_id = p_member_id AND currency = p_operation ->> 'currency' AND (remaining > 0 OR reserved > 0)
                AND (NOT v_later_only OR expires_at < v_expires_at)) END);
END
$$;

-- extend_expiry: a month in which the member was active gives what was earned before it (`earned_before`) so much longer:
-- years, months, days, to the end of a day or of a month (`end_of`) in `time_zone`. An expiry is the midnight that ends the
-- last day, so the last day is what is moved: 31 January and a month is the last day of February.
CREATE FUNCTION ledger_extend_expiry_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_zone text := p_operation ->> 'time_zone';
    v_longer interval := make_interval(
        years => coalesce((p_operation ->> 'years')::integer, 0), months => coalesce((p_operation ->> 'months')::integer, 0),
        days => coalesce((p_operation ->> 'days')::integer, 0));
BEGIN
    RETURN ledger_change_expiries_v1(p_member_id, p_now, p_operation, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', id, 'expires_at', (CASE p_operation ->> 'end_of'
                   WHEN 'month' THEN date_trunc('month', last_day + v_longer) + interval '1 month'
                   ELSE last_day + v_longer + interval '1 day' END) AT TIME ZONE v_zone)), '[]')
          FROM (SELECT id, (expires_at AT TIME ZONE v_zone) - interval '1 day' AS last_day FROM lot
                 WHERE member_id = p_member_id AND currency = p_operation ->> 'currency' AND (remaining > 0 OR reserved > 0)
                   AND expires_at > p_now
                   AND coalesce(activates_at, earned_at) < (p_operation ->> 'earned_before')::timestamptz) AS live));
END
$$;
