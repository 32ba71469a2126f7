-- The migrated schema as pg_dump tells it. Written by `python -m tests.architecture.refresh_schema`.

-- Name: pgqueuer_status; Type: TYPE; Schema: public; Owner: -

CREATE TYPE public.pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);

-- Name: award_v2(uuid, text, uuid, timestamp with time zone, integer, jsonb, jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.award_v2(p_member_id uuid, p_source_kind text, p_source_id uuid, p_at timestamp with time zone, p_programme_version integer, p_awards jsonb, p_trace jsonb, p_posted jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO award (member_id, award_id, source_kind, source_id, rule_key, currency, units, line_numbers, line_units,
                       line_micros, usage_periods, ledger_transaction_id, programme_version, occurred_at)
    SELECT p_member_id, n.id, p_source_kind, p_source_id, n.rule, n.currency, n.units, n.line_numbers, n.line_units,
           coalesce(n.line_micros, '{}'), n.periods, (p_posted #>> ARRAY['results', n.operation::text, 'transaction_id'])::uuid, p_programme_version, p_at
      FROM jsonb_to_recordset(p_awards) AS n (
           id uuid, rule text, currency text, units bigint, line_numbers integer[], line_units bigint[],
           line_micros bigint[], periods text[], operation integer);
    IF jsonb_typeof(p_trace) = 'array' THEN
        INSERT INTO evaluation (member_id, source_id, source_kind, programme_version, trace)
        VALUES (p_member_id, p_source_id, p_source_kind, p_programme_version, p_trace);
    END IF;
END
$$;

-- Name: budget_after_v1(jsonb, uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_after_v1(p_reply jsonb, p_member_id uuid, p_now timestamp with time zone, p_operations jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF p_reply ->> 'status' = 'done' AND jsonb_typeof(p_operations) = 'array' THEN
        PERFORM budget_post_v1(p_member_id, p_now, p_operations);
    END IF;
    RETURN p_reply;
END
$$;

-- Name: budget_deal_v1(text, text, bigint, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_deal_v1(p_pot text, p_period text, p_left bigint, p_amount bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_uses bigint := p_left / greatest(p_amount, 1);
BEGIN
    UPDATE budget_slice
       SET left_minor = (v_uses / 16 + CASE WHEN slice < v_uses % 16 THEN 1 ELSE 0 END) * greatest(p_amount, 1)
                      + CASE slice WHEN 0 THEN p_left - v_uses * greatest(p_amount, 1) ELSE 0 END
     WHERE pot = p_pot AND period = p_period;
END
$$;

-- Name: budget_fund_v1(text, text, bigint, bigint, integer, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_fund_v1(p_pot text, p_period text, p_money bigint, p_least bigint, p_version integer, p_amount bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_pot budget_pot;
    v_left bigint;
    v_change bigint;
BEGIN
    INSERT INTO budget_pot (pot, period, money_minor, least_minor, owed_minor, programme_version)
    VALUES (p_pot, p_period, p_money, p_least, 0, p_version) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO budget_slice (pot, period, slice, left_minor) SELECT p_pot, p_period, s, 0 FROM generate_series(0, 15) AS s;
        PERFORM budget_deal_v1(p_pot, p_period, p_money, p_amount);
        RETURN;
    END IF;
    -- Slices first, then the pot: the order in which everybody locks.
    PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period ORDER BY slice FOR UPDATE;
    SELECT * INTO v_pot FROM budget_pot WHERE pot = p_pot AND period = p_period FOR UPDATE;
    IF v_pot.programme_version >= p_version THEN
        RETURN;  -- somebody was here first, or the caller rates an old sale by an old version
    END IF;
    SELECT sum(left_minor) INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period;
    v_change := v_left + p_money - v_pot.money_minor - v_pot.owed_minor;
    UPDATE budget_pot SET money_minor = p_money, least_minor = p_least, owed_minor = greatest(-v_change, 0),
           programme_version = p_version
     WHERE pot = p_pot AND period = p_period;
    PERFORM budget_deal_v1(p_pot, p_period, greatest(v_change, 0), p_amount);
END
$$;

-- Name: budget_give_v1(text, text, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_give_v1(p_pot text, p_period text, p_amount bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_slice smallint;
    v_owed bigint := 0;
BEGIN
    IF p_amount <= 0 THEN
        RETURN;
    END IF;
    SELECT slice INTO v_slice FROM budget_slice WHERE pot = p_pot AND period = p_period
     ORDER BY (slice + pg_backend_pid()) % 16 LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        v_slice := pg_backend_pid() % 16;
        PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period AND slice = v_slice FOR UPDATE;
    END IF;
    -- While a slice is held nobody can change what is owed, but whoever else gives back: hence the lock, only then.
    IF EXISTS (SELECT FROM budget_pot WHERE pot = p_pot AND period = p_period AND owed_minor > 0) THEN
        SELECT least(owed_minor, p_amount) INTO v_owed FROM budget_pot WHERE pot = p_pot AND period = p_period FOR UPDATE;
        UPDATE budget_pot SET owed_minor = owed_minor - v_owed WHERE pot = p_pot AND period = p_period;
    END IF;
    UPDATE budget_slice SET left_minor = left_minor + p_amount - v_owed
     WHERE pot = p_pot AND period = p_period AND slice = v_slice;
END
$$;

-- Name: budget_use; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.budget_use (
    member_id uuid NOT NULL,
    use_id uuid NOT NULL,
    pot text NOT NULL,
    period text NOT NULL,
    state text NOT NULL,
    amount_minor bigint NOT NULL,
    taken_minor bigint NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    source_id uuid,
    CONSTRAINT ck_budget_use_amount CHECK (((amount_minor >= 0) AND (amount_minor <= taken_minor))),
    CONSTRAINT ck_budget_use_released CHECK (((state <> 'released'::text) OR (amount_minor = 0))),
    CONSTRAINT ck_budget_use_state CHECK ((state = ANY (ARRAY['reserved'::text, 'used'::text, 'released'::text]))),
    CONSTRAINT ck_budget_use_until CHECK (((state <> 'reserved'::text) OR (until IS NOT NULL)))
)
WITH (fillfactor='80');

-- Name: budget_keep_v1(public.budget_use, bigint, text, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_keep_v1(p_use public.budget_use, p_kept bigint, p_state text, p_source_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE budget_use
       SET amount_minor = p_kept, state = p_state, source_id = coalesce(p_source_id, source_id),
           taken_minor = CASE WHEN state = 'reserved' AND p_state = 'used' THEN p_kept ELSE taken_minor END
     WHERE member_id = p_use.member_id AND use_id = p_use.use_id AND pot = p_use.pot;
    PERFORM budget_give_v1(p_use.pot, p_use.period, p_use.amount_minor - p_kept);
END
$$;

-- Name: budget_left_v1(text[], text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_left_v1(p_pots text[], p_periods text[]) RETURNS TABLE(pot text, period text, money_minor bigint, owed_minor bigint, programme_version integer, left_minor bigint)
    LANGUAGE sql STABLE
    AS $$
    SELECT p.pot, p.period, p.money_minor, p.owed_minor, p.programme_version,
           (SELECT sum(s.left_minor)::bigint FROM budget_slice AS s WHERE s.pot = p.pot AND s.period = p.period)
      FROM unnest(p_pots, p_periods) AS asked (pot, period) JOIN budget_pot AS p USING (pot, period)
$$;

-- Name: budget_notice_v1(uuid, timestamp with time zone, text, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_notice_v1(p_member_id uuid, p_now timestamp with time zone, p_pot text, p_period text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_money bigint;
    v_least bigint;
    v_left bigint;
    v_percent smallint;
    v_count integer := 0;
BEGIN
    SELECT money_minor, least_minor INTO v_money, v_least FROM budget_pot WHERE pot = p_pot AND period = p_period;
    SELECT sum(left_minor) INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period;
    FOREACH v_percent IN ARRAY '{50,80,100}'::smallint[] LOOP
        CONTINUE WHEN CASE v_percent WHEN 100 THEN v_left >= v_least ELSE (v_money - v_left) * 100 < v_money * v_percent END;
        INSERT INTO budget_notice (pot, period, percent, noticed_at) VALUES (p_pot, p_period, v_percent, p_now)
        ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        v_count := v_count + 1;
        PERFORM outbox_publish_v1(
            ARRAY[p_member_id], ARRAY[uuidv7()],
            ARRAY[CASE v_percent WHEN 100 THEN 'budgets.exhausted' ELSE 'budgets.threshold_reached' END],
            ARRAY[jsonb_build_object('member_id', p_member_id, 'occurred_at', p_now, 'pot', p_pot, 'period', p_period,
                'percent', v_percent, 'money_minor', v_money, 'left_minor', v_left)],
            ARRAY[p_now], false);
    END LOOP;
    RETURN v_count;
END
$$;

-- Name: budget_post_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_post_v1(p_member_id uuid, p_now timestamp with time zone, p_operations jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_op record;
    v_use budget_use;
BEGIN
    FOR v_op IN
        SELECT * FROM jsonb_to_recordset(p_operations) AS o (
            op text, use_id uuid, pot text, period text, money_minor bigint, version integer, amount_minor bigint,
            least_minor bigint, until timestamptz, source_id uuid)
        ORDER BY pot NULLS FIRST, period, use_id
    LOOP
        IF v_op.op = 'take' THEN
            INSERT INTO budget_use (member_id, use_id, pot, period, state, amount_minor, taken_minor, taken_at, until, source_id)
            VALUES (p_member_id, v_op.use_id, v_op.pot, v_op.period, CASE WHEN v_op.until IS NULL THEN 'used' ELSE 'reserved' END,
                    v_op.amount_minor, v_op.amount_minor, p_now, v_op.until, v_op.source_id)
            ON CONFLICT DO NOTHING;
            CONTINUE WHEN NOT FOUND;  -- taken before
            IF NOT budget_take_v1(v_op.pot, v_op.period, v_op.money_minor, v_op.least_minor, v_op.version, v_op.amount_minor) THEN
                RAISE EXCEPTION 'the budget % is used up', v_op.pot USING ERRCODE = 'FB001', DETAIL = v_op.pot;
            END IF;
            PERFORM budget_notice_v1(p_member_id, p_now, v_op.pot, v_op.period);
        ELSIF v_op.op = 'confirm' THEN
            FOR v_use IN SELECT * FROM budget_use WHERE member_id = p_member_id AND use_id = v_op.use_id
                            AND state = 'reserved' ORDER BY pot FOR UPDATE LOOP
                PERFORM budget_keep_v1(v_use, least(v_use.amount_minor, coalesce(v_op.amount_minor, v_use.amount_minor)),
                                       'used', v_op.source_id);
            END LOOP;
        ELSIF v_op.op = 'release' THEN
            FOR v_use IN SELECT * FROM budget_use WHERE member_id = p_member_id AND use_id = v_op.use_id
                            AND state <> 'released' ORDER BY pot FOR UPDATE LOOP
                PERFORM budget_keep_v1(v_use, 0, 'released', NULL);
            END LOOP;
        ELSIF v_op.op = 'return' THEN
            PERFORM budget_return_v1(p_member_id, v_op.source_id);
        ELSE
            RAISE EXCEPTION 'budgets know no operation %', v_op.op;
        END IF;
    END LOOP;
END
$$;

-- Name: budget_return_v1(uuid, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_return_v1(p_member_id uuid, p_source_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_use budget_use;
    v_given numeric;
    v_kept numeric;
BEGIN
    FOR v_use IN SELECT * FROM budget_use WHERE member_id = p_member_id AND source_id = p_source_id
                    AND state = 'used' ORDER BY pot FOR UPDATE LOOP
        SELECT sum(units), sum(units - clawed_back_units) INTO v_given, v_kept FROM award
         WHERE member_id = p_member_id AND source_id = p_source_id
           AND rule_key IN (v_use.pot, regexp_replace(v_use.pot, '^rule:', ''));
        IF coalesce(v_given, 0) = 0 THEN
            SELECT sum(amount_minor), sum(amount_minor * (quantity - returned_quantity) / quantity) INTO v_given, v_kept
              FROM purchase_line WHERE member_id = p_member_id AND purchase_id = p_source_id;
        END IF;
        CONTINUE WHEN coalesce(v_given, 0) = 0;
        PERFORM budget_keep_v1(v_use, least(v_use.amount_minor, ceil(v_use.taken_minor * v_kept / v_given)::bigint),
                               'used', NULL);
    END LOOP;
END
$$;

-- Name: budget_take_v1(text, text, bigint, bigint, integer, bigint); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.budget_take_v1(p_pot text, p_period text, p_money bigint, p_least bigint, p_version integer, p_amount bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_slice smallint;
    v_left bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM budget_pot WHERE pot = p_pot AND period = p_period
                      AND (programme_version >= p_version OR (money_minor, least_minor) = (p_money, p_least))) THEN
        PERFORM budget_fund_v1(p_pot, p_period, p_money, p_least, p_version, p_amount);
    END IF;
    BEGIN
        SELECT slice INTO v_slice FROM budget_slice WHERE pot = p_pot AND period = p_period AND left_minor >= p_amount
         ORDER BY (slice + pg_backend_pid()) % 16 LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE budget_slice SET left_minor = left_minor - p_amount WHERE pot = p_pot AND period = p_period AND slice = v_slice;
            RETURN true;
        END IF;
        -- A slice that somebody emptied between our look and our lock is passed over, but stays locked. Whoever kept
        -- such locks, taken in an order of their own, while waiting for all slices would wait in a circle with others
        -- who do: this block's end gives them back.
        RAISE EXCEPTION USING ERRCODE = 'FB002';
    EXCEPTION WHEN SQLSTATE 'FB002' THEN
        NULL;
    END;
    PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period ORDER BY slice FOR UPDATE;
    -- A statement of its own: its snapshot sees what those whom we waited for have committed.
    SELECT sum(left_minor) INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period;
    IF v_left < p_amount THEN
        RETURN false;
    END IF;
    PERFORM budget_deal_v1(p_pot, p_period, v_left - p_amount, p_amount);
    RETURN true;
END
$$;

-- Name: cel_between_v1(timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_between_v1(p_later timestamp with time zone, p_earlier timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN abs(extract(epoch FROM p_later - p_earlier)) < 9223372036
        THEN (extract(epoch FROM p_later - p_earlier) * 1000000)::bigint END
$$;

-- Name: cel_compare_v1(jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_compare_v1(p_left jsonb, p_right jsonb) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    v_kind text := jsonb_typeof(p_left);
    v_left text := p_left #>> '{}';
    v_right text := p_right #>> '{}';
BEGIN
    IF v_kind <> jsonb_typeof(p_right) THEN
        RETURN NULL;
    ELSIF v_kind = 'string' THEN
        RETURN (v_left COLLATE "C" > v_right COLLATE "C")::int - (v_left COLLATE "C" < v_right COLLATE "C")::int;
    ELSIF v_kind = 'boolean' THEN
        RETURN (v_left::boolean > v_right::boolean)::int - (v_left::boolean < v_right::boolean)::int;
    ELSIF v_kind <> 'number' THEN
        RETURN NULL;
    ELSIF cel_is_int_v1(p_left) AND cel_is_int_v1(p_right) THEN
        RETURN sign(p_left::numeric - p_right::numeric)::int;
    END IF;
    RETURN (p_left::float8 > p_right::float8)::int - (p_left::float8 < p_right::float8)::int;
END
$$;

-- Name: cel_double_v1(text, double precision, double precision); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_double_v1(p_operator text, p_left double precision, p_right double precision) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    v_negative boolean;
BEGIN
    RETURN CASE p_operator
        WHEN '+' THEN p_left + p_right WHEN '-' THEN p_left - p_right WHEN '*' THEN p_left * p_right
        ELSE p_left / p_right END;
EXCEPTION WHEN division_by_zero OR numeric_value_out_of_range THEN
    v_negative := (p_left::text LIKE '-%') <> (p_right::text LIKE '-%');
    IF p_operator IN ('+', '-') THEN
        RETURN CASE WHEN p_left < 0 THEN '-Infinity' ELSE 'Infinity' END;
    ELSIF p_operator = '/' AND p_right = 0 AND (p_left = 0 OR p_left = 'NaN') THEN
        RETURN 'NaN';
    ELSIF (CASE WHEN p_operator = '/' THEN p_right = 0 OR abs(p_left) > abs(p_right)
                ELSE ln(abs(p_left)) + ln(abs(p_right)) > 0 END) THEN
        RETURN CASE WHEN v_negative THEN '-Infinity' ELSE 'Infinity' END;
    END IF;
    RETURN CASE WHEN v_negative THEN '-0'::float8 ELSE 0 END;
END
$$;

-- Name: cel_equal_v1(jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_equal_v1(p_left jsonb, p_right jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
BEGIN
    IF jsonb_typeof(p_left) <> jsonb_typeof(p_right) THEN
        RETURN false;
    ELSIF jsonb_typeof(p_left) <> 'number' OR (cel_is_int_v1(p_left) AND cel_is_int_v1(p_right)) THEN
        RETURN p_left = p_right;
    END IF;
    RETURN p_left::float8 = p_right::float8;
END
$$;

-- Name: cel_field_v1(jsonb, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_field_v1(p_value jsonb, p_key text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'object' THEN p_value -> p_key END
$$;

-- Name: cel_has_v1(jsonb, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_has_v1(p_value jsonb, p_key text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'object' THEN p_value ? p_key END
$$;

-- Name: cel_in_v1(text, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_in_v1(p_text text, p_value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) IN ('array', 'object') THEN p_value ? p_text END
$$;

-- Name: cel_int_v1(numeric); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_int_v1(p_value numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN p_value BETWEEN -9223372036854775808 AND 9223372036854775807 THEN p_value::bigint END
$$;

-- Name: cel_is_int_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_is_int_v1(p_value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT scale(p_value::numeric) = 0 AND p_value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
$$;

-- Name: cel_items_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_items_v1(p_value jsonb) RETURNS SETOF jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
BEGIN
    IF jsonb_typeof(p_value) = 'array' THEN
        RETURN QUERY SELECT jsonb_array_elements(p_value);
    ELSIF jsonb_typeof(p_value) = 'object' THEN
        RETURN QUERY SELECT to_jsonb(key) FROM jsonb_object_keys(p_value) AS key;
    END IF;
END
$$;

-- Name: cel_moved_v1(timestamp with time zone, numeric); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_moved_v1(p_at timestamp with time zone, p_by numeric) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN extract(epoch FROM p_at) * 1000000 + p_by BETWEEN -62135596800000000 AND 253402300799999999
        THEN p_at + trunc(p_by / 1000000)::float8 * interval '1 second'
                  + mod(p_by, 1000000)::float8 * interval '1 microsecond' END
$$;

-- Name: cel_number_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_number_v1(p_value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'number' THEN p_value::float8 END
$$;

-- Name: cel_size_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_size_v1(p_value jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE jsonb_typeof(p_value)
        WHEN 'string' THEN char_length(p_value #>> '{}')
        WHEN 'array' THEN jsonb_array_length(p_value)
        WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(p_value)) END::bigint
$$;

-- Name: cel_text_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_text_v1(p_value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'string' THEN p_value #>> '{}' END
$$;

-- Name: cel_truth_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cel_truth_v1(p_value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'boolean' THEN p_value = 'true' END
$$;

-- Name: checkout_begin_v1(uuid, bigint, text, text, bytea); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.checkout_begin_v1(p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_request request;
BEGIN
    INSERT INTO request (scope, key, input_hash, member_id) VALUES (p_scope, p_key, p_hash, p_member_id)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- A second statement: the snapshot of the first cannot see the row of the one that won.
        SELECT * INTO v_request FROM request WHERE scope = p_scope AND key = p_key;
        IF v_request.input_hash <> p_hash THEN
            RETURN jsonb_build_object('status', 'key_reused');
        END IF;
        -- Whoever commits has answered: a key without an answer was claimed earlier in this very transaction.
        IF v_request.response IS NOT NULL THEN
            RETURN jsonb_build_object(
                'status', 'repeated', 'response', v_request.response, 'member_id', v_request.member_id);
        END IF;
    END IF;
    IF member_lock_v1(p_member_id) <> p_expected_version THEN
        -- Nothing else was written yet: giving the key back is all there is to undo.
        DELETE FROM request WHERE scope = p_scope AND key = p_key;
        RETURN jsonb_build_object('status', 'stale');
    END IF;
    RETURN NULL;
END
$$;

-- Name: checkout_end_v2(uuid, text, text, timestamp with time zone, jsonb, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.checkout_end_v2(p_member_id uuid, p_scope text, p_key text, p_now timestamp with time zone, p_change jsonb, p_posted jsonb, p_quiet boolean) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_standing jsonb := p_change -> 'standing';
    v_events jsonb := p_change -> 'events';
    v_response jsonb;
BEGIN
    IF jsonb_array_length(p_change -> 'counters') > 0 THEN
        INSERT INTO tier_counter AS c (member_id, counter, day, amount)
        SELECT p_member_id, n.counter, n.day, n.amount
          FROM jsonb_to_recordset(p_change -> 'counters') AS n (counter text, day date, amount bigint)
            ON CONFLICT (member_id, counter, day) DO UPDATE SET amount = c.amount + excluded.amount;
    END IF;
    IF jsonb_array_length(p_change -> 'usage') > 0 THEN
        INSERT INTO rule_usage AS u (member_id, rule_key, period, units, times, last_at)
        SELECT p_member_id, n.rule, n.period, n.units, n.times, (p_change ->> 'at')::timestamptz
          FROM jsonb_to_recordset(p_change -> 'usage') AS n (rule text, period text, units bigint, times integer)
            ON CONFLICT (member_id, rule_key, period) DO UPDATE
           SET units = u.units + excluded.units, times = u.times + excluded.times,
               last_at = CASE WHEN excluded.times > 0 THEN greatest(u.last_at, excluded.last_at) ELSE u.last_at END;
    END IF;
    IF jsonb_typeof(v_standing) = 'object' THEN
        PERFORM tier_stand_v1(p_member_id, p_now, v_standing, p_change -> 'tier_changes',
                              (p_change ->> 'programme_version')::integer);
    END IF;
    PERFORM outbox_publish_v1(
        array_agg(p_member_id), array_agg(n.id), array_agg(n.kind), array_agg(n.payload), array_agg(n.occurred_at), p_quiet)
      FROM jsonb_to_recordset(CASE WHEN p_quiet THEN v_events ELSE coalesce(p_posted -> 'events', '[]') || v_events END)
        AS n (id uuid, kind text, payload jsonb, occurred_at timestamptz);
    v_response := (p_change -> 'response') || jsonb_build_object(
        'version', (SELECT version FROM member_version WHERE member_id = p_member_id),
        'spendable', (
            SELECT coalesce(jsonb_object_agg(r ->> 'currency', r -> 'spendable' ORDER BY place), '{}')
              FROM jsonb_array_elements(p_posted -> 'results') WITH ORDINALITY AS results (r, place)));
    UPDATE request SET response = v_response WHERE scope = p_scope AND key = p_key;
    RETURN jsonb_build_object('status', 'done', 'response', v_response);
END
$$;

-- Name: fn_pgqueuer_changed(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.fn_pgqueuer_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;

-- Name: ledger_adjust_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_adjust_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_mode text := coalesce(p_operation ->> 'mode', 'refuse');
    v_units bigint := (p_operation ->> 'units')::bigint;
    v_spendable bigint;
    v_taken record;
    v_debt bigint;
BEGIN
    IF v_units IS NULL OR v_units = 0 OR coalesce(p_operation ->> 'actor', '') = '' OR coalesce(p_operation -> 'reason', '{}') = '{}'
        OR v_mode NOT IN ('refuse', 'clamp', 'debt') THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem',
            'an adjustment needs units other than zero, an actor, a reason, and the mode refuse, clamp or debt'));
    END IF;
    IF v_units > 0 THEN
        RETURN ledger_issue_v1(p_member_id, p_now, p_operation, v_units, 'adjustment', 'adjusted');
    END IF;
    v_spendable := ledger_spendable_v1(p_member_id, v_currency, p_now);
    IF v_mode = 'refuse' AND v_spendable < -v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', -v_units, 'spendable', v_spendable));
    END IF;
    v_taken := ledger_take_v1(p_member_id, v_transaction_id, v_currency, -v_units, p_now, 'adjust');
    v_debt := CASE v_mode WHEN 'debt' THEN -v_units - v_taken.taken ELSE 0 END;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'debt', 'adjusted'], ARRAY[-v_taken.taken, -v_debt, v_taken.taken + v_debt],
        jsonb_build_object('units', -v_taken.taken - v_debt, 'waived', -v_units - v_taken.taken - v_debt, 'debt_incurred', v_debt,
            'lots', v_taken.lots));
END
$$;

-- Name: ledger_apply_v2(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_apply_v2(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_as_of_v1(jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_as_of_v1(p_operation jsonb, p_now timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_as_of timestamptz := coalesce((p_operation ->> 'as_of')::timestamptz, p_now);
BEGIN
    IF v_as_of > p_now THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'as_of lies in the future'));
    END IF;
    RETURN v_as_of;
END
$$;

-- Name: ledger_balance_v1(uuid, text, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_balance_v1(p_member_id uuid, p_currency text, p_account text) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    v_balance bigint;
BEGIN
    SELECT balance_after INTO v_balance FROM entry
    WHERE member_id = p_member_id AND currency = p_currency AND account = p_account
    ORDER BY account_version DESC LIMIT 1;
    RETURN coalesce(v_balance, 0);
END
$$;

-- Name: ledger_burn_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_burn_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_units bigint := ledger_units_v1(p_operation);
    v_spendable bigint := ledger_spendable_v1(p_member_id, v_currency, v_as_of);
    v_lots jsonb;
BEGIN
    IF v_spendable < v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', v_units, 'spendable', v_spendable));
    END IF;
    SELECT lots INTO v_lots FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_units, v_as_of, 'burn');
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'redeemed'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;

-- Name: ledger_capture_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_capture_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_hold record := ledger_original_v1(p_member_id, p_operation, '{hold}');
    v_lots jsonb := ledger_end_hold_v1(p_member_id, v_transaction_id, v_hold.id, v_hold.units, true);
BEGIN
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_hold.units, v_hold.id,
        ARRAY['reserved', 'redeemed'], ARRAY[-v_hold.units, v_hold.units], jsonb_build_object('units', v_hold.units, 'lots', v_lots));
END
$$;

-- Name: ledger_change_expiries_v1(uuid, timestamp with time zone, jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_change_expiries_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb, p_changes jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_check_lots_v1(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_check_lots_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_available numeric;
    v_pending numeric;
    v_reserved numeric;
BEGIN
    SELECT coalesce(sum(remaining) FILTER (WHERE state = 'active'), 0), coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0),
        coalesce(sum(reserved), 0)
    INTO v_available, v_pending, v_reserved FROM lot
    WHERE member_id = NEW.member_id AND currency = NEW.currency AND (remaining > 0 OR reserved > 0);
    IF (v_available, v_pending, v_reserved) IS DISTINCT FROM (
        ledger_balance_v1(NEW.member_id, NEW.currency, 'available')::numeric,
        ledger_balance_v1(NEW.member_id, NEW.currency, 'pending')::numeric,
        ledger_balance_v1(NEW.member_id, NEW.currency, 'reserved')::numeric
    ) THEN
        RAISE EXCEPTION 'the lots of a member hold %, % and % % (available, pending, reserved); the accounts say otherwise',
            v_available, v_pending, v_reserved, NEW.currency
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'lots_match_v1';
    END IF;
    RETURN NULL;
END
$$;

-- Name: ledger_check_zero_sum_v1(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_check_zero_sum_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_sum numeric;
BEGIN
    SELECT sum(amount) INTO v_sum FROM entry
    WHERE member_id = NEW.member_id AND transaction_id = NEW.transaction_id AND currency = NEW.currency;
    IF v_sum <> 0 THEN
        RAISE EXCEPTION 'the entries of transaction % sum to % % instead of zero', NEW.transaction_id, v_sum, NEW.currency
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'zero_sum_v1';
    END IF;
    RETURN NULL;
END
$$;

-- Name: ledger_checkpoint_v1(timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_checkpoint_v1(p_until timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_until_id uuid := (lpad(to_hex((extract(epoch FROM p_until) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
    v_from_id uuid;
    v_count bigint;
BEGIN
    IF p_until > clock_timestamp() - interval '1 hour' THEN
        RAISE EXCEPTION 'a checkpoint lies at least one hour back, so that no open transaction can write behind it';
    END IF;
    SELECT max(until_id::text)::uuid INTO v_from_id FROM ledger_checkpoint;
    IF v_from_id >= v_until_id THEN
        RETURN 0;
    END IF;
    INSERT INTO ledger_checkpoint (until_id, currency, account, total)
    SELECT v_until_id, currency, account, sum(total) FROM (
        SELECT currency, account, total FROM ledger_checkpoint WHERE until_id = v_from_id
        UNION ALL
        SELECT currency, account, amount FROM entry
        WHERE id >= coalesce(v_from_id, '00000000-0000-0000-0000-000000000000') AND id < v_until_id
    ) AS parts GROUP BY currency, account;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Name: ledger_claw_own_v1(uuid, timestamp with time zone, uuid, uuid, bigint, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_claw_own_v1(p_member_id uuid, p_now timestamp with time zone, p_transaction_id uuid, p_earn_id uuid, p_units bigint, p_pending_only boolean, OUT pending bigint, OUT available bigint, OUT unswept bigint, OUT swept bigint, OUT lots jsonb) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_clawback_v2(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_clawback_v2(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_mode text := coalesce(p_operation ->> 'mode', '');
    v_original record;
    v_asked jsonb := p_operation;
    v_settled bigint;
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
    IF p_operation ? 'total' THEN
        SELECT (p_operation ->> 'total')::bigint - coalesce(sum(reversal.requested), 0) INTO v_left
        FROM ledger_transaction AS reversal
        WHERE reversal.member_id = p_member_id AND reversal.reverses = (p_operation ->> 'transaction_id')::uuid;
        IF v_left <= 0 THEN
            RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
        END IF;
        v_asked := p_operation || jsonb_build_object('units', v_left);
    END IF;
    v_original := ledger_original_v1(p_member_id, v_asked, '{earn,adjust}');
    v_own := ledger_claw_own_v1(p_member_id, p_now, v_transaction_id, v_original.id, v_original.units, v_mode = 'pending');
    v_left := v_original.units - v_own.pending - v_own.available - v_own.unswept - v_own.swept;
    IF v_mode <> 'pending' AND v_left > 0 THEN
        SELECT taken, lots INTO v_other, v_other_lots
        FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_left, p_now, 'clawback');
        v_debt := CASE v_mode WHEN 'debt' THEN v_left - v_other ELSE 0 END;
    END IF;
    v_units := v_own.pending + v_own.available + v_other + v_debt;
    v_settled := v_units + v_own.unswept + v_own.swept;
    IF p_operation ? 'total' AND v_settled = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation)
            || jsonb_build_object('requested', v_original.units, 'waived', v_original.units);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id,
        CASE WHEN p_operation ? 'total' THEN v_settled ELSE v_original.units END, v_original.id,
        ARRAY['pending', 'available', 'expired', 'debt', CASE v_original.kind WHEN 'earn' THEN 'revoked' ELSE 'adjusted' END],
        ARRAY[-v_own.pending, -v_own.available - v_own.unswept - v_other, -v_own.swept, -v_debt,
            v_settled],
        jsonb_build_object('units', v_units, 'waived', v_original.units - v_units, 'debt_incurred', v_debt,
            'lots', v_own.lots || v_other_lots));
END
$$;

-- Name: ledger_earlier_v2(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_earlier_v2(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_earn_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_earn_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF p_operation ->> 'source' IS NULL THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'earn needs a source'));
    END IF;
    RETURN ledger_issue_v1(p_member_id, p_now, p_operation, ledger_units_v1(p_operation), p_operation ->> 'source', 'issued');
END
$$;

-- Name: ledger_end_hold_v1(uuid, uuid, uuid, bigint, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_end_hold_v1(p_member_id uuid, p_transaction_id uuid, p_hold_id uuid, p_units bigint, p_capture boolean) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_left bigint := p_units;
    v_part bigint;
    v_lots jsonb := '[]';
    v_held record;
BEGIN
    FOR v_held IN
        SELECT lot.id, sum(lot_use.amount)::bigint AS units, lot.expires_at,
            row_number() OVER (ORDER BY lot.expires_at, lot.id) AS place FROM lot_use
        JOIN ledger_transaction AS cause ON cause.member_id = lot_use.member_id AND cause.id = lot_use.transaction_id
        JOIN lot ON lot.member_id = lot_use.member_id AND lot.id = lot_use.lot_id
        WHERE lot_use.member_id = p_member_id AND (cause.id = p_hold_id OR cause.reverses = p_hold_id) AND lot_use.kind = 'hold'
        GROUP BY lot.id, lot.expires_at HAVING sum(lot_use.amount) > 0
        ORDER BY CASE WHEN p_capture THEN row_number() OVER (ORDER BY lot.expires_at, lot.id)
            ELSE -row_number() OVER (ORDER BY lot.expires_at, lot.id) END
    LOOP
        v_part := least(v_left, v_held.units);
        UPDATE lot SET reserved = reserved - v_part, remaining = remaining + CASE WHEN p_capture THEN 0 ELSE v_part END
        WHERE member_id = p_member_id AND id = v_held.id;
        INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
        VALUES (p_member_id, v_held.id, p_transaction_id, 'hold', -v_part);
        IF p_capture THEN
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, v_held.id, p_transaction_id, 'burn', v_part);
        END IF;
        v_lots := v_lots || ledger_lot_json_v1(v_held.id, v_part, v_held.expires_at, 'active');
        v_left := v_left - v_part;
        EXIT WHEN v_left = 0;
    END LOOP;
    RETURN v_lots;
END
$$;

-- Name: ledger_event_v1(uuid, timestamp with time zone, jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_event_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb, p_result jsonb, OUT kind text, OUT payload jsonb) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_expire_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_expire_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_lot record;
BEGIN
    FOR v_lot IN
        SELECT id, remaining, expires_at FROM lot
        WHERE member_id = p_member_id AND currency = v_currency AND remaining > 0 AND state = 'active' AND expires_at <= v_as_of
        ORDER BY expires_at, id
    LOOP
        UPDATE lot SET remaining = 0 WHERE member_id = p_member_id AND id = v_lot.id;
        INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
        VALUES (p_member_id, v_lot.id, v_transaction_id, 'expire', v_lot.remaining);
        v_units := v_units + v_lot.remaining;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.remaining, v_lot.expires_at, 'active');
    END LOOP;
    IF v_units = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'expired'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;

-- Name: ledger_extend_expiry_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_extend_expiry_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_give_back_v1(uuid, timestamp with time zone, uuid, uuid, bigint, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_give_back_v1(p_member_id uuid, p_now timestamp with time zone, p_transaction_id uuid, p_lot_id uuid, p_units bigint, p_keep_until timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_lot record;
    v_swept bigint := 0;
BEGIN
    SELECT remaining, expires_at INTO v_lot FROM lot WHERE member_id = p_member_id AND id = p_lot_id;
    IF v_lot.expires_at <= p_now AND p_keep_until > p_now THEN
        v_swept := v_lot.remaining;
        IF v_swept > 0 THEN
            INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
            VALUES (p_member_id, p_lot_id, p_transaction_id, 'expire', v_swept);
        END IF;
        INSERT INTO lot_expiry_change (member_id, lot_id, transaction_id, previous_expires_at, expires_at, recorded_at)
        VALUES (p_member_id, p_lot_id, p_transaction_id, v_lot.expires_at, p_keep_until, p_now);
        UPDATE lot SET expires_at = p_keep_until WHERE member_id = p_member_id AND id = p_lot_id;
    END IF;
    UPDATE lot SET remaining = remaining - v_swept + p_units WHERE member_id = p_member_id AND id = p_lot_id;
    INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
    VALUES (p_member_id, p_lot_id, p_transaction_id, 'restore', -p_units);
    RETURN v_swept;
END
$$;

-- Name: ledger_hold_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_hold_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_units bigint := ledger_units_v1(p_operation);
    v_spendable bigint := ledger_spendable_v1(p_member_id, v_currency, p_now);
    v_lots jsonb;
BEGIN
    IF v_spendable < v_units THEN
        PERFORM ledger_refuse_v1('INSUFFICIENT_POINTS',
            jsonb_build_object('currency', v_currency, 'requested', v_units, 'spendable', v_spendable));
    END IF;
    SELECT lots INTO v_lots FROM ledger_take_v1(p_member_id, v_transaction_id, v_currency, v_units, p_now, 'hold');
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['available', 'reserved'], ARRAY[-v_units, v_units], jsonb_build_object('units', v_units, 'lots', v_lots));
END
$$;

-- Name: ledger_intent_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_intent_v1(p_operation jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT sha256(convert_to((p_operation - '{occurred_at,as_of,activates_at,expires_at,held_until,keep_until,programme_version,reason}'::text[])::text, 'UTF8'))
$$;

-- Name: ledger_issue_v1(uuid, timestamp with time zone, jsonb, bigint, text, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_issue_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb, p_units bigint, p_source text, p_leg text) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_lot_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_activates_at timestamptz := (p_operation ->> 'activates_at')::timestamptz;
    v_expires_at timestamptz := (p_operation ->> 'expires_at')::timestamptz;
    v_pending boolean := coalesce(v_activates_at > p_now, false);
    v_state text := CASE WHEN v_pending THEN 'pending' ELSE 'active' END;
    v_debt_paid bigint := 0;
BEGIN
    IF v_expires_at <= v_activates_at THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'expires_at must lie after activates_at'));
    END IF;
    INSERT INTO lot (member_id, id, currency, transaction_id, source, purchase_id, line, original, remaining, state,
        earned_at, activates_at, expires_at)
    VALUES (p_member_id, v_lot_id, v_currency, v_transaction_id, p_source, (p_operation ->> 'purchase_id')::uuid,
        p_operation ->> 'line', p_units, p_units, v_state,
        coalesce((p_operation ->> 'occurred_at')::timestamptz, p_now), v_activates_at, v_expires_at);
    IF NOT v_pending THEN
        v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    END IF;
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, p_units, NULL,
        ARRAY[p_leg, CASE WHEN v_pending THEN 'pending' ELSE 'available' END, 'debt'],
        ARRAY[-p_units, p_units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', p_units, 'debt_paid', v_debt_paid,
            'lots', jsonb_build_array(ledger_lot_json_v1(v_lot_id, p_units, v_expires_at, v_state))));
END
$$;

-- Name: ledger_legs_v1(uuid, uuid, text, text[], bigint[], timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_legs_v1(p_member_id uuid, p_transaction_id uuid, p_currency text, p_accounts text[], p_amounts bigint[], p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_lot_json_v1(uuid, bigint, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_lot_json_v1(p_id uuid, p_units bigint, p_expires_at timestamp with time zone, p_state text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT jsonb_build_object('id', p_id, 'units', p_units, 'expires_at', p_expires_at, 'state', p_state)
$$;

-- Name: ledger_move_expiry_v2(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_move_expiry_v2(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_nothing_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_nothing_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE sql
    AS $$
    SELECT jsonb_build_object('op', p_operation ->> 'op', 'transaction_id', NULL, 'currency', p_operation ->> 'currency',
        'units', 0, 'requested', 0, 'waived', 0, 'debt_paid', 0, 'debt_incurred', 0, 'entries', '[]'::jsonb, 'lots', '[]'::jsonb,
        'spendable', ledger_spendable_v1(p_member_id, p_operation ->> 'currency', p_now))
$$;

-- Name: ledger_original_v1(uuid, jsonb, text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_original_v1(p_member_id uuid, p_operation jsonb, p_kinds text[], OUT id uuid, OUT kind text, OUT units bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_pay_debt_v1(uuid, uuid, text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_pay_debt_v1(p_member_id uuid, p_transaction_id uuid, p_currency text, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_post_v2(uuid, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_post_v2(p_member_id uuid, p_now timestamp with time zone, p_operations jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_record_v1(uuid, timestamp with time zone, jsonb, uuid, bigint, uuid, text[], bigint[], jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_record_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb, p_transaction_id uuid, p_requested bigint, p_reverses uuid, p_accounts text[], p_amounts bigint[], p_result jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_refuse_v1(text, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_refuse_v1(p_code text, p_details jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'ledger: %', p_code USING ERRCODE = 'FL001', DETAIL = jsonb_build_object('code', p_code, 'details', p_details)::text;
END
$$;

-- Name: ledger_release_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_release_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_hold record := ledger_original_v1(p_member_id, p_operation, '{hold}');
    v_lots jsonb := ledger_end_hold_v1(p_member_id, v_transaction_id, v_hold.id, v_hold.units, false);
    v_debt_paid bigint := ledger_pay_debt_v1(p_member_id, v_transaction_id, p_operation ->> 'currency', p_now);
BEGIN
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_hold.units, v_hold.id,
        ARRAY['reserved', 'available', 'debt'], ARRAY[-v_hold.units, v_hold.units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', v_hold.units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;

-- Name: ledger_restore_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_restore_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_keep_until timestamptz := (p_operation ->> 'keep_until')::timestamptz;
    v_original record := ledger_original_v1(p_member_id, p_operation, '{burn,capture}');
    v_left bigint := v_original.units;
    v_swept bigint := 0;
    v_part bigint;
    v_lots jsonb := '[]';
    v_debt_paid bigint;
    v_used record;
BEGIN
    FOR v_used IN
        SELECT lot.id, sum(lot_use.amount)::bigint AS units, lot.expires_at FROM lot_use
        JOIN ledger_transaction AS cause ON cause.member_id = lot_use.member_id AND cause.id = lot_use.transaction_id
        JOIN lot ON lot.member_id = lot_use.member_id AND lot.id = lot_use.lot_id
        WHERE lot_use.member_id = p_member_id AND (cause.id = v_original.id OR cause.reverses = v_original.id)
            AND lot_use.kind IN ('burn', 'restore')
        GROUP BY lot.id, lot.expires_at HAVING sum(lot_use.amount) > 0
        ORDER BY lot.expires_at DESC, lot.id DESC
    LOOP
        v_part := least(v_left, v_used.units);
        v_swept := v_swept + ledger_give_back_v1(p_member_id, p_now, v_transaction_id, v_used.id, v_part, v_keep_until);
        v_lots := v_lots || ledger_lot_json_v1(v_used.id, v_part,
            CASE WHEN v_used.expires_at <= p_now AND v_keep_until > p_now THEN v_keep_until ELSE v_used.expires_at END, 'active');
        v_left := v_left - v_part;
        EXIT WHEN v_left = 0;
    END LOOP;
    v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_original.units, v_original.id,
        ARRAY['redeemed', 'available', 'debt', 'expired'],
        ARRAY[-v_original.units, v_original.units - v_debt_paid - v_swept, v_debt_paid, v_swept],
        jsonb_build_object('units', v_original.units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;

-- Name: ledger_run_v1(uuid, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_run_v1(p_member_id uuid, p_now timestamp with time zone, p_operations jsonb, p_quiet boolean) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_settle_v1(uuid, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_settle_v1(p_member_id uuid, p_now timestamp with time zone, p_operation jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_transaction_id uuid := uuidv7();
    v_currency text := p_operation ->> 'currency';
    v_as_of timestamptz := ledger_as_of_v1(p_operation, p_now);
    v_earn_id uuid := (p_operation ->> 'transaction_id')::uuid;
    v_units bigint := 0;
    v_lots jsonb := '[]';
    v_debt_paid bigint;
    v_lot record;
BEGIN
    FOR v_lot IN
        SELECT id, remaining, expires_at FROM lot
        WHERE member_id = p_member_id AND currency = v_currency AND remaining > 0 AND state = 'pending'
            AND CASE WHEN v_earn_id IS NULL THEN activates_at <= v_as_of ELSE transaction_id = v_earn_id END
        ORDER BY activates_at, id
    LOOP
        UPDATE lot SET state = 'active' WHERE member_id = p_member_id AND id = v_lot.id;
        v_units := v_units + v_lot.remaining;
        v_lots := v_lots || ledger_lot_json_v1(v_lot.id, v_lot.remaining, v_lot.expires_at, 'active');
    END LOOP;
    IF v_units = 0 THEN
        RETURN ledger_nothing_v1(p_member_id, p_now, p_operation);
    END IF;
    v_debt_paid := ledger_pay_debt_v1(p_member_id, v_transaction_id, v_currency, p_now);
    RETURN ledger_record_v1(p_member_id, p_now, p_operation, v_transaction_id, v_units, NULL,
        ARRAY['pending', 'available', 'debt'], ARRAY[-v_units, v_units - v_debt_paid, v_debt_paid],
        jsonb_build_object('units', v_units, 'debt_paid', v_debt_paid, 'lots', v_lots));
END
$$;

-- Name: ledger_spendable_v1(uuid, text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_spendable_v1(p_member_id uuid, p_currency text, p_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_spendable bigint;
BEGIN
    SELECT coalesce(sum(remaining), 0) INTO v_spendable FROM lot
    WHERE member_id = p_member_id AND currency = p_currency AND remaining > 0 AND state = 'active'
        AND (expires_at IS NULL OR expires_at > p_at);
    RETURN v_spendable;
END
$$;

-- Name: ledger_take_v1(uuid, uuid, text, bigint, timestamp with time zone, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_take_v1(p_member_id uuid, p_transaction_id uuid, p_currency text, p_units bigint, p_as_of timestamp with time zone, p_kind text, OUT taken bigint, OUT lots jsonb) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: ledger_units_v1(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.ledger_units_v1(p_operation jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_units bigint := (p_operation ->> 'units')::bigint;
BEGIN
    IF v_units IS NULL OR v_units <= 0 THEN
        PERFORM ledger_refuse_v1('INVALID_INPUT', jsonb_build_object('problem', 'units must be a whole number above zero'));
    END IF;
    RETURN v_units;
END
$$;

-- Name: member_lock_v1(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.member_lock_v1(p_member_id uuid) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_version bigint;
BEGIN
    SELECT version INTO v_version FROM member_version WHERE member_id = p_member_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO member_version (member_id) VALUES (p_member_id) ON CONFLICT DO NOTHING;
        SELECT version INTO v_version FROM member_version WHERE member_id = p_member_id FOR UPDATE;
    END IF;
    RETURN v_version;
END
$$;

-- Name: members_lock_v1(uuid[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.members_lock_v1(p_member_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_member_id uuid;
BEGIN
    FOR v_member_id IN SELECT DISTINCT m FROM unnest(p_member_ids) AS m ORDER BY m LOOP
        PERFORM member_lock_v1(v_member_id);
    END LOOP;
END
$$;

-- Name: memberships_at_v1(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.memberships_at_v1(p_member_id uuid, p_at timestamp with time zone) RETURNS text[]
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(array_agg(DISTINCT membership_key ORDER BY membership_key), '{}') FROM membership_term
     WHERE member_id = p_member_id AND state IN ('running', 'refunded') AND starts_at <= p_at
       AND (covered_until IS NULL OR covered_until > p_at)
$$;

-- Name: message_decide_v2(jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.message_decide_v2(p_rows jsonb, p_now timestamp with time zone) RETURNS TABLE(ordinal bigint, contact_id uuid, outcome text, reason text, send_at timestamp with time zone, fresh boolean)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    v_rounds bigint;
BEGIN
    -- In the order of ids, so that two batches never wait for each other in a circle.
    PERFORM member_lock_v1(locked.member_id)
       FROM (SELECT DISTINCT member_id FROM jsonb_to_recordset(p_rows) AS x (member_id uuid) ORDER BY 1) AS locked;
    SELECT coalesce(max(taking.count), 1) INTO v_rounds
      FROM (SELECT count(*) FILTER (WHERE x.channel <> 'in_app' AND x.outcome <> 'suppressed') AS count
              FROM jsonb_to_recordset(p_rows) AS x (member_id uuid, channel text, outcome text) GROUP BY x.member_id) AS taking;
    FOR v_round IN 1 .. greatest(v_rounds, 1) LOOP
        INSERT INTO message_decision AS d (member_id, source_id, template_key, channel, purpose, outcome, reason,
                                           decided_at, send_at, contact_id, priority, campaign_key, variant,
                                           exclusive_group, details)
        SELECT r.member_id, r.source_id, r.template_key, r.channel, r.purpose,
               CASE WHEN judged.refusal IS NULL THEN r.outcome ELSE 'suppressed' END,
               coalesce(judged.refusal, r.reason), p_now,
               CASE WHEN judged.refusal IS NULL THEN r.send_at END, r.contact_id, r.priority, r.campaign_key,
               r.variant, r.exclusive_group, coalesce(r.details, '{}')
          FROM (SELECT n.*, CASE WHEN n.takes THEN row_number() OVER (PARTITION BY n.member_id, n.takes
                                                                       ORDER BY n.ordinality)
                                 ELSE 1 END AS round
                  FROM (SELECT p.*, p.channel <> 'in_app' AND p.outcome <> 'suppressed' AS takes
                          FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (
                               member_id uuid, source_id uuid, template_key text, channel text, purpose text,
                               contact_id uuid, outcome text, reason text, send_at timestamptz, priority text,
                               campaign_key text, variant text, exclusive_group text, exclusive_from timestamptz,
                               details jsonb, counted boolean, day_from timestamptz, day_until timestamptz, day_max int,
                               week_max int, channel_day_max int, channel_week_max int)) WITH ORDINALITY AS p) AS n) AS r,
               LATERAL (
               SELECT count(*) FILTER (WHERE used.leaves_at >= r.day_from AND used.leaves_at < r.day_until) AS today,
                      count(*) FILTER (WHERE used.leaves_at >= r.day_from AND used.leaves_at < r.day_until
                                         AND used.channel = r.channel) AS channel_today,
                      count(*) FILTER (WHERE used.near) AS week,
                      count(*) FILTER (WHERE used.near AND used.channel = r.channel) AS channel_week,
                      count(*) FILTER (WHERE used.exclusive_group = r.exclusive_group
                                         AND used.leaves_at > r.exclusive_from AND NOT used.itself) AS exclusive
                 FROM (SELECT o.channel, o.exclusive_group, coalesce(o.send_at, o.decided_at) AS leaves_at,
                              abs(extract(epoch FROM coalesce(o.send_at, o.decided_at) - coalesce(r.send_at, p_now)))
                                  < 604800 AS near,
                              o.source_id = r.source_id AND o.template_key = r.template_key AS itself
                         FROM message_decision o
                        WHERE r.counted AND r.outcome <> 'suppressed' AND o.member_id = r.member_id
                          AND o.outcome <> 'suppressed' AND o.channel <> 'in_app'
                          AND o.decided_at > p_now - interval '62 days') AS used) AS counts,
               LATERAL (
               SELECT CASE WHEN r.outcome = 'suppressed' THEN r.reason
                           WHEN NOT EXISTS (SELECT 1 FROM member m
                                             WHERE m.member_id = r.member_id AND m.status = 'active') THEN 'member_gone'
                           WHEN r.purpose <> 'service' AND r.channel <> 'in_app' AND NOT EXISTS (
                                SELECT 1 FROM member_consent c WHERE c.member_id = r.member_id
                                   AND c.purpose = r.purpose AND c.channel = r.channel AND c.granted) THEN 'no_consent'
                           WHEN r.purpose <> 'service' AND r.channel = 'in_app' AND EXISTS (
                                SELECT 1 FROM member_consent c WHERE c.member_id = r.member_id
                                   AND c.purpose = r.purpose AND c.channel = 'in_app' AND NOT c.granted) THEN 'no_consent'
                           WHEN r.counted AND counts.exclusive > 0 THEN 'exclusive'
                           WHEN r.counted AND counts.today >= r.day_max THEN 'daily_cap'
                           WHEN r.counted AND counts.week >= r.week_max THEN 'weekly_cap'
                           WHEN r.counted AND (counts.channel_today >= r.channel_day_max
                                               OR counts.channel_week >= r.channel_week_max) THEN 'channel_cap'
                      END AS refusal) AS judged
         WHERE r.round = v_round
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN QUERY
    SELECT r.ordinality, d.contact_id, d.outcome, d.reason, d.send_at, d.contact_id IS NOT DISTINCT FROM r.contact_id
      FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (
           member_id uuid, source_id uuid, template_key text, channel text, contact_id uuid)) WITH ORDINALITY AS r,
           LATERAL (SELECT * FROM message_decision o
                     WHERE o.member_id = r.member_id AND o.source_id = r.source_id AND o.template_key = r.template_key
                       AND o.channel = r.channel OFFSET 0) AS d;
END
$$;

-- Name: offer_claims_use_v1(uuid, uuid[], uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.offer_claims_use_v1(p_member_id uuid, p_claim_ids uuid[], p_purchase_id uuid, p_occurred_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_used integer;
BEGIN
    UPDATE offer_claim SET used_at = p_occurred_at, purchase_id = p_purchase_id
     WHERE member_id = p_member_id AND claim_id = ANY (p_claim_ids) AND used_at IS NULL
       AND p_occurred_at < usable_until;
    GET DIAGNOSTICS v_used = ROW_COUNT;
    IF v_used <> cardinality(p_claim_ids) THEN
        RAISE EXCEPTION 'of % claimed offers only % can still be used', cardinality(p_claim_ids), v_used
            USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;

-- Name: outbox_publish_v1(uuid[], uuid[], text[], jsonb[], timestamp with time zone[], boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.outbox_publish_v1(p_member_ids uuid[], p_ids uuid[], p_kinds text[], p_payloads jsonb[], p_occurred_at timestamp with time zone[], p_quiet boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_member_id uuid;
BEGIN
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT * FROM unnest(p_member_ids, p_ids, p_kinds, p_payloads, p_occurred_at);
    END IF;
    FOR v_member_id IN SELECT DISTINCT m FROM unnest(p_member_ids) AS m ORDER BY m LOOP
        INSERT INTO member_version (member_id, version) VALUES (v_member_id, 1)
        ON CONFLICT (member_id) DO UPDATE SET version = member_version.version + 1;
    END LOOP;
END
$$;

-- Name: pin_attempt_v1(uuid, integer, integer, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.pin_attempt_v1(p_member_id uuid, p_attempts_max integer, p_lock_minutes integer, p_now timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_pin member_pin;
BEGIN
    SELECT * INTO v_pin FROM member_pin WHERE member_id = p_member_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF v_pin.locked_until > p_now THEN
        RETURN jsonb_build_object('locked_until', v_pin.locked_until);
    END IF;
    IF v_pin.locked_until IS NOT NULL THEN
        v_pin.failures := 0;  -- the lock has run out: a new series
    END IF;
    UPDATE member_pin
       SET failures = v_pin.failures + 1,
           locked_until = CASE WHEN v_pin.failures + 1 >= p_attempts_max
                               THEN p_now + make_interval(mins => p_lock_minutes) END
     WHERE member_id = p_member_id;
    RETURN jsonb_build_object('hash', v_pin.hash);
END
$$;

-- Name: product_affinity_v1(uuid, timestamp with time zone, text[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.product_affinity_v1(p_member_id uuid, p_since timestamp with time zone, p_skus text[]) RETURNS TABLE(sku text, name text, category text, department text, brand text, times integer, slow double precision, fast double precision, first_at timestamp with time zone, last_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    -- What a purchase weighs is computed once for it, as of the member's newest, not again for each of its lines.
    WITH newest AS MATERIALIZED (SELECT max(occurred_at) AS at FROM purchase WHERE member_id = p_member_id),
    bought AS MATERIALIZED (
        SELECT p.purchase_id, p.occurred_at,
               0.5::float8 ^ (extract(epoch FROM n.at - p.occurred_at)::float8 / 86400 / 112) AS slow,
               0.5::float8 ^ (extract(epoch FROM n.at - p.occurred_at)::float8 / 86400 / 28) AS fast
          FROM purchase AS p, newest AS n
         WHERE p.member_id = p_member_id AND (p_since IS NULL OR p.occurred_at >= p_since)
           AND p.occurred_at > n.at - interval '2 years'
    ),
    article AS (
        SELECT l.sku, l.purchase_id, max(l.name) AS name, max(l.category) AS category,
               max(l.department) AS department, max(l.brand) AS brand
          FROM purchase_line AS l
         WHERE l.member_id = p_member_id AND l.sku IS NOT NULL AND l.name IS NOT NULL AND l.kind = 'goods'
           AND l.returned_quantity < l.quantity AND (p_skus IS NULL OR l.sku = ANY (p_skus))
         GROUP BY l.sku, l.purchase_id
    )
    SELECT a.sku, max(a.name), max(a.category), max(a.department), max(a.brand), count(*)::integer,
           sum(b.slow) * 2 ^ (extract(epoch FROM (SELECT at FROM newest) - max(b.occurred_at))::float8 / 86400 / 112),
           sum(b.fast) * 2 ^ (extract(epoch FROM (SELECT at FROM newest) - max(b.occurred_at))::float8 / 86400 / 28),
           min(b.occurred_at), max(b.occurred_at)
      FROM bought AS b JOIN article AS a USING (purchase_id)
     GROUP BY a.sku
$$;

-- Name: rate_limit_take_v1(bytea, integer, integer, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.rate_limit_take_v1(p_digest bytea, p_burst integer, p_seconds integer, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_interval interval := make_interval(secs => p_seconds::double precision / p_burst);
    v_window interval := make_interval(secs => p_seconds);
    v_drains_at timestamptz;
BEGIN
    INSERT INTO rate_limit (digest, drains_at) VALUES (p_digest, p_now)
    ON CONFLICT (digest) DO NOTHING;
    SELECT greatest(drains_at, p_now) INTO v_drains_at FROM rate_limit WHERE digest = p_digest FOR UPDATE;
    IF v_drains_at + v_interval - v_window > p_now THEN
        RETURN ceil(extract(epoch FROM v_drains_at + v_interval - v_window - p_now));
    END IF;
    UPDATE rate_limit SET drains_at = v_drains_at + v_interval WHERE digest = p_digest;
    RETURN 0;
END
$$;

-- Name: record_event_v2(uuid, bigint, text, text, bytea, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.record_event_v2(p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamp with time zone, p_event jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_event jsonb := p_event -> 'event';
    v_at timestamptz := (p_event ->> 'at')::timestamptz;
    v_posted jsonb := '{"results": []}';
    v_halted jsonb;
BEGIN
    v_halted := checkout_begin_v1(p_member_id, p_expected_version, p_scope, p_key, p_hash);
    IF v_halted IS NOT NULL THEN
        RETURN v_halted;
    END IF;
    IF jsonb_array_length(p_event -> 'operations') > 0 THEN
        v_posted := ledger_run_v1(p_member_id, p_now, p_event -> 'operations', p_quiet);
        IF v_posted ->> 'status' = 'refused' THEN
            DELETE FROM request WHERE scope = p_scope AND key = p_key;
            RETURN v_posted;
        END IF;
    END IF;
    INSERT INTO activity_event (member_id, event_id, name, store_id, occurred_at, recorded_at, properties, points)
    VALUES (p_member_id, (v_event ->> 'id')::uuid, v_event ->> 'name', v_event ->> 'store_id', v_at, p_now,
            v_event -> 'properties', v_event -> 'points');
    PERFORM award_v2(p_member_id, 'event', (v_event ->> 'id')::uuid, v_at, (p_event ->> 'programme_version')::integer,
                     p_event -> 'awards', p_event -> 'trace', v_posted);
    RETURN checkout_end_v2(p_member_id, p_scope, p_key, p_now, p_event, v_posted, p_quiet);
END
$$;

-- Name: redemption_reopen_v1(uuid, uuid, uuid[], timestamp with time zone, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.redemption_reopen_v1(p_member_id uuid, p_purchase_id uuid, p_redemption_ids uuid[], p_now timestamp with time zone, p_quiet boolean DEFAULT false) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_reopened uuid[];
BEGIN
    WITH reopened AS (
        UPDATE redemption SET status = 'held', used_at = NULL, used_store = NULL, purchase_id = NULL,
               usable_until = greatest(usable_until, p_now + (usable_until - used_at))
         WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids) AND status = 'used'
           AND purchase_id = p_purchase_id
        RETURNING redemption_id)
    SELECT coalesce(array_agg(redemption_id), '{}') INTO v_reopened FROM reopened;
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT p_member_id, uuidv7(), 'rewards.reopened', jsonb_build_object(
                   'member_id', p_member_id, 'occurred_at', p_now, 'redemption_id', redemption_id,
                   'reward_key', reward_key, 'currency', currency, 'units', units), p_now
          FROM redemption WHERE member_id = p_member_id AND redemption_id = ANY (v_reopened);
    END IF;
    RETURN cardinality(v_reopened);
END
$$;

-- Name: redemption_use_v1(uuid, uuid[], text, uuid, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.redemption_use_v1(p_member_id uuid, p_redemption_ids uuid[], p_store text, p_purchase_id uuid, p_now timestamp with time zone, p_discounts jsonb DEFAULT NULL::jsonb, p_quiet boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_used integer;
BEGIN
    UPDATE redemption SET status = 'used', used_at = p_now, used_store = p_store, purchase_id = p_purchase_id
     WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids) AND status = 'held'
       AND fulfilment IS NULL AND p_now < usable_until;
    GET DIAGNOSTICS v_used = ROW_COUNT;
    IF v_used <> cardinality(p_redemption_ids) THEN
        RAISE EXCEPTION 'of % held rewards only % can still be used', cardinality(p_redemption_ids), v_used
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO redemption_discount (member_id, redemption_id, purchase_id, line_number, discount_minor)
    SELECT p_member_id, r.key::uuid, p_purchase_id, line.key::integer, line.value::bigint
      FROM jsonb_each(coalesce(p_discounts, '{}')) AS r, jsonb_each_text(r.value) AS line
     WHERE r.key::uuid = ANY (p_redemption_ids) AND line.value::bigint > 0;
    IF NOT p_quiet THEN
        INSERT INTO outbox (member_id, id, kind, payload, occurred_at)
        SELECT p_member_id, uuidv7(), 'rewards.used', jsonb_build_object(
                   'member_id', p_member_id, 'occurred_at', p_now, 'redemption_id', redemption_id,
                   'reward_key', reward_key, 'currency', currency, 'units', units, 'store_id', p_store), p_now
          FROM redemption WHERE member_id = p_member_id AND redemption_id = ANY (p_redemption_ids);
    END IF;
END
$$;

-- Name: refuse_change_v1(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.refuse_change_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only: record a correction instead of a change', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- Name: return_v2(uuid, bigint, text, text, bytea, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.return_v2(p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamp with time zone, p_return jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: segment_move_v1(text, uuid[], uuid[], timestamp with time zone, interval, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.segment_move_v1(p_segment text, p_entering uuid[], p_leaving uuid[], p_at timestamp with time zone, p_window interval, p_quiet boolean) RETURNS TABLE(member_id uuid, entered boolean)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    v_entered uuid[];
    v_left uuid[];
BEGIN
    UPDATE member_facts AS f SET segments = array_append(f.segments, p_segment), version = f.version + 1
      FROM unnest(p_entering) AS m WHERE f.member_id = m;
    UPDATE member_facts AS f SET segments = array_remove(f.segments, p_segment), version = f.version + 1
      FROM unnest(p_leaving) AS m WHERE f.member_id = m;

    WITH moved AS (
        INSERT INTO segment_member AS s (member_id, segment_key, entered_at, entries_count, entry_announced_at)
        SELECT m, p_segment, p_at, 1, CASE WHEN NOT p_quiet THEN p_at END FROM unnest(p_entering) AS m
        ON CONFLICT (member_id, segment_key) DO UPDATE
           SET entered_at = p_at, left_at = NULL, entries_count = s.entries_count + 1,
               entry_announced_at = CASE WHEN NOT p_quiet AND (s.entry_announced_at <= p_at - p_window) IS NOT FALSE
                                         THEN p_at ELSE s.entry_announced_at END
        RETURNING new.member_id, NOT p_quiet AND (old.entry_announced_at <= p_at - p_window) IS NOT FALSE AS told)
    SELECT coalesce(array_agg(moved.member_id) FILTER (WHERE told), '{}') INTO v_entered FROM moved;

    WITH moved AS (
        UPDATE segment_member AS s
           SET left_at = greatest(p_at, s.entered_at),
               exit_announced_at = CASE WHEN NOT p_quiet AND (s.exit_announced_at <= p_at - p_window) IS NOT FALSE
                                        THEN p_at ELSE s.exit_announced_at END
          FROM unnest(p_leaving) AS m WHERE s.member_id = m AND s.segment_key = p_segment
        RETURNING new.member_id, NOT p_quiet AND (old.exit_announced_at <= p_at - p_window) IS NOT FALSE AS told)
    SELECT coalesce(array_agg(moved.member_id) FILTER (WHERE told), '{}') INTO v_left FROM moved;

    INSERT INTO member_version AS v (member_id, version)
    SELECT m, 1 FROM (SELECT unnest(p_entering || p_leaving) AS m EXCEPT SELECT unnest(v_entered || v_left)) AS untold
     ORDER BY m
    ON CONFLICT (member_id) DO UPDATE SET version = v.version + 1;

    RETURN QUERY SELECT m, true FROM unnest(v_entered) AS m UNION ALL SELECT m, false FROM unnest(v_left) AS m;
END
$$;

-- Name: settle_one_by_one_v2(uuid, bigint, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.settle_one_by_one_v2(p_member_id uuid, p_expected_version bigint, p_now timestamp with time zone, p_sales jsonb, p_quiet boolean) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: settle_series_rows_v2(uuid, timestamp with time zone, jsonb[], jsonb[], integer[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.settle_series_rows_v2(p_member_id uuid, p_now timestamp with time zone, p_sales jsonb[], p_results jsonb[], p_before integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: settle_series_v2(uuid, bigint, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.settle_series_v2(p_member_id uuid, p_expected_version bigint, p_now timestamp with time zone, p_sales jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: settle_v2(uuid, bigint, text, text, bytea, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.settle_v2(p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamp with time zone, p_sale jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: tier_stand_many_v1(timestamp with time zone, jsonb, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.tier_stand_many_v1(p_now timestamp with time zone, p_standings jsonb, p_programme_version integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_one jsonb;
BEGIN
    FOR v_one IN SELECT value FROM jsonb_array_elements(p_standings) ORDER BY value ->> 'member_id' LOOP
        PERFORM tier_stand_v1((v_one ->> 'member_id')::uuid, p_now, v_one -> 'standing', v_one -> 'changes',
                              p_programme_version);
    END LOOP;
END
$$;

-- Name: tier_stand_v1(uuid, timestamp with time zone, jsonb, jsonb, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.tier_stand_v1(p_member_id uuid, p_now timestamp with time zone, p_standing jsonb, p_changes jsonb, p_programme_version integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO tier_standing AS s (member_id, tier_key, since, kept_until, grants, earned_tier, earned_since, earned_until)
    VALUES (p_member_id, p_standing ->> 'tier', (p_standing ->> 'since')::timestamptz,
            (p_standing ->> 'kept_until')::timestamptz, coalesce(p_standing -> 'grants', '[]'),
            p_standing #>> '{earned,tier}', (p_standing #>> '{earned,since}')::timestamptz,
            (p_standing #>> '{earned,kept_until}')::timestamptz)
    ON CONFLICT (member_id) DO UPDATE
       SET tier_key = excluded.tier_key, since = excluded.since, kept_until = excluded.kept_until,
           grants = CASE WHEN p_standing ? 'grants' THEN excluded.grants ELSE s.grants END,
           earned_tier = CASE WHEN p_standing ? 'grants' THEN excluded.earned_tier ELSE s.earned_tier END,
           earned_since = CASE WHEN p_standing ? 'grants' THEN excluded.earned_since ELSE s.earned_since END,
           earned_until = CASE WHEN p_standing ? 'grants' THEN excluded.earned_until ELSE s.earned_until END;
    INSERT INTO tier_change (member_id, change_id, from_tier, to_tier, reason, occurred_at, recorded_at, kept_until,
                             programme_version)
    SELECT p_member_id, n.id, n."from", n."to", n.reason, n.occurred_at, p_now, n.kept_until, p_programme_version
      FROM jsonb_to_recordset(p_changes) AS n (
           id uuid, "from" text, "to" text, reason text, occurred_at timestamptz, kept_until timestamptz);
END
$$;

-- Name: till_authorise_v1(uuid, text, uuid, text, jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.till_authorise_v1(p_member_id uuid, p_source_kind text, p_source_id uuid, p_store text, p_authorisation jsonb, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF p_authorisation ->> 'step' IS NOT NULL THEN
        INSERT INTO rotating_code_use (member_id, digest, step, used_at)
        VALUES (p_member_id, decode(p_authorisation ->> 'digest', 'hex'), (p_authorisation ->> 'step')::bigint, p_now)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM till_refuse_v1('ROTATING_CODE_USED');
        END IF;
    END IF;
    INSERT INTO spend_authorisation (member_id, authorisation_id, fact, source_kind, source_id, store_id, reason,
                                     authorised_at)
    VALUES (p_member_id, (p_authorisation ->> 'id')::uuid, p_authorisation ->> 'fact', p_source_kind, p_source_id, p_store,
            p_authorisation ->> 'reason', p_now);
END
$$;

-- Name: till_refuse_v1(text, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.till_refuse_v1(p_code text, p_details jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'till: %', p_code
        USING ERRCODE = 'FT001', DETAIL = jsonb_build_object('code', p_code, 'details', p_details)::text;
END
$$;

-- Name: till_settle_v1(uuid, bigint, text, text, bytea, timestamp with time zone, jsonb, boolean); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.till_settle_v1(p_member_id uuid, p_expected_version bigint, p_scope text, p_key text, p_hash bytea, p_now timestamp with time zone, p_sale jsonb, p_quiet boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_reply jsonb := settle_v2(p_member_id, p_expected_version, p_scope, p_key, p_hash, p_now, p_sale, p_quiet);
BEGIN
    IF v_reply ->> 'status' = 'done' THEN
        PERFORM till_spend_v1(p_member_id, (p_sale #>> '{purchase,id}')::uuid, p_sale #>> '{purchase,store_id}',
                              (p_sale ->> 'at')::timestamptz, p_now, p_sale -> 'spend');
    END IF;
    RETURN v_reply;
END
$$;

-- Name: till_spend_v1(uuid, uuid, text, timestamp with time zone, timestamp with time zone, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.till_spend_v1(p_member_id uuid, p_purchase_id uuid, p_store text, p_at timestamp with time zone, p_now timestamp with time zone, p_spend jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_hold uuid := (p_spend ->> 'hold')::uuid;
    v_redemptions uuid[] := ARRAY(SELECT r::uuid FROM jsonb_array_elements_text(p_spend -> 'redemptions') AS r);
BEGIN
    IF jsonb_typeof(p_spend -> 'authorisation') = 'object' THEN
        PERFORM till_authorise_v1(p_member_id, 'purchase', p_purchase_id, p_store, p_spend -> 'authorisation', p_now);
    END IF;
    IF v_hold IS NOT NULL THEN
        UPDATE till_hold SET status = 'settled', ended_at = p_now, purchase_id = p_purchase_id
         WHERE member_id = p_member_id AND hold_id = v_hold AND status = 'open' AND held_until > p_now;
        IF NOT FOUND THEN
            PERFORM till_refuse_v1('HOLD_NOT_OPEN');
        END IF;
        DELETE FROM till_hold_reward WHERE member_id = p_member_id AND hold_id = v_hold;
    END IF;
    IF cardinality(v_redemptions) > 0 THEN
        -- Another basket keeps one of them.
        PERFORM FROM till_hold_reward WHERE member_id = p_member_id AND redemption_id = ANY (v_redemptions);
        IF FOUND THEN
            PERFORM till_refuse_v1('REWARD_NOT_USABLE');
        END IF;
        BEGIN
            PERFORM redemption_use_v1(p_member_id, v_redemptions, p_store, p_purchase_id, p_at, p_spend -> 'discounts');
        EXCEPTION WHEN restrict_violation THEN
            PERFORM till_refuse_v1('REWARD_NOT_USABLE');
        END;
    END IF;
END
$$;

-- Name: activity_event; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.activity_event (
    member_id uuid NOT NULL,
    event_id uuid NOT NULL,
    name text NOT NULL,
    store_id text,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    properties jsonb NOT NULL,
    points jsonb DEFAULT '{}'::jsonb NOT NULL
);

-- Name: api_key; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.api_key (
    key_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    secret_digest bytea NOT NULL,
    scopes text[] NOT NULL,
    store_id text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT ck_api_key_kind_known CHECK ((kind = ANY (ARRAY['staff'::text, 'till'::text, 'service'::text])))
);

-- Name: auto_reward_choice; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.auto_reward_choice (
    member_id uuid NOT NULL,
    auto_reward_key text NOT NULL,
    mode text NOT NULL,
    chosen_at timestamp with time zone NOT NULL
);

-- Name: auto_reward_issue; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.auto_reward_issue (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    auto_reward_key text NOT NULL,
    mode text NOT NULL,
    window_key date,
    currency text NOT NULL,
    units bigint NOT NULL,
    transaction_id uuid NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    issued_on date NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT ck_auto_reward_issue_units_positive CHECK ((units > 0))
);

-- Name: award; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.award (
    member_id uuid NOT NULL,
    award_id uuid NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    rule_key text NOT NULL,
    currency text NOT NULL,
    units bigint NOT NULL,
    clawed_back_units bigint DEFAULT 0 NOT NULL,
    line_numbers integer[] NOT NULL,
    line_units bigint[] NOT NULL,
    usage_periods text[] NOT NULL,
    ledger_transaction_id uuid,
    programme_version integer NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    line_micros bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    CONSTRAINT ck_award_clawed_back_within_units CHECK (((clawed_back_units >= 0) AND (clawed_back_units <= units))),
    CONSTRAINT ck_award_source_kind_known CHECK ((source_kind = ANY (ARRAY['purchase'::text, 'event'::text]))),
    CONSTRAINT ck_award_units_positive CHECK (((units > 0) OR ((units = 0) AND (cardinality(line_micros) > 0))))
);

-- Name: budget_notice; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.budget_notice (
    pot text NOT NULL,
    period text NOT NULL,
    percent smallint NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_budget_notice_percent CHECK ((percent = ANY (ARRAY[50, 80, 100])))
);

-- Name: budget_pot; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.budget_pot (
    pot text NOT NULL,
    period text NOT NULL,
    money_minor bigint NOT NULL,
    least_minor bigint NOT NULL,
    owed_minor bigint NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT ck_budget_pot_not_negative CHECK (((money_minor >= 0) AND (owed_minor >= 0) AND (least_minor > 0)))
);

-- Name: budget_slice; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.budget_slice (
    pot text NOT NULL,
    period text NOT NULL,
    slice smallint NOT NULL,
    left_minor bigint NOT NULL,
    CONSTRAINT ck_budget_slice_not_negative CHECK ((left_minor >= 0))
)
WITH (fillfactor='40');

-- Name: card_code; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.card_code (
    digest bytea NOT NULL,
    member_id uuid NOT NULL,
    kind text NOT NULL,
    code text,
    issued_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because text,
    CONSTRAINT ck_card_code_kind_known CHECK ((kind = ANY (ARRAY['static'::text, 'rotating'::text]))),
    CONSTRAINT ck_card_code_live_or_cleared CHECK (((revoked_at IS NULL) = (code IS NOT NULL))),
    CONSTRAINT ck_card_code_revocation_known CHECK ((revoked_because = ANY (ARRAY['lost'::text, 'stolen'::text, 'copied'::text, 'replaced'::text, 'erased'::text])))
);

-- Name: challenge_award; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.challenge_award (
    member_id uuid NOT NULL,
    award_id uuid NOT NULL,
    kind text NOT NULL,
    challenge_key text NOT NULL,
    period text NOT NULL,
    step text NOT NULL,
    nth integer NOT NULL,
    needed bigint NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    badge_key text,
    source_id uuid NOT NULL,
    programme_version integer NOT NULL,
    given_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT ck_challenge_award_kind_known CHECK ((kind = ANY (ARRAY['challenge'::text, 'streak'::text, 'surprise'::text]))),
    CONSTRAINT ck_challenge_award_revoked_has_a_time CHECK (((state = 'revoked'::text) = (revoked_at IS NOT NULL))),
    CONSTRAINT ck_challenge_award_state_known CHECK ((state = ANY (ARRAY['given'::text, 'revoked'::text])))
);

-- Name: challenge_contribution; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.challenge_contribution (
    member_id uuid NOT NULL,
    kind text NOT NULL,
    challenge_key text NOT NULL,
    source_id uuid NOT NULL,
    source_kind text NOT NULL,
    period text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    counted jsonb NOT NULL,
    amount bigint NOT NULL,
    counted_values text[] NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT ck_challenge_contribution_amount_not_negative CHECK ((amount >= 0)),
    CONSTRAINT ck_challenge_contribution_kind_known CHECK ((kind = ANY (ARRAY['challenge'::text, 'streak'::text]))),
    CONSTRAINT ck_challenge_contribution_source_known CHECK ((source_kind = ANY (ARRAY['purchase'::text, 'event'::text])))
);

-- Name: challenge_joining; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.challenge_joining (
    member_id uuid NOT NULL,
    kind text NOT NULL,
    challenge_key text NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_challenge_joining_kind_known CHECK ((kind = ANY (ARRAY['challenge'::text, 'streak'::text])))
);

-- Name: closing_batch; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.closing_batch (
    day date NOT NULL,
    step text NOT NULL,
    number integer NOT NULL,
    member_ids uuid[] NOT NULL
);

-- Name: closing_day; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.closing_day (
    day date NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    programme_version integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone
);

-- Name: closing_failure; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.closing_failure (
    member_id uuid NOT NULL,
    day date NOT NULL,
    step text NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);

-- Name: closing_step; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.closing_step (
    day date NOT NULL,
    step text NOT NULL,
    place integer NOT NULL,
    planned_through uuid,
    planned_at timestamp with time zone,
    finished_at timestamp with time zone,
    members_count integer DEFAULT 0 NOT NULL,
    changed_count integer DEFAULT 0 NOT NULL,
    failed_count integer DEFAULT 0 NOT NULL
);

-- Name: consent_change; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.consent_change (
    member_id uuid NOT NULL,
    change_id uuid NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    granted boolean NOT NULL,
    source text NOT NULL,
    wording text NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

-- Name: contest_entry; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.contest_entry (
    member_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    contest_key text NOT NULL,
    nth integer NOT NULL,
    picture_id uuid,
    caption text,
    state text NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    actor text,
    reason text,
    currency text,
    units bigint DEFAULT 0 NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT ck_contest_entry_decided_by_somebody CHECK ((((state = 'pending'::text) = (decided_at IS NULL)) AND ((decided_at IS NULL) = (actor IS NULL)))),
    CONSTRAINT ck_contest_entry_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))
);

-- Name: contest_result; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.contest_result (
    contest_key text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    seed text NOT NULL,
    entries_count integer NOT NULL,
    winners jsonb NOT NULL,
    actor text NOT NULL
);

-- Name: contest_vote; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.contest_vote (
    member_id uuid NOT NULL,
    contest_key text NOT NULL,
    entry_id uuid NOT NULL,
    voted_at timestamp with time zone NOT NULL
);

-- Name: entry; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.entry (
    member_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    id uuid NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL,
    account_version bigint NOT NULL,
    previous_version bigint,
    balance_before bigint NOT NULL,
    balance_after bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_entry_account CHECK ((account = ANY (ARRAY['available'::text, 'pending'::text, 'reserved'::text, 'debt'::text, 'issued'::text, 'redeemed'::text, 'expired'::text, 'revoked'::text, 'adjusted'::text]))),
    CONSTRAINT ck_entry_amount CHECK ((amount <> 0)),
    CONSTRAINT ck_entry_balance CHECK ((balance_after = (balance_before + amount))),
    CONSTRAINT ck_entry_sign CHECK (
CASE
    WHEN (account = ANY (ARRAY['available'::text, 'pending'::text, 'reserved'::text, 'redeemed'::text, 'expired'::text, 'revoked'::text])) THEN (balance_after >= 0)
    WHEN (account = ANY (ARRAY['debt'::text, 'issued'::text])) THEN (balance_after <= 0)
    ELSE true
END),
    CONSTRAINT ck_entry_version CHECK (
CASE
    WHEN (previous_version IS NULL) THEN ((account_version = 1) AND (balance_before = 0))
    ELSE (account_version = (previous_version + 1))
END)
);

-- Name: evaluation; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.evaluation (
    member_id uuid NOT NULL,
    source_id uuid NOT NULL,
    source_kind text NOT NULL,
    programme_version integer NOT NULL,
    trace jsonb NOT NULL
);

-- Name: expiry_announcement; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.expiry_announcement (
    member_id uuid NOT NULL,
    currency text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    units bigint NOT NULL,
    announced_at timestamp with time zone NOT NULL
);

-- Name: expiry_tier; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.expiry_tier (
    member_id uuid NOT NULL,
    change_id uuid NOT NULL,
    followed_at timestamp with time zone NOT NULL
);

-- Name: feed_event; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.feed_event (
    member_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    card_kind text NOT NULL,
    card_key text NOT NULL,
    slot integer NOT NULL,
    propensity double precision NOT NULL,
    epoch bigint NOT NULL,
    policy text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    shown_id uuid NOT NULL,
    placement text DEFAULT 'home'::text NOT NULL,
    features jsonb DEFAULT '{}'::jsonb NOT NULL,
    choice bytea
);

-- Name: feed_policy; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.feed_policy (
    policy text NOT NULL,
    factors jsonb NOT NULL,
    temperature double precision NOT NULL,
    fitted_at timestamp with time zone NOT NULL,
    seen_count bigint NOT NULL,
    tapped_count bigint NOT NULL
);

-- Name: feed_promotion; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.feed_promotion (
    promotion_id uuid NOT NULL,
    policy text NOT NULL,
    promoted_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    figures jsonb NOT NULL
);

-- Name: fraud_case; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.fraud_case (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    state text NOT NULL,
    blocks boolean NOT NULL,
    evidence jsonb NOT NULL,
    source_id uuid NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    actor text,
    reason text,
    CONSTRAINT ck_fraud_case_decided_by_somebody CHECK ((((state = 'open'::text) = (decided_at IS NULL)) AND ((decided_at IS NULL) = (actor IS NULL)))),
    CONSTRAINT ck_fraud_case_state_known CHECK ((state = ANY (ARRAY['open'::text, 'cleared'::text, 'confirmed'::text])))
);

-- Name: fraud_sighting; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.fraud_sighting (
    subject text NOT NULL,
    purchase_id uuid NOT NULL,
    member_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL
);

-- Name: gathering_place; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.gathering_place (
    member_id uuid NOT NULL,
    gathering_key text NOT NULL,
    place_id uuid NOT NULL,
    guests smallint NOT NULL,
    state text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    attended_at timestamp with time zone,
    actor text,
    currency text,
    units bigint DEFAULT 0 NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT ck_gathering_place_attended_has_a_time CHECK (((state = 'attended'::text) = (attended_at IS NOT NULL))),
    CONSTRAINT ck_gathering_place_guests_not_negative CHECK ((guests >= 0)),
    CONSTRAINT ck_gathering_place_state_known CHECK ((state = ANY (ARRAY['joined'::text, 'waiting'::text, 'left'::text, 'attended'::text])))
);

-- Name: gathering_seat; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.gathering_seat (
    gathering_key text NOT NULL,
    taken integer NOT NULL,
    CONSTRAINT ck_gathering_seat_not_negative CHECK ((taken >= 0))
);

-- Name: geofence; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.geofence (
    version integer NOT NULL,
    cell bigint NOT NULL,
    fence integer NOT NULL
);

-- Name: geofence_build; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.geofence_build (
    version integer NOT NULL,
    levels integer[] NOT NULL,
    fences_count bigint NOT NULL,
    built_at timestamp with time zone NOT NULL
);

-- Name: google_callback; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.google_callback (
    member_id uuid NOT NULL,
    nonce text NOT NULL,
    heard_at timestamp with time zone NOT NULL
);

-- Name: google_card; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.google_card (
    member_id uuid NOT NULL,
    serial text NOT NULL,
    written_tag bigint DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    problem text,
    notified_on date,
    notified_count integer DEFAULT 0 NOT NULL,
    saved_at timestamp with time zone,
    removed_at timestamp with time zone,
    message_digest text,
    CONSTRAINT ck_google_card_counts CHECK (((written_tag >= 0) AND (attempts >= 0) AND (notified_count >= 0)))
);

-- Name: in_app_message; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.in_app_message (
    member_id uuid NOT NULL,
    message_id uuid NOT NULL,
    source_id uuid NOT NULL,
    template_key text NOT NULL,
    template_values jsonb NOT NULL,
    display text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone,
    dismissed_at timestamp with time zone,
    placement text DEFAULT 'home'::text NOT NULL,
    rank smallint DEFAULT 2 NOT NULL,
    shown_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_in_app_message_display CHECK ((display = ANY (ARRAY['banner'::text, 'card'::text, 'modal'::text, 'full_screen'::text])))
);

-- Name: journey_pause; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.journey_pause (
    journey_key text NOT NULL,
    paused_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);

-- Name: journey_run; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.journey_run (
    member_id uuid NOT NULL,
    run_id uuid NOT NULL,
    journey_key text NOT NULL,
    entry_key text NOT NULL,
    programme_version integer NOT NULL,
    seen_version integer NOT NULL,
    state text NOT NULL,
    step_key text,
    step_since timestamp with time zone NOT NULL,
    visits integer NOT NULL,
    next_due timestamp with time zone,
    entered_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    reason text,
    goal_at timestamp with time zone,
    goal_until timestamp with time zone,
    arm text,
    attempts integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_journey_run_over_has_a_time CHECK (((state = ANY (ARRAY['active'::text, 'holdout'::text, 'held'::text])) = (ended_at IS NULL))),
    CONSTRAINT ck_journey_run_over_is_not_due CHECK (((ended_at IS NULL) OR (next_due IS NULL))),
    CONSTRAINT ck_journey_run_state_known CHECK ((state = ANY (ARRAY['active'::text, 'holdout'::text, 'held'::text, 'declined'::text, 'completed'::text, 'goal'::text, 'exited'::text])))
);

-- Name: journey_visit; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.journey_visit (
    member_id uuid NOT NULL,
    run_id uuid NOT NULL,
    visit integer NOT NULL,
    journey_key text NOT NULL,
    step_key text NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    detail jsonb NOT NULL,
    source_id uuid,
    at timestamp with time zone NOT NULL
);

-- Name: ledger_checkpoint; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.ledger_checkpoint (
    until_id uuid NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    total bigint NOT NULL
);

-- Name: ledger_programme_balance; Type: VIEW; Schema: public; Owner: -

CREATE VIEW public.ledger_programme_balance AS
 WITH latest AS (
         SELECT (max((ledger_checkpoint.until_id)::text))::uuid AS until_id
           FROM public.ledger_checkpoint
        )
 SELECT currency,
    account,
    (sum(total))::bigint AS total
   FROM ( SELECT ledger_checkpoint.currency,
            ledger_checkpoint.account,
            ledger_checkpoint.total
           FROM (public.ledger_checkpoint
             JOIN latest USING (until_id))
        UNION ALL
         SELECT entry.currency,
            entry.account,
            sum(entry.amount) AS sum
           FROM public.entry
          WHERE (entry.id >= COALESCE(( SELECT latest.until_id
                   FROM latest), '00000000-0000-0000-0000-000000000000'::uuid))
          GROUP BY entry.currency, entry.account) parts
  GROUP BY currency, account;

-- Name: ledger_transaction; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.ledger_transaction (
    member_id uuid NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    input_hash bytea NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    requested bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    programme_version integer,
    actor text,
    reason jsonb NOT NULL,
    reverses uuid,
    purchase_id uuid,
    held_until timestamp with time zone,
    response jsonb NOT NULL,
    CONSTRAINT ck_ledger_transaction_actor CHECK (((kind <> 'adjust'::text) OR (actor IS NOT NULL))),
    CONSTRAINT ck_ledger_transaction_kind CHECK ((kind = ANY (ARRAY['earn'::text, 'settle'::text, 'burn'::text, 'restore'::text, 'clawback'::text, 'expire'::text, 'adjust'::text, 'move_expiry'::text, 'hold'::text, 'release'::text, 'capture'::text]))),
    CONSTRAINT ck_ledger_transaction_reverses CHECK (((kind = ANY (ARRAY['restore'::text, 'clawback'::text, 'release'::text, 'capture'::text])) = (reverses IS NOT NULL)))
);

-- Name: lot; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.lot (
    member_id uuid NOT NULL,
    id uuid NOT NULL,
    currency text NOT NULL,
    transaction_id uuid NOT NULL,
    source text NOT NULL,
    purchase_id uuid,
    line text,
    original bigint NOT NULL,
    remaining bigint NOT NULL,
    reserved bigint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    earned_at timestamp with time zone NOT NULL,
    activates_at timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT ck_lot_original CHECK ((original > 0)),
    CONSTRAINT ck_lot_remaining CHECK (((remaining >= 0) AND (reserved >= 0) AND ((remaining + reserved) <= original))),
    CONSTRAINT ck_lot_state CHECK (((state = 'active'::text) OR ((state = 'pending'::text) AND (activates_at IS NOT NULL))))
)
WITH (fillfactor='80');

-- Name: lot_expiry_change; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.lot_expiry_change (
    member_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    previous_expires_at timestamp with time zone,
    expires_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL
);

-- Name: lot_use; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.lot_use (
    member_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT ck_lot_use_amount CHECK (
CASE
    WHEN (kind = 'restore'::text) THEN (amount < 0)
    WHEN (kind = ANY (ARRAY['hold'::text, 'expire'::text])) THEN (amount <> 0)
    ELSE (amount > 0)
END),
    CONSTRAINT ck_lot_use_kind CHECK ((kind = ANY (ARRAY['burn'::text, 'restore'::text, 'clawback'::text, 'expire'::text, 'adjust'::text, 'debt'::text, 'hold'::text])))
);

-- Name: make_good; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.make_good (
    member_id uuid NOT NULL,
    make_good_id uuid NOT NULL,
    rule text NOT NULL,
    cause_kind text NOT NULL,
    cause_id uuid NOT NULL,
    outcome text NOT NULL,
    case_id uuid,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    decided_at timestamp with time zone NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT ck_make_good_cause_known CHECK ((cause_kind = ANY (ARRAY['survey'::text, 'review'::text, 'event'::text]))),
    CONSTRAINT ck_make_good_outcome_known CHECK ((outcome = ANY (ARRAY['given'::text, 'limit'::text, 'budget'::text, 'out_of_stock'::text])))
);

-- Name: member; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member (
    member_id uuid NOT NULL,
    status text NOT NULL,
    source text NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT ck_member_erased_has_a_date CHECK (((status = 'erased'::text) = (erased_at IS NOT NULL))),
    CONSTRAINT ck_member_status_known CHECK ((status = ANY (ARRAY['active'::text, 'guest'::text, 'erased'::text])))
);

-- Name: member_badge; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_badge (
    member_id uuid NOT NULL,
    badge_key text NOT NULL,
    earned_at timestamp with time zone NOT NULL,
    source_kind text NOT NULL,
    source_key text NOT NULL
);

-- Name: member_consent; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_consent (
    member_id uuid NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    granted boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

-- Name: member_contact; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_contact (
    member_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    added_at timestamp with time zone NOT NULL
);

-- Name: member_facts; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_facts (
    member_id uuid NOT NULL,
    version bigint NOT NULL,
    as_of timestamp with time zone NOT NULL,
    stale_at timestamp with time zone,
    active boolean NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    joined_day date NOT NULL,
    first_purchase_at timestamp with time zone,
    last_purchase_day date,
    last_visit_day date,
    last_redemption_day date,
    purchases_count bigint NOT NULL,
    purchases_30 bigint NOT NULL,
    purchases_90 bigint NOT NULL,
    purchases_365 bigint NOT NULL,
    spend_30 bigint NOT NULL,
    spend_90 bigint NOT NULL,
    spend_365 bigint NOT NULL,
    redemptions_365 bigint NOT NULL,
    usual_gap_days double precision,
    birthday_month smallint,
    birthday_day smallint,
    tier text NOT NULL,
    locale text,
    country text,
    time_zone text,
    home_store text,
    memberships text[] NOT NULL,
    badges text[] NOT NULL,
    categories text[] NOT NULL,
    departments text[] NOT NULL,
    stores text[] NOT NULL,
    channels text[] NOT NULL,
    consents text[] NOT NULL,
    segments text[] DEFAULT '{}'::text[] NOT NULL,
    balances jsonb NOT NULL,
    events jsonb NOT NULL,
    attributes jsonb NOT NULL,
    answers jsonb NOT NULL
)
WITH (fillfactor='85');

-- Name: member_identity; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_identity (
    kind text NOT NULL,
    digest bytea NOT NULL,
    pepper_version smallint NOT NULL,
    member_id uuid NOT NULL,
    linked_at timestamp with time zone NOT NULL
);

-- Name: member_picture; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_picture (
    member_id uuid NOT NULL,
    picture_id uuid NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    sha256 bytea NOT NULL,
    bytes bytea NOT NULL
);
ALTER TABLE ONLY public.member_picture ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Name: member_pin; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_pin (
    member_id uuid NOT NULL,
    hash text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    set_at timestamp with time zone NOT NULL,
    wrong_request bytea,
    wrong_hash text,
    CONSTRAINT ck_member_pin_failures_counted CHECK ((failures >= 0))
);

-- Name: member_position; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_position (
    member_id uuid NOT NULL,
    position_id uuid NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    accuracy_metres double precision,
    cell bigint NOT NULL,
    kind text NOT NULL,
    verdict text NOT NULL,
    place_key text,
    seen_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    kept_until timestamp with time zone NOT NULL,
    CONSTRAINT ck_member_position_kind_known CHECK ((kind = ANY (ARRAY['position'::text, 'check_in'::text])))
);

-- Name: member_profile; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_profile (
    member_id uuid NOT NULL,
    locale text NOT NULL,
    time_zone text NOT NULL,
    display_name text,
    birthday_month smallint,
    birthday_day smallint,
    picture_url text,
    background_url text,
    home_store text,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_member_profile_birthday_whole CHECK (((birthday_month IS NULL) = (birthday_day IS NULL)))
);

-- Name: member_version; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.member_version (
    member_id uuid NOT NULL,
    version bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

-- Name: membership; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.membership (
    member_id uuid NOT NULL,
    membership_key text NOT NULL,
    plan_key text NOT NULL,
    next_plan_key text,
    state text NOT NULL,
    auto_renew boolean NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone,
    renew_at timestamp with time zone,
    covered_until timestamp with time zone,
    trial_used boolean NOT NULL,
    CONSTRAINT ck_membership_state CHECK ((state = ANY (ARRAY['requested'::text, 'active'::text, 'lapsed'::text, 'cancelled'::text])))
);

-- Name: membership_method; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.membership_method (
    member_id uuid NOT NULL,
    membership_key text NOT NULL,
    method text NOT NULL
);

-- Name: membership_payment; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.membership_payment (
    member_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    term_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    attempts_count integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    requested_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    reference text,
    problem text,
    CONSTRAINT ck_membership_payment_amount_minor CHECK ((amount_minor > 0)),
    CONSTRAINT ck_membership_payment_kind CHECK ((kind = ANY (ARRAY['charge'::text, 'refund'::text]))),
    CONSTRAINT ck_membership_payment_state CHECK ((state = ANY (ARRAY['requested'::text, 'succeeded'::text, 'declined'::text, 'given_up'::text])))
);

-- Name: membership_term; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.membership_term (
    member_id uuid NOT NULL,
    term_id uuid NOT NULL,
    membership_key text NOT NULL,
    plan_key text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    covered_until timestamp with time zone,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    used_at timestamp with time zone,
    programme_version integer NOT NULL,
    CONSTRAINT ck_membership_term_kind CHECK ((kind = ANY (ARRAY['trial'::text, 'paid'::text, 'lifetime'::text]))),
    CONSTRAINT ck_membership_term_refunded_minor CHECK (((refunded_minor >= 0) AND (refunded_minor <= price_minor))),
    CONSTRAINT ck_membership_term_state CHECK ((state = ANY (ARRAY['requested'::text, 'running'::text, 'failed'::text, 'refunded'::text])))
);

-- Name: message_address_block; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.message_address_block (
    member_id uuid NOT NULL,
    channel text NOT NULL,
    value_hash bytea NOT NULL,
    reason text NOT NULL,
    blocked_at timestamp with time zone NOT NULL
);

-- Name: message_campaign_run; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.message_campaign_run (
    run_id uuid NOT NULL,
    campaign_key text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    programme_version bigint NOT NULL,
    state text NOT NULL,
    audience_count bigint NOT NULL,
    everyone_count bigint NOT NULL,
    exception_reason text,
    cursor uuid,
    judged_count bigint DEFAULT 0 NOT NULL,
    sent_count bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_message_campaign_run_state CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'refused'::text, 'stopped'::text])))
);

-- Name: message_decision; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.message_decision (
    member_id uuid NOT NULL,
    source_id uuid NOT NULL,
    template_key text NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    send_at timestamp with time zone,
    contact_id uuid,
    priority text DEFAULT 'normal'::text NOT NULL,
    campaign_key text,
    variant text,
    exclusive_group text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_message_decision_outcome CHECK ((outcome = ANY (ARRAY['sent'::text, 'deferred'::text, 'suppressed'::text])))
);

-- Name: message_letter; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.message_letter (
    member_id uuid NOT NULL,
    source_id uuid NOT NULL,
    template_key text NOT NULL,
    channel text NOT NULL,
    contact_id uuid NOT NULL,
    purpose text NOT NULL,
    template_values jsonb NOT NULL,
    state text NOT NULL,
    next_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts_count integer DEFAULT 0 NOT NULL,
    first_tried_at timestamp with time zone,
    provider_id text,
    last_reason text,
    settled_at timestamp with time zone,
    CONSTRAINT ck_message_letter_channel CHECK ((channel = ANY (ARRAY['email'::text, 'sms'::text, 'wallet'::text]))),
    CONSTRAINT ck_message_letter_state CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'unregistered'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'abandoned'::text])))
);

-- Name: message_report; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.message_report (
    member_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    what text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_message_report_what CHECK ((what = ANY (ARRAY['delivered'::text, 'failed'::text, 'seen'::text, 'opened'::text, 'clicked'::text])))
);

-- Name: offer_appointment; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_appointment (
    member_id uuid NOT NULL,
    offer_key text NOT NULL,
    source_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL
);

-- Name: offer_claim; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_claim (
    member_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    offer_key text NOT NULL,
    programme_version integer NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    usable_until timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    purchase_id uuid,
    variant text,
    CONSTRAINT ck_offer_claim_usable_after_claim CHECK ((usable_until > claimed_at))
);

-- Name: offer_decision; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_decision (
    member_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    offer_key text NOT NULL,
    occasion text NOT NULL,
    why text NOT NULL,
    outcome text NOT NULL,
    code text,
    details jsonb NOT NULL,
    place_key text,
    variant text,
    decided_at timestamp with time zone NOT NULL,
    open_until timestamp with time zone,
    CONSTRAINT ck_offer_decision_outcome_known CHECK ((outcome = ANY (ARRAY['fired'::text, 'refused'::text]))),
    CONSTRAINT ck_offer_decision_refusal_has_a_code CHECK (((outcome = 'refused'::text) = (code IS NOT NULL)))
);

-- Name: offer_standing; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_standing (
    offer_key text NOT NULL,
    digest text NOT NULL,
    approved_by text,
    approved_at timestamp with time zone,
    ended_by text,
    ended_at timestamp with time zone
);

-- Name: offer_total; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_total (
    offer_key text NOT NULL,
    claimed bigint NOT NULL
);

-- Name: offer_wakeup; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offer_wakeup (
    offer_key text NOT NULL,
    scope text NOT NULL,
    occurrence timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    reason text,
    after_member uuid,
    fired_count bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_offer_wakeup_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'missed'::text, 'refused'::text])))
);

-- Name: offline_sale; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.offline_sale (
    store_id text NOT NULL,
    device text NOT NULL,
    sequence bigint NOT NULL,
    request_key text NOT NULL,
    outcome text NOT NULL,
    problems text[] NOT NULL,
    occurred_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_offline_sale_outcome_known CHECK ((outcome = ANY (ARRAY['settled'::text, 'honoured'::text, 'refused'::text]))),
    CONSTRAINT ck_offline_sale_sequence_positive CHECK ((sequence > 0))
);

-- Name: otp_challenge; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.otp_challenge (
    challenge_id uuid NOT NULL,
    kind text NOT NULL,
    identity_digest bytea NOT NULL,
    code_digest bytea NOT NULL,
    attempts_left smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT ck_otp_challenge_attempts_bounded CHECK ((attempts_left >= 0))
);

-- Name: outbox; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.outbox (
    member_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: pass; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pass (
    member_id uuid NOT NULL,
    serial text NOT NULL,
    kind text DEFAULT 'card'::text NOT NULL,
    authentication_token text NOT NULL,
    update_tag bigint DEFAULT 1 NOT NULL,
    content_digest bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    voided_at timestamp with time zone,
    subject_id uuid,
    expires_at timestamp with time zone,
    CONSTRAINT ck_pass_kind CHECK ((kind = ANY (ARRAY['card'::text, 'reward'::text, 'offer'::text, 'ticket'::text]))),
    CONSTRAINT ck_pass_subject CHECK (((kind = 'card'::text) = (subject_id IS NULL))),
    CONSTRAINT ck_pass_token_length CHECK ((length(authentication_token) >= 16)),
    CONSTRAINT ck_pass_update_tag CHECK ((update_tag > 0)),
    CONSTRAINT ck_pass_whole_seconds CHECK ((updated_at = date_trunc('second'::text, updated_at)))
);

-- Name: pass_device; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pass_device (
    member_id uuid NOT NULL,
    serial text NOT NULL,
    device_library_identifier text NOT NULL,
    push_token text NOT NULL,
    registered_at timestamp with time zone NOT NULL
);

-- Name: pgqueuer; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);

-- Name: pgqueuer_id_seq; Type: SEQUENCE; Schema: public; Owner: -

CREATE SEQUENCE public.pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- Name: pgqueuer_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -

ALTER SEQUENCE public.pgqueuer_id_seq OWNED BY public.pgqueuer.id;

-- Name: pgqueuer_log; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status public.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

-- Name: pgqueuer_log_id_seq; Type: SEQUENCE; Schema: public; Owner: -

ALTER TABLE public.pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: pgqueuer_schedules; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status public.pgqueuer_status DEFAULT 'queued'::public.pgqueuer_status
);

-- Name: pgqueuer_schedules_id_seq; Type: SEQUENCE; Schema: public; Owner: -

CREATE SEQUENCE public.pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- Name: pgqueuer_schedules_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -

ALTER SEQUENCE public.pgqueuer_schedules_id_seq OWNED BY public.pgqueuer_schedules.id;

-- Name: pgqueuer_statistics; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

-- Name: pgqueuer_statistics_id_seq; Type: SEQUENCE; Schema: public; Owner: -

CREATE SEQUENCE public.pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- Name: pgqueuer_statistics_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -

ALTER SEQUENCE public.pgqueuer_statistics_id_seq OWNED BY public.pgqueuer_statistics.id;

-- Name: product; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.product (
    sku text NOT NULL,
    name text NOT NULL,
    category text,
    department text,
    brand text,
    updated_at timestamp with time zone NOT NULL
);

-- Name: product_affinity; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.product_affinity (
    member_id uuid NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    category text,
    department text,
    brand text,
    times integer NOT NULL,
    slow double precision NOT NULL,
    fast double precision NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL
);

-- Name: product_cost; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.product_cost (
    sku text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    cost numeric(18,6) NOT NULL,
    CONSTRAINT ck_product_cost_not_negative CHECK ((cost >= (0)::numeric))
);

-- Name: product_neighbour; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.product_neighbour (
    sku text NOT NULL,
    neighbour text NOT NULL,
    similarity real NOT NULL
);

-- Name: product_popularity; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.product_popularity (
    sku text NOT NULL,
    name text NOT NULL,
    category text,
    department text,
    brand text,
    buyers_count integer NOT NULL,
    counted_at timestamp with time zone NOT NULL
);

-- Name: programme_version; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.programme_version (
    version integer NOT NULL,
    effective_from timestamp with time zone NOT NULL,
    source_text text NOT NULL,
    source_hash bytea NOT NULL,
    actor text DEFAULT ''::text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_programme_version_version_positive CHECK ((version > 0))
);

-- Name: programme_withdrawal; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.programme_withdrawal (
    version integer NOT NULL,
    actor text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: purchase; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.purchase (
    member_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    store_id text NOT NULL,
    receipt text NOT NULL,
    channel text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    tenders jsonb NOT NULL,
    points jsonb DEFAULT '{}'::jsonb NOT NULL,
    burns jsonb DEFAULT '[]'::jsonb NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_purchase_currency_is_iso CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_purchase_total_not_negative CHECK ((total_minor >= 0))
);

-- Name: purchase_line; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.purchase_line (
    member_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    line_number integer NOT NULL,
    kind text NOT NULL,
    sku text,
    name text,
    category text,
    department text,
    brand text,
    quantity numeric(12,3) NOT NULL,
    returned_quantity numeric(12,3) DEFAULT 0 NOT NULL,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_purchase_line_amount_not_negative CHECK ((amount_minor >= 0)),
    CONSTRAINT ck_purchase_line_quantity_positive CHECK ((quantity > (0)::numeric)),
    CONSTRAINT ck_purchase_line_returned_within_bought CHECK (((returned_quantity >= (0)::numeric) AND (returned_quantity <= quantity)))
);

-- Name: purchase_return; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.purchase_return (
    member_id uuid NOT NULL,
    return_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    store_id text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    points jsonb DEFAULT '{}'::jsonb NOT NULL
);

-- Name: purchase_return_line; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.purchase_return_line (
    member_id uuid NOT NULL,
    return_id uuid NOT NULL,
    line_number integer NOT NULL,
    purchase_id uuid NOT NULL,
    quantity numeric(12,3) NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT ck_purchase_return_line_quantity_positive CHECK ((quantity > (0)::numeric))
);

-- Name: push_send; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.push_send (
    member_id uuid NOT NULL,
    source_id uuid NOT NULL,
    template_key text NOT NULL,
    target_id uuid NOT NULL,
    purpose text NOT NULL,
    template_values jsonb NOT NULL,
    state text NOT NULL,
    next_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts_count integer DEFAULT 0 NOT NULL,
    provider_id text,
    last_reason text,
    settled_at timestamp with time zone,
    contact_id uuid,
    CONSTRAINT ck_push_send_state CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'unregistered'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'abandoned'::text])))
);

-- Name: push_target; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.push_target (
    member_id uuid NOT NULL,
    target_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    platform text NOT NULL,
    app_version text,
    locale text,
    time_zone text,
    permission text NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_push_target_kind CHECK ((kind = ANY (ARRAY['fcm_token'::text, 'fcm_fid'::text, 'web_push'::text]))),
    CONSTRAINT ck_push_target_permission CHECK ((permission = ANY (ARRAY['granted'::text, 'provisional'::text, 'denied'::text, 'unknown'::text]))),
    CONSTRAINT ck_push_target_platform CHECK ((platform = ANY (ARRAY['ios'::text, 'android'::text, 'web'::text])))
);

-- Name: push_target_owner; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.push_target_owner (
    kind text NOT NULL,
    value_hash bytea NOT NULL,
    member_id uuid NOT NULL,
    target_id uuid NOT NULL
);

-- Name: rate_limit; Type: TABLE; Schema: public; Owner: -

CREATE UNLOGGED TABLE public.rate_limit (
    digest bytea NOT NULL,
    drains_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70');

-- Name: redemption; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.redemption (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    reward_key text NOT NULL,
    programme_version integer NOT NULL,
    status text NOT NULL,
    code text NOT NULL,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redeemed_at timestamp with time zone NOT NULL,
    usable_until timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    used_store text,
    source text DEFAULT 'member'::text NOT NULL,
    stocked boolean DEFAULT false NOT NULL,
    purchase_id uuid,
    fulfilment text,
    tracking text,
    ended_because text,
    terms jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ck_redemption_fulfilment_known CHECK ((fulfilment = ANY (ARRAY['ordered'::text, 'sent'::text]))),
    CONSTRAINT ck_redemption_price_has_a_currency CHECK (((units = 0) OR (currency IS NOT NULL))),
    CONSTRAINT ck_redemption_price_was_burned CHECK (((units = 0) = (transaction_id IS NULL))),
    CONSTRAINT ck_redemption_purchase_used_it CHECK (((purchase_id IS NULL) OR (status = 'used'::text))),
    CONSTRAINT ck_redemption_status_known CHECK ((status = ANY (ARRAY['held'::text, 'used'::text, 'cancelled'::text]))),
    CONSTRAINT ck_redemption_used_has_a_time CHECK (((status = 'used'::text) = (used_at IS NOT NULL)))
);

-- Name: redemption_delivery; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.redemption_delivery (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    recipient text NOT NULL,
    address jsonb NOT NULL
);

-- Name: redemption_discount; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.redemption_discount (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    line_number integer NOT NULL,
    discount_minor bigint NOT NULL,
    CONSTRAINT ck_redemption_discount_discount_positive CHECK ((discount_minor > 0))
);

-- Name: referral; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral (
    member_id uuid NOT NULL,
    referral_id uuid NOT NULL,
    referrer_id uuid NOT NULL,
    state text NOT NULL,
    reason text,
    applied_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    purchase_id uuid,
    due_at timestamp with time zone,
    settled_at timestamp with time zone,
    ended_at timestamp with time zone,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT ck_referral_not_oneself CHECK ((member_id <> referrer_id)),
    CONSTRAINT ck_referral_state_known CHECK ((state = ANY (ARRAY['applied'::text, 'held'::text, 'open'::text, 'settled'::text, 'refused'::text, 'revoked'::text, 'expired'::text])))
);

-- Name: referral_brought; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral_brought (
    member_id uuid NOT NULL,
    referral_id uuid NOT NULL,
    friend_id uuid NOT NULL,
    state text NOT NULL,
    reason text,
    admitted_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    currency text,
    units bigint NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT ck_referral_brought_state_known CHECK ((state = ANY (ARRAY['open'::text, 'held'::text, 'paid'::text, 'unpaid'::text, 'refused'::text, 'revoked'::text, 'expired'::text])))
);

-- Name: referral_check; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral_check (
    member_id uuid NOT NULL,
    check_id uuid NOT NULL,
    referral_id uuid,
    outcome text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_referral_check_outcome_known CHECK ((outcome = ANY (ARRAY['admitted'::text, 'held'::text, 'refused'::text, 'approved'::text, 'rejected'::text])))
);

-- Name: referral_code; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral_code (
    member_id uuid NOT NULL,
    code text NOT NULL,
    issued_at timestamp with time zone NOT NULL
);

-- Name: referral_code_owner; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral_code_owner (
    code text NOT NULL,
    member_id uuid NOT NULL
);

-- Name: referral_mark; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.referral_mark (
    member_id uuid NOT NULL,
    kind text NOT NULL,
    digest bytea NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_referral_mark_kind_known CHECK ((kind = ANY (ARRAY['email_alias'::text, 'phone'::text, 'device'::text, 'card'::text])))
);

-- Name: refresh_family; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.refresh_family (
    member_id uuid NOT NULL,
    family_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because text,
    CONSTRAINT ck_refresh_family_revoked_because CHECK (((revoked_at IS NULL) = (revoked_because IS NULL)))
);

-- Name: refresh_token; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.refresh_token (
    member_id uuid NOT NULL,
    family_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    generation integer NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    exchanged_at timestamp with time zone,
    successor_salt bytea,
    CONSTRAINT ck_refresh_token_exchanged_has_salt CHECK (((exchanged_at IS NULL) = (successor_salt IS NULL)))
);

-- Name: request; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.request (
    scope text NOT NULL,
    key text NOT NULL,
    input_hash bytea NOT NULL,
    member_id uuid,
    response jsonb,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: review; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.review (
    member_id uuid NOT NULL,
    review_id uuid NOT NULL,
    about text NOT NULL,
    subject text NOT NULL,
    stars smallint NOT NULL,
    body text,
    picture_id uuid,
    locale text,
    verified boolean NOT NULL,
    state text NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    actor text,
    reason text,
    currency text,
    units bigint DEFAULT 0 NOT NULL,
    transaction_id uuid,
    redemption_id uuid,
    CONSTRAINT ck_review_about_known CHECK ((about = ANY (ARRAY['product'::text, 'store'::text]))),
    CONSTRAINT ck_review_decided_by_somebody CHECK ((((state = 'pending'::text) = (decided_at IS NULL)) AND ((decided_at IS NULL) = (actor IS NULL)))),
    CONSTRAINT ck_review_stars_in_range CHECK (((stars >= 1) AND (stars <= 5))),
    CONSTRAINT ck_review_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))
);

-- Name: reward_code; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.reward_code (
    reward_key text NOT NULL,
    code text NOT NULL,
    redemption_id uuid
);

-- Name: reward_reservation; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.reward_reservation (
    reward_key text NOT NULL,
    reservation_id uuid NOT NULL,
    stocked boolean NOT NULL,
    code text,
    reserved_until timestamp with time zone NOT NULL
);

-- Name: reward_stock; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.reward_stock (
    reward_key text NOT NULL,
    taken bigint NOT NULL,
    added bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_reward_stock_taken_not_negative CHECK ((taken >= 0))
);

-- Name: reward_stock_change; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.reward_stock_change (
    reward_key text NOT NULL,
    change_id uuid NOT NULL,
    units bigint NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

-- Name: rfm_cut; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.rfm_cut (
    measured_at timestamp with time zone NOT NULL,
    recency_days bigint[] NOT NULL,
    frequency bigint[] NOT NULL,
    monetary_minor bigint[] NOT NULL,
    members_count bigint NOT NULL
);

-- Name: rotating_code_use; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.rotating_code_use (
    member_id uuid NOT NULL,
    digest bytea NOT NULL,
    step bigint NOT NULL,
    used_at timestamp with time zone NOT NULL
);

-- Name: rule_usage; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.rule_usage (
    member_id uuid NOT NULL,
    rule_key text NOT NULL,
    period text NOT NULL,
    units bigint NOT NULL,
    times integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

-- Name: schedule; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.schedule (
    name text NOT NULL,
    next_run_at timestamp with time zone NOT NULL
);

-- Name: schema_version; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.schema_version (
    version_num character varying(32) NOT NULL
);

-- Name: segment_member; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.segment_member (
    member_id uuid NOT NULL,
    segment_key text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    entries_count bigint NOT NULL,
    entry_announced_at timestamp with time zone,
    exit_announced_at timestamp with time zone,
    CONSTRAINT ck_segment_member_entries_positive CHECK ((entries_count > 0)),
    CONSTRAINT ck_segment_member_left_after_entry CHECK ((left_at >= entered_at))
);

-- Name: segment_refresh; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.segment_refresh (
    segment_key text NOT NULL,
    definition text NOT NULL,
    refreshed_at timestamp with time zone NOT NULL,
    members_count bigint NOT NULL,
    compiled boolean NOT NULL,
    milliseconds bigint NOT NULL
);

-- Name: spend_authorisation; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.spend_authorisation (
    member_id uuid NOT NULL,
    authorisation_id uuid NOT NULL,
    fact text NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    store_id text NOT NULL,
    reason text,
    authorised_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_spend_authorisation_fact_known CHECK ((fact = ANY (ARRAY['rotating_code'::text, 'pin'::text, 'staff_confirmation'::text, 'reward_code'::text]))),
    CONSTRAINT ck_spend_authorisation_reason_of_staff CHECK (((fact <> 'staff_confirmation'::text) OR (reason IS NOT NULL))),
    CONSTRAINT ck_spend_authorisation_source_known CHECK ((source_kind = ANY (ARRAY['purchase'::text, 'hold'::text])))
);

-- Name: support_ask; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.support_ask (
    member_id uuid NOT NULL,
    ask_id uuid NOT NULL,
    what text NOT NULL,
    because text NOT NULL,
    cause_id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_support_ask_what_known CHECK ((what = ANY (ARRAY['public_review'::text, 'referral'::text])))
);

-- Name: support_case; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.support_case (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    rule text NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    state text NOT NULL,
    urgency smallint NOT NULL,
    owner text NOT NULL,
    assignee text,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    closed_at timestamp with time zone,
    outcome text,
    evidence jsonb NOT NULL,
    programme_version integer NOT NULL,
    overdue_at timestamp with time zone,
    CONSTRAINT ck_support_case_closed_has_a_time CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT ck_support_case_resolved_has_a_time CHECK (((state = ANY (ARRAY['resolved'::text, 'closed'::text])) = (resolved_at IS NOT NULL))),
    CONSTRAINT ck_support_case_source_known CHECK ((source_kind = ANY (ARRAY['survey'::text, 'review'::text, 'event'::text]))),
    CONSTRAINT ck_support_case_state_known CHECK ((state = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting'::text, 'resolved'::text, 'closed'::text, 'reopened'::text]))),
    CONSTRAINT ck_support_case_urgency_known CHECK (((urgency >= 0) AND (urgency <= 2)))
);

-- Name: support_case_note; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.support_case_note (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    note_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    shown boolean NOT NULL,
    words text NOT NULL
);

-- Name: support_case_step; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.support_case_step (
    member_id uuid NOT NULL,
    case_id uuid NOT NULL,
    step_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    assignee text
);

-- Name: surprise_day; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.surprise_day (
    surprise_key text NOT NULL,
    day date NOT NULL,
    given bigint NOT NULL,
    CONSTRAINT ck_surprise_day_given_not_negative CHECK ((given >= 0))
);

-- Name: surprise_draw; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.surprise_draw (
    member_id uuid NOT NULL,
    surprise_key text NOT NULL,
    source_id uuid NOT NULL,
    drawn bigint NOT NULL,
    threshold bigint NOT NULL,
    outcome text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    programme_version integer NOT NULL,
    CONSTRAINT ck_surprise_draw_outcome_known CHECK ((outcome = ANY (ARRAY['won'::text, 'lost'::text, 'budget'::text, 'member_limit'::text])))
);

-- Name: survey_answer; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.survey_answer (
    member_id uuid NOT NULL,
    answer_id uuid NOT NULL,
    survey_key text NOT NULL,
    occasion text NOT NULL,
    programme_version integer NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    answers jsonb NOT NULL,
    currency text,
    units bigint NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    edited_at timestamp with time zone,
    edits integer DEFAULT 0 NOT NULL,
    redemption_id uuid
);

-- Name: survey_draft; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.survey_draft (
    member_id uuid NOT NULL,
    survey_key text NOT NULL,
    occasion text NOT NULL,
    answers jsonb NOT NULL,
    saved_at timestamp with time zone NOT NULL
);

-- Name: survey_invitation; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.survey_invitation (
    member_id uuid NOT NULL,
    survey_key text NOT NULL,
    occasion text NOT NULL,
    state text NOT NULL,
    reason text,
    due_at timestamp with time zone NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone,
    opened_at timestamp with time zone,
    started_at timestamp with time zone,
    answered_at timestamp with time zone,
    store_id text,
    tier text,
    segments text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT ck_survey_invitation_answered_at_some_time CHECK (((state = 'answered'::text) = (answered_at IS NOT NULL))),
    CONSTRAINT ck_survey_invitation_skipped_for_a_reason CHECK (((state = 'skipped'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_survey_invitation_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'open'::text, 'skipped'::text, 'answered'::text, 'expired'::text])))
);

-- Name: sweepstake; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.sweepstake (
    reward_key text NOT NULL,
    entries_count bigint NOT NULL,
    CONSTRAINT ck_sweepstake_entries_counted CHECK ((entries_count >= 0))
);

-- Name: sweepstake_draw; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.sweepstake_draw (
    reward_key text NOT NULL,
    seed text NOT NULL,
    entries_count bigint NOT NULL,
    winners jsonb NOT NULL,
    actor text NOT NULL,
    drawn_at timestamp with time zone NOT NULL
);

-- Name: sweepstake_entry; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.sweepstake_entry (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    reward_key text NOT NULL,
    number bigint NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    withdrawn_at timestamp with time zone,
    won_place integer,
    CONSTRAINT ck_sweepstake_entry_number_positive CHECK ((number > 0))
);

-- Name: taste; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.taste (
    member_id uuid NOT NULL,
    remember_from timestamp with time zone,
    learned_at timestamp with time zone,
    due_since timestamp with time zone
);

-- Name: text_reading; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.text_reading (
    member_id uuid NOT NULL,
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    part text NOT NULL,
    read_at timestamp with time zone NOT NULL,
    text_sha256 bytea NOT NULL,
    model text,
    language text,
    negative real,
    neutral real,
    positive real,
    themes text[] NOT NULL,
    urgent_for text[] NOT NULL,
    contradicts boolean NOT NULL,
    CONSTRAINT ck_text_reading_all_or_no_feeling CHECK ((((negative IS NULL) = (model IS NULL)) AND ((neutral IS NULL) = (model IS NULL)) AND ((positive IS NULL) = (model IS NULL)))),
    CONSTRAINT ck_text_reading_source_known CHECK ((source_kind = ANY (ARRAY['survey'::text, 'review'::text])))
);

-- Name: tier_change; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.tier_change (
    member_id uuid NOT NULL,
    change_id uuid NOT NULL,
    from_tier text,
    to_tier text,
    reason text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    kept_until timestamp with time zone,
    programme_version integer NOT NULL
);

-- Name: tier_counter; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.tier_counter (
    member_id uuid NOT NULL,
    counter text NOT NULL,
    day date NOT NULL,
    amount bigint NOT NULL
);

-- Name: tier_grant; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.tier_grant (
    member_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    tier_key text NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT ck_tier_grant_ends_after_it_began CHECK ((until > granted_at))
);

-- Name: tier_standing; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.tier_standing (
    member_id uuid NOT NULL,
    tier_key text,
    since timestamp with time zone NOT NULL,
    kept_until timestamp with time zone,
    grants jsonb DEFAULT '[]'::jsonb NOT NULL,
    earned_tier text,
    earned_since timestamp with time zone,
    earned_until timestamp with time zone
);

-- Name: till_hold; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.till_hold (
    member_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    store_id text NOT NULL,
    status text NOT NULL,
    fact text NOT NULL,
    held_at timestamp with time zone NOT NULL,
    held_until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    purchase_id uuid,
    units jsonb NOT NULL,
    rewards jsonb NOT NULL,
    CONSTRAINT ck_till_hold_open_has_no_end CHECK (((status = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT ck_till_hold_settled_by_a_purchase CHECK (((status = 'settled'::text) = (purchase_id IS NOT NULL))),
    CONSTRAINT ck_till_hold_status_known CHECK ((status = ANY (ARRAY['open'::text, 'settled'::text, 'released'::text, 'expired'::text])))
);

-- Name: till_hold_reward; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.till_hold_reward (
    member_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    hold_id uuid NOT NULL
);

-- Name: trusted_document; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.trusted_document (
    sha256 text NOT NULL,
    schema_name text NOT NULL,
    app text NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_trusted_document_sha256_hexadecimal CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

-- Name: weather_hour; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.weather_hour (
    cell text NOT NULL,
    hour timestamp with time zone NOT NULL,
    temperature_celsius double precision NOT NULL,
    feels_like_celsius double precision,
    rain_millimetres double precision NOT NULL,
    condition text NOT NULL,
    source text NOT NULL,
    fetched_at timestamp with time zone NOT NULL
);

-- Name: worker; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.worker (
    id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

-- Name: pgqueuer id; Type: DEFAULT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_id_seq'::regclass);

-- Name: pgqueuer_schedules id; Type: DEFAULT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_schedules_id_seq'::regclass);

-- Name: pgqueuer_statistics id; Type: DEFAULT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_statistics_id_seq'::regclass);

-- Name: pgqueuer_log pgqueuer_log_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);

-- Name: pgqueuer pgqueuer_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);

-- Name: pgqueuer_schedules pgqueuer_schedules_expression_entrypoint_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);

-- Name: pgqueuer_schedules pgqueuer_schedules_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);

-- Name: pgqueuer_statistics pgqueuer_statistics_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);

-- Name: activity_event pk_activity_event; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.activity_event
    ADD CONSTRAINT pk_activity_event PRIMARY KEY (member_id, event_id);

-- Name: api_key pk_api_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT pk_api_key PRIMARY KEY (key_id);

-- Name: auto_reward_choice pk_auto_reward_choice; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.auto_reward_choice
    ADD CONSTRAINT pk_auto_reward_choice PRIMARY KEY (member_id, auto_reward_key);

-- Name: auto_reward_issue pk_auto_reward_issue; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.auto_reward_issue
    ADD CONSTRAINT pk_auto_reward_issue PRIMARY KEY (member_id, redemption_id);

-- Name: award pk_award; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.award
    ADD CONSTRAINT pk_award PRIMARY KEY (member_id, award_id);

-- Name: budget_notice pk_budget_notice; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_notice
    ADD CONSTRAINT pk_budget_notice PRIMARY KEY (pot, period, percent);

-- Name: budget_pot pk_budget_pot; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_pot
    ADD CONSTRAINT pk_budget_pot PRIMARY KEY (pot, period);

-- Name: budget_slice pk_budget_slice; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_slice
    ADD CONSTRAINT pk_budget_slice PRIMARY KEY (pot, period, slice);

-- Name: budget_use pk_budget_use; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_use
    ADD CONSTRAINT pk_budget_use PRIMARY KEY (member_id, use_id, pot);

-- Name: card_code pk_card_code; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.card_code
    ADD CONSTRAINT pk_card_code PRIMARY KEY (digest);

-- Name: challenge_award pk_challenge_award; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.challenge_award
    ADD CONSTRAINT pk_challenge_award PRIMARY KEY (member_id, award_id);

-- Name: challenge_contribution pk_challenge_contribution; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.challenge_contribution
    ADD CONSTRAINT pk_challenge_contribution PRIMARY KEY (member_id, kind, challenge_key, source_id);

-- Name: challenge_joining pk_challenge_joining; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.challenge_joining
    ADD CONSTRAINT pk_challenge_joining PRIMARY KEY (member_id, kind, challenge_key);

-- Name: closing_batch pk_closing_batch; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_batch
    ADD CONSTRAINT pk_closing_batch PRIMARY KEY (day, step, number);

-- Name: closing_day pk_closing_day; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_day
    ADD CONSTRAINT pk_closing_day PRIMARY KEY (day);

-- Name: closing_failure pk_closing_failure; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_failure
    ADD CONSTRAINT pk_closing_failure PRIMARY KEY (member_id, day, step);

-- Name: closing_step pk_closing_step; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_step
    ADD CONSTRAINT pk_closing_step PRIMARY KEY (day, step);

-- Name: consent_change pk_consent_change; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.consent_change
    ADD CONSTRAINT pk_consent_change PRIMARY KEY (member_id, change_id);

-- Name: contest_entry pk_contest_entry; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.contest_entry
    ADD CONSTRAINT pk_contest_entry PRIMARY KEY (member_id, entry_id);

-- Name: contest_result pk_contest_result; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.contest_result
    ADD CONSTRAINT pk_contest_result PRIMARY KEY (contest_key);

-- Name: contest_vote pk_contest_vote; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.contest_vote
    ADD CONSTRAINT pk_contest_vote PRIMARY KEY (member_id, contest_key);

-- Name: entry pk_entry; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT pk_entry PRIMARY KEY (member_id, transaction_id, id);

-- Name: evaluation pk_evaluation; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT pk_evaluation PRIMARY KEY (member_id, source_id);

-- Name: expiry_announcement pk_expiry_announcement; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.expiry_announcement
    ADD CONSTRAINT pk_expiry_announcement PRIMARY KEY (member_id, currency, expires_at);

-- Name: expiry_tier pk_expiry_tier; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.expiry_tier
    ADD CONSTRAINT pk_expiry_tier PRIMARY KEY (member_id);

-- Name: feed_event pk_feed_event; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.feed_event
    ADD CONSTRAINT pk_feed_event PRIMARY KEY (member_id, event_id);

-- Name: feed_policy pk_feed_policy; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.feed_policy
    ADD CONSTRAINT pk_feed_policy PRIMARY KEY (policy);

-- Name: feed_promotion pk_feed_promotion; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.feed_promotion
    ADD CONSTRAINT pk_feed_promotion PRIMARY KEY (promotion_id);

-- Name: fraud_case pk_fraud_case; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.fraud_case
    ADD CONSTRAINT pk_fraud_case PRIMARY KEY (member_id, case_id);

-- Name: fraud_sighting pk_fraud_sighting; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.fraud_sighting
    ADD CONSTRAINT pk_fraud_sighting PRIMARY KEY (subject, purchase_id);

-- Name: gathering_place pk_gathering_place; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.gathering_place
    ADD CONSTRAINT pk_gathering_place PRIMARY KEY (member_id, gathering_key);

-- Name: gathering_seat pk_gathering_seat; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.gathering_seat
    ADD CONSTRAINT pk_gathering_seat PRIMARY KEY (gathering_key);

-- Name: geofence pk_geofence; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.geofence
    ADD CONSTRAINT pk_geofence PRIMARY KEY (version, cell, fence);

-- Name: geofence_build pk_geofence_build; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.geofence_build
    ADD CONSTRAINT pk_geofence_build PRIMARY KEY (version);

-- Name: google_callback pk_google_callback; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.google_callback
    ADD CONSTRAINT pk_google_callback PRIMARY KEY (member_id, nonce);

-- Name: google_card pk_google_card; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.google_card
    ADD CONSTRAINT pk_google_card PRIMARY KEY (member_id, serial);

-- Name: in_app_message pk_in_app_message; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.in_app_message
    ADD CONSTRAINT pk_in_app_message PRIMARY KEY (member_id, message_id);

-- Name: journey_pause pk_journey_pause; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.journey_pause
    ADD CONSTRAINT pk_journey_pause PRIMARY KEY (journey_key);

-- Name: journey_run pk_journey_run; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.journey_run
    ADD CONSTRAINT pk_journey_run PRIMARY KEY (member_id, run_id);

-- Name: journey_visit pk_journey_visit; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.journey_visit
    ADD CONSTRAINT pk_journey_visit PRIMARY KEY (member_id, run_id, visit);

-- Name: ledger_checkpoint pk_ledger_checkpoint; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.ledger_checkpoint
    ADD CONSTRAINT pk_ledger_checkpoint PRIMARY KEY (until_id, currency, account);

-- Name: ledger_transaction pk_ledger_transaction; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.ledger_transaction
    ADD CONSTRAINT pk_ledger_transaction PRIMARY KEY (member_id, id);

-- Name: lot pk_lot; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot
    ADD CONSTRAINT pk_lot PRIMARY KEY (member_id, id);

-- Name: lot_expiry_change pk_lot_expiry_change; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_expiry_change
    ADD CONSTRAINT pk_lot_expiry_change PRIMARY KEY (member_id, lot_id, transaction_id);

-- Name: lot_use pk_lot_use; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_use
    ADD CONSTRAINT pk_lot_use PRIMARY KEY (member_id, lot_id, transaction_id, kind);

-- Name: make_good pk_make_good; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.make_good
    ADD CONSTRAINT pk_make_good PRIMARY KEY (member_id, make_good_id);

-- Name: member pk_member; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member
    ADD CONSTRAINT pk_member PRIMARY KEY (member_id);

-- Name: member_badge pk_member_badge; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_badge
    ADD CONSTRAINT pk_member_badge PRIMARY KEY (member_id, badge_key);

-- Name: member_consent pk_member_consent; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_consent
    ADD CONSTRAINT pk_member_consent PRIMARY KEY (member_id, purpose, channel);

-- Name: member_contact pk_member_contact; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_contact
    ADD CONSTRAINT pk_member_contact PRIMARY KEY (member_id, kind, value);

-- Name: member_facts pk_member_facts; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_facts
    ADD CONSTRAINT pk_member_facts PRIMARY KEY (member_id);

-- Name: member_identity pk_member_identity; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_identity
    ADD CONSTRAINT pk_member_identity PRIMARY KEY (kind, digest);

-- Name: member_picture pk_member_picture; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_picture
    ADD CONSTRAINT pk_member_picture PRIMARY KEY (member_id, picture_id);

-- Name: member_pin pk_member_pin; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_pin
    ADD CONSTRAINT pk_member_pin PRIMARY KEY (member_id);

-- Name: member_position pk_member_position; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_position
    ADD CONSTRAINT pk_member_position PRIMARY KEY (member_id, position_id);

-- Name: member_profile pk_member_profile; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_profile
    ADD CONSTRAINT pk_member_profile PRIMARY KEY (member_id);

-- Name: member_version pk_member_version; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_version
    ADD CONSTRAINT pk_member_version PRIMARY KEY (member_id);

-- Name: membership pk_membership; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT pk_membership PRIMARY KEY (member_id, membership_key);

-- Name: membership_method pk_membership_method; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.membership_method
    ADD CONSTRAINT pk_membership_method PRIMARY KEY (member_id, membership_key);

-- Name: membership_payment pk_membership_payment; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.membership_payment
    ADD CONSTRAINT pk_membership_payment PRIMARY KEY (member_id, payment_id);

-- Name: membership_term pk_membership_term; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.membership_term
    ADD CONSTRAINT pk_membership_term PRIMARY KEY (member_id, term_id);

-- Name: message_address_block pk_message_address_block; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_address_block
    ADD CONSTRAINT pk_message_address_block PRIMARY KEY (member_id, channel, value_hash);

-- Name: message_campaign_run pk_message_campaign_run; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_campaign_run
    ADD CONSTRAINT pk_message_campaign_run PRIMARY KEY (run_id);

-- Name: message_decision pk_message_decision; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_decision
    ADD CONSTRAINT pk_message_decision PRIMARY KEY (member_id, source_id, template_key, channel);

-- Name: message_letter pk_message_letter; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_letter
    ADD CONSTRAINT pk_message_letter PRIMARY KEY (member_id, source_id, template_key, channel);

-- Name: message_report pk_message_report; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_report
    ADD CONSTRAINT pk_message_report PRIMARY KEY (member_id, contact_id, what);

-- Name: offer_appointment pk_offer_appointment; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_appointment
    ADD CONSTRAINT pk_offer_appointment PRIMARY KEY (member_id, offer_key, source_id);

-- Name: offer_claim pk_offer_claim; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_claim
    ADD CONSTRAINT pk_offer_claim PRIMARY KEY (member_id, claim_id);

-- Name: offer_decision pk_offer_decision; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_decision
    ADD CONSTRAINT pk_offer_decision PRIMARY KEY (member_id, decision_id);

-- Name: offer_standing pk_offer_standing; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_standing
    ADD CONSTRAINT pk_offer_standing PRIMARY KEY (offer_key, digest);

-- Name: offer_total pk_offer_total; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_total
    ADD CONSTRAINT pk_offer_total PRIMARY KEY (offer_key);

-- Name: offer_wakeup pk_offer_wakeup; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offer_wakeup
    ADD CONSTRAINT pk_offer_wakeup PRIMARY KEY (offer_key, scope, occurrence);

-- Name: offline_sale pk_offline_sale; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.offline_sale
    ADD CONSTRAINT pk_offline_sale PRIMARY KEY (store_id, device, sequence);

-- Name: otp_challenge pk_otp_challenge; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.otp_challenge
    ADD CONSTRAINT pk_otp_challenge PRIMARY KEY (challenge_id);

-- Name: outbox pk_outbox; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (member_id, id);

-- Name: pass pk_pass; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pass
    ADD CONSTRAINT pk_pass PRIMARY KEY (member_id, serial);

-- Name: pass_device pk_pass_device; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pass_device
    ADD CONSTRAINT pk_pass_device PRIMARY KEY (member_id, serial, device_library_identifier);

-- Name: product pk_product; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.product
    ADD CONSTRAINT pk_product PRIMARY KEY (sku);

-- Name: product_affinity pk_product_affinity; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.product_affinity
    ADD CONSTRAINT pk_product_affinity PRIMARY KEY (member_id, sku);

-- Name: product_cost pk_product_cost; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.product_cost
    ADD CONSTRAINT pk_product_cost PRIMARY KEY (sku, valid_from);

-- Name: product_neighbour pk_product_neighbour; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.product_neighbour
    ADD CONSTRAINT pk_product_neighbour PRIMARY KEY (sku, neighbour);

-- Name: product_popularity pk_product_popularity; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.product_popularity
    ADD CONSTRAINT pk_product_popularity PRIMARY KEY (sku);

-- Name: programme_version pk_programme_version; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.programme_version
    ADD CONSTRAINT pk_programme_version PRIMARY KEY (version);

-- Name: programme_withdrawal pk_programme_withdrawal; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.programme_withdrawal
    ADD CONSTRAINT pk_programme_withdrawal PRIMARY KEY (version);

-- Name: purchase pk_purchase; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase
    ADD CONSTRAINT pk_purchase PRIMARY KEY (member_id, purchase_id);

-- Name: purchase_line pk_purchase_line; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_line
    ADD CONSTRAINT pk_purchase_line PRIMARY KEY (member_id, purchase_id, line_number);

-- Name: purchase_return pk_purchase_return; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_return
    ADD CONSTRAINT pk_purchase_return PRIMARY KEY (member_id, return_id);

-- Name: purchase_return_line pk_purchase_return_line; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_return_line
    ADD CONSTRAINT pk_purchase_return_line PRIMARY KEY (member_id, return_id, line_number);

-- Name: push_send pk_push_send; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.push_send
    ADD CONSTRAINT pk_push_send PRIMARY KEY (member_id, source_id, template_key, target_id);

-- Name: push_target pk_push_target; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.push_target
    ADD CONSTRAINT pk_push_target PRIMARY KEY (member_id, target_id);

-- Name: push_target_owner pk_push_target_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.push_target_owner
    ADD CONSTRAINT pk_push_target_owner PRIMARY KEY (kind, value_hash);

-- Name: rate_limit pk_rate_limit; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.rate_limit
    ADD CONSTRAINT pk_rate_limit PRIMARY KEY (digest);

-- Name: redemption pk_redemption; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.redemption
    ADD CONSTRAINT pk_redemption PRIMARY KEY (member_id, redemption_id);

-- Name: redemption_delivery pk_redemption_delivery; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.redemption_delivery
    ADD CONSTRAINT pk_redemption_delivery PRIMARY KEY (member_id, redemption_id);

-- Name: redemption_discount pk_redemption_discount; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.redemption_discount
    ADD CONSTRAINT pk_redemption_discount PRIMARY KEY (member_id, redemption_id, purchase_id, line_number);

-- Name: referral pk_referral; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT pk_referral PRIMARY KEY (member_id);

-- Name: referral_brought pk_referral_brought; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral_brought
    ADD CONSTRAINT pk_referral_brought PRIMARY KEY (member_id, referral_id);

-- Name: referral_check pk_referral_check; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral_check
    ADD CONSTRAINT pk_referral_check PRIMARY KEY (member_id, check_id);

-- Name: referral_code pk_referral_code; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral_code
    ADD CONSTRAINT pk_referral_code PRIMARY KEY (member_id);

-- Name: referral_code_owner pk_referral_code_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral_code_owner
    ADD CONSTRAINT pk_referral_code_owner PRIMARY KEY (code);

-- Name: referral_mark pk_referral_mark; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.referral_mark
    ADD CONSTRAINT pk_referral_mark PRIMARY KEY (member_id, kind, digest);

-- Name: refresh_family pk_refresh_family; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.refresh_family
    ADD CONSTRAINT pk_refresh_family PRIMARY KEY (member_id, family_id);

-- Name: refresh_token pk_refresh_token; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT pk_refresh_token PRIMARY KEY (member_id, family_id, token_digest);

-- Name: request pk_request; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.request
    ADD CONSTRAINT pk_request PRIMARY KEY (scope, key);

-- Name: review pk_review; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.review
    ADD CONSTRAINT pk_review PRIMARY KEY (member_id, review_id);

-- Name: reward_code pk_reward_code; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.reward_code
    ADD CONSTRAINT pk_reward_code PRIMARY KEY (reward_key, code);

-- Name: reward_reservation pk_reward_reservation; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.reward_reservation
    ADD CONSTRAINT pk_reward_reservation PRIMARY KEY (reward_key, reservation_id);

-- Name: reward_stock pk_reward_stock; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.reward_stock
    ADD CONSTRAINT pk_reward_stock PRIMARY KEY (reward_key);

-- Name: reward_stock_change pk_reward_stock_change; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.reward_stock_change
    ADD CONSTRAINT pk_reward_stock_change PRIMARY KEY (reward_key, change_id);

-- Name: rfm_cut pk_rfm_cut; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.rfm_cut
    ADD CONSTRAINT pk_rfm_cut PRIMARY KEY (measured_at);

-- Name: rotating_code_use pk_rotating_code_use; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.rotating_code_use
    ADD CONSTRAINT pk_rotating_code_use PRIMARY KEY (member_id, digest, step);

-- Name: rule_usage pk_rule_usage; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.rule_usage
    ADD CONSTRAINT pk_rule_usage PRIMARY KEY (member_id, rule_key, period);

-- Name: schedule pk_schedule; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT pk_schedule PRIMARY KEY (name);

-- Name: segment_member pk_segment_member; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.segment_member
    ADD CONSTRAINT pk_segment_member PRIMARY KEY (member_id, segment_key);

-- Name: segment_refresh pk_segment_refresh; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.segment_refresh
    ADD CONSTRAINT pk_segment_refresh PRIMARY KEY (segment_key);

-- Name: spend_authorisation pk_spend_authorisation; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.spend_authorisation
    ADD CONSTRAINT pk_spend_authorisation PRIMARY KEY (member_id, authorisation_id);

-- Name: support_ask pk_support_ask; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_ask
    ADD CONSTRAINT pk_support_ask PRIMARY KEY (member_id, ask_id);

-- Name: support_case pk_support_case; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_case
    ADD CONSTRAINT pk_support_case PRIMARY KEY (member_id, case_id);

-- Name: support_case_note pk_support_case_note; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_case_note
    ADD CONSTRAINT pk_support_case_note PRIMARY KEY (member_id, case_id, note_id);

-- Name: support_case_step pk_support_case_step; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_case_step
    ADD CONSTRAINT pk_support_case_step PRIMARY KEY (member_id, case_id, step_id);

-- Name: surprise_day pk_surprise_day; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.surprise_day
    ADD CONSTRAINT pk_surprise_day PRIMARY KEY (surprise_key, day);

-- Name: surprise_draw pk_surprise_draw; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.surprise_draw
    ADD CONSTRAINT pk_surprise_draw PRIMARY KEY (member_id, surprise_key, source_id);

-- Name: survey_answer pk_survey_answer; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.survey_answer
    ADD CONSTRAINT pk_survey_answer PRIMARY KEY (member_id, answer_id);

-- Name: survey_draft pk_survey_draft; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.survey_draft
    ADD CONSTRAINT pk_survey_draft PRIMARY KEY (member_id, survey_key, occasion);

-- Name: survey_invitation pk_survey_invitation; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.survey_invitation
    ADD CONSTRAINT pk_survey_invitation PRIMARY KEY (member_id, survey_key, occasion);

-- Name: sweepstake pk_sweepstake; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sweepstake
    ADD CONSTRAINT pk_sweepstake PRIMARY KEY (reward_key);

-- Name: sweepstake_draw pk_sweepstake_draw; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sweepstake_draw
    ADD CONSTRAINT pk_sweepstake_draw PRIMARY KEY (reward_key);

-- Name: sweepstake_entry pk_sweepstake_entry; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.sweepstake_entry
    ADD CONSTRAINT pk_sweepstake_entry PRIMARY KEY (member_id, redemption_id);

-- Name: taste pk_taste; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.taste
    ADD CONSTRAINT pk_taste PRIMARY KEY (member_id);

-- Name: text_reading pk_text_reading; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.text_reading
    ADD CONSTRAINT pk_text_reading PRIMARY KEY (member_id, source_kind, source_id, part);

-- Name: tier_change pk_tier_change; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tier_change
    ADD CONSTRAINT pk_tier_change PRIMARY KEY (member_id, change_id);

-- Name: tier_counter pk_tier_counter; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tier_counter
    ADD CONSTRAINT pk_tier_counter PRIMARY KEY (member_id, counter, day);

-- Name: tier_grant pk_tier_grant; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tier_grant
    ADD CONSTRAINT pk_tier_grant PRIMARY KEY (member_id, grant_id);

-- Name: tier_standing pk_tier_standing; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.tier_standing
    ADD CONSTRAINT pk_tier_standing PRIMARY KEY (member_id);

-- Name: till_hold pk_till_hold; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.till_hold
    ADD CONSTRAINT pk_till_hold PRIMARY KEY (member_id, hold_id);

-- Name: till_hold_reward pk_till_hold_reward; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.till_hold_reward
    ADD CONSTRAINT pk_till_hold_reward PRIMARY KEY (member_id, redemption_id);

-- Name: trusted_document pk_trusted_document; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.trusted_document
    ADD CONSTRAINT pk_trusted_document PRIMARY KEY (sha256, schema_name);

-- Name: weather_hour pk_weather_hour; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.weather_hour
    ADD CONSTRAINT pk_weather_hour PRIMARY KEY (cell, hour);

-- Name: worker pk_worker; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.worker
    ADD CONSTRAINT pk_worker PRIMARY KEY (id);

-- Name: schema_version schema_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkc PRIMARY KEY (version_num);

-- Name: challenge_award uq_challenge_award_member_id_kind; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.challenge_award
    ADD CONSTRAINT uq_challenge_award_member_id_kind UNIQUE (member_id, kind, challenge_key, period, step, nth);

-- Name: contest_entry uq_contest_entry_member_id_contest_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.contest_entry
    ADD CONSTRAINT uq_contest_entry_member_id_contest_key UNIQUE (member_id, contest_key, nth);

-- Name: entry uq_entry_chain; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT uq_entry_chain UNIQUE (member_id, currency, account, account_version, balance_after);

-- Name: entry uq_entry_member_id_currency_account_account_version; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT uq_entry_member_id_currency_account_account_version UNIQUE (member_id, currency, account, account_version);

-- Name: in_app_message uq_in_app_message_member_id_source_id_template_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.in_app_message
    ADD CONSTRAINT uq_in_app_message_member_id_source_id_template_key UNIQUE (member_id, source_id, template_key);

-- Name: journey_run uq_journey_run_member_id_journey_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.journey_run
    ADD CONSTRAINT uq_journey_run_member_id_journey_key UNIQUE (member_id, journey_key, entry_key);

-- Name: ledger_transaction uq_ledger_transaction_member_id_scope_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.ledger_transaction
    ADD CONSTRAINT uq_ledger_transaction_member_id_scope_key UNIQUE (member_id, scope, key);

-- Name: make_good uq_make_good_member_id_cause; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.make_good
    ADD CONSTRAINT uq_make_good_member_id_cause UNIQUE (member_id, rule, cause_id);

-- Name: member_picture uq_member_picture_member_id_sha256; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_picture
    ADD CONSTRAINT uq_member_picture_member_id_sha256 UNIQUE (member_id, sha256);

-- Name: message_campaign_run uq_message_campaign_run_campaign_key_due_at; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.message_campaign_run
    ADD CONSTRAINT uq_message_campaign_run_campaign_key_due_at UNIQUE (campaign_key, due_at);

-- Name: pass uq_pass_member_id_kind_subject_id; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pass
    ADD CONSTRAINT uq_pass_member_id_kind_subject_id UNIQUE NULLS NOT DISTINCT (member_id, kind, subject_id);

-- Name: purchase uq_purchase_member_id_store_id_receipt; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase
    ADD CONSTRAINT uq_purchase_member_id_store_id_receipt UNIQUE (member_id, store_id, receipt);

-- Name: refresh_token uq_refresh_token_member_id_family_id_generation; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT uq_refresh_token_member_id_family_id_generation UNIQUE (member_id, family_id, generation);

-- Name: review uq_review_member_id_about; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.review
    ADD CONSTRAINT uq_review_member_id_about UNIQUE (member_id, about, subject);

-- Name: support_ask uq_support_ask_member_id_cause; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_ask
    ADD CONSTRAINT uq_support_ask_member_id_cause UNIQUE (member_id, what, cause_id);

-- Name: support_case uq_support_case_member_id_source; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.support_case
    ADD CONSTRAINT uq_support_case_member_id_source UNIQUE (member_id, source_kind, source_id);

-- Name: survey_answer uq_survey_answer_member_id_survey_key_occasion; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.survey_answer
    ADD CONSTRAINT uq_survey_answer_member_id_survey_key_occasion UNIQUE (member_id, survey_key, occasion);

-- Name: ix_activity_event_member_id_name_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_activity_event_member_id_name_occurred_at ON public.activity_event USING btree (member_id, name, occurred_at);

-- Name: ix_activity_event_member_id_occurred_at_event_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_activity_event_member_id_occurred_at_event_id ON public.activity_event USING btree (member_id, occurred_at, event_id);

-- Name: ix_auto_reward_issue_member_id_auto_reward_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_auto_reward_issue_member_id_auto_reward_key ON public.auto_reward_issue USING btree (member_id, auto_reward_key, issued_at);

-- Name: ix_award_member_id_ledger_transaction_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_award_member_id_ledger_transaction_id ON public.award USING btree (member_id, ledger_transaction_id);

-- Name: ix_award_member_id_source_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_award_member_id_source_id ON public.award USING btree (member_id, source_id);

-- Name: ix_budget_use_member_id_source_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_budget_use_member_id_source_id ON public.budget_use USING btree (member_id, source_id) WHERE (source_id IS NOT NULL);

-- Name: ix_budget_use_pot_period; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_budget_use_pot_period ON public.budget_use USING btree (pot, period);

-- Name: ix_budget_use_until; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_budget_use_until ON public.budget_use USING btree (until) WHERE (state = 'reserved'::text);

-- Name: ix_card_code_member_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_card_code_member_id ON public.card_code USING btree (member_id);

-- Name: ix_challenge_award_kind_challenge_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_challenge_award_kind_challenge_key ON public.challenge_award USING btree (kind, challenge_key);

-- Name: ix_challenge_contribution_member_id_source_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_challenge_contribution_member_id_source_id ON public.challenge_contribution USING btree (member_id, source_id);

-- Name: ix_contest_entry_contest_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_contest_entry_contest_key ON public.contest_entry USING btree (contest_key, state, entry_id);

-- Name: ix_contest_entry_state_submitted_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_contest_entry_state_submitted_at ON public.contest_entry USING btree (state, submitted_at, entry_id);

-- Name: ix_contest_vote_contest_key_entry_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_contest_vote_contest_key_entry_id ON public.contest_vote USING btree (contest_key, entry_id);

-- Name: ix_entry_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_entry_id ON public.entry USING brin (id) WITH (pages_per_range='32');

-- Name: ix_evaluation_source_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_evaluation_source_id ON public.evaluation USING brin (source_id);

-- Name: ix_feed_event_member_id_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_feed_event_member_id_occurred_at ON public.feed_event USING btree (member_id, occurred_at) INCLUDE (kind, card_kind, card_key);

-- Name: ix_feed_event_recorded_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_feed_event_recorded_at ON public.feed_event USING btree (recorded_at);

-- Name: ix_feed_promotion_promoted_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_feed_promotion_promoted_at ON public.feed_promotion USING btree (promoted_at);

-- Name: ix_fraud_case_state_case_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_fraud_case_state_case_id ON public.fraud_case USING btree (state, case_id);

-- Name: ix_fraud_sighting_member_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_fraud_sighting_member_id ON public.fraud_sighting USING btree (member_id);

-- Name: ix_fraud_sighting_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_fraud_sighting_occurred_at ON public.fraud_sighting USING brin (occurred_at);

-- Name: ix_fraud_sighting_subject_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_fraud_sighting_subject_occurred_at ON public.fraud_sighting USING btree (subject, occurred_at);

-- Name: ix_gathering_place_gathering_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_gathering_place_gathering_key ON public.gathering_place USING btree (gathering_key, state, asked_at);

-- Name: ix_google_card_next_try_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_google_card_next_try_at ON public.google_card USING btree (next_try_at) WHERE (next_try_at IS NOT NULL);

-- Name: ix_journey_run_due; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_journey_run_due ON public.journey_run USING btree (next_due) WHERE (next_due IS NOT NULL);

-- Name: ix_journey_run_journey_key_state; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_journey_run_journey_key_state ON public.journey_run USING btree (journey_key, state, step_key);

-- Name: ix_journey_visit_journey_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_journey_visit_journey_key ON public.journey_visit USING btree (journey_key, step_key, outcome);

-- Name: ix_ledger_transaction_member_id_purchase_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_ledger_transaction_member_id_purchase_id ON public.ledger_transaction USING btree (member_id, purchase_id) WHERE (purchase_id IS NOT NULL);

-- Name: ix_ledger_transaction_member_id_reverses; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_ledger_transaction_member_id_reverses ON public.ledger_transaction USING btree (member_id, reverses) WHERE (reverses IS NOT NULL);

-- Name: ix_lot_activating; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_lot_activating ON public.lot USING btree (activates_at) WHERE ((remaining > 0) AND (state = 'pending'::text));

-- Name: ix_lot_expiring; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_lot_expiring ON public.lot USING btree (expires_at) WHERE ((remaining > 0) AND (state = 'active'::text) AND (expires_at IS NOT NULL));

-- Name: ix_lot_live; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_lot_live ON public.lot USING btree (member_id, currency, expires_at, id) WHERE ((remaining > 0) OR (reserved > 0));

-- Name: ix_lot_member_id_transaction_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_lot_member_id_transaction_id ON public.lot USING btree (member_id, transaction_id);

-- Name: ix_lot_use_member_id_transaction_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_lot_use_member_id_transaction_id ON public.lot_use USING btree (member_id, transaction_id);

-- Name: ix_member_facts_birthday_month_birthday_day; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_facts_birthday_month_birthday_day ON public.member_facts USING btree (birthday_month, birthday_day) WHERE (birthday_month IS NOT NULL);

-- Name: ix_member_facts_stale_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_facts_stale_at ON public.member_facts USING btree (stale_at) WHERE (stale_at IS NOT NULL);

-- Name: ix_member_identity_member_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_identity_member_id ON public.member_identity USING btree (member_id);

-- Name: ix_member_picture_member_id_uploaded_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_picture_member_id_uploaded_at ON public.member_picture USING btree (member_id, uploaded_at);

-- Name: ix_member_picture_picture_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_picture_picture_id ON public.member_picture USING btree (picture_id);

-- Name: ix_member_picture_uploaded_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_picture_uploaded_at ON public.member_picture USING btree (uploaded_at);

-- Name: ix_member_position_cell_seen_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_position_cell_seen_at ON public.member_position USING btree (cell, seen_at) WHERE (verdict = 'believed'::text);

-- Name: ix_member_position_kept_until; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_position_kept_until ON public.member_position USING btree (kept_until);

-- Name: ix_member_position_member_id_seen_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_position_member_id_seen_at ON public.member_position USING btree (member_id, seen_at);

-- Name: ix_member_profile_birthday_month_birthday_day; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_profile_birthday_month_birthday_day ON public.member_profile USING btree (birthday_month, birthday_day) WHERE (birthday_month IS NOT NULL);

-- Name: ix_member_profile_home_store; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_profile_home_store ON public.member_profile USING btree (home_store, member_id) WHERE (home_store IS NOT NULL);

-- Name: ix_member_profile_time_zone; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_member_profile_time_zone ON public.member_profile USING btree (time_zone);

-- Name: ix_membership_covered_until; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_membership_covered_until ON public.membership USING btree (covered_until) WHERE ((state = 'active'::text) AND (covered_until IS NOT NULL));

-- Name: ix_membership_payment_next_attempt_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_membership_payment_next_attempt_at ON public.membership_payment USING btree (next_attempt_at) WHERE (next_attempt_at IS NOT NULL);

-- Name: ix_membership_renew_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_membership_renew_at ON public.membership USING btree (renew_at) WHERE (renew_at IS NOT NULL);

-- Name: ix_message_decision_campaign_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_message_decision_campaign_key ON public.message_decision USING btree (campaign_key, decided_at) WHERE (campaign_key IS NOT NULL);

-- Name: ix_message_decision_member_id_decided_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_message_decision_member_id_decided_at ON public.message_decision USING btree (member_id, decided_at);

-- Name: ix_message_letter_next_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_message_letter_next_at ON public.message_letter USING btree (next_at) WHERE (state = ANY (ARRAY['queued'::text, 'sending'::text]));

-- Name: ix_message_report_member_id_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_message_report_member_id_occurred_at ON public.message_report USING btree (member_id, occurred_at);

-- Name: ix_offer_appointment_due_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_offer_appointment_due_at ON public.offer_appointment USING btree (due_at);

-- Name: ix_offer_claim_member_id_offer_key; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_offer_claim_member_id_offer_key ON public.offer_claim USING btree (member_id, offer_key, claimed_at);

-- Name: ix_offer_decision_decided_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_offer_decision_decided_at ON public.offer_decision USING btree (decided_at);

-- Name: ix_offer_wakeup_due_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_offer_wakeup_due_at ON public.offer_wakeup USING btree (due_at) WHERE (state = 'waiting'::text);

-- Name: ix_otp_challenge_expires_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_otp_challenge_expires_at ON public.otp_challenge USING btree (expires_at);

-- Name: ix_pass_device_device_library_identifier; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_pass_device_device_library_identifier ON public.pass_device USING btree (device_library_identifier);

-- Name: ix_pass_expires_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_pass_expires_at ON public.pass USING btree (expires_at) WHERE ((voided_at IS NULL) AND (expires_at IS NOT NULL));

-- Name: ix_product_affinity_last_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_product_affinity_last_at ON public.product_affinity USING btree (last_at);

-- Name: ix_programme_version_effective_from; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_programme_version_effective_from ON public.programme_version USING btree (effective_from);

-- Name: ix_purchase_member_id_occurred_at_purchase_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_purchase_member_id_occurred_at_purchase_id ON public.purchase USING btree (member_id, occurred_at, purchase_id);

-- Name: ix_purchase_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_purchase_occurred_at ON public.purchase USING btree (occurred_at);

-- Name: ix_purchase_return_member_id_occurred_at_return_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_purchase_return_member_id_occurred_at_return_id ON public.purchase_return USING btree (member_id, occurred_at, return_id);

-- Name: ix_purchase_store_id_receipt; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_purchase_store_id_receipt ON public.purchase USING btree (store_id, receipt);

-- Name: ix_push_send_next_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_push_send_next_at ON public.push_send USING btree (next_at) WHERE (state = ANY (ARRAY['queued'::text, 'sending'::text]));

-- Name: ix_rate_limit_drains_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_rate_limit_drains_at ON public.rate_limit USING btree (drains_at);

-- Name: ix_redemption_code; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_redemption_code ON public.redemption USING btree (code);

-- Name: ix_redemption_discount_member_id_purchase_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_redemption_discount_member_id_purchase_id ON public.redemption_discount USING btree (member_id, purchase_id);

-- Name: ix_redemption_member_id_redeemed_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_redemption_member_id_redeemed_at ON public.redemption USING btree (member_id, redeemed_at, redemption_id);

-- Name: ix_redemption_ordered; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_redemption_ordered ON public.redemption USING btree (redeemed_at) WHERE (fulfilment = 'ordered'::text);

-- Name: ix_referral_brought_member_id_admitted_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_referral_brought_member_id_admitted_at ON public.referral_brought USING btree (member_id, admitted_at);

-- Name: ix_referral_due_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_referral_due_at ON public.referral USING btree (due_at) WHERE ((state = 'open'::text) AND (due_at IS NOT NULL));

-- Name: ix_referral_expires_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_referral_expires_at ON public.referral USING btree (expires_at) WHERE ((state = ANY (ARRAY['open'::text, 'held'::text])) AND (expires_at IS NOT NULL));

-- Name: ix_referral_mark_kind_digest; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_referral_mark_kind_digest ON public.referral_mark USING btree (kind, digest);

-- Name: ix_referral_state_applied_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_referral_state_applied_at ON public.referral USING btree (state, applied_at);

-- Name: ix_refresh_family_expires_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_refresh_family_expires_at ON public.refresh_family USING btree (expires_at);

-- Name: ix_review_about_subject; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_review_about_subject ON public.review USING btree (about, subject, state);

-- Name: ix_review_state_submitted_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_review_state_submitted_at ON public.review USING btree (state, submitted_at, review_id);

-- Name: ix_reward_code_free; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_reward_code_free ON public.reward_code USING btree (reward_key, code) WHERE (redemption_id IS NULL);

-- Name: ix_reward_reservation_reserved_until; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_reward_reservation_reserved_until ON public.reward_reservation USING btree (reserved_until);

-- Name: ix_rotating_code_use_used_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_rotating_code_use_used_at ON public.rotating_code_use USING btree (used_at);

-- Name: ix_segment_member_inside; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_segment_member_inside ON public.segment_member USING btree (segment_key, member_id) WHERE (left_at IS NULL);

-- Name: ix_support_case_overdue; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_support_case_overdue ON public.support_case USING btree (due_at) WHERE ((overdue_at IS NULL) AND (state <> ALL (ARRAY['resolved'::text, 'closed'::text])));

-- Name: ix_support_case_queue; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_support_case_queue ON public.support_case USING btree (urgency, due_at, case_id) WHERE (state <> ALL (ARRAY['resolved'::text, 'closed'::text]));

-- Name: ix_support_case_resolved_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_support_case_resolved_at ON public.support_case USING btree (resolved_at) WHERE (state = 'resolved'::text);

-- Name: ix_survey_answer_survey_key_answered_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_survey_answer_survey_key_answered_at ON public.survey_answer USING btree (survey_key, answered_at);

-- Name: ix_survey_invitation_closes_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_survey_invitation_closes_at ON public.survey_invitation USING btree (closes_at) WHERE (state = 'open'::text);

-- Name: ix_survey_invitation_opens_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_survey_invitation_opens_at ON public.survey_invitation USING btree (opens_at) WHERE (state = 'waiting'::text);

-- Name: ix_survey_invitation_skipped; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_survey_invitation_skipped ON public.survey_invitation USING btree (due_at) WHERE (state = 'skipped'::text);

-- Name: ix_survey_invitation_survey_key_opened_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_survey_invitation_survey_key_opened_at ON public.survey_invitation USING btree (survey_key, opened_at);

-- Name: ix_sweepstake_entry_reward_key_number; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_sweepstake_entry_reward_key_number ON public.sweepstake_entry USING btree (reward_key, number);

-- Name: ix_taste_due_since; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_taste_due_since ON public.taste USING btree (due_since) WHERE (due_since IS NOT NULL);

-- Name: ix_text_reading_read_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_text_reading_read_at ON public.text_reading USING btree (read_at);

-- Name: ix_text_reading_unread; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_text_reading_unread ON public.text_reading USING btree (read_at) WHERE (model IS NULL);

-- Name: ix_tier_change_member_id_occurred_at; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_tier_change_member_id_occurred_at ON public.tier_change USING btree (member_id, occurred_at);

-- Name: ix_tier_standing_kept_until; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_tier_standing_kept_until ON public.tier_standing USING btree (kept_until) WHERE (kept_until IS NOT NULL);

-- Name: ix_till_hold_due; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_till_hold_due ON public.till_hold USING btree (held_until) WHERE (status = 'open'::text);

-- Name: ix_weather_hour_hour; Type: INDEX; Schema: public; Owner: -

CREATE INDEX ix_weather_hour_hour ON public.weather_hour USING btree (hour);

-- Name: pgqueuer_ep_ea_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_ep_ea_idx ON public.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::public.pgqueuer_status);

-- Name: pgqueuer_ep_prio_id_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_ep_prio_id_idx ON public.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::public.pgqueuer_status);

-- Name: pgqueuer_log_created; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_log_created ON public.pgqueuer_log USING btree (created);

-- Name: pgqueuer_log_job_id_status; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_log_job_id_status ON public.pgqueuer_log USING btree (job_id, created DESC);

-- Name: pgqueuer_log_not_aggregated; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_log_not_aggregated ON public.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

-- Name: pgqueuer_log_status; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_log_status ON public.pgqueuer_log USING btree (status);

-- Name: pgqueuer_picked_heartbeat_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_picked_heartbeat_idx ON public.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::public.pgqueuer_status);

-- Name: pgqueuer_picked_slot_idx; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON public.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::public.pgqueuer_status) AND (slot IS NOT NULL));

-- Name: pgqueuer_priority_id_id1_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_priority_id_id1_idx ON public.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::public.pgqueuer_status);

-- Name: pgqueuer_queue_manager_id_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_queue_manager_id_idx ON public.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

-- Name: pgqueuer_statistics_unique_count; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON public.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

-- Name: pgqueuer_unique_dedupe_key; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON public.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::public.pgqueuer_status, 'picked'::public.pgqueuer_status])) AND (dedupe_key IS NOT NULL));

-- Name: pgqueuer_updated_id_id1_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX pgqueuer_updated_id_id1_idx ON public.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::public.pgqueuer_status);

-- Name: uq_feed_event_shown; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_feed_event_shown ON public.feed_event USING btree (member_id, shown_id, kind);

-- Name: uq_fraud_case_open; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_fraud_case_open ON public.fraud_case USING btree (member_id, rule, subject) WHERE (state = 'open'::text);

-- Name: uq_fraud_case_source; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_fraud_case_source ON public.fraud_case USING btree (member_id, rule, source_id);

-- Name: uq_journey_run_open; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_journey_run_open ON public.journey_run USING btree (member_id, journey_key) WHERE (ended_at IS NULL);

-- Name: uq_message_decision_contact; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_message_decision_contact ON public.message_decision USING btree (member_id, contact_id) WHERE (contact_id IS NOT NULL);

-- Name: uq_offer_decision_fired; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_offer_decision_fired ON public.offer_decision USING btree (member_id, offer_key, occasion) WHERE (outcome = 'fired'::text);

-- Name: uq_offer_decision_refused; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_offer_decision_refused ON public.offer_decision USING btree (member_id, offer_key, occasion, code) WHERE (outcome = 'refused'::text);

-- Name: uq_support_ask_public_review_once; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX uq_support_ask_public_review_once ON public.support_ask USING btree (member_id) WHERE (what = 'public_review'::text);

-- Name: activity_event append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE ON public.activity_event FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: consent_change append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.consent_change FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: contest_result append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.contest_result FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: entry append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.entry FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: evaluation append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.evaluation FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: feed_policy append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.feed_policy FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: feed_promotion append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.feed_promotion FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: ledger_transaction append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.ledger_transaction FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: lot append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE ON public.lot FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: lot_expiry_change append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.lot_expiry_change FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: lot_use append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.lot_use FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: make_good append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.make_good FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: message_decision append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.message_decision FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: message_report append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.message_report FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: programme_version append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.programme_version FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: programme_withdrawal append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.programme_withdrawal FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: purchase append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE ON public.purchase FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: purchase_return append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.purchase_return FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: purchase_return_line append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.purchase_return_line FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: redemption_discount append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.redemption_discount FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: referral_check append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE OF member_id, check_id, referral_id, outcome, actor, decided_at ON public.referral_check FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: reward_stock_change append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.reward_stock_change FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: rfm_cut append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.rfm_cut FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_v1();

-- Name: support_case_step append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.support_case_step FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: surprise_draw append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.surprise_draw FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: sweepstake_draw append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.sweepstake_draw FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: tier_change append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.tier_change FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: trusted_document append_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER append_only_v1 BEFORE DELETE OR UPDATE ON public.trusted_document FOR EACH ROW EXECUTE FUNCTION public.refuse_change_v1();

-- Name: activity_event forgetting_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER forgetting_only_v1 BEFORE UPDATE ON public.activity_event FOR EACH ROW WHEN (((new.properties <> '{}'::jsonb) OR ((to_jsonb(new.*) - 'properties'::text) <> (to_jsonb(old.*) - 'properties'::text)))) EXECUTE FUNCTION public.refuse_change_v1();

-- Name: purchase forgetting_only_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER forgetting_only_v1 BEFORE UPDATE ON public.purchase FOR EACH ROW WHEN (((new.attributes <> '{}'::jsonb) OR ((to_jsonb(new.*) - 'attributes'::text) <> (to_jsonb(old.*) - 'attributes'::text)))) EXECUTE FUNCTION public.refuse_change_v1();

-- Name: entry lots_match_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE CONSTRAINT TRIGGER lots_match_v1 AFTER INSERT ON public.entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.account = ANY (ARRAY['available'::text, 'pending'::text, 'reserved'::text]))) EXECUTE FUNCTION public.ledger_check_lots_v1();

-- Name: lot lots_match_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE CONSTRAINT TRIGGER lots_match_v1 AFTER INSERT OR UPDATE OF remaining, reserved, state ON public.lot DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_check_lots_v1();

-- Name: lot origin_fixed_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER origin_fixed_v1 BEFORE UPDATE ON public.lot FOR EACH ROW WHEN ((((((((((((old.member_id IS DISTINCT FROM new.member_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.transaction_id IS DISTINCT FROM new.transaction_id)) OR (old.source IS DISTINCT FROM new.source)) OR (old.purchase_id IS DISTINCT FROM new.purchase_id)) OR (old.line IS DISTINCT FROM new.line)) OR (old.original IS DISTINCT FROM new.original)) OR (old.earned_at IS DISTINCT FROM new.earned_at)) OR (old.activates_at IS DISTINCT FROM new.activates_at)) OR ((old.state = 'active'::text) AND (new.state = 'pending'::text)))) EXECUTE FUNCTION public.refuse_change_v1();

-- Name: pgqueuer tg_pgqueuer_changed; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.pgqueuer FOR EACH STATEMENT EXECUTE FUNCTION public.fn_pgqueuer_changed();

-- Name: referral_check words_only_go_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER words_only_go_v1 BEFORE UPDATE OF reason ON public.referral_check FOR EACH ROW WHEN (((new.reason <> ''::text) OR (old.outcome <> ALL (ARRAY['approved'::text, 'rejected'::text])))) EXECUTE FUNCTION public.refuse_change_v1();

-- Name: entry zero_sum_v1; Type: TRIGGER; Schema: public; Owner: -

CREATE CONSTRAINT TRIGGER zero_sum_v1 AFTER INSERT ON public.entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_check_zero_sum_v1();

-- Name: auto_reward_issue fk_auto_reward_issue_member_id_redemption; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.auto_reward_issue
    ADD CONSTRAINT fk_auto_reward_issue_member_id_redemption FOREIGN KEY (member_id, redemption_id) REFERENCES public.redemption(member_id, redemption_id);

-- Name: budget_notice fk_budget_notice_pot_period; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_notice
    ADD CONSTRAINT fk_budget_notice_pot_period FOREIGN KEY (pot, period) REFERENCES public.budget_pot(pot, period);

-- Name: budget_slice fk_budget_slice_pot_period; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.budget_slice
    ADD CONSTRAINT fk_budget_slice_pot_period FOREIGN KEY (pot, period) REFERENCES public.budget_pot(pot, period);

-- Name: closing_batch fk_closing_batch_step; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_batch
    ADD CONSTRAINT fk_closing_batch_step FOREIGN KEY (day, step) REFERENCES public.closing_step(day, step);

-- Name: closing_step fk_closing_step_day; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.closing_step
    ADD CONSTRAINT fk_closing_step_day FOREIGN KEY (day) REFERENCES public.closing_day(day);

-- Name: consent_change fk_consent_change_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.consent_change
    ADD CONSTRAINT fk_consent_change_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: contest_entry fk_contest_entry_member_id_member_picture; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.contest_entry
    ADD CONSTRAINT fk_contest_entry_member_id_member_picture FOREIGN KEY (member_id, picture_id) REFERENCES public.member_picture(member_id, picture_id);

-- Name: entry fk_entry_chain; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT fk_entry_chain FOREIGN KEY (member_id, currency, account, previous_version, balance_before) REFERENCES public.entry(member_id, currency, account, account_version, balance_after);

-- Name: entry fk_entry_member_id_transaction_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT fk_entry_member_id_transaction_id FOREIGN KEY (member_id, transaction_id) REFERENCES public.ledger_transaction(member_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Name: google_card fk_google_card_member_id_serial; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.google_card
    ADD CONSTRAINT fk_google_card_member_id_serial FOREIGN KEY (member_id, serial) REFERENCES public.pass(member_id, serial) ON DELETE CASCADE;

-- Name: ledger_transaction fk_ledger_transaction_member_id_reverses; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.ledger_transaction
    ADD CONSTRAINT fk_ledger_transaction_member_id_reverses FOREIGN KEY (member_id, reverses) REFERENCES public.ledger_transaction(member_id, id);

-- Name: lot_expiry_change fk_lot_expiry_change_member_id_lot_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_expiry_change
    ADD CONSTRAINT fk_lot_expiry_change_member_id_lot_id FOREIGN KEY (member_id, lot_id) REFERENCES public.lot(member_id, id);

-- Name: lot_expiry_change fk_lot_expiry_change_member_id_transaction_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_expiry_change
    ADD CONSTRAINT fk_lot_expiry_change_member_id_transaction_id FOREIGN KEY (member_id, transaction_id) REFERENCES public.ledger_transaction(member_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Name: lot fk_lot_member_id_transaction_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot
    ADD CONSTRAINT fk_lot_member_id_transaction_id FOREIGN KEY (member_id, transaction_id) REFERENCES public.ledger_transaction(member_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Name: lot_use fk_lot_use_member_id_lot_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_use
    ADD CONSTRAINT fk_lot_use_member_id_lot_id FOREIGN KEY (member_id, lot_id) REFERENCES public.lot(member_id, id);

-- Name: lot_use fk_lot_use_member_id_transaction_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.lot_use
    ADD CONSTRAINT fk_lot_use_member_id_transaction_id FOREIGN KEY (member_id, transaction_id) REFERENCES public.ledger_transaction(member_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Name: member_consent fk_member_consent_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_consent
    ADD CONSTRAINT fk_member_consent_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: member_contact fk_member_contact_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_contact
    ADD CONSTRAINT fk_member_contact_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: member_pin fk_member_pin_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_pin
    ADD CONSTRAINT fk_member_pin_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: member_profile fk_member_profile_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.member_profile
    ADD CONSTRAINT fk_member_profile_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: membership_payment fk_membership_payment_term; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.membership_payment
    ADD CONSTRAINT fk_membership_payment_term FOREIGN KEY (member_id, term_id) REFERENCES public.membership_term(member_id, term_id);

-- Name: pass_device fk_pass_device_member_id_serial; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.pass_device
    ADD CONSTRAINT fk_pass_device_member_id_serial FOREIGN KEY (member_id, serial) REFERENCES public.pass(member_id, serial) ON DELETE CASCADE;

-- Name: programme_withdrawal fk_programme_withdrawal_version_programme_version; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.programme_withdrawal
    ADD CONSTRAINT fk_programme_withdrawal_version_programme_version FOREIGN KEY (version) REFERENCES public.programme_version(version);

-- Name: purchase_line fk_purchase_line_member_id_purchase_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_line
    ADD CONSTRAINT fk_purchase_line_member_id_purchase_id FOREIGN KEY (member_id, purchase_id) REFERENCES public.purchase(member_id, purchase_id);

-- Name: purchase_return_line fk_purchase_return_line_member_id_purchase_id_line_number; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_return_line
    ADD CONSTRAINT fk_purchase_return_line_member_id_purchase_id_line_number FOREIGN KEY (member_id, purchase_id, line_number) REFERENCES public.purchase_line(member_id, purchase_id, line_number);

-- Name: purchase_return_line fk_purchase_return_line_member_id_return_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_return_line
    ADD CONSTRAINT fk_purchase_return_line_member_id_return_id FOREIGN KEY (member_id, return_id) REFERENCES public.purchase_return(member_id, return_id);

-- Name: purchase_return fk_purchase_return_member_id_purchase_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.purchase_return
    ADD CONSTRAINT fk_purchase_return_member_id_purchase_id FOREIGN KEY (member_id, purchase_id) REFERENCES public.purchase(member_id, purchase_id);

-- Name: redemption_delivery fk_redemption_delivery_member_id_redemption; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.redemption_delivery
    ADD CONSTRAINT fk_redemption_delivery_member_id_redemption FOREIGN KEY (member_id, redemption_id) REFERENCES public.redemption(member_id, redemption_id);

-- Name: redemption_discount fk_redemption_discount_member_id_redemption; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.redemption_discount
    ADD CONSTRAINT fk_redemption_discount_member_id_redemption FOREIGN KEY (member_id, redemption_id) REFERENCES public.redemption(member_id, redemption_id);

-- Name: refresh_token fk_refresh_token_member_id_family_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT fk_refresh_token_member_id_family_id FOREIGN KEY (member_id, family_id) REFERENCES public.refresh_family(member_id, family_id) ON DELETE CASCADE;

-- Name: review fk_review_member_id_member_picture; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.review
    ADD CONSTRAINT fk_review_member_id_member_picture FOREIGN KEY (member_id, picture_id) REFERENCES public.member_picture(member_id, picture_id);

-- Name: rotating_code_use fk_rotating_code_use_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.rotating_code_use
    ADD CONSTRAINT fk_rotating_code_use_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: spend_authorisation fk_spend_authorisation_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.spend_authorisation
    ADD CONSTRAINT fk_spend_authorisation_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: till_hold fk_till_hold_member_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.till_hold
    ADD CONSTRAINT fk_till_hold_member_id FOREIGN KEY (member_id) REFERENCES public.member(member_id);

-- Name: till_hold_reward fk_till_hold_reward_member_id_hold_id; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.till_hold_reward
    ADD CONSTRAINT fk_till_hold_reward_member_id_hold_id FOREIGN KEY (member_id, hold_id) REFERENCES public.till_hold(member_id, hold_id);

-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -

GRANT USAGE ON SCHEMA public TO fedele_app;

-- Name: TABLE budget_use; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.budget_use TO fedele_app;

-- Name: TABLE activity_event; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.activity_event TO fedele_app;

-- Name: COLUMN activity_event.properties; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(properties) ON TABLE public.activity_event TO fedele_app;

-- Name: TABLE api_key; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_key TO fedele_app;

-- Name: TABLE auto_reward_choice; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auto_reward_choice TO fedele_app;

-- Name: TABLE auto_reward_issue; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auto_reward_issue TO fedele_app;

-- Name: TABLE award; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.award TO fedele_app;

-- Name: COLUMN award.clawed_back_units; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(clawed_back_units) ON TABLE public.award TO fedele_app;

-- Name: TABLE budget_notice; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.budget_notice TO fedele_app;

-- Name: TABLE budget_pot; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.budget_pot TO fedele_app;

-- Name: TABLE budget_slice; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.budget_slice TO fedele_app;

-- Name: TABLE card_code; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_code TO fedele_app;

-- Name: TABLE challenge_award; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.challenge_award TO fedele_app;

-- Name: TABLE challenge_contribution; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.challenge_contribution TO fedele_app;

-- Name: TABLE challenge_joining; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.challenge_joining TO fedele_app;

-- Name: TABLE closing_batch; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closing_batch TO fedele_app;

-- Name: TABLE closing_day; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closing_day TO fedele_app;

-- Name: TABLE closing_failure; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closing_failure TO fedele_app;

-- Name: TABLE closing_step; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.closing_step TO fedele_app;

-- Name: TABLE consent_change; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.consent_change TO fedele_app;

-- Name: TABLE contest_entry; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contest_entry TO fedele_app;

-- Name: TABLE contest_result; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.contest_result TO fedele_app;

-- Name: TABLE contest_vote; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contest_vote TO fedele_app;

-- Name: TABLE entry; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.entry TO fedele_app;

-- Name: TABLE evaluation; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.evaluation TO fedele_app;

-- Name: TABLE expiry_announcement; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.expiry_announcement TO fedele_app;

-- Name: TABLE expiry_tier; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.expiry_tier TO fedele_app;

-- Name: TABLE feed_event; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.feed_event TO fedele_app;

-- Name: TABLE feed_policy; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.feed_policy TO fedele_app;

-- Name: TABLE feed_promotion; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.feed_promotion TO fedele_app;

-- Name: TABLE fraud_case; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.fraud_case TO fedele_app;

-- Name: TABLE fraud_sighting; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.fraud_sighting TO fedele_app;

-- Name: TABLE gathering_place; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.gathering_place TO fedele_app;

-- Name: TABLE gathering_seat; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.gathering_seat TO fedele_app;

-- Name: TABLE geofence; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geofence TO fedele_app;

-- Name: TABLE geofence_build; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.geofence_build TO fedele_app;

-- Name: TABLE google_callback; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.google_callback TO fedele_app;

-- Name: TABLE google_card; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.google_card TO fedele_app;

-- Name: TABLE in_app_message; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.in_app_message TO fedele_app;

-- Name: TABLE journey_pause; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.journey_pause TO fedele_app;

-- Name: TABLE journey_run; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.journey_run TO fedele_app;

-- Name: TABLE journey_visit; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE ON TABLE public.journey_visit TO fedele_app;

-- Name: TABLE ledger_checkpoint; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.ledger_checkpoint TO fedele_app;

-- Name: TABLE ledger_programme_balance; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_programme_balance TO fedele_app;

-- Name: TABLE ledger_transaction; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.ledger_transaction TO fedele_app;

-- Name: TABLE lot; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.lot TO fedele_app;

-- Name: COLUMN lot.remaining; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(remaining) ON TABLE public.lot TO fedele_app;

-- Name: COLUMN lot.reserved; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(reserved) ON TABLE public.lot TO fedele_app;

-- Name: COLUMN lot.state; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(state) ON TABLE public.lot TO fedele_app;

-- Name: COLUMN lot.expires_at; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(expires_at) ON TABLE public.lot TO fedele_app;

-- Name: TABLE lot_expiry_change; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.lot_expiry_change TO fedele_app;

-- Name: TABLE lot_use; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.lot_use TO fedele_app;

-- Name: TABLE make_good; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.make_good TO fedele_app;

-- Name: TABLE member; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member TO fedele_app;

-- Name: TABLE member_badge; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_badge TO fedele_app;

-- Name: TABLE member_consent; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_consent TO fedele_app;

-- Name: TABLE member_contact; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_contact TO fedele_app;

-- Name: TABLE member_facts; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_facts TO fedele_app;

-- Name: TABLE member_identity; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_identity TO fedele_app;

-- Name: TABLE member_picture; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_picture TO fedele_app;

-- Name: TABLE member_pin; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_pin TO fedele_app;

-- Name: TABLE member_position; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_position TO fedele_app;

-- Name: TABLE member_profile; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_profile TO fedele_app;

-- Name: TABLE member_version; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member_version TO fedele_app;

-- Name: TABLE membership; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.membership TO fedele_app;

-- Name: TABLE membership_method; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.membership_method TO fedele_app;

-- Name: TABLE membership_payment; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.membership_payment TO fedele_app;

-- Name: TABLE membership_term; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.membership_term TO fedele_app;

-- Name: TABLE message_address_block; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_address_block TO fedele_app;

-- Name: TABLE message_campaign_run; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_campaign_run TO fedele_app;

-- Name: TABLE message_decision; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.message_decision TO fedele_app;

-- Name: TABLE message_letter; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_letter TO fedele_app;

-- Name: TABLE message_report; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.message_report TO fedele_app;

-- Name: TABLE offer_appointment; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_appointment TO fedele_app;

-- Name: TABLE offer_claim; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_claim TO fedele_app;

-- Name: TABLE offer_decision; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_decision TO fedele_app;

-- Name: TABLE offer_standing; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_standing TO fedele_app;

-- Name: TABLE offer_total; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_total TO fedele_app;

-- Name: TABLE offer_wakeup; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offer_wakeup TO fedele_app;

-- Name: TABLE offline_sale; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.offline_sale TO fedele_app;

-- Name: TABLE otp_challenge; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.otp_challenge TO fedele_app;

-- Name: TABLE outbox; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO fedele_app;

-- Name: TABLE pass; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE ON TABLE public.pass TO fedele_app;

-- Name: COLUMN pass.update_tag; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(update_tag) ON TABLE public.pass TO fedele_app;

-- Name: COLUMN pass.content_digest; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(content_digest) ON TABLE public.pass TO fedele_app;

-- Name: COLUMN pass.updated_at; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(updated_at) ON TABLE public.pass TO fedele_app;

-- Name: COLUMN pass.voided_at; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(voided_at) ON TABLE public.pass TO fedele_app;

-- Name: COLUMN pass.expires_at; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(expires_at) ON TABLE public.pass TO fedele_app;

-- Name: TABLE pass_device; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pass_device TO fedele_app;

-- Name: TABLE pgqueuer; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pgqueuer TO fedele_app;

-- Name: SEQUENCE pgqueuer_id_seq; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.pgqueuer_id_seq TO fedele_app;

-- Name: TABLE pgqueuer_log; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pgqueuer_log TO fedele_app;

-- Name: SEQUENCE pgqueuer_log_id_seq; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.pgqueuer_log_id_seq TO fedele_app;

-- Name: TABLE pgqueuer_schedules; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pgqueuer_schedules TO fedele_app;

-- Name: SEQUENCE pgqueuer_schedules_id_seq; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.pgqueuer_schedules_id_seq TO fedele_app;

-- Name: TABLE pgqueuer_statistics; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pgqueuer_statistics TO fedele_app;

-- Name: SEQUENCE pgqueuer_statistics_id_seq; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.pgqueuer_statistics_id_seq TO fedele_app;

-- Name: TABLE product; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.product TO fedele_app;

-- Name: TABLE product_affinity; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.product_affinity TO fedele_app;

-- Name: TABLE product_cost; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.product_cost TO fedele_app;

-- Name: TABLE product_neighbour; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.product_neighbour TO fedele_app;

-- Name: TABLE product_popularity; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.product_popularity TO fedele_app;

-- Name: TABLE programme_version; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.programme_version TO fedele_app;

-- Name: TABLE programme_withdrawal; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.programme_withdrawal TO fedele_app;

-- Name: TABLE purchase; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.purchase TO fedele_app;

-- Name: COLUMN purchase.attributes; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(attributes) ON TABLE public.purchase TO fedele_app;

-- Name: TABLE purchase_line; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.purchase_line TO fedele_app;

-- Name: COLUMN purchase_line.returned_quantity; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(returned_quantity) ON TABLE public.purchase_line TO fedele_app;

-- Name: COLUMN purchase_line.attributes; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(attributes) ON TABLE public.purchase_line TO fedele_app;

-- Name: TABLE purchase_return; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.purchase_return TO fedele_app;

-- Name: TABLE purchase_return_line; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.purchase_return_line TO fedele_app;

-- Name: TABLE push_send; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.push_send TO fedele_app;

-- Name: TABLE push_target; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.push_target TO fedele_app;

-- Name: TABLE push_target_owner; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.push_target_owner TO fedele_app;

-- Name: TABLE rate_limit; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rate_limit TO fedele_app;

-- Name: TABLE redemption; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.redemption TO fedele_app;

-- Name: TABLE redemption_delivery; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.redemption_delivery TO fedele_app;

-- Name: TABLE redemption_discount; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.redemption_discount TO fedele_app;

-- Name: TABLE referral; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral TO fedele_app;

-- Name: TABLE referral_brought; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral_brought TO fedele_app;

-- Name: TABLE referral_check; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.referral_check TO fedele_app;

-- Name: COLUMN referral_check.reason; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(reason) ON TABLE public.referral_check TO fedele_app;

-- Name: TABLE referral_code; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral_code TO fedele_app;

-- Name: TABLE referral_code_owner; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral_code_owner TO fedele_app;

-- Name: TABLE referral_mark; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral_mark TO fedele_app;

-- Name: TABLE refresh_family; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_family TO fedele_app;

-- Name: TABLE refresh_token; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_token TO fedele_app;

-- Name: TABLE request; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.request TO fedele_app;

-- Name: TABLE review; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.review TO fedele_app;

-- Name: TABLE reward_code; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reward_code TO fedele_app;

-- Name: TABLE reward_reservation; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reward_reservation TO fedele_app;

-- Name: TABLE reward_stock; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reward_stock TO fedele_app;

-- Name: TABLE reward_stock_change; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.reward_stock_change TO fedele_app;

-- Name: TABLE rfm_cut; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.rfm_cut TO fedele_app;

-- Name: TABLE rotating_code_use; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rotating_code_use TO fedele_app;

-- Name: TABLE rule_usage; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rule_usage TO fedele_app;

-- Name: TABLE schedule; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedule TO fedele_app;

-- Name: TABLE schema_version; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.schema_version TO fedele_app;

-- Name: TABLE segment_member; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.segment_member TO fedele_app;

-- Name: TABLE segment_refresh; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.segment_refresh TO fedele_app;

-- Name: TABLE spend_authorisation; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.spend_authorisation TO fedele_app;

-- Name: TABLE support_ask; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.support_ask TO fedele_app;

-- Name: TABLE support_case; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.support_case TO fedele_app;

-- Name: TABLE support_case_note; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.support_case_note TO fedele_app;

-- Name: TABLE support_case_step; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.support_case_step TO fedele_app;

-- Name: TABLE surprise_day; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.surprise_day TO fedele_app;

-- Name: TABLE surprise_draw; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.surprise_draw TO fedele_app;

-- Name: TABLE survey_answer; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.survey_answer TO fedele_app;

-- Name: TABLE survey_draft; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.survey_draft TO fedele_app;

-- Name: TABLE survey_invitation; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.survey_invitation TO fedele_app;

-- Name: TABLE sweepstake; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sweepstake TO fedele_app;

-- Name: TABLE sweepstake_draw; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.sweepstake_draw TO fedele_app;

-- Name: TABLE sweepstake_entry; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sweepstake_entry TO fedele_app;

-- Name: TABLE taste; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.taste TO fedele_app;

-- Name: TABLE text_reading; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.text_reading TO fedele_app;

-- Name: TABLE tier_change; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.tier_change TO fedele_app;

-- Name: TABLE tier_counter; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tier_counter TO fedele_app;

-- Name: TABLE tier_grant; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tier_grant TO fedele_app;

-- Name: TABLE tier_standing; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tier_standing TO fedele_app;

-- Name: TABLE till_hold; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.till_hold TO fedele_app;

-- Name: TABLE till_hold_reward; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.till_hold_reward TO fedele_app;

-- Name: TABLE trusted_document; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT ON TABLE public.trusted_document TO fedele_app;

-- Name: TABLE weather_hour; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.weather_hour TO fedele_app;

-- Name: TABLE worker; Type: ACL; Schema: public; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.worker TO fedele_app;

-- Name: DEFAULT PRIVILEGES FOR SEQUENCES; Type: DEFAULT ACL; Schema: public; Owner: -

ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO fedele_app;

-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: public; Owner: -

ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES TO fedele_app;
