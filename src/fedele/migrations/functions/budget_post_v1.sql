-- Tell staff, once a pot and line, that 50, 80 or 100 % of a budget is gone; 100: what is left pays for no further use.
CREATE FUNCTION budget_notice_v1(p_member_id uuid, p_now timestamptz, p_pot text, p_period text) RETURNS integer
LANGUAGE plpgsql AS $$
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

-- A use keeps only p_kept of its money; the rest goes back to the pot. `taken_minor` is what returns count from: what it
-- was worth when it was used.
CREATE FUNCTION budget_keep_v1(p_use budget_use, p_kept bigint, p_state text, p_source_id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget_use
       SET amount_minor = p_kept, state = p_state, source_id = coalesce(p_source_id, source_id),
           taken_minor = CASE WHEN state = 'reserved' AND p_state = 'used' THEN p_kept ELSE taken_minor END
     WHERE member_id = p_use.member_id AND use_id = p_use.use_id AND pot = p_use.pot;
    PERFORM budget_give_v1(p_use.pot, p_use.period, p_use.amount_minor - p_kept);
END
$$;

-- What one member's operations do to pots, all or none, inside the caller's transaction, which holds the member's lock.
--   take     use_id, pot, period, money_minor, version, amount_minor, least_minor, until?, source_id?
--            once per (use_id, pot); reserved until `until`, or used at once
--   confirm  use_id, source_id, amount_minor?: a reservation is used, for less if it came cheaper
--   release  use_id: a reservation, or a use that was taken back whole
--   return   source_id: keep of each use what the awards, or the lines, of that purchase still justify
-- Raises FB001 when what is left does not pay: decide again. Pots are locked in the order of their keys.
CREATE FUNCTION budget_post_v1(p_member_id uuid, p_now timestamptz, p_operations jsonb) RETURNS void LANGUAGE plpgsql AS $$
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

-- Lines of a purchase came back: of a rule's or a boost's use keep the share of its units that was not clawed back, of
-- any other use (a discount) the share of the money that stayed. Counted from the whole, so that the order and number
-- of returns makes no difference, and a full return gives all of it back.
CREATE FUNCTION budget_return_v1(p_member_id uuid, p_source_id uuid) RETURNS void LANGUAGE plpgsql AS $$
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

-- What follows a till's own call, in the same statement and so in the same transaction: if it was done just now, its
-- budgets are taken. A sale that was answered before, refused or decided on an old state takes nothing.
CREATE FUNCTION budget_after_v1(p_reply jsonb, p_member_id uuid, p_now timestamptz, p_operations jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF p_reply ->> 'status' = 'done' AND jsonb_typeof(p_operations) = 'array' THEN
        PERFORM budget_post_v1(p_member_id, p_now, p_operations);
    END IF;
    RETURN p_reply;
END
$$;
