-- Take one from a leaky bucket that holds p_burst and drains wholly in p_seconds (GCRA: one timestamp a bucket).
-- Answers 0 when taken, otherwise the whole seconds to wait. The row lock makes concurrent takers queue, so no more
-- than p_burst ever pass at once. A refused attempt takes nothing: waiting as told is always enough.
CREATE FUNCTION rate_limit_take_v1(p_digest bytea, p_burst integer, p_seconds integer, p_now timestamptz)
RETURNS integer
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
