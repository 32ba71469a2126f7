-- Take the member's row lock until the end of the transaction; answers the member's version.
CREATE FUNCTION member_lock_v1(p_member_id uuid) RETURNS bigint LANGUAGE plpgsql AS $$
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
