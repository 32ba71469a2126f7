-- Keep what each rule gave, with the lines it came from and the ledger's transaction of its currency, and the trace.
--   p_awards [{id, rule, currency, units, line_numbers, line_units, line_micros, periods, operation}]
-- operation: index in p_posted; none where a rule that rounds at the balance gave no whole unit yet. line_micros: the exact
-- millionths of a unit per line of such a rule, so that a return takes them from what is carried; else empty.
CREATE FUNCTION award_v2(
    p_member_id uuid, p_source_kind text, p_source_id uuid, p_at timestamptz, p_programme_version integer,
    p_awards jsonb, p_trace jsonb, p_posted jsonb
) RETURNS void LANGUAGE plpgsql AS $$
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
