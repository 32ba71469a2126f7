-- The reply of an earlier run of this operation, or NULL. The same key with another intent is refused. An extension of
-- expiries is once per key by its nature (once a month): the second finds nothing to do, whatever it asks for.
CREATE FUNCTION ledger_earlier_v2(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_earlier record;
BEGIN
    SELECT input_hash, response INTO v_earlier FROM ledger_transaction
    WHERE member_id = p_member_id AND scope = p_operation ->> 'scope' AND key = p_operation ->> 'key';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF p_operation ->> 'op' = 'extend_expiry' THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    IF v_earlier.input_hash <> ledger_intent_v1(p_operation) THEN
        PERFORM ledger_refuse_v1('IDEMPOTENCY_KEY_REUSED', '{}');
    END IF;
    RETURN v_earlier.response;
END
$$;

-- One operation by its name.
CREATE FUNCTION ledger_apply_v2(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CASE p_operation ->> 'op'
        WHEN 'earn' THEN RETURN ledger_earn_v1(p_member_id, p_now, p_operation);
        WHEN 'burn' THEN RETURN ledger_burn_v1(p_member_id, p_now, p_operation);
        WHEN 'clawback' THEN RETURN ledger_clawback_v2(p_member_id, p_now, p_operation);
        WHEN 'restore' THEN RETURN ledger_restore_v1(p_member_id, p_now, p_operation);
        WHEN 'settle' THEN RETURN ledger_settle_v1(p_member_id, p_now, p_operation);
        WHEN 'expire' THEN RETURN ledger_expire_v1(p_member_id, p_now, p_operation);
        WHEN 'adjust' THEN RETURN ledger_adjust_v1(p_member_id, p_now, p_operation);
        WHEN 'move_expiry' THEN RETURN ledger_move_expiry_v2(p_member_id, p_now, p_operation);
        WHEN 'extend_expiry' THEN RETURN ledger_extend_expiry_v1(p_member_id, p_now, p_operation);
        WHEN 'hold' THEN RETURN ledger_hold_v1(p_member_id, p_now, p_operation);
        WHEN 'release' THEN RETURN ledger_release_v1(p_member_id, p_now, p_operation);
        WHEN 'capture' THEN RETURN ledger_capture_v1(p_member_id, p_now, p_operation);
        ELSE PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'the ledger knows no operation of this name'));
    END CASE;
END
$$;

-- Apply operations to one member, in order, all or none; see fedele.domains.ledger for the shapes. A refusal undoes what the
-- earlier operations of the call wrote, and is a reply, not an error, so that other PL/pgSQL may go on from it. Announces
-- nothing: the caller publishes `events` ([{id, kind, payload, occurred_at}], none when quiet) with its own, or there would
-- be two writes of the member's version in one operation of the till.
CREATE FUNCTION ledger_run_v1(p_member_id uuid, p_now timestamptz, p_operations jsonb, p_quiet boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_operation jsonb;
    v_result jsonb;
    v_results jsonb := '[]';
    v_events jsonb := '[]';
    v_event record;
    v_changed boolean := false;
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
            v_result := ledger_earlier_v2(p_member_id, p_now, v_operation);
            IF v_result IS NULL THEN
                v_result := ledger_apply_v2(p_member_id, p_now, v_operation);
                v_changed := v_changed OR v_result ->> 'transaction_id' IS NOT NULL;
                IF NOT p_quiet AND v_result ->> 'transaction_id' IS NOT NULL THEN
                    v_event := ledger_event_v1(p_member_id, p_now, v_operation, v_result);
                    v_events := v_events || jsonb_build_object(
                        'id', uuidv7(), 'kind', v_event.kind, 'payload', v_event.payload, 'occurred_at', p_now);
                END IF;
            END IF;
            v_results := v_results || v_result;
        END LOOP;
    EXCEPTION
        WHEN SQLSTATE 'FL001' THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            RETURN jsonb_build_object('status', 'refused', 'index', jsonb_array_length(v_results)) || v_detail::jsonb;
        WHEN data_exception THEN
            GET STACKED DIAGNOSTICS v_detail = MESSAGE_TEXT;
            RETURN jsonb_build_object('status', 'refused', 'index', jsonb_array_length(v_results), 'code', 'INVALID_INPUT',
                'details', jsonb_build_object('problem', v_detail));
    END;
    RETURN jsonb_build_object('status', 'ok', 'results', v_results, 'events', v_events, 'changed', v_changed);
END
$$;

-- The same, with its announcements: for callers that announce nothing themselves.
CREATE FUNCTION ledger_post_v2(p_member_id uuid, p_now timestamptz, p_operations jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_reply jsonb := ledger_run_v1(p_member_id, p_now, p_operations, p_quiet);
BEGIN
    IF p_quiet THEN
        -- Not when every operation was a repetition: nothing of the member has changed then.
        UPDATE member_version SET version = version + 1 WHERE member_id = p_member_id AND (v_reply ->> 'changed')::boolean;
    ELSIF jsonb_array_length(v_reply -> 'events') > 0 THEN
        PERFORM outbox_publish_v1(
            array_agg(p_member_id), array_agg(n.id), array_agg(n.kind), array_agg(n.payload), array_agg(n.occurred_at), false)
          FROM jsonb_to_recordset(v_reply -> 'events') AS n (id uuid, kind text, payload jsonb, occurred_at timestamptz);
    END IF;
    RETURN v_reply - '{events,changed}'::text[];
END
$$;
