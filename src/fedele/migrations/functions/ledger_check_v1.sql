-- Deferred: the legs of this entry's transaction sum to zero in its currency.
CREATE FUNCTION ledger_check_zero_sum_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_sum numeric;
BEGIN
    SELECT sum(amount) INTO v_sum FROM entry
    WHERE member_id = NEW.member_id AND transaction_id = NEW.transaction_id AND currency = NEW.currency;
    IF v_sum <> 0 THEN
        RAISE EXCEPTION 'the entries of transaction % sum to % % instead of zero', NEW.transaction_id, v_sum, NEW.currency
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'zero_sum_v1';
    END IF;
    RETURN NULL;
END
$$;

-- Deferred, on entries and on lots: the lots of this member and currency hold what the accounts say.
CREATE FUNCTION ledger_check_lots_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_available numeric;
    v_pending numeric;
    v_reserved numeric;
BEGIN
    SELECT coalesce(sum(remaining) FILTER (WHERE state = 'active'), 0), coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0),
        coalesce(sum(reserved), 0)
    INTO v_available, v_pending, v_reserved FROM lot
    WHERE member_id = NEW.member_id AND currency = NEW.currency AND (remaining > 0 OR reserved > 0);
    IF (v_available, v_pending, v_reserved) IS DISTINCT FROM (
        ledger_balance_v1(NEW.member_id, NEW.currency, 'available')::numeric,
        ledger_balance_v1(NEW.member_id, NEW.currency, 'pending')::numeric,
        ledger_balance_v1(NEW.member_id, NEW.currency, 'reserved')::numeric
    ) THEN
        RAISE EXCEPTION 'the lots of a member hold %, % and % % (available, pending, reserved); the accounts say otherwise',
            v_available, v_pending, v_reserved, NEW.currency
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'lots_match_v1';
    END IF;
    RETURN NULL;
END
$$;

-- The balance of one account: that of its newest entry.
CREATE FUNCTION ledger_balance_v1(p_member_id uuid, p_currency text, p_account text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_balance bigint;
BEGIN
    SELECT balance_after INTO v_balance FROM entry
    WHERE member_id = p_member_id AND currency = p_currency AND account = p_account
    ORDER BY account_version DESC LIMIT 1;
    RETURN coalesce(v_balance, 0);
END
$$;
