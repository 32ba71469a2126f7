-- The end of every operation at the till: qualifying counters, the use of capped rules, the tier, benefits used up, the
-- announcements, and the answer that retries will get. p_change's parts (each may be missing):
--   usage    [{rule, period, units, times}]          counters [{counter, day, amount}]     at  the event's own time
--   standing {tier, since, kept_until}: the tier row from now on
--   tier_changes [{id, from, to, reason, occurred_at, kept_until}]
--   claims   [uuid]  claims of offers used up by purchase `source_id`
--   events   [{id, kind, payload, occurred_at}]      response {…}: ids and amounts only
-- p_posted is what ledger_run_v1 answered: its results tell what each currency touched has left to spend, and its events
-- are announced with those of the till, so that one operation raises the member's version once.
CREATE FUNCTION checkout_end_v2(
    p_member_id uuid, p_scope text, p_key text, p_now timestamptz, p_change jsonb, p_posted jsonb, p_quiet boolean
) RETURNS jsonb LANGUAGE plpgsql AS $$
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
