-- Write the legs of a transaction, each on the head of its account's chain; legs of zero are left out. The member's lock
-- is held, so the head that is read is the head that is built upon; the constraints would refuse anything else.
CREATE FUNCTION ledger_legs_v1(
    p_member_id uuid, p_transaction_id uuid, p_currency text, p_accounts text[], p_amounts bigint[], p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_entries jsonb := '[]';
    v_id uuid;
    v_version bigint;
    v_balance bigint;
BEGIN
    FOR i IN 1 .. cardinality(p_accounts) LOOP
        CONTINUE WHEN p_amounts[i] = 0;
        SELECT account_version, balance_after INTO v_version, v_balance FROM entry
        WHERE member_id = p_member_id AND currency = p_currency AND account = p_accounts[i]
        ORDER BY account_version DESC LIMIT 1;
        v_id := uuidv7();
        INSERT INTO entry (member_id, transaction_id, id, currency, account, amount, account_version, previous_version,
            balance_before, balance_after, recorded_at)
        VALUES (p_member_id, p_transaction_id, v_id, p_currency, p_accounts[i], p_amounts[i], coalesce(v_version, 0) + 1,
            v_version, coalesce(v_balance, 0), coalesce(v_balance, 0) + p_amounts[i], p_now);
        v_entries := v_entries || jsonb_build_object('id', v_id, 'account', p_accounts[i], 'amount', p_amounts[i],
            'version', coalesce(v_version, 0) + 1, 'balance', coalesce(v_balance, 0) + p_amounts[i]);
    END LOOP;
    RETURN v_entries;
END
$$;

-- What a retry must repeat to be the same request: all but what it computes anew from the clock or the programme.
CREATE FUNCTION ledger_intent_v1(p_operation jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to((p_operation - '{occurred_at,as_of,activates_at,expires_at,held_until,keep_until,programme_version,reason}'::text[])::text, 'UTF8'))
$$;

-- Write a transaction and its legs, and answer the reply, which is stored with it so that a retry gets the same.
CREATE FUNCTION ledger_record_v1(
    p_member_id uuid, p_now timestamptz, p_operation jsonb, p_transaction_id uuid, p_requested bigint, p_reverses uuid,
    p_accounts text[], p_amounts bigint[], p_result jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_currency text := p_operation ->> 'currency';
    v_reply jsonb;
BEGIN
    v_reply := '{"waived": 0, "debt_paid": 0, "debt_incurred": 0, "lots": []}' || jsonb_build_object(
        'op', p_operation ->> 'op', 'transaction_id', p_transaction_id, 'currency', v_currency, 'requested', p_requested,
        'entries', ledger_legs_v1(p_member_id, p_transaction_id, v_currency, p_accounts, p_amounts, p_now),
        'spendable', ledger_spendable_v1(p_member_id, v_currency, p_now)
    ) || p_result;
    INSERT INTO ledger_transaction (member_id, id, scope, key, input_hash, kind, currency, requested, occurred_at, recorded_at,
        programme_version, actor, reason, reverses, purchase_id, held_until, response)
    VALUES (p_member_id, p_transaction_id, p_operation ->> 'scope', p_operation ->> 'key', ledger_intent_v1(p_operation),
        p_operation ->> 'op', v_currency, p_requested, coalesce((p_operation ->> 'occurred_at')::timestamptz, p_now), p_now,
        (p_operation ->> 'programme_version')::integer, p_operation ->> 'actor', coalesce(p_operation -> 'reason', '{}'),
        p_reverses, (p_operation ->> 'purchase_id')::uuid, (p_operation ->> 'held_until')::timestamptz, v_reply);
    RETURN v_reply;
END
$$;

-- The reply of an operation that found nothing to do: nothing is written, so that its key stays free.
CREATE FUNCTION ledger_nothing_v1(p_member_id uuid, p_now timestamptz, p_operation jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('op', p_operation ->> 'op', 'transaction_id', NULL, 'currency', p_operation ->> 'currency',
        'units', 0, 'requested', 0, 'waived', 0, 'debt_paid', 0, 'debt_incurred', 0, 'entries', '[]'::jsonb, 'lots', '[]'::jsonb,
        'spendable', ledger_spendable_v1(p_member_id, p_operation ->> 'currency', p_now))
$$;
