"""Surveys: the answers."""

from fedele.migrations.sql import run_sql

revision = "20261121_13_surveys"
down_revision = "20261121_12_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- Personal: may hold a member's own words. Erasure empties it.
        CREATE TABLE survey_answer (
            member_id uuid NOT NULL,
            answer_id uuid NOT NULL,
            survey_key text NOT NULL,
            occasion text NOT NULL,
            programme_version integer NOT NULL,
            answered_at timestamptz NOT NULL,
            answers jsonb NOT NULL,
            currency text,
            units bigint NOT NULL,
            CONSTRAINT pk_survey_answer PRIMARY KEY (member_id, answer_id),
            CONSTRAINT uq_survey_answer_member_id_survey_key_occasion UNIQUE (member_id, survey_key, occasion)
        );
        """
    )
