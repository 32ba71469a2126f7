-- Write down what the governor ruled, a row a message and channel, and hold its ruling to consent and budget once more
-- in the statement that records it: whoever calls, however they raced, a message without consent or beyond the last
-- free place of the member's budget is recorded as held back. Answers every row as it stands; what was decided before
-- is not decided again (`fresh` is false).
--
-- p_rows: an array of objects with the names below. A ruling of 'suppressed' is written as it is. The limits come from
-- the programme: day_from and day_until are the member's calendar day of the sending as instants.
--
-- One statement a round, for all members at once: the first message of everybody that takes a place in a budget, then
-- the second, which sees the first. What takes no place goes with the first round.
CREATE FUNCTION message_decide_v2(p_rows jsonb, p_now timestamptz)
RETURNS TABLE (ordinal bigint, contact_id uuid, outcome text, reason text, send_at timestamptz, fresh boolean)
LANGUAGE plpgsql
-- Planned once: planning anew for each round costs more than running it.
SET plan_cache_mode = force_generic_plan AS $$
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
