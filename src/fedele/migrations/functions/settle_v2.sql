-- A sale, whole or not at all, in one call that touches one member: claim the key, check that the decision is still
-- true, post to the ledger, write the receipt, keep the awards, move counters and tier, announce, answer.
-- p_sale: {purchase {…}, lines […], operations [ledger_run_v1's], awards, trace, at, programme_version, guest,
--          claims [uuid] and the parts of checkout_end_v2}
-- Answers {"status": "done" | "repeated" | "key_reused" | "stale" | "refused", …}; see checkout_begin_v1, ledger_run_v1.
CREATE FUNCTION settle_v2(
    p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamptz,
    p_sale jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_purchase jsonb := p_sale -> 'purchase';
    v_purchase_id uuid := (v_purchase ->> 'id')::uuid;
    v_at timestamptz := (p_sale ->> 'at')::timestamptz;
    v_posted jsonb := '{"results": []}';
    v_halted jsonb;
BEGIN
    v_halted := checkout_begin_v1(p_member_id, p_expected_version, p_scope, p_key, p_hash);
    IF v_halted IS NOT NULL THEN
        RETURN v_halted;
    END IF;
    IF jsonb_array_length(p_sale -> 'operations') > 0 THEN
        v_posted := ledger_run_v1(p_member_id, p_now, p_sale -> 'operations', p_quiet);
        IF v_posted ->> 'status' = 'refused' THEN
            DELETE FROM request WHERE scope = p_scope AND key = p_key;
            RETURN v_posted;
        END IF;
    END IF;
    IF (p_sale ->> 'guest')::boolean THEN
        -- Somebody without a card: a member made from the receipt, whom its holder may claim later.
        INSERT INTO member (member_id, status, source, joined_at, recorded_at)
        VALUES (p_member_id, 'guest', 'till', v_at, p_now) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                          total_minor, tax_minor, discount_minor, tenders, attributes, points,
                          burns)
    VALUES (p_member_id, v_purchase_id, v_purchase ->> 'store_id', v_purchase ->> 'receipt', v_purchase ->> 'channel',
            v_at, p_now, v_purchase ->> 'currency', (v_purchase ->> 'total_minor')::bigint,
            (v_purchase ->> 'tax_minor')::bigint, (v_purchase ->> 'discount_minor')::bigint,
            v_purchase -> 'tenders', v_purchase -> 'attributes', v_purchase -> 'points', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                           'currency', r ->> 'currency', 'units', r -> 'units', 'transaction_id', r -> 'transaction_id')), '[]')
                  FROM jsonb_array_elements(v_posted -> 'results') AS r WHERE r ->> 'op' = 'burn'));
    INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, category, department, brand,
                               quantity, amount_minor, tax_minor, discount_minor, attributes)
    SELECT p_member_id, v_purchase_id, n.number, n.kind, n.sku, n.name, n.category, n.department, n.brand,
           n.quantity, n.amount_minor, n.tax_minor, n.discount_minor, coalesce(n.attributes, '{}')
      FROM jsonb_to_recordset(p_sale -> 'lines') AS n (
           number integer, kind text, sku text, name text, category text, department text, brand text,
           quantity numeric, amount_minor bigint, tax_minor bigint, discount_minor bigint, attributes jsonb);
    PERFORM award_v2(p_member_id, 'purchase', v_purchase_id, v_at, (p_sale ->> 'programme_version')::integer,
                     p_sale -> 'awards', p_sale -> 'trace', v_posted);
    IF jsonb_array_length(p_sale -> 'claims') > 0 THEN
        PERFORM offer_claims_use_v1(
            p_member_id, (SELECT array_agg(c::uuid) FROM jsonb_array_elements_text(p_sale -> 'claims') AS c),
            v_purchase_id, v_at);
    END IF;
    RETURN checkout_end_v2(p_member_id, p_scope, p_key, p_now, p_sale, v_posted, p_quiet);
END
$$;
