-- Count an attempt at a member's PIN before it is compared, so that parallel guesses cannot outrun the count. Answers
-- {"hash"}: compare, and set failures to 0 if it is right; {"locked_until"}: no attempt; NULL: no PIN was set.
-- The attempt that reaches p_attempts_max still compares; the next finds the lock.
CREATE FUNCTION pin_attempt_v1(p_member_id uuid, p_attempts_max integer, p_lock_minutes integer, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
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
