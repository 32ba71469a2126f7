"""Offers: triggers, places, weather, positions."""

from fedele.migrations.sql import run_sql

revision = "20261122_36_offers"
down_revision = "20261122_35_segments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- Which words a member was shown (A/B), kept with the claim so that a test can be read afterwards.
        ALTER TABLE offer_claim ADD COLUMN variant text;

        -- Where a phone said it was, and whether we believed it. Deleted by a job when `kept_until` has passed.
        CREATE TABLE member_position (
            member_id uuid NOT NULL,
            position_id uuid NOT NULL,
            latitude double precision NOT NULL,
            longitude double precision NOT NULL,
            accuracy_metres double precision,
            -- A cube of 4 km on the Earth's surface: what asks who is near a place looks for.
            cell bigint NOT NULL,
            kind text NOT NULL,
            verdict text NOT NULL,
            place_key text,
            seen_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            kept_until timestamptz NOT NULL,
            CONSTRAINT pk_member_position PRIMARY KEY (member_id, position_id),
            CONSTRAINT ck_member_position_kind_known CHECK (kind IN ('position', 'check_in'))
        );
        CREATE INDEX ix_member_position_member_id_seen_at ON member_position (member_id, seen_at);
        CREATE INDEX ix_member_position_cell_seen_at ON member_position (cell, seen_at) WHERE verdict = 'believed';
        CREATE INDEX ix_member_position_kept_until ON member_position (kept_until);

        -- What a trigger decided about a member and an offer, with the reason: fired once an occasion.
        CREATE TABLE offer_decision (
            member_id uuid NOT NULL,
            decision_id uuid NOT NULL,
            offer_key text NOT NULL,
            occasion text NOT NULL,
            why text NOT NULL,
            outcome text NOT NULL,
            code text,
            details jsonb NOT NULL,
            place_key text,
            variant text,
            decided_at timestamptz NOT NULL,
            open_until timestamptz,
            CONSTRAINT pk_offer_decision PRIMARY KEY (member_id, decision_id),
            CONSTRAINT ck_offer_decision_outcome_known CHECK (outcome IN ('fired', 'refused')),
            CONSTRAINT ck_offer_decision_refusal_has_a_code CHECK ((outcome = 'refused') = (code IS NOT NULL))
        );
        CREATE UNIQUE INDEX uq_offer_decision_fired
            ON offer_decision (member_id, offer_key, occasion) WHERE outcome = 'fired';
        -- The same no, for the same occasion, is written once: a phone reports every few minutes.
        CREATE UNIQUE INDEX uq_offer_decision_refused
            ON offer_decision (member_id, offer_key, occasion, code) WHERE outcome = 'refused';
        CREATE INDEX ix_offer_decision_decided_at ON offer_decision (decided_at);

        -- Who has this store as their favourite, and which time zones members live in: what wake-ups ask.
        CREATE INDEX ix_member_profile_home_store ON member_profile (home_store, member_id)
         WHERE home_store IS NOT NULL;
        CREATE INDEX ix_member_profile_time_zone ON member_profile (time_zone);

        -- Something to look at again for one member: so many hours after a purchase or a wish.
        CREATE TABLE offer_appointment (
            member_id uuid NOT NULL,
            offer_key text NOT NULL,
            source_id uuid NOT NULL,
            since timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            CONSTRAINT pk_offer_appointment PRIMARY KEY (member_id, offer_key, source_id)
        );
        CREATE INDEX ix_offer_appointment_due_at ON offer_appointment (due_at);

        -- An exact instant at which an offer rings at a place (or, without one, in a time zone). `after_member` is how
        -- far the telling has come, so that a worker that dies leaves it where it was.
        CREATE TABLE offer_wakeup (
            offer_key text NOT NULL,
            scope text NOT NULL,
            occurrence timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            state text NOT NULL,
            reason text,
            after_member uuid,
            fired_count bigint NOT NULL DEFAULT 0,
            CONSTRAINT pk_offer_wakeup PRIMARY KEY (offer_key, scope, occurrence),
            CONSTRAINT ck_offer_wakeup_state_known CHECK (state IN ('waiting', 'done', 'missed', 'refused'))
        );
        CREATE INDEX ix_offer_wakeup_due_at ON offer_wakeup (due_at) WHERE state = 'waiting';

        -- A second person's yes to an offer as it is written (its digest), and an early end.
        CREATE TABLE offer_standing (
            offer_key text NOT NULL,
            digest text NOT NULL,
            approved_by text,
            approved_at timestamptz,
            ended_by text,
            ended_at timestamptz,
            CONSTRAINT pk_offer_standing PRIMARY KEY (offer_key, digest)
        );

        -- Hours of weather by grid cell (a tenth of a degree), as the source told them last.
        CREATE TABLE weather_hour (
            cell text NOT NULL,
            hour timestamptz NOT NULL,
            temperature_celsius double precision NOT NULL,
            feels_like_celsius double precision,
            rain_millimetres double precision NOT NULL,
            condition text NOT NULL,
            source text NOT NULL,
            fetched_at timestamptz NOT NULL,
            CONSTRAINT pk_weather_hour PRIMARY KEY (cell, hour)
        );
        CREATE INDEX ix_weather_hour_hour ON weather_hour (hour);

        -- Geofences of a programme version, one row a cube that the fence touches. Made anew with each version.
        CREATE TABLE geofence (
            version integer NOT NULL,
            cell bigint NOT NULL,
            fence integer NOT NULL,
            CONSTRAINT pk_geofence PRIMARY KEY (version, cell, fence)
        );
        CREATE TABLE geofence_build (
            version integer NOT NULL,
            levels integer[] NOT NULL,
            fences_count bigint NOT NULL,
            built_at timestamptz NOT NULL,
            CONSTRAINT pk_geofence_build PRIMARY KEY (version)
        );
        """
    )
