-- The trigger of append-only tables: CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON … EXECUTE FUNCTION refuse_change_v1();
CREATE FUNCTION refuse_change_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only: record a correction instead of a change', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
