"""Closing: how far each day's close has come, and which expiries were announced."""

from fedele.migrations.sql import run_sql

revision = "20261122_22_closing"
down_revision = "20261122_21_memberships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A programme day and its close. Not member-owned: small, and replicated like the programme.
        CREATE TABLE closing_day (
            day date NOT NULL,
            ends_at timestamptz NOT NULL,        -- the midnight that ends the day
            programme_version integer NOT NULL,  -- the version in force then
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            CONSTRAINT pk_closing_day PRIMARY KEY (day)
        );

        -- A step of a day: `planned_through` is the last member who is in a batch of it already.
        CREATE TABLE closing_step (
            day date NOT NULL,
            step text NOT NULL,
            place integer NOT NULL,
            planned_through uuid,
            planned_at timestamptz,              -- when everybody whom it concerns was in a batch
            finished_at timestamptz,
            members_count integer NOT NULL DEFAULT 0,
            changed_count integer NOT NULL DEFAULT 0,
            failed_count integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_closing_step PRIMARY KEY (day, step),
            CONSTRAINT fk_closing_step_day FOREIGN KEY (day) REFERENCES closing_day (day)
        );

        -- The batches still to do: done in one transaction with the deletion of the row, so that none is done twice.
        CREATE TABLE closing_batch (
            day date NOT NULL,
            step text NOT NULL,
            number integer NOT NULL,
            member_ids uuid[] NOT NULL,
            CONSTRAINT pk_closing_batch PRIMARY KEY (day, step, number),
            CONSTRAINT fk_closing_batch_step FOREIGN KEY (day, step) REFERENCES closing_step (day, step)
        );

        -- Members whose step failed by itself: the close went on without them, the operator sees why.
        CREATE TABLE closing_failure (
            member_id uuid NOT NULL,
            day date NOT NULL,
            step text NOT NULL,
            error text NOT NULL,
            failed_at timestamptz NOT NULL,
            CONSTRAINT pk_closing_failure PRIMARY KEY (member_id, day, step)
        );

        -- What the member was told will expire: once for each currency and instant.
        CREATE TABLE expiry_announcement (
            member_id uuid NOT NULL,
            currency text NOT NULL,
            expires_at timestamptz NOT NULL,
            units bigint NOT NULL,
            announced_at timestamptz NOT NULL,
            CONSTRAINT pk_expiry_announcement PRIMARY KEY (member_id, currency, expires_at)
        );
        """
    )
