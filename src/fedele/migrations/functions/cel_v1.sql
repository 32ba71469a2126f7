-- CEL's operations where SQL's differ, for conditions that segments compile. Everywhere NULL is CEL's error ("not
-- known", "went wrong"), which is why && and || need no function: both languages' logic of three values is the same.
-- Values of unknown type are jsonb; JSON's null is CEL's null. All are total: nothing that data holds raises.

CREATE FUNCTION cel_int_v1(p_value numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_value BETWEEN -9223372036854775808 AND 9223372036854775807 THEN p_value::bigint END
$$;

-- PostgreSQL refuses what IEEE 754 answers with an infinity, a zero or NaN.
CREATE FUNCTION cel_double_v1(p_operator text, p_left float8, p_right float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    v_negative boolean;
BEGIN
    RETURN CASE p_operator
        WHEN '+' THEN p_left + p_right WHEN '-' THEN p_left - p_right WHEN '*' THEN p_left * p_right
        ELSE p_left / p_right END;
EXCEPTION WHEN division_by_zero OR numeric_value_out_of_range THEN
    v_negative := (p_left::text LIKE '-%') <> (p_right::text LIKE '-%');
    IF p_operator IN ('+', '-') THEN
        RETURN CASE WHEN p_left < 0 THEN '-Infinity' ELSE 'Infinity' END;
    ELSIF p_operator = '/' AND p_right = 0 AND (p_left = 0 OR p_left = 'NaN') THEN
        RETURN 'NaN';
    ELSIF (CASE WHEN p_operator = '/' THEN p_right = 0 OR abs(p_left) > abs(p_right)
                ELSE ln(abs(p_left)) + ln(abs(p_right)) > 0 END) THEN
        RETURN CASE WHEN v_negative THEN '-Infinity' ELSE 'Infinity' END;
    END IF;
    RETURN CASE WHEN v_negative THEN '-0'::float8 ELSE 0 END;
END
$$;

-- From one instant to another in microseconds; NULL where nanoseconds, in which CEL counts, overflow (292 years).
CREATE FUNCTION cel_between_v1(p_later timestamptz, p_earlier timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(extract(epoch FROM p_later - p_earlier)) < 9223372036
        THEN (extract(epoch FROM p_later - p_earlier) * 1000000)::bigint END
$$;

CREATE FUNCTION cel_truth_v1(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'boolean' THEN p_value = 'true' END
$$;

CREATE FUNCTION cel_text_v1(p_value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'string' THEN p_value #>> '{}' END
$$;

CREATE FUNCTION cel_number_v1(p_value jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'number' THEN p_value::float8 END
$$;

CREATE FUNCTION cel_size_v1(p_value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value)
        WHEN 'string' THEN char_length(p_value #>> '{}')
        WHEN 'array' THEN jsonb_array_length(p_value)
        WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(p_value)) END::bigint
$$;

CREATE FUNCTION cel_has_v1(p_value jsonb, p_key text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'object' THEN p_value ? p_key END
$$;

-- A field of an object; NULL where there is no such field, and of what is no object.
CREATE FUNCTION cel_field_v1(p_value jsonb, p_key text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'object' THEN p_value -> p_key END
$$;

-- Whether a number is one that CEL holds as a whole number: that is how JSON writes it.
CREATE FUNCTION cel_is_int_v1(p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT scale(p_value::numeric) = 0 AND p_value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
$$;

-- Whole numbers compare exactly, a whole number with another as doubles, and things of different types are not equal.
CREATE FUNCTION cel_equal_v1(p_left jsonb, p_right jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT
AS $$
BEGIN
    IF jsonb_typeof(p_left) <> jsonb_typeof(p_right) THEN
        RETURN false;
    ELSIF jsonb_typeof(p_left) <> 'number' OR (cel_is_int_v1(p_left) AND cel_is_int_v1(p_right)) THEN
        RETURN p_left = p_right;
    END IF;
    RETURN p_left::float8 = p_right::float8;
END
$$;

-- -1, 0 or 1; NULL for what has no order.
CREATE FUNCTION cel_compare_v1(p_left jsonb, p_right jsonb) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT
AS $$
DECLARE
    v_kind text := jsonb_typeof(p_left);
    v_left text := p_left #>> '{}';
    v_right text := p_right #>> '{}';
BEGIN
    IF v_kind <> jsonb_typeof(p_right) THEN
        RETURN NULL;
    ELSIF v_kind = 'string' THEN
        RETURN (v_left COLLATE "C" > v_right COLLATE "C")::int - (v_left COLLATE "C" < v_right COLLATE "C")::int;
    ELSIF v_kind = 'boolean' THEN
        RETURN (v_left::boolean > v_right::boolean)::int - (v_left::boolean < v_right::boolean)::int;
    ELSIF v_kind <> 'number' THEN
        RETURN NULL;
    ELSIF cel_is_int_v1(p_left) AND cel_is_int_v1(p_right) THEN
        RETURN sign(p_left::numeric - p_right::numeric)::int;
    END IF;
    RETURN (p_left::float8 > p_right::float8)::int - (p_left::float8 < p_right::float8)::int;
END
$$;

-- `text in value`: an element of a list, a key of a map.
CREATE FUNCTION cel_in_v1(p_text text, p_value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) IN ('array', 'object') THEN p_value ? p_text END
$$;

-- The items of what can be folded over: elements of a list, keys of a map.
CREATE FUNCTION cel_items_v1(p_value jsonb) RETURNS SETOF jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(p_value) = 'array' THEN
        RETURN QUERY SELECT jsonb_array_elements(p_value);
    ELSIF jsonb_typeof(p_value) = 'object' THEN
        RETURN QUERY SELECT to_jsonb(key) FROM jsonb_object_keys(p_value) AS key;
    END IF;
END
$$;

-- An instant moved by microseconds; NULL beyond the years 1 to 9999, which is CEL's error.
CREATE FUNCTION cel_moved_v1(p_at timestamptz, p_by numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN extract(epoch FROM p_at) * 1000000 + p_by BETWEEN -62135596800000000 AND 253402300799999999
        THEN p_at + trunc(p_by / 1000000)::float8 * interval '1 second'
                  + mod(p_by, 1000000)::float8 * interval '1 microsecond' END
$$;
