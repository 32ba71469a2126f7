-- The reply of an earlier run of this operation, or NULL. The same key with another intent is refused.
CREATE FUNCTION ledger_earlier_v1(p_member_id uuid, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_earlier record;
BEGIN
    SELECT input_hash, response INTO v_earlier FROM ledger_transaction
    WHERE member_id = p_member_id AND scope = p_operation ->> 'scope' AND key = p_operation ->> 'key';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF v_earlier.input_hash <> ledger_intent_v1(p_operation) THEN
        PERFORM ledger_refuse_v1('IDEMPOTENCY_KEY_REUSED', '{}');
    END IF;
    RETURN v_earlier.response;
END
$$;

-- What the rest of the house hears of a posting (fedele.domains.ledger.events reads it back).
CREATE FUNCTION ledger_event_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb, p_result jsonb, OUT kind text, OUT payload jsonb)
LANGUAGE plpgsql AS $$
BEGIN
    kind := CASE p_operation ->> 'op' WHEN 'earn' THEN 'points.earned' WHEN 'settle' THEN 'points.settled'
        WHEN 'burn' THEN 'points.burned' WHEN 'capture' THEN 'points.burned' WHEN 'restore' THEN 'points.restored'
        WHEN 'release' THEN 'points.restored' WHEN 'clawback' THEN 'points.clawed_back' WHEN 'expire' THEN 'points.expired'
        WHEN 'adjust' THEN 'points.adjusted' WHEN 'hold' THEN 'points.held' ELSE 'points.expiry_moved' END;
    payload := jsonb_build_object('member_id', p_member_id, 'occurred_at', coalesce((p_operation ->> 'occurred_at')::timestamptz, p_now),
        'currency', p_result ->> 'currency', 'units', p_result -> 'units', 'transaction_id', p_result -> 'transaction_id',
        'spendable', p_result -> 'spendable', 'programme_version', p_operation -> 'programme_version',
        'expiries', coalesce((
            SELECT jsonb_agg(jsonb_build_object('units', lot -> 'units', 'expires_at', lot -> 'expires_at') ORDER BY lot ->> 'expires_at')
            FROM jsonb_array_elements(p_result -> 'lots') AS lot WHERE lot ->> 'expires_at' IS NOT NULL), '[]'));
    IF kind = 'points.earned' THEN
        payload := payload || jsonb_build_object('source', p_operation ->> 'source', 'activates_at', p_operation -> 'activates_at',
            'pending', p_result #>> '{lots,0,state}' = 'pending');
    ELSIF kind = 'points.clawed_back' THEN
        payload := payload || jsonb_build_object('debt_incurred', p_result -> 'debt_incurred', 'waived', p_result -> 'waived');
    END IF;
END
$$;

-- One operation by its name.
CREATE FUNCTION ledger_apply_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CASE p_operation ->> 'op'
        WHEN 'earn' THEN RETURN ledger_earn_v1(p_member_id, p_now, p_operation);
        WHEN 'burn' THEN RETURN ledger_burn_v1(p_member_id, p_now, p_operation);
        WHEN 'clawback' THEN RETURN ledger_clawback_v1(p_member_id, p_now, p_operation);
        WHEN 'restore' THEN RETURN ledger_restore_v1(p_member_id, p_now, p_operation);
        WHEN 'settle' THEN RETURN ledger_settle_v1(p_member_id, p_now, p_operation);
        WHEN 'expire' THEN RETURN ledger_expire_v1(p_member_id, p_now, p_operation);
        WHEN 'adjust' THEN RETURN ledger_adjust_v1(p_member_id, p_now, p_operation);
        WHEN 'move_expiry' THEN RETURN ledger_move_expiry_v1(p_member_id, p_now, p_operation);
        WHEN 'hold' THEN RETURN ledger_hold_v1(p_member_id, p_now, p_operation);
        WHEN 'release' THEN RETURN ledger_release_v1(p_member_id, p_now, p_operation);
        WHEN 'capture' THEN RETURN ledger_capture_v1(p_member_id, p_now, p_operation);
        ELSE PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'the ledger knows no operation of this name'));
    END CASE;
END
$$;

-- Apply operations to one member, in order, all or none; see fedele.domains.ledger for the shapes. A refusal undoes what the
-- earlier operations of the call wrote, and is a reply, not an error, so that other PL/pgSQL may go on from it.
CREATE FUNCTION ledger_post_v1(p_member_id uuid, p_now timestamptz, p_operations jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_operation jsonb;
    v_result jsonb;
    v_results jsonb := '[]';
    v_event record;
    v_kinds text[] := '{}';
    v_payloads jsonb[] := '{}';
    v_ids uuid[] := '{}';
    v_detail text;
BEGIN
    -- Before anything is read: what is read below is what the holder before us committed.
    PERFORM member_lock_v1(p_member_id);
    BEGIN
        FOR v_operation IN SELECT value FROM jsonb_array_elements(p_operations) LOOP
            IF coalesce(v_operation ->> 'scope', '') = '' OR coalesce(v_operation ->> 'key', '') = ''
                OR coalesce(v_operation ->> 'currency', '') = '' THEN
                PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'an operation needs scope, key and currency'));
            END IF;
            v_result := ledger_earlier_v1(p_member_id, v_operation);
            IF v_result IS NULL THEN
                v_result := ledger_apply_v1(p_member_id, p_now, v_operation);
                IF v_result ->> 'transaction_id' IS NOT NULL THEN
                    v_event := ledger_event_v1(p_member_id, p_now, v_operation, v_result);
                    v_kinds := v_kinds || v_event.kind;
                    v_payloads := v_payloads || v_event.payload;
                    v_ids := v_ids || uuidv7();
                END IF;
            END IF;
            v_results := v_results || v_result;
        END LOOP;
        IF cardinality(v_ids) > 0 THEN
            PERFORM outbox_publish_v1(array_fill(p_member_id, ARRAY[cardinality(v_ids)]), v_ids, v_kinds, v_payloads,
                array_fill(p_now, ARRAY[cardinality(v_ids)]), p_quiet);
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'FL001' THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            RETURN jsonb_build_object('status', 'refused', 'index', jsonb_array_length(v_results)) || v_detail::jsonb;
        WHEN data_exception THEN
            GET STACKED DIAGNOSTICS v_detail = MESSAGE_TEXT;
            RETURN jsonb_build_object('status', 'refused', 'index', jsonb_array_length(v_results), 'code', 'INVALID_INPUT',
                'details', jsonb_build_object('problem', v_detail));
    END;
    RETURN jsonb_build_object('status', 'ok', 'results', v_results);
END
$$;
