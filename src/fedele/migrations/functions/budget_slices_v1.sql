-- Deal a pot's money out over its slices so that as many of them as can hold at least p_amount, the cost of one use: a
-- slice that cannot pay for one serves nobody. The caller holds every slice.
CREATE FUNCTION budget_deal_v1(p_pot text, p_period text, p_left bigint, p_amount bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_uses bigint := p_left / greatest(p_amount, 1);
BEGIN
    UPDATE budget_slice
       SET left_minor = (v_uses / 16 + CASE WHEN slice < v_uses % 16 THEN 1 ELSE 0 END) * greatest(p_amount, 1)
                      + CASE slice WHEN 0 THEN p_left - v_uses * greatest(p_amount, 1) ELSE 0 END
     WHERE pot = p_pot AND period = p_period;
END
$$;

-- Make the pot if it is new; put money in or take it out if a newer version of the programme declares another amount.
-- What is used already cannot be taken out: it is owed, and what comes back pays it before anything can be taken again.
CREATE FUNCTION budget_fund_v1(
    p_pot text, p_period text, p_money bigint, p_least bigint, p_version integer, p_amount bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_pot budget_pot;
    v_left bigint;
    v_change bigint;
BEGIN
    INSERT INTO budget_pot (pot, period, money_minor, least_minor, owed_minor, programme_version)
    VALUES (p_pot, p_period, p_money, p_least, 0, p_version) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO budget_slice (pot, period, slice, left_minor) SELECT p_pot, p_period, s, 0 FROM generate_series(0, 15) AS s;
        PERFORM budget_deal_v1(p_pot, p_period, p_money, p_amount);
        RETURN;
    END IF;
    -- Slices first, then the pot: the order in which everybody locks.
    PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period ORDER BY slice FOR UPDATE;
    SELECT * INTO v_pot FROM budget_pot WHERE pot = p_pot AND period = p_period FOR UPDATE;
    IF v_pot.programme_version >= p_version THEN
        RETURN;  -- somebody was here first, or the caller rates an old sale by an old version
    END IF;
    SELECT sum(left_minor) INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period;
    v_change := v_left + p_money - v_pot.money_minor - v_pot.owed_minor;
    UPDATE budget_pot SET money_minor = p_money, least_minor = p_least, owed_minor = greatest(-v_change, 0),
           programme_version = p_version
     WHERE pot = p_pot AND period = p_period;
    PERFORM budget_deal_v1(p_pot, p_period, greatest(v_change, 0), p_amount);
END
$$;

-- Take money out of a pot, or answer false and take nothing. One slice that nobody holds is enough as a rule; only where
-- none has enough are all of them locked, in order, so that the answer false is true: what is left does not pay for it.
CREATE FUNCTION budget_take_v1(
    p_pot text, p_period text, p_money bigint, p_least bigint, p_version integer, p_amount bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_slice smallint;
    v_left bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM budget_pot WHERE pot = p_pot AND period = p_period
                      AND (programme_version >= p_version OR (money_minor, least_minor) = (p_money, p_least))) THEN
        PERFORM budget_fund_v1(p_pot, p_period, p_money, p_least, p_version, p_amount);
    END IF;
    BEGIN
        SELECT slice INTO v_slice FROM budget_slice WHERE pot = p_pot AND period = p_period AND left_minor >= p_amount
         ORDER BY (slice + pg_backend_pid()) % 16 LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE budget_slice SET left_minor = left_minor - p_amount WHERE pot = p_pot AND period = p_period AND slice = v_slice;
            RETURN true;
        END IF;
        -- A slice that somebody emptied between our look and our lock is passed over, but stays locked. Whoever kept
        -- such locks, taken in an order of their own, while waiting for all slices would wait in a circle with others
        -- who do: this block's end gives them back.
        RAISE EXCEPTION USING ERRCODE = 'FB002';
    EXCEPTION WHEN SQLSTATE 'FB002' THEN
        NULL;
    END;
    PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period ORDER BY slice FOR UPDATE;
    -- A statement of its own: its snapshot sees what those whom we waited for have committed.
    SELECT sum(left_minor) INTO v_left FROM budget_slice WHERE pot = p_pot AND period = p_period;
    IF v_left < p_amount THEN
        RETURN false;
    END IF;
    PERFORM budget_deal_v1(p_pot, p_period, v_left - p_amount, p_amount);
    RETURN true;
END
$$;

-- Put money back: what the pot owes first, the rest into one slice.
CREATE FUNCTION budget_give_v1(p_pot text, p_period text, p_amount bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_slice smallint;
    v_owed bigint := 0;
BEGIN
    IF p_amount <= 0 THEN
        RETURN;
    END IF;
    SELECT slice INTO v_slice FROM budget_slice WHERE pot = p_pot AND period = p_period
     ORDER BY (slice + pg_backend_pid()) % 16 LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        v_slice := pg_backend_pid() % 16;
        PERFORM FROM budget_slice WHERE pot = p_pot AND period = p_period AND slice = v_slice FOR UPDATE;
    END IF;
    -- While a slice is held nobody can change what is owed, but whoever else gives back: hence the lock, only then.
    IF EXISTS (SELECT FROM budget_pot WHERE pot = p_pot AND period = p_period AND owed_minor > 0) THEN
        SELECT least(owed_minor, p_amount) INTO v_owed FROM budget_pot WHERE pot = p_pot AND period = p_period FOR UPDATE;
        UPDATE budget_pot SET owed_minor = owed_minor - v_owed WHERE pot = p_pot AND period = p_period;
    END IF;
    UPDATE budget_slice SET left_minor = left_minor + p_amount - v_owed
     WHERE pot = p_pot AND period = p_period AND slice = v_slice;
END
$$;

-- What is left of these pots, as committed; those that nobody has touched are missing.
CREATE FUNCTION budget_left_v1(p_pots text[], p_periods text[]) RETURNS TABLE (
    pot text, period text, money_minor bigint, owed_minor bigint, programme_version integer, left_minor bigint
) LANGUAGE sql STABLE AS $$
    SELECT p.pot, p.period, p.money_minor, p.owed_minor, p.programme_version,
           (SELECT sum(s.left_minor)::bigint FROM budget_slice AS s WHERE s.pot = p.pot AND s.period = p.period)
      FROM unnest(p_pots, p_periods) AS asked (pot, period) JOIN budget_pot AS p USING (pot, period)
$$;
