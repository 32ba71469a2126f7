-- Let members enter and leave a segment: their stint, the copy on their facts, and whether it is to be announced.
-- The caller holds the lock of their member_facts rows and has judged them under it, so that each change happens once.
-- Answers those to announce, which the caller publishes; everybody else's version is raised here, since what their
-- phones have cached is outdated all the same.
CREATE FUNCTION segment_move_v1(
    p_segment text, p_entering uuid[], p_leaving uuid[], p_at timestamptz, p_window interval, p_quiet boolean
) RETURNS TABLE (member_id uuid, entered boolean) LANGUAGE plpgsql AS $$
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
