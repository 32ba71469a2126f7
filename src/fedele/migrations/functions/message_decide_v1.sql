-- Write down what the governor ruled, a row a message and channel, and hold its ruling to consent and budget once more
-- in the statement that records it: whoever calls, however they raced, a message without consent or beyond the last
-- free place of the member's budget is recorded as held back. Answers every row as it stands; what was decided before
-- is not decided again (`fresh` is false).
--
-- p_rows: an array of objects with the names below. A ruling of 'suppressed' is written as it is. The limits come from
-- the programme: day_from and day_until are the member's calendar day of the sending as instants.
CREATE FUNCTION message_decide_v1(p_rows jsonb, p_now timestamptz)
RETURNS TABLE (ordinal bigint, contact_id uuid, outcome text, reason text, send_at timestamptz, fresh boolean)
LANGUAGE plpgsql
-- Planned once: planning this statement anew for each row costs several times what running it does.
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    r record;
    v_stored record;
BEGIN
    -- In the order of ids, so that two batches never wait for each other in a circle.
    PERFORM member_lock_v1(locked.member_id)
       FROM (SELECT DISTINCT member_id FROM jsonb_to_recordset(p_rows) AS x (member_id uuid) ORDER BY 1) AS locked;
    FOR r IN
        SELECT * FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (
            member_id uuid, source_id uuid, template_key text, channel text, purpose text, contact_id uuid,
            outcome text, reason text, send_at timestamptz, priority text, campaign_key text, variant text,
            exclusive_group text, exclusive_from timestamptz, details jsonb, counted boolean,
            day_from timestamptz, day_until timestamptz, day_max int, week_max int, channel_day_max int,
            channel_week_max int)) WITH ORDINALITY
    LOOP
        WITH used AS (
            SELECT d.channel, coalesce(d.send_at, d.decided_at) AS leaves_at, d.exclusive_group,
                   d.source_id = r.source_id AND d.template_key = r.template_key AS itself
              FROM message_decision d
             WHERE r.counted AND r.outcome <> 'suppressed' AND d.member_id = r.member_id
               AND d.outcome <> 'suppressed' AND d.channel <> 'in_app'
               AND d.decided_at > p_now - interval '62 days'
        ), counts AS (
            SELECT count(*) FILTER (WHERE leaves_at >= r.day_from AND leaves_at < r.day_until) AS today,
                   count(*) FILTER (WHERE leaves_at >= r.day_from AND leaves_at < r.day_until
                                      AND channel = r.channel) AS channel_today,
                   count(*) FILTER (WHERE near) AS week,
                   count(*) FILTER (WHERE near AND channel = r.channel) AS channel_week,
                   count(*) FILTER (WHERE exclusive_group = r.exclusive_group AND leaves_at > r.exclusive_from
                                      AND NOT itself)
                       AS exclusive
              FROM used, LATERAL (SELECT abs(extract(epoch FROM leaves_at - coalesce(r.send_at, p_now))) < 604800
                                         AS near) AS weekly
        ), judged AS (
            SELECT CASE WHEN r.outcome = 'suppressed' THEN r.reason
                        WHEN NOT EXISTS (SELECT 1 FROM member m
                                          WHERE m.member_id = r.member_id AND m.status = 'active') THEN 'member_gone'
                        WHEN r.purpose <> 'service' AND r.channel <> 'in_app' AND NOT EXISTS (
                             SELECT 1 FROM member_consent c WHERE c.member_id = r.member_id AND c.purpose = r.purpose
                                AND c.channel = r.channel AND c.granted) THEN 'no_consent'
                        WHEN r.purpose <> 'service' AND r.channel = 'in_app' AND EXISTS (
                             SELECT 1 FROM member_consent c WHERE c.member_id = r.member_id AND c.purpose = r.purpose
                                AND c.channel = 'in_app' AND NOT c.granted) THEN 'no_consent'
                        WHEN r.counted AND counts.exclusive > 0 THEN 'exclusive'
                        WHEN r.counted AND counts.today >= r.day_max THEN 'daily_cap'
                        WHEN r.counted AND counts.week >= r.week_max THEN 'weekly_cap'
                        WHEN r.counted AND (counts.channel_today >= r.channel_day_max
                                            OR counts.channel_week >= r.channel_week_max) THEN 'channel_cap'
                   END AS refusal
              FROM counts
        )
        INSERT INTO message_decision AS d (member_id, source_id, template_key, channel, purpose, outcome, reason,
                                           decided_at, send_at, contact_id, priority, campaign_key, variant,
                                           exclusive_group, details)
        SELECT r.member_id, r.source_id, r.template_key, r.channel, r.purpose,
               CASE WHEN judged.refusal IS NULL THEN r.outcome ELSE 'suppressed' END,
               coalesce(judged.refusal, r.reason), p_now,
               CASE WHEN judged.refusal IS NULL THEN r.send_at END, r.contact_id, r.priority, r.campaign_key,
               r.variant, r.exclusive_group, coalesce(r.details, '{}')
          FROM judged
        ON CONFLICT DO NOTHING
        RETURNING d.contact_id, d.outcome, d.reason, d.send_at INTO v_stored;
        fresh := FOUND;
        IF NOT fresh THEN
            SELECT d.contact_id, d.outcome, d.reason, d.send_at INTO v_stored FROM message_decision d
             WHERE d.member_id = r.member_id AND d.source_id = r.source_id AND d.template_key = r.template_key
               AND d.channel = r.channel;
        END IF;
        ordinal := r.ordinality;
        contact_id := v_stored.contact_id;
        outcome := v_stored.outcome;
        reason := v_stored.reason;
        send_at := v_stored.send_at;
        RETURN NEXT;
    END LOOP;
END
$$;
