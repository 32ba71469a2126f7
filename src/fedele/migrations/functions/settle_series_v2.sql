-- One member's sales in the order in which they happened, for imports. What is written is what settle_v2 writes for one
-- after the other. p_sales [{scope, key, hash (hex), sale (settle_v2's p_sale)}], all decided from the state that
-- p_expected_version names. Answers an array of settle_v2's replies (of a done one its status alone), up to and including
-- the first that is not "done": what stands behind that one was decided on a sale that did not happen, and is left for
-- the caller to decide again.

-- Sale by sale: the plain way, for series that are announced, use benefits up, or are stopped by a sale in the middle.
CREATE FUNCTION settle_one_by_one_v2(
    p_member_id uuid, p_expected_version bigint, p_now timestamptz, p_sales jsonb, p_quiet boolean
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_sale jsonb;
    v_reply jsonb;
    v_replies jsonb[] := '{}';
    v_version bigint := p_expected_version;
BEGIN
    FOR v_sale IN SELECT value FROM jsonb_array_elements(p_sales) LOOP
        v_reply := settle_v2(p_member_id, v_version, v_sale ->> 'scope', v_sale ->> 'key',
                             decode(v_sale ->> 'hash', 'hex'), p_now, v_sale -> 'sale', p_quiet);
        v_replies := array_append(v_replies, v_reply);
        EXIT WHEN v_reply ->> 'status' <> 'done';
        v_version := (v_reply #>> '{response,version}')::bigint;
    END LOOP;
    RETURN to_jsonb(v_replies);
END
$$;

-- What settle_v2 writes besides the ledger, for all sales at once: every table gets one statement.
--   p_results: the ledger's results of all operations of all sales, in order;  p_before[i]: how many stand before sale i
CREATE FUNCTION settle_series_rows_v2(
    p_member_id uuid, p_now timestamptz, p_sales jsonb[], p_results jsonb[], p_before integer[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_sale jsonb;
BEGIN
    INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                          total_minor, tax_minor, discount_minor, tenders, attributes, points, burns)
    SELECT p_member_id, n.id, n.store_id, n.receipt, n.channel, (s.sale ->> 'at')::timestamptz, p_now, n.currency,
           n.total_minor, n.tax_minor, n.discount_minor, n.tenders, n.attributes, n.points, (
               SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'currency', r ->> 'currency', 'units', r -> 'units', 'transaction_id', r -> 'transaction_id')), '[]')
                 FROM unnest(p_results[s.before + 1 : s.before + jsonb_array_length(s.sale -> 'operations')]) AS r
                WHERE r ->> 'op' = 'burn')
      FROM unnest(p_sales, p_before) AS s (sale, before), jsonb_to_record(s.sale -> 'purchase') AS n (
           id uuid, store_id text, receipt text, channel text, currency text, total_minor bigint, tax_minor bigint,
           discount_minor bigint, tenders jsonb, attributes jsonb, points jsonb);
    INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, category, department, brand,
                               quantity, amount_minor, tax_minor, discount_minor, attributes)
    SELECT p_member_id, (s.sale #>> '{purchase,id}')::uuid, n.number, n.kind, n.sku, n.name, n.category, n.department,
           n.brand, n.quantity, n.amount_minor, n.tax_minor, n.discount_minor, coalesce(n.attributes, '{}')
      FROM unnest(p_sales) AS s (sale), jsonb_to_recordset(s.sale -> 'lines') AS n (
           number integer, kind text, sku text, name text, category text, department text, brand text,
           quantity numeric, amount_minor bigint, tax_minor bigint, discount_minor bigint, attributes jsonb);
    INSERT INTO award (member_id, award_id, source_kind, source_id, rule_key, currency, units, line_numbers, line_units,
                       line_micros, usage_periods, ledger_transaction_id, programme_version, occurred_at)
    SELECT p_member_id, n.id, 'purchase', (s.sale #>> '{purchase,id}')::uuid, n.rule, n.currency, n.units,
           n.line_numbers, n.line_units, coalesce(n.line_micros, '{}'), n.periods,
           (p_results[s.before + n.operation + 1] ->> 'transaction_id')::uuid,
           (s.sale ->> 'programme_version')::integer, (s.sale ->> 'at')::timestamptz
      FROM unnest(p_sales, p_before) AS s (sale, before), jsonb_to_recordset(s.sale -> 'awards') AS n (
           id uuid, rule text, currency text, units bigint, line_numbers integer[], line_units bigint[],
           line_micros bigint[], periods text[], operation integer);
    INSERT INTO evaluation (member_id, source_id, source_kind, programme_version, trace)
    SELECT p_member_id, (s.sale #>> '{purchase,id}')::uuid, 'purchase', (s.sale ->> 'programme_version')::integer,
           s.sale -> 'trace'
      FROM unnest(p_sales) AS s (sale) WHERE jsonb_typeof(s.sale -> 'trace') = 'array';
    INSERT INTO tier_counter AS c (member_id, counter, day, amount)
    SELECT p_member_id, n.counter, n.day, sum(n.amount)
      FROM unnest(p_sales) AS s (sale),
           jsonb_to_recordset(s.sale -> 'counters') AS n (counter text, day date, amount bigint)
     GROUP BY n.counter, n.day
        ON CONFLICT (member_id, counter, day) DO UPDATE SET amount = c.amount + excluded.amount;
    INSERT INTO rule_usage AS u (member_id, rule_key, period, units, times, last_at)
    SELECT p_member_id, n.rule, n.period, sum(n.units), sum(n.times),
           -- As one by one: the latest time that counted; where none did (what a rule carries), that of the first sale.
           coalesce(max((s.sale ->> 'at')::timestamptz) FILTER (WHERE n.times > 0),
                    (array_agg((s.sale ->> 'at')::timestamptz ORDER BY s.place))[1])
      FROM unnest(p_sales) WITH ORDINALITY AS s (sale, place),
           jsonb_to_recordset(s.sale -> 'usage') AS n (rule text, period text, units bigint, times integer)
     GROUP BY n.rule, n.period
        ON CONFLICT (member_id, rule_key, period) DO UPDATE
       SET units = u.units + excluded.units, times = u.times + excluded.times,
           last_at = CASE WHEN excluded.times > 0 THEN greatest(u.last_at, excluded.last_at) ELSE u.last_at END;
    FOREACH v_sale IN ARRAY p_sales LOOP
        IF jsonb_typeof(v_sale -> 'standing') = 'object' THEN
            PERFORM tier_stand_v1(p_member_id, p_now, v_sale -> 'standing', v_sale -> 'tier_changes',
                                  (v_sale ->> 'programme_version')::integer);
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION settle_series_v2(
    p_member_id uuid, p_expected_version bigint, p_now timestamptz, p_sales jsonb, p_quiet boolean DEFAULT false
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_sales jsonb[];
    v_counts integer[];
    v_before integer[];
    v_versions bigint[];
    v_operations jsonb;
    v_posted jsonb := '{"results": []}';
    v_results jsonb[];
BEGIN
    IF member_lock_v1(p_member_id) <> p_expected_version THEN
        RETURN '[{"status": "stale"}]';
    END IF;
    SELECT array_agg(value -> 'sale' ORDER BY place),
           array_agg(jsonb_array_length(value #> '{sale,operations}') ORDER BY place)
      INTO v_sales, v_counts FROM jsonb_array_elements(p_sales) WITH ORDINALITY AS s (value, place);
    IF NOT p_quiet
        OR EXISTS (SELECT FROM unnest(v_sales) AS s WHERE (s ->> 'guest')::boolean OR jsonb_array_length(s -> 'claims') > 0)
        OR EXISTS (SELECT FROM request JOIN jsonb_to_recordset(p_sales) AS n (scope text, key text) USING (scope, key)) THEN
        RETURN settle_one_by_one_v2(p_member_id, p_expected_version, p_now, p_sales, p_quiet);
    END IF;
    SELECT coalesce(jsonb_agg(o.value ORDER BY s.place, o.place), '[]') INTO v_operations
      FROM unnest(v_sales) WITH ORDINALITY AS s (sale, place),
           jsonb_array_elements(s.sale -> 'operations') WITH ORDINALITY AS o (value, place);
    IF v_operations <> '[]' THEN
        v_posted := ledger_run_v1(p_member_id, p_now, v_operations, p_quiet);
        IF v_posted ->> 'status' = 'refused' THEN  -- nothing was written: find the sale that the ledger refuses
            RETURN settle_one_by_one_v2(p_member_id, p_expected_version, p_now, p_sales, p_quiet);
        END IF;
    END IF;
    v_results := ARRAY(SELECT value FROM jsonb_array_elements(v_posted -> 'results') WITH ORDINALITY AS r (value, place)
                        ORDER BY place);
    -- A sale by itself raises the version once.
    SELECT array_agg((sum_before - count)::integer ORDER BY place), array_agg(p_expected_version + place ORDER BY place)
      INTO v_before, v_versions
      FROM (SELECT place, count, sum(count) OVER (ORDER BY place) AS sum_before
              FROM unnest(v_counts) WITH ORDINALITY AS c (count, place)) AS running;
    PERFORM settle_series_rows_v2(p_member_id, p_now, v_sales, v_results, v_before);
    INSERT INTO request (scope, key, input_hash, member_id, response)
    SELECT n.scope, n.key, decode(n.hash, 'hex'), p_member_id,
           (n.sale -> 'response') || jsonb_build_object('version', v_versions[n.place], 'spendable', (
               SELECT coalesce(jsonb_object_agg(r ->> 'currency', r -> 'spendable' ORDER BY at), '{}')
                 FROM unnest(v_results[v_before[n.place] + 1 : v_before[n.place] + v_counts[n.place]])
                      WITH ORDINALITY AS results (r, at)))
      FROM (SELECT value ->> 'scope' AS scope, value ->> 'key' AS key, value ->> 'hash' AS hash, value -> 'sale' AS sale,
                   place FROM jsonb_array_elements(p_sales) WITH ORDINALITY AS s (value, place)) AS n;
    UPDATE member_version SET version = v_versions[cardinality(v_versions)] WHERE member_id = p_member_id;
    RETURN to_jsonb(array_fill('{"status": "done"}'::jsonb, ARRAY[cardinality(v_sales)]));
END
$$;
