-- The programme's balance per currency and account: the newest checkpoint plus every entry since. No row is hot.
CREATE VIEW ledger_programme_balance AS
WITH latest AS (SELECT max(until_id::text)::uuid AS until_id FROM ledger_checkpoint)
SELECT currency, account, sum(total)::bigint AS total FROM (
    SELECT currency, account, total FROM ledger_checkpoint JOIN latest USING (until_id)
    UNION ALL
    SELECT currency, account, sum(amount) FROM entry
    WHERE id >= coalesce((SELECT until_id FROM latest), '00000000-0000-0000-0000-000000000000')
    GROUP BY currency, account
) AS parts GROUP BY currency, account;

-- Fold everything up to p_until into a new checkpoint. Entry ids carry the server's clock, but transactions commit in another
-- order: p_until lies at least an hour back, longer than any transaction may live, so that nothing appears behind it.
CREATE FUNCTION ledger_checkpoint_v1(p_until timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
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
