-- The role the processes act as: neither owner nor superuser, so that append-only and permissions hold for them too.
-- Roles belong to the whole server: two databases being migrated at once may both try to make it.
DO $$
BEGIN
    CREATE ROLE fedele_app NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role fedele_app is missing and this user may not create it'
            USING HINT = 'let an administrator run: CREATE ROLE fedele_app NOLOGIN; GRANT fedele_app TO ' || quote_ident(current_user);
END
$$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'fedele_app', 'MEMBER') THEN
        EXECUTE format('GRANT fedele_app TO %I', current_user);
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO fedele_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fedele_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO fedele_app;
-- Alembic made its table before these privileges were declared; /readyz reads it as the app.
DO $$
BEGIN
    IF to_regclass('schema_version') IS NOT NULL THEN
        GRANT SELECT ON schema_version TO fedele_app;
    END IF;
END
$$;
